// Bash completion, generated from the CLI11 tree so that it never lags behind it.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace loopmind::cli {

/// A script to source: completes commands, options, values of closed sets, job ids and files.
std::string bash_completion(const CLI::App& app);

} // namespace loopmind::cli
