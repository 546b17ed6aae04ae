// One note a bundle.
#include "client/cli/plugin_scan.h"

namespace loopmind::cli {

plugins::ScanOptions told_scan(const Console& console) {
    plugins::ScanOptions scan;
    scan.on_bundle = [&console](const std::string& bundle) { console.note("scanning " + printable(bundle)); };
    return scan;
}

} // namespace loopmind::cli
