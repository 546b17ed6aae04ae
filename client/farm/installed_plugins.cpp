// Load, scan, save.
#include "client/farm/installed_plugins.h"

namespace loopmind::farm {

std::filesystem::path plugin_cache(const Home& home) {
    return home.client() / "plugins.json";
}

Result<plugins::PluginCatalogue> installed_plugins(const Home& home, const plugins::ScanOptions& options) {
    auto catalogue = plugins::PluginCatalogue::load(plugin_cache(home));
    if (Status scanned = catalogue.scan(options); !scanned) return scanned.error();
    if (Status saved = catalogue.save(plugin_cache(home)); !saved) return saved.error();
    return catalogue;
}

} // namespace loopmind::farm
