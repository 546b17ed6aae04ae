// Files by pread, memory by copying.
#include "engine/files/byte_source.h"

#include "proto/base/durable_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace loopmind::files {
namespace {

class FileSource final : public ByteSource {
  public:
    FileSource(int fd, std::int64_t size, std::string name) : fd_(fd), size_(size), name_(std::move(name)) {}
    ~FileSource() override { ::close(fd_); }
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;
    std::int64_t size() const override { return size_; }
    const std::string& name() const override { return name_; }

    Status read(std::int64_t offset, std::span<std::byte> out) override {
        while (!out.empty()) {
            const ssize_t got = ::pread(fd_, out.data(), out.size(), offset);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return base::file_error(name_, "cannot be read", errno);
            if (got == 0) return truncated(); // became shorter while it was read
            out = out.subspan(static_cast<std::size_t>(got));
            offset += got;
        }
        return {};
    }

  private:
    int fd_;
    std::int64_t size_;
    std::string name_;
};

class MemorySource final : public ByteSource {
  public:
    MemorySource(std::span<const std::byte> bytes, std::string name)
        : bytes_(bytes), name_(std::move(name)) {}
    std::int64_t size() const override { return static_cast<std::int64_t>(bytes_.size()); }
    const std::string& name() const override { return name_; }

    Status read(std::int64_t offset, std::span<std::byte> out) override {
        if (offset < 0 || static_cast<std::int64_t>(out.size()) > size() - offset) return truncated();
        if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
        return {};
    }

  private:
    std::span<const std::byte> bytes_;
    std::string name_;
};

} // namespace

Error ByteSource::corrupt(const std::string& message, const std::string& hint) const {
    return {ErrorCode::kDataCorrupt, name(), message, hint};
}

Error ByteSource::truncated() const {
    return corrupt("is truncated: it ends before the length that it states", "copy it again");
}

Result<std::unique_ptr<ByteSource>> open_bytes(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a pipe must not hang the open
    if (fd < 0) return base::file_error(path, "cannot be opened", errno);
    return adopt_bytes(fd, path.string());
}

Result<std::unique_ptr<ByteSource>> adopt_bytes(int descriptor, const std::string& name) {
    struct stat status {};
    const bool regular = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
    std::unique_ptr<ByteSource> source =
        std::make_unique<FileSource>(descriptor, regular ? status.st_size : 0, name);
    if (!regular) return Error{ErrorCode::kInvalidArgument, name, "is not a file", {}};
    return source;
}

std::unique_ptr<ByteSource> memory_bytes(std::span<const std::byte> bytes, const std::string& name) {
    return std::make_unique<MemorySource>(bytes, name);
}

} // namespace loopmind::files
