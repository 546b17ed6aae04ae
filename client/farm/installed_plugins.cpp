// Load, scan, save.
#include "client/farm/installed_plugins.h"

#include "engine/plugins/plugin_host.h"

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

Result<std::shared_ptr<graph::InsertFactory>> hosted_plugins(const Home& home,
                                                             const plugins::ScanOptions& options) {
    auto catalogue = installed_plugins(home, options);
    if (!catalogue) return catalogue.error();
    return std::shared_ptr<graph::InsertFactory>(
        std::make_shared<plugins::PluginHost>(std::move(*catalogue), plugins::HostOptions{}));
}

} // namespace loopmind::farm
