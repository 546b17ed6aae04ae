// Compares a blob folder with what the database says of it, and every blob's bytes with its name.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "proto/base/result.h"

namespace loopmind::blobs {

/// A file nobody refers to is left alone for so long: its commit may be on the way.
inline constexpr std::chrono::hours kOrphanAge{24};

struct CheckOptions {
    bool read_all = true; ///< Hash every file; false: only whether it is there and how long it is.
    /// Remove orphans, and move damaged files to <root>/damaged/, so that the cache does not answer with
    /// them. Only while nobody else uses the folder.
    bool repair = false;
};

struct CheckFinding {
    enum class Kind {
        kLost,    ///< Referred to and not there.
        kDamaged, ///< Its bytes are not what its name says.
        kOrphan,  ///< There, and nobody refers to it.
        kStray,   ///< No blob: a name or a place that is none of ours.
    };
    Kind kind;
    std::string name; ///< The hash; of strays the path below the root.
    std::string what; ///< For people: who refers to it, or what is wrong.
};

struct CheckReport {
    std::uint64_t blobs = 0; ///< Files that were looked at.
    std::uint64_t bytes = 0;
    std::uint64_t lost = 0, damaged = 0, orphans = 0, strays = 0;
    std::uint64_t orphan_bytes = 0;
    std::uint64_t young = 0; ///< Orphans that may still find their commit; not told as findings.
};

/// Call add() with every blob that should be there, in order of hash, then finish(). One thread. Memory does
/// not grow with the number of blobs.
class FolderCheck {
  public:
    /// Errors: not_found when `root` is no folder.
    static Result<std::unique_ptr<FolderCheck>> open(const std::filesystem::path& root, CheckOptions options,
                                                     std::function<void(const CheckFinding&)> on_finding);
    ~FolderCheck();

    /// `who` says who refers to it. Errors: those of reading and repairing.
    Status add(const std::string& sha256, std::uint64_t size, const std::string& who);
    Result<CheckReport> finish();

  private:
    struct Files;
    FolderCheck(std::filesystem::path root, CheckOptions options,
                std::function<void(const CheckFinding&)> on_finding);
    Status orphan();
    Status verify(std::uint64_t size, const std::string& who);
    Status set_aside(const std::string& sha256);

    std::filesystem::path root_;
    CheckOptions options_;
    std::function<void(const CheckFinding&)> on_finding_;
    std::unique_ptr<Files> files_;
    CheckReport report_;
};

} // namespace loopmind::blobs
