// The commands about who may take part: invite, identities, revoke, audit.
#pragma once

#include <CLI/CLI.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/store/place.h"

namespace loopmind::service {

/// The person at this command line, for the audit log.
store::Actor operator_here();

/// Adds its commands to a program's tree and runs the one that was given.
class AccessCommands {
  public:
    /// `home` and `store` are filled by the options that every command has.
    AccessCommands(CLI::App& app, std::filesystem::path& home, std::string& store);

    /// The exit code of the command that was given; nothing when it was none of these.
    std::optional<int> run() const;

  private:
    Status invite() const;
    Status list() const;
    Status revoke() const;
    Status audit() const;
    Result<store::StorePlace> place() const;
    Result<std::unique_ptr<store::AccessStore>> open_access() const;

    std::filesystem::path& home_;
    std::string& store_;
    CLI::App* invite_command_ = nullptr;
    CLI::App* list_command_ = nullptr;
    CLI::App* revoke_command_ = nullptr;
    CLI::App* audit_command_ = nullptr;
    std::string role_, tenant_ = "default", name_, expires_ = "24h", who_, since_ = "24h";
    std::vector<std::string> hosts_;
    std::size_t limit_ = 1000;
    bool json_ = false;
};

} // namespace loopmind::service
