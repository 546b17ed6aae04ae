// How commands scan plug-ins: a line for each bundle, since one may take seconds.
#pragma once

#include "client/cli/console.h"
#include "engine/plugins/catalogue.h"

namespace loopmind::cli {

/// A scan of the usual folders that tells of each bundle on `console`, which must outlive it.
plugins::ScanOptions told_scan(const Console& console);

} // namespace loopmind::cli
