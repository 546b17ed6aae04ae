// `loopmind join`.
#pragma once

#include "client/cli/commands.h"

namespace loopmind::cli {

void add_join(CLI::App& app, Pending& pending);

} // namespace loopmind::cli
