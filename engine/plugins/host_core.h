// What all inserts of a host share: options, shapes that are known, processes that wait for their insert.
#pragma once

#include "engine/plugins/plugin_host.h"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace loopmind::plugins {

/// What a plug-in turns out to be once it is loaded with its state and parameters.
struct PluginShape {
    int latency = 0;           ///< frames, the plug-in's own
    std::vector<float> values; ///< of its parameters
    std::string failure;       ///< it could not be loaded; "" it could
};

/// Thread-safe.
class HostCore {
  public:
    HostCore(PluginCatalogue catalogue, HostOptions options);

    const PluginCatalogue& catalogue() const { return catalogue_; }
    const HostOptions& options() const { return options_; }
    std::atomic<long>& late_blocks() { return late_; }

    /// Loads the plug-in when its shape is not known yet; its process then waits for start(). Blocks.
    PluginShape shape(const PluginInfo& info, const PluginSetup& setup);
    /// A process for an insert that plays: one that waits, or a new one. Null with `failure` filled when it
    /// cannot be loaded, or is not what shape() said. Blocks.
    std::unique_ptr<PluginProcess> start(const PluginInfo& info, const PluginSetup& setup,
                                         PluginShape& shape);

  private:
    std::unique_ptr<PluginProcess> load(const PluginInfo& info, const PluginSetup& setup, PluginShape& shape);

    const PluginCatalogue catalogue_;
    HostOptions options_;
    std::atomic<long> late_{0};
    std::mutex mutex_; ///< of what follows
    std::map<std::string, PluginShape> shapes_;
    std::multimap<std::string, std::unique_ptr<PluginProcess>> waiting_;
};

} // namespace loopmind::plugins
