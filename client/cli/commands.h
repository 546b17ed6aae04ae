// The commands of `loopmind`, each adding itself to the CLI11 tree.
#pragma once

#include "client/cli/invocation.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace loopmind::cli {

/// What parsing leaves to be done, and the options that every command shares.
struct Pending {
    std::function<int(const Invocation&)> run;
    bool json = false;
    bool quiet = false;
    std::string home; ///< --home; empty: from the environment
};

/// A subcommand with examples at the end of its help.
CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& description,
                      const std::string& examples);
/// --json on a command.
void add_json(CLI::App& command, Pending& pending);
/// --quiet on a command.
void add_quiet(CLI::App& command, Pending& pending);

void add_up(CLI::App& app, Pending& pending);         ///< up, down
void add_generate(CLI::App& app, Pending& pending);   ///< generate
void add_mixdown(CLI::App& app, Pending& pending);    ///< mixdown
void add_automix(CLI::App& app, Pending& pending);    ///< automix
void add_jobs(CLI::App& app, Pending& pending);       ///< jobs, show, watch, cancel, retry
void add_fetch(CLI::App& app, Pending& pending);      ///< fetch
void add_workers(CLI::App& app, Pending& pending);    ///< workers, drain, undrain
void add_cache(CLI::App& app, Pending& pending);      ///< cache list, cache clear
void add_project(CLI::App& app, Pending& pending);    ///< project new, add, info, relink, collect, recover
void add_plugins(CLI::App& app, Pending& pending);    ///< plugins list, plugins scan
void add_doctor(CLI::App& app, Pending& pending);     ///< doctor
void add_completion(CLI::App& app, Pending& pending); ///< completion bash

/// The whole tree; `app` is the program.
void add_everything(CLI::App& app, Pending& pending);

/// Parses and runs. Returns the exit code of the process.
int run_program(int argc, const char* const* argv, std::FILE* out, std::FILE* err);

} // namespace loopmind::cli
