// `loopmind-coordinator fsck`: does the blob folder hold what the database says, byte for byte?
#pragma once

#include <CLI/CLI.hpp>

#include <filesystem>
#include <optional>
#include <string>

#include "coordinator/blobs/folder_check.h"
#include "coordinator/store/blob_census.h"
#include "coordinator/store/place.h"

namespace loopmind::service {

/// Adds its command to a program's tree and runs it when it was given.
class FsckCommand {
  public:
    /// `home` and `store` are filled by the options that every command has.
    FsckCommand(CLI::App& app, std::filesystem::path& home, std::string& store);

    /// The exit code: 0 nothing lost or damaged, 1 something is, or the check could not be made; nothing when
    /// another command was given.
    std::optional<int> run() const;

  private:
    Result<blobs::CheckReport> check() const;
    Result<blobs::CheckReport> compare(const std::filesystem::path& folder, store::BlobCensus& census) const;
    void tell(const blobs::CheckFinding& finding) const;
    void tell(const blobs::CheckReport& report) const;

    std::filesystem::path& home_;
    std::string& store_;
    CLI::App* command_ = nullptr;
    std::filesystem::path blobs_;
    bool sizes_only_ = false, repair_ = false, json_ = false;
};

} // namespace loopmind::service
