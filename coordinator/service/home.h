// The coordinator's folder: <home>/coordinator with database, key and blobs, used by one server at a time.
#pragma once

#include <filesystem>
#include <memory>

#include "proto/base/result.h"

namespace loopmind::service {

struct HomePaths {
    std::filesystem::path folder; ///< <home>/coordinator
    std::filesystem::path database;
    std::filesystem::path key;
    std::filesystem::path blobs;
    std::filesystem::path lock;
};

/// Makes the folder (mode 0700) where missing. Errors name the folder: permission_denied, resource_exhausted.
Result<HomePaths> prepare_home(const std::filesystem::path& home);

/// Held while a server uses a home; the kernel releases it when the process ends, however it ends.
class HomeLock {
  public:
    /// Errors: already_exists with the other's process id.
    static Result<std::unique_ptr<HomeLock>> take(const std::filesystem::path& file);
    ~HomeLock();
    HomeLock(const HomeLock&) = delete;
    HomeLock& operator=(const HomeLock&) = delete;

  private:
    explicit HomeLock(int fd) : fd_(fd) {}
    int fd_;
};

/// $LOOPMIND_HOME, else ~/.local/share/loopmind.
std::filesystem::path default_home();

} // namespace loopmind::service
