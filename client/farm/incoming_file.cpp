// A blob on its way into the cache: written in order, hashed while it is written, placed only when it is
// whole.
#include "client/farm/incoming_file.h"

#include "proto/base/durable_file.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace loopmind::farm {

IncomingFile::IncomingFile(const Cache& cache, std::filesystem::path path, int fd)
    : cache_(&cache), path_(std::move(path)), fd_(fd) {}

IncomingFile::IncomingFile(IncomingFile&& other) noexcept
    : cache_(other.cache_), path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)),
      size_(other.size_), hash_(std::move(other.hash_)) {}

IncomingFile::~IncomingFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(path_.c_str());
}

Result<IncomingFile> IncomingFile::create(const Cache& cache, const std::string& label) {
    auto path = cache.new_incoming(label);
    if (!path.ok()) return path.error();
    const int fd = ::open(path->c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) return base::file_error(*path, "cannot be created", errno);
    return IncomingFile(cache, *path, fd);
}

Status IncomingFile::append(std::span<const std::byte> bytes) {
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t put = ::write(fd_, bytes.data() + done, bytes.size() - done);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return base::file_error(path_, "cannot be written", errno);
        done += static_cast<std::size_t>(put);
    }
    hash_.update(bytes);
    size_ += bytes.size();
    return {};
}

Status IncomingFile::restart() {
    if (::ftruncate(fd_, 0) != 0 || ::lseek(fd_, 0, SEEK_SET) != 0)
        return base::file_error(path_, "cannot be started again", errno);
    hash_ = base::Sha256();
    size_ = 0;
    return {};
}

Result<std::filesystem::path> IncomingFile::place(const std::string& sha256, std::uint64_t size) {
    if (size_ != size)
        return Error{ErrorCode::kDataCorrupt, sha256,
                     "arrived with " + std::to_string(size_) + " bytes instead of " + std::to_string(size),
                     "try again"};
    const std::string found = hash_.hex_digest();
    if (found != sha256)
        return Error{ErrorCode::kDataCorrupt, sha256, "the bytes that arrived hash to " + found, "try again"};
    auto placed = cache_->place(path_, sha256);
    if (!placed.ok()) return placed;
    ::close(std::exchange(fd_, -1));
    return placed;
}

} // namespace loopmind::farm
