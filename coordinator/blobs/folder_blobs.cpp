// Blobs in a local (or NFS) folder.
#include "coordinator/blobs/folder_blobs.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <list>
#include <map>
#include <mutex>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "proto/base/sha256.h"
#include "proto/wire/attempt_file.h"

namespace loopmind::blobs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxOpenAttempts = 128; // descriptors kept for writing; the least recent is closed
constexpr const char* kUploadPrefix = "put-";

class Descriptor {
  public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

  private:
    int fd_;
};

// Regular files only: no link of a worker leads out of the folder, no pipe makes us wait.
Descriptor open_regular(const fs::path& path, int flags, mode_t mode = 0600) {
    Descriptor fd(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode));
    struct stat info {};
    if (fd && (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))) {
        errno = EINVAL;
        return Descriptor();
    }
    return fd;
}

std::uint64_t size_of(int fd) {
    struct stat info {};
    return ::fstat(fd, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

Status write_fully(int fd, std::uint64_t offset, std::span<const std::byte> bytes, const fs::path& path) {
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return base::file_error(path, "cannot be written", written == 0 ? ENOSPC : errno);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
    return {};
}

class FileReader : public Reader {
  public:
    FileReader(Descriptor fd, fs::path path) : fd_(std::move(fd)), path_(std::move(path)) {}
    std::uint64_t size() override { return size_of(fd_.get()); }
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
        std::size_t total = 0;
        while (total < into.size()) {
            const ssize_t got = ::pread(fd_.get(), into.data() + total, into.size() - total,
                                        static_cast<off_t>(offset + total));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return base::file_error(path_, "cannot be read", errno);
            if (got == 0) break;
            total += static_cast<std::size_t>(got);
        }
        return total;
    }

  private:
    Descriptor fd_;
    fs::path path_;
};

class FolderBlobs;

class FileUpload : public Upload {
  public:
    FileUpload(FolderBlobs& folder, fs::path part, Descriptor fd, std::string sha256, std::uint64_t size)
        : folder_(folder), part_(std::move(part)), fd_(std::move(fd)), sha256_(std::move(sha256)),
          size_(size) {}
    ~FileUpload() override {
        std::error_code ignored;
        if (!finished_) fs::remove(part_, ignored);
    }
    Status write(std::uint64_t offset, std::span<const std::byte> bytes) override {
        if (offset != written_)
            return Error{
                ErrorCode::kInvalidArgument, "offset",
                "bytes for position " + std::to_string(offset) + " came at " + std::to_string(written_), ""};
        if (bytes.size() > size_ - written_)
            return Error{ErrorCode::kInvalidArgument, "size", "more bytes came than were announced", ""};
        if (Status status = write_fully(fd_.get(), offset, bytes, part_); !status) return status;
        hash_.update(bytes);
        written_ += bytes.size();
        return {};
    }
    Status finish() override;

  private:
    FolderBlobs& folder_;
    fs::path part_;
    Descriptor fd_;
    std::string sha256_;
    std::uint64_t size_;
    std::uint64_t written_ = 0;
    base::Sha256 hash_;
    bool finished_ = false;
};

class FolderBlobs : public BlobStore {
  public:
    explicit FolderBlobs(fs::path root) : root_(std::move(root)) {}

    std::optional<std::uint64_t> size(const std::string& sha256) override {
        if (!base::is_sha256_hex(sha256)) return std::nullopt;
        struct stat info {};
        if (::lstat(wire::blob_path(root_, sha256).c_str(), &info) != 0 || !S_ISREG(info.st_mode))
            return std::nullopt;
        return static_cast<std::uint64_t>(info.st_size);
    }

    Result<std::unique_ptr<Reader>> open(const std::string& sha256) override {
        if (!base::is_sha256_hex(sha256))
            return Error{ErrorCode::kNotFound, "sha256", "this is no name of a blob", ""};
        return open_file(wire::blob_path(root_, sha256));
    }

    Result<std::unique_ptr<Reader>> open_attempt(const AttemptOutput& output) override {
        return open_file(path_of(output));
    }

    Result<std::uint64_t> write_attempt(const AttemptOutput& output, std::uint64_t offset,
                                        std::span<const std::byte> bytes) override {
        const fs::path path = path_of(output);
        auto fd = writable(output, path);
        if (!fd.ok()) return fd.error();
        const std::uint64_t end = size_of((*fd)->get());
        if (offset > end)
            return Error{ErrorCode::kInvalidArgument, "offset",
                         "bytes for position " + std::to_string(offset) + " came at " + std::to_string(end),
                         ""};
        const std::uint64_t known = end - offset;
        if (known >= bytes.size()) return end;
        if (Status status = write_fully((*fd)->get(), end, bytes.subspan(known), path); !status)
            return status.error();
        return offset + bytes.size();
    }

    Result<AdoptVerdict> adopt(const AttemptOutput& output, const std::string& sha256,
                               std::uint64_t size) override {
        if (!base::is_sha256_hex(sha256)) return AdoptVerdict::kMismatch;
        forget(output);
        const fs::path from = path_of(output);
        const fs::path to = wire::blob_path(root_, sha256);
        const auto known = this->size(sha256);
        Descriptor fd = open_regular(from, O_RDONLY);
        if (!fd) // Knowing a blob's name does not make it anybody's output: the bytes must have come.
            return known && *known == size && was_adopted(output, sha256) ? AdoptVerdict::kAdopted
                                                                          : AdoptVerdict::kMissing;
        const auto digest = digest_of(fd.get(), from);
        if (!digest.ok()) return digest.error();
        if (digest->sha256 != sha256 || digest->size != size) {
            discard(output);
            return AdoptVerdict::kMismatch;
        }
        if (Status status = note_adopted(output, sha256); !status) return status.error();
        if (known && *known == size) {
            discard(output);
            return AdoptVerdict::kAdopted;
        }
        if (Status status = keep(from, to); !status) return status.error();
        return AdoptVerdict::kAdopted;
    }

    void discard(const AttemptOutput& output) override {
        forget(output);
        std::error_code ignored;
        fs::remove(path_of(output), ignored);
    }

    Result<std::unique_ptr<Upload>> begin_upload(const std::string& sha256, std::uint64_t size) override {
        if (!base::is_sha256_hex(sha256))
            return Error{ErrorCode::kInvalidArgument, "sha256",
                         "a blob's name is 64 lower-case hexadecimal digits", ""};
        const fs::path part = root_ / "incoming" / (kUploadPrefix + base::random_hex(16) + ".part");
        Descriptor fd = open_regular(part, O_RDWR | O_CREAT | O_EXCL);
        if (!fd) return base::file_error(part, "cannot be made", errno);
        return std::unique_ptr<Upload>(
            std::make_unique<FileUpload>(*this, part, std::move(fd), sha256, size));
    }

    std::size_t sweep(const std::function<bool(std::uint64_t)>& live) override {
        std::size_t removed = 0;
        std::error_code problem;
        for (const auto& entry : fs::directory_iterator(root_ / "incoming", problem)) {
            if (live(epoch_in(entry.path().filename().string()))) continue;
            std::error_code ignored;
            if (fs::remove(entry.path(), ignored)) ++removed;
        }
        return removed;
    }

    // A finished file under its final name: read-only, durable.
    Status keep(const fs::path& from, const fs::path& to) {
        std::error_code problem;
        fs::create_directory(to.parent_path(), problem);
        if (problem) return base::file_error(to.parent_path(), "cannot be made", problem.value());
        ::chmod(from.c_str(), 0400);
        if (Status status = base::make_durable_as(from, to); !status) return status;
        return base::sync_folder(root_);
    }

    const fs::path& root() const { return root_; }

  private:
    using FdPtr = std::shared_ptr<Descriptor>; // a writer keeps it while another output closes it here

    fs::path path_of(const AttemptOutput& output) const {
        return wire::attempt_file_path(root_, output.task_id, output.epoch, output.role);
    }

    // What was adopted for an attempt, for a result that is reported again because its commit did not come
    // about. It lies beside the attempt's files and is swept with them.
    fs::path note_of(const AttemptOutput& output) const {
        return path_of(output).replace_extension(".adopted");
    }
    Status note_adopted(const AttemptOutput& output, const std::string& sha256) const {
        const fs::path note = note_of(output);
        Descriptor fd = open_regular(note, O_RDWR | O_CREAT);
        if (!fd) return base::file_error(note, "cannot be made", errno);
        const ssize_t written = ::pwrite(fd.get(), sha256.data(), sha256.size(), 0);
        if (written != static_cast<ssize_t>(sha256.size()))
            return base::file_error(note, "cannot be written", written < 0 ? errno : ENOSPC);
        return {};
    }
    bool was_adopted(const AttemptOutput& output, const std::string& sha256) const {
        Descriptor fd = open_regular(note_of(output), O_RDONLY);
        std::string text(sha256.size(), '\0');
        return fd && ::pread(fd.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) &&
               text == sha256;
    }

    static Result<std::unique_ptr<Reader>> open_file(const fs::path& path) {
        Descriptor fd = open_regular(path, O_RDONLY);
        if (!fd) return base::file_error(path, "cannot be opened", errno);
        return std::unique_ptr<Reader>(std::make_unique<FileReader>(std::move(fd), path));
    }

    static Result<base::FileDigest> digest_of(int fd, const fs::path& path) {
        base::Sha256 hash;
        std::vector<std::byte> buffer(1u << 20);
        std::uint64_t total = 0;
        for (;;) {
            const ssize_t got = ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(total));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return base::file_error(path, "cannot be read", errno);
            if (got == 0) break;
            hash.update(std::span<const std::byte>(buffer).first(static_cast<std::size_t>(got)));
            total += static_cast<std::uint64_t>(got);
        }
        return base::FileDigest{hash.hex_digest(), total};
    }

    // "<task>-<epoch>-<role>.part"; uploads and foreign names have epoch 0.
    static std::uint64_t epoch_in(const std::string& name) {
        const std::size_t dash = name.find('-');
        if (dash == std::string::npos) return 0;
        std::uint64_t epoch = 0;
        std::size_t i = dash + 1;
        for (; i < name.size() && std::isdigit(static_cast<unsigned char>(name[i])); ++i)
            epoch = epoch * 10 + static_cast<std::uint64_t>(name[i] - '0');
        return i < name.size() && name[i] == '-' ? epoch : 0;
    }

    Result<FdPtr> writable(const AttemptOutput& output, const fs::path& path) {
        const std::lock_guard lock(mutex_);
        auto it = open_.find(output);
        if (it != open_.end()) {
            recent_.splice(recent_.end(), recent_, it->second.second);
            return it->second.first;
        }
        Descriptor fd = open_regular(path, O_RDWR | O_CREAT);
        if (!fd) return base::file_error(path, "cannot be made", errno);
        if (open_.size() >= kMaxOpenAttempts) {
            open_.erase(recent_.front());
            recent_.pop_front();
        }
        recent_.push_back(output);
        auto shared = std::make_shared<Descriptor>(std::move(fd));
        open_[output] = {shared, std::prev(recent_.end())};
        return shared;
    }

    void forget(const AttemptOutput& output) {
        const std::lock_guard lock(mutex_);
        auto it = open_.find(output);
        if (it == open_.end()) return;
        recent_.erase(it->second.second);
        open_.erase(it);
    }

    fs::path root_;
    std::mutex mutex_;
    std::map<AttemptOutput, std::pair<FdPtr, std::list<AttemptOutput>::iterator>> open_;
    std::list<AttemptOutput> recent_;
};

Status FileUpload::finish() {
    const std::string digest = hash_.hex_digest();
    if (written_ != size_ || digest != sha256_)
        return Error{ErrorCode::kDataCorrupt, "blob",
                     "the bytes do not match their hash: " + std::to_string(written_) + " of " +
                         std::to_string(size_) + " bytes came, SHA-256 " + digest,
                     "send the file again"};
    const auto known = folder_.size(sha256_);
    if (known && *known == size_) return {};
    if (Status status = folder_.keep(part_, wire::blob_path(folder_.root(), sha256_)); !status) return status;
    finished_ = true;
    return {};
}

} // namespace

Result<std::unique_ptr<BlobStore>> open_folder_blobs(const fs::path& root) {
    for (const fs::path& folder : {root, root / "incoming"}) {
        std::error_code problem;
        fs::create_directories(folder, problem);
        if (problem) return base::file_error(folder, "cannot be made", problem.value());
        ::chmod(folder.c_str(), 0700);
        if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0)
            return base::file_error(folder, "cannot be written", errno);
    }
    return std::unique_ptr<BlobStore>(std::make_unique<FolderBlobs>(root));
}

} // namespace loopmind::blobs
