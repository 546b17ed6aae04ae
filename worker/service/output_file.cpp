// Output files of attempts.
#include "worker/service/output_file.h"

#include "proto/base/durable_file.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace loopmind::worker {
namespace {

constexpr std::uint64_t kFirstAnnounce = 8 << 10;
constexpr std::uint64_t kAnnounceStep = 64 << 10;

/// A folder that went away or may not be written is trouble of this machine, never of the task.
Error write_error(const std::filesystem::path& path, int error_number) {
    auto error = base::file_error(path, "cannot be written", error_number);
    if (error.code != ErrorCode::kResourceExhausted) error.code = ErrorCode::kUnavailable;
    return error;
}

} // namespace

OutputFile::OutputFile(int fd, OutputGrowth where, Announce announce, std::function<bool()> cancelled)
    : fd_(fd), growth_(std::move(where)), announce_(std::move(announce)), cancelled_(std::move(cancelled)) {}

Result<std::unique_ptr<OutputFile>> OutputFile::create(OutputGrowth where, Announce announce,
                                                       std::function<bool()> cancelled) {
    // A new inode: whoever still reads the file of an earlier try keeps that one.
    ::unlink(where.path.c_str());
    const int fd = ::open(where.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) return write_error(where.path, errno);
    return std::unique_ptr<OutputFile>(
        new OutputFile(fd, std::move(where), std::move(announce), std::move(cancelled)));
}

OutputFile::~OutputFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!finished_) ::unlink(growth_.path.c_str());
}

Status OutputFile::append(std::span<const std::byte> bytes) {
    if (cancelled_()) return Error{ErrorCode::kCancelled, growth_.role, "the attempt was cancelled", ""};
    hash_.update(bytes);
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return write_error(growth_.path, errno);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
        growth_.bytes += static_cast<std::uint64_t>(written);
    }
    const bool worth_it =
        announced_ == 0 ? growth_.bytes >= kFirstAnnounce : growth_.bytes - announced_ >= kAnnounceStep;
    if (worth_it && growth_.total > 0) {
        announced_ = growth_.bytes;
        announce_(growth_);
    }
    return {};
}

Result<base::FileDigest> OutputFile::finish() {
    if (growth_.total > 0 && growth_.bytes != growth_.total) {
        return Error{
            ErrorCode::kInternal, growth_.role,
            "holds " + std::to_string(growth_.bytes) + " of " + std::to_string(growth_.total) + " bytes", ""};
    }
    const int fd = fd_;
    fd_ = -1;
    if (::close(fd) != 0) return write_error(growth_.path, errno);
    finished_ = true;
    growth_.total = growth_.bytes;
    announce_(growth_);
    return base::FileDigest{hash_.hex_digest(), growth_.bytes};
}

} // namespace loopmind::worker
