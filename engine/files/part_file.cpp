// pwrite, pread, rename.
#include "engine/files/part_file.h"

#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace loopmind::files {

PartFile::PartFile(std::filesystem::path target) : target_(std::move(target)), path_(target_) {
    path_ += "." + base::random_hex(8) + ".part";
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd_ < 0) problem_ = errno;
}

PartFile::~PartFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    if (!kept_) ::unlink(path_.c_str());
}

Status PartFile::status() const {
    return problem_ == 0 ? Status() : base::file_error(target_, "cannot be written", problem_);
}

bool PartFile::write(const void* bytes, std::size_t size) {
    if (!write_at(position_, bytes, size)) return false;
    position_ += static_cast<std::int64_t>(size);
    return true;
}

bool PartFile::write_at(std::int64_t offset, const void* bytes, std::size_t size) {
    const char* at = static_cast<const char*>(bytes);
    while (size > 0 && problem_ == 0) {
        const ssize_t done = ::pwrite(fd_, at, size, offset);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) {
            problem_ = errno;
            break;
        }
        at += done;
        offset += done;
        size -= static_cast<std::size_t>(done);
        size_ = std::max(size_, offset);
    }
    return problem_ == 0;
}

bool PartFile::read_at(std::int64_t offset, void* bytes, std::size_t size) {
    char* at = static_cast<char*>(bytes);
    while (size > 0 && problem_ == 0) {
        const ssize_t done = ::pread(fd_, at, size, offset);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) problem_ = errno;
        if (done <= 0) return false;
        at += done;
        offset += done;
        size -= static_cast<std::size_t>(done);
    }
    return problem_ == 0;
}

Status PartFile::keep() {
    if (problem_ != 0) return status();
    if (Status durable = base::make_durable_as(path_, target_); !durable) return durable;
    kept_ = true;
    return {};
}

} // namespace loopmind::files
