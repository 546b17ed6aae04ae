// The plug-ins of this machine, remembered in the home folder.
#pragma once

#include "client/farm/home.h"
#include "engine/graph/insert_factory.h"
#include "engine/plugins/catalogue.h"

#include <memory>

namespace loopmind::farm {

/// Where the catalogue is kept.
std::filesystem::path plugin_cache(const Home& home);

/// The catalogue, brought up to date: new and changed bundles are scanned, which takes a moment each, and the
/// result is kept. Blocks. Errors: those of PluginCatalogue::scan() and of writing the cache.
Result<plugins::PluginCatalogue> installed_plugins(const Home& home, const plugins::ScanOptions& options);

/// The same as inserts of a graph; each plug-in runs in a process of its own.
Result<std::shared_ptr<graph::InsertFactory>> hosted_plugins(const Home& home,
                                                             const plugins::ScanOptions& options);

} // namespace loopmind::farm
