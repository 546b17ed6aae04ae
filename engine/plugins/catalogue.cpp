// The cache file, and which bundles are worth a child.
#include "engine/plugins/catalogue.h"

#include "engine/plugins/bundle_scan.h"
#include "engine/process/contained_child.h"
#include "proto/base/durable_file.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <set>

namespace loopmind::plugins {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr int kCacheVersion = 1;
constexpr std::size_t kCacheMax = std::size_t{256} << 20;

/// Folders with a manifest, in the order of the search path; of one name twice the first counts, as in lilv.
std::vector<fs::path> bundles_in(const std::vector<fs::path>& folders) {
    std::vector<fs::path> out;
    std::set<fs::path> seen;
    for (const fs::path& folder : folders) {
        std::vector<fs::path> here;
        std::error_code failed;
        for (fs::directory_iterator i(folder, failed), end; !failed && i != end; i.increment(failed))
            if (std::error_code ignored; fs::is_regular_file(i->path() / "manifest.ttl", ignored))
                here.push_back(i->path());
        std::sort(here.begin(), here.end());
        for (const fs::path& bundle : here) {
            std::error_code ignored;
            const fs::path real = fs::weakly_canonical(bundle, ignored);
            if (seen.insert(real).second) out.push_back(bundle);
        }
    }
    return out;
}

/// Changes with the names, sizes and times of the bundle's files (FNV-1a, summed so that order is no matter).
std::int64_t stamp_of(const fs::path& bundle) {
    std::uint64_t sum = 0;
    std::error_code failed;
    for (fs::recursive_directory_iterator i(bundle, failed), end; !failed && i != end; i.increment(failed)) {
        std::error_code ignored;
        const auto time = fs::last_write_time(i->path(), ignored).time_since_epoch().count();
        const auto size = i->is_regular_file(ignored) ? i->file_size(ignored) : 0;
        std::uint64_t hash = 14695981039346656037u;
        for (const char c : i->path().string() + '\n' + std::to_string(time) + '\n' + std::to_string(size))
            hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
        sum += hash;
    }
    return static_cast<std::int64_t>(sum);
}

std::string text_of(const json& item, const char* name) {
    const auto found = item.find(name);
    return found != item.end() && found->is_string() ? found->get<std::string>() : std::string();
}

} // namespace

std::vector<fs::path> default_folders() {
    std::vector<fs::path> out;
    if (const char* path = std::getenv("LV2_PATH"); path != nullptr && *path != '\0') {
        const std::string text = path;
        for (std::size_t at = 0; at <= text.size();) {
            const std::size_t colon = std::min(text.find(':', at), text.size());
            if (colon > at) out.emplace_back(text.substr(at, colon - at));
            at = colon + 1;
        }
        return out;
    }
    if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
        out.push_back(fs::path(home) / ".lv2");
    out.emplace_back("/usr/local/lib/lv2");
    out.emplace_back("/usr/lib/lv2");
    return out;
}

PluginCatalogue PluginCatalogue::load(const fs::path& cache) {
    PluginCatalogue out;
    const auto text = base::read_file(cache, kCacheMax);
    if (!text) return out;
    const json all = json::parse(*text, nullptr, false);
    if (!all.is_object() || !all.contains("version") || all["version"] != kCacheVersion ||
        !all.contains("bundles") || !all["bundles"].is_object())
        return out;
    for (const auto& [path, item] : all["bundles"].items()) {
        if (!item.is_object() || !item.contains("stamp") || !item["stamp"].is_number_integer()) continue;
        Bundle bundle;
        bundle.stamp = item["stamp"].get<std::int64_t>();
        bool good = true;
        for (const json& one : item.value("plugins", json::array())) {
            auto info = plugin_from_json(one);
            good = good && info.ok();
            if (info) bundle.plugins.push_back(std::move(*info));
        }
        for (const json& one : item.value("blocked", json::array()))
            if (one.is_object()) bundle.blocked.push_back({text_of(one, "uri"), path, text_of(one, "why")});
        if (good) out.bundles_.emplace(path, std::move(bundle)); // else it is scanned again
    }
    return out;
}

Status PluginCatalogue::save(const fs::path& cache) const {
    json bundles = json::object();
    for (const auto& [path, bundle] : bundles_) {
        json plugins = json::array(), blocked = json::array();
        for (const PluginInfo& info : bundle.plugins)
            plugins.push_back(to_json(info));
        for (const BlockedPlugin& one : bundle.blocked)
            blocked.push_back({{"uri", one.uri}, {"why", one.why}});
        bundles[path] = {{"stamp", bundle.stamp}, {"plugins", plugins}, {"blocked", blocked}};
    }
    std::error_code failed;
    fs::create_directories(cache.parent_path(), failed);
    const json all = {{"version", kCacheVersion}, {"bundles", bundles}};
    return base::write_durably(cache, all.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

Status PluginCatalogue::scan(const ScanOptions& options) {
    ScanOptions own = options;
    if (own.program.empty()) own.program = process::find_program("loopmind-plugin");
    if (own.program.empty())
        return Error{ErrorCode::kNotFound, "loopmind-plugin", "is not beside this program",
                     "install it: plug-ins are loaded by it"};
    const auto folders = own.folders.empty() ? default_folders() : own.folders;
    std::map<std::string, Bundle> now;
    for (const fs::path& path : bundles_in(folders)) {
        const std::int64_t stamp = stamp_of(path);
        const auto known = bundles_.find(path.string());
        if (known != bundles_.end() && known->second.stamp == stamp && !own.rescan_all &&
            (known->second.blocked.empty() || !own.retry_blocked)) {
            now.insert(*known);
            continue;
        }
        if (own.on_bundle) own.on_bundle(path.string());
        auto found = scan_bundle(path, own);
        if (!found) return found.error();
        now[path.string()] = {stamp, std::move(found->plugins), std::move(found->blocked)};
    }
    bundles_ = std::move(now);
    return {};
}

const PluginInfo* PluginCatalogue::find(const std::string& uri) const {
    for (const auto& [path, bundle] : bundles_)
        for (const PluginInfo& info : bundle.plugins)
            if (info.uri == uri) return &info;
    return nullptr;
}

const BlockedPlugin* PluginCatalogue::blocked(const std::string& uri) const {
    for (const auto& [path, bundle] : bundles_)
        for (const BlockedPlugin& one : bundle.blocked)
            if (one.uri == uri) return &one;
    return nullptr;
}

std::vector<const PluginInfo*> PluginCatalogue::plugins() const {
    std::map<std::string, const PluginInfo*> sorted;
    for (const auto& [path, bundle] : bundles_)
        for (const PluginInfo& info : bundle.plugins)
            sorted.emplace(info.uri, &info);
    std::vector<const PluginInfo*> out;
    for (const auto& [uri, info] : sorted)
        out.push_back(info);
    return out;
}

std::vector<const BlockedPlugin*> PluginCatalogue::all_blocked() const {
    std::vector<const BlockedPlugin*> out;
    for (const auto& [path, bundle] : bundles_)
        for (const BlockedPlugin& one : bundle.blocked)
            out.push_back(&one);
    return out;
}

} // namespace loopmind::plugins
