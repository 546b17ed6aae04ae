// Reading the bytes of an upload.
#include "client/farm/upload_source.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace loopmind::farm {

UploadSource::UploadSource(UploadSource&& other) noexcept
    : file_(std::move(other.file_)), bytes_(std::move(other.bytes_)), fd_(std::exchange(other.fd_, -1)) {}

UploadSource& UploadSource::operator=(UploadSource&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(bytes_, other.bytes_);
    std::swap(fd_, other.fd_);
    return *this;
}

UploadSource::~UploadSource() {
    close();
}

void UploadSource::close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Status UploadSource::read(std::uint64_t offset, std::span<std::byte> out) {
    const Error too_short{ErrorCode::kDataCorrupt, file_.string(), "is shorter than it was",
                          "leave it alone until it is on the farm"};
    if (file_.empty()) {
        if (offset + out.size() > bytes_.size()) return too_short;
        std::memcpy(out.data(), bytes_.data() + offset, out.size());
        return {};
    }
    if (fd_ < 0) fd_ = ::open(file_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0)
        return Error{errno == EACCES ? ErrorCode::kPermissionDenied : ErrorCode::kNotFound, file_.string(),
                     std::string("cannot be read: ") + std::strerror(errno), "check the path"};
    for (std::size_t done = 0; done < out.size();) {
        const ssize_t got =
            ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return too_short;
        done += static_cast<std::size_t>(got);
    }
    return {};
}

} // namespace loopmind::farm
