// Crash-safe file writing on POSIX.
#include "proto/base/durable_file.h"

#include "proto/base/random_id.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace loopmind::base {
namespace {

/// An open descriptor that closes itself.
class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }

  private:
    int fd_;
};

std::filesystem::path folder_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

int write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

int write_new_file(const std::filesystem::path& path, std::string_view bytes, unsigned mode) {
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.get() < 0) return errno;
    if (const int problem = write_all(file.get(), bytes)) return problem;
    if (::fchmod(file.get(), static_cast<mode_t>(mode)) != 0) return errno;
    if (::fsync(file.get()) != 0) return errno;
    return 0;
}

} // namespace

Error file_error(const std::filesystem::path& path, const std::string& what, int error_number) {
    Error error{ErrorCode::kUnavailable, path.string(),
                what + ": " + std::generic_category().message(error_number), ""};
    switch (error_number) {
    case ENOENT:
    case ENOTDIR:
        error.code = ErrorCode::kNotFound;
        break;
    case EACCES:
    case EPERM:
    case EROFS:
        error.code = ErrorCode::kPermissionDenied;
        error.hint = "give this user access to it";
        break;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        error.code = ErrorCode::kResourceExhausted;
        if (error_number == ENOSPC || error_number == EDQUOT) error.hint = "free disk space";
        break;
    case EEXIST:
        error.code = ErrorCode::kAlreadyExists;
        break;
    default:
        break;
    }
    return error;
}

Status sync_folder(const std::filesystem::path& folder) {
    const Descriptor handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (handle.get() < 0 || ::fsync(handle.get()) != 0)
        return file_error(folder, "cannot be made durable", errno);
    return {};
}

Status write_durably(const std::filesystem::path& path, std::string_view bytes, unsigned mode) {
    const auto folder = folder_of(path);
    auto temporary = path;
    temporary += "." + random_hex(8) + ".tmp";
    int problem = write_new_file(temporary, bytes, mode);
    if (problem == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) problem = errno;
    if (problem != 0) {
        ::unlink(temporary.c_str());
        return file_error(path, "cannot be written", problem);
    }
    return sync_folder(folder);
}

Status make_durable_as(const std::filesystem::path& from, const std::filesystem::path& to) {
    {
        const Descriptor file(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
        if (file.get() < 0) return file_error(from, "cannot be opened", errno);
        if (::fsync(file.get()) != 0) return file_error(from, "cannot be made durable", errno);
    }
    if (::rename(from.c_str(), to.c_str()) != 0) return file_error(to, "cannot be put in place", errno);
    if (auto status = sync_folder(folder_of(to)); !status) return status;
    return folder_of(from) == folder_of(to) ? Status{} : sync_folder(folder_of(from));
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return file_error(path, "cannot be read", errno);
    std::string bytes;
    char buffer[65536];
    for (;;) {
        const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return file_error(path, "cannot be read", errno);
        if (got == 0) return bytes;
        if (bytes.size() + static_cast<std::size_t>(got) > max_bytes) {
            return Error{ErrorCode::kDataCorrupt, path.string(),
                         "is larger than the " + std::to_string(max_bytes) + " bytes such a file may have",
                         ""};
        }
        bytes.append(buffer, static_cast<std::size_t>(got));
    }
}

} // namespace loopmind::base
