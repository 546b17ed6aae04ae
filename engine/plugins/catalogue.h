// The plug-ins that are installed here, and those that are not let near a session.
#pragma once

#include "engine/plugins/plugin_info.h"
#include "proto/base/result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace loopmind::plugins {

/// A plug-in, or a whole bundle when its description is at fault, that failed when it was tried.
struct BlockedPlugin {
    std::string uri; ///< "" the bundle
    std::string bundle;
    std::string why; ///< for people: "crashed (SIGABRT) while it was scanned"
};

struct ScanOptions {
    std::vector<std::filesystem::path> folders; ///< that hold bundles; empty: default_folders()
    std::filesystem::path program;              ///< empty: loopmind-plugin beside the running program
    int seconds_a_plugin = 20;                  ///< to answer; then it is blocked
    std::int64_t memory_bytes = std::int64_t{4} << 30;
    bool retry_blocked = false;                               ///< tries again what failed before
    bool rescan_all = false;                                  ///< trusts nothing of the cache
    std::function<void(const std::string& bundle)> on_bundle; ///< before one is scanned; may be empty
};

/// Where LV2 bundles lie: $LV2_PATH, or ~/.lv2, /usr/local/lib/lv2 and /usr/lib/lv2.
std::vector<std::filesystem::path> default_folders();

/// What scanning found. A value: copied freely, shared by reading.
class PluginCatalogue {
  public:
    /// Reads the cache; a file that is missing, damaged or of another version gives an empty catalogue: the
    /// next scan fills it.
    static PluginCatalogue load(const std::filesystem::path& cache);
    Status save(const std::filesystem::path& cache) const;

    /// Brings the catalogue up to date: bundles that are new or whose files changed are scanned in a child
    /// each, those that are gone are forgotten. A child that crashes, hangs or asks for too much costs the
    /// plug-in that it was loading: it is blocked, and the rest of its bundle is scanned by another child.
    /// Blocks; any thread, one at a time. Errors: not_found without the child program.
    Status scan(const ScanOptions& options);

    /// Null when it is not installed or is blocked.
    const PluginInfo* find(const std::string& uri) const;
    const BlockedPlugin* blocked(const std::string& uri) const;
    /// In the order of their URIs.
    std::vector<const PluginInfo*> plugins() const;
    std::vector<const BlockedPlugin*> all_blocked() const;

  private:
    struct Bundle {
        std::int64_t stamp = 0; ///< of the names, sizes and times of its files
        std::vector<PluginInfo> plugins;
        std::vector<BlockedPlugin> blocked;
    };
    std::map<std::string, Bundle> bundles_; ///< by path
};

} // namespace loopmind::plugins
