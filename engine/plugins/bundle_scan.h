// One bundle, scanned by children until every plug-in of it was tried.
#pragma once

#include "engine/plugins/catalogue.h"

namespace loopmind::plugins {

struct ScannedBundle {
    std::vector<PluginInfo> plugins;
    std::vector<BlockedPlugin> blocked;
};

/// Errors: only when no child can be started. `options.program` names it.
Result<ScannedBundle> scan_bundle(const std::filesystem::path& bundle, const ScanOptions& options);

} // namespace loopmind::plugins
