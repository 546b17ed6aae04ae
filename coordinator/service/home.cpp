// Folders and the lock of a coordinator's home.
#include "coordinator/service/home.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <unistd.h>

#include "proto/base/durable_file.h"

namespace loopmind::service {

std::filesystem::path default_home() {
    if (const char* home = std::getenv("LOOPMIND_HOME"); home != nullptr && *home != '\0') return home;
    const char* user = std::getenv("HOME");
    return std::filesystem::path(user != nullptr ? user : "/") / ".local" / "share" / "loopmind";
}

Result<HomePaths> prepare_home(const std::filesystem::path& home) {
    std::error_code problem;
    const std::filesystem::path folder = std::filesystem::absolute(home) / "coordinator";
    const bool made = std::filesystem::create_directories(folder, problem);
    if (problem) return base::file_error(folder, "cannot be made", problem.value());
    if (made) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, problem);
    if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0)
        return base::file_error(folder, "cannot be written", errno);
    return HomePaths{folder, folder / "coordinator.db", folder / "coordinator.key", folder / "blobs",
                     folder / "coordinator.lock"};
}

Result<std::unique_ptr<HomeLock>> HomeLock::take(const std::filesystem::path& file) {
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return base::file_error(file, "cannot be made", errno);
    std::unique_ptr<HomeLock> lock(new HomeLock(fd));
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        char text[32] = {};
        const ssize_t got = ::pread(fd, text, sizeof text - 1, 0);
        const std::string pid = got > 0 ? std::string(text, text + got - (text[got - 1] == '\n')) : "unknown";
        return Error{ErrorCode::kAlreadyExists, file.parent_path().string(),
                     "another coordinator uses this home (process " + pid + ")",
                     "stop it with `loopmind down`, or choose another --home"};
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd, 0) == 0)
        (void)!::pwrite(fd, pid.data(), pid.size(), 0); // for people; the lock is flock
    return lock;
}

HomeLock::~HomeLock() {
    ::close(fd_);
}

} // namespace loopmind::service
