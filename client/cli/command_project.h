// Parts of `loopmind project`.
#pragma once

#include "client/cli/commands.h"

namespace loopmind::cli {

void add_project_files(CLI::App& project, Pending& pending); ///< relink, collect, recover

} // namespace loopmind::cli
