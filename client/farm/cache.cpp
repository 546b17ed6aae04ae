// The client's local cache of blobs: `Cache/` with `metadata.json`, safe with several processes at once.
#include "client/farm/cache.h"

#include "client/farm/cache_metadata.h"
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "proto/base/sha256.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace loopmind::farm {

namespace fs = std::filesystem;

namespace {

/// Holds an exclusive lock on `Cache/lock` for its life; each holder has its own description, so threads
/// exclude each other as processes do.
class FolderLock {
  public:
    static Result<FolderLock> take(const fs::path& root) {
        const fs::path file = root / "lock";
        const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0) return base::file_error(file, "cannot be opened", errno);
        while (::flock(fd, LOCK_EX) != 0) {
            if (errno == EINTR) continue;
            const int error = errno;
            ::close(fd);
            return base::file_error(file, "cannot be locked", error);
        }
        return FolderLock(fd);
    }
    FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FolderLock& operator=(FolderLock&&) = delete;
    ~FolderLock() {
        if (fd_ >= 0) ::close(fd_);
    }

  private:
    explicit FolderLock(int fd) : fd_(fd) {}
    int fd_;
};

/// What a file looked like when its hash was last checked.
std::string stamp_of(const struct stat& info) {
    return std::to_string(info.st_size) + " " + std::to_string(info.st_mtim.tv_sec) + "." +
           std::to_string(info.st_mtim.tv_nsec) + " " + std::to_string(info.st_ino);
}

fs::path stamp_path(const fs::path& blob) {
    return blob.string() + ".verified";
}

void write_stamp(const fs::path& blob) {
    struct stat info {};
    if (::stat(blob.c_str(), &info) != 0) return;
    // Readers compare the whole text, so a torn or missing stamp only costs one more hash.
    std::ofstream(stamp_path(blob), std::ios::binary | std::ios::trunc) << stamp_of(info);
}

bool stamp_matches(const fs::path& blob) {
    struct stat info {};
    if (::stat(blob.c_str(), &info) != 0) return false;
    std::ifstream in(stamp_path(blob), std::ios::binary);
    std::string text;
    return in && std::getline(in, text) && text == stamp_of(info);
}

void mark_used(const fs::path& blob) {
    const struct timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
    ::utimensat(AT_FDCWD, blob.c_str(), times, 0);
}

void remove_blob(const fs::path& blob) {
    std::error_code ignored;
    fs::remove(stamp_path(blob), ignored);
    fs::remove(blob, ignored);
}

/// Deletes files of `incoming/` whose writer (the process id in the name) is gone.
void sweep_incoming(const fs::path& root) {
    std::error_code error;
    for (fs::directory_iterator it(root / "incoming", error), end; !error && it != end; it.increment(error)) {
        const long writer = std::strtol(it->path().filename().c_str(), nullptr, 10);
        if (writer > 0 && (::kill(static_cast<pid_t>(writer), 0) == 0 || errno != ESRCH)) continue;
        std::error_code ignored;
        fs::remove(it->path(), ignored);
    }
}

/// Entries of the metadata, or what the folder shows when the file is corrupt (which is put aside).
Result<std::vector<CacheEntry>> entries_or_rebuilt(const fs::path& root) {
    auto entries = read_cache_metadata(root);
    if (entries.ok() || entries.error().code != ErrorCode::kDataCorrupt) return entries;
    std::error_code ignored;
    fs::rename(root / "metadata.json", root / "metadata.json.corrupt", ignored);
    std::vector<CacheEntry> rebuilt = rebuild_cache_entries(root, {});
    if (Status written = write_cache_metadata(root, rebuilt); !written.ok()) return written.error();
    return rebuilt;
}

} // namespace

Cache::Cache(fs::path root, CacheLimits limits) : root_(std::move(root)), limits_(limits) {}

fs::path Cache::blob_path(const std::string& sha256) const {
    return root_ / "blobs" / sha256.substr(0, 2) / sha256;
}

Result<Cache> Cache::open(fs::path root, CacheLimits limits) {
    for (const fs::path& folder : {root / "blobs", root / "incoming"}) {
        std::error_code error;
        fs::create_directories(folder, error);
        if (error) return base::file_error(folder, "cannot be created", error.value());
    }
    Cache cache(std::move(root), limits);
    auto lock = FolderLock::take(cache.root_);
    if (!lock.ok()) return lock.error();
    sweep_incoming(cache.root_);
    return cache;
}

std::optional<fs::path> Cache::find(const std::string& sha256) const {
    if (!base::is_sha256_hex(sha256)) return std::nullopt;
    const fs::path blob = blob_path(sha256);
    std::error_code error;
    if (!fs::is_regular_file(blob, error)) return std::nullopt;
    if (!stamp_matches(blob)) {
        const auto digest = base::sha256_file(blob);
        if (!digest.ok() || digest->sha256 != sha256) {
            remove_blob(blob);
            return std::nullopt;
        }
        write_stamp(blob);
    }
    mark_used(blob);
    return blob;
}

Result<fs::path> Cache::new_incoming(const std::string& label) const {
    return root_ / "incoming" / (std::to_string(::getpid()) + "-" + base::random_hex(4) + "-" + label);
}

Result<fs::path> Cache::place(const fs::path& incoming, const std::string& sha256) const {
    if (!base::is_sha256_hex(sha256))
        return Error{ErrorCode::kInvalidArgument, "sha256", "'" + sha256 + "' is not a blob's name", ""};
    const fs::path blob = blob_path(sha256);
    std::error_code error;
    fs::create_directories(blob.parent_path(), error);
    if (error) return base::file_error(blob.parent_path(), "cannot be created", error.value());
    if (::rename(incoming.c_str(), blob.c_str()) != 0)
        return base::file_error(blob, "cannot be put in place", errno);
    write_stamp(blob);
    mark_used(blob);
    return blob;
}

Result<fs::path> Cache::place_copy(const fs::path& file, const std::string& sha256) const {
    const int in = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (in < 0) return base::file_error(file, "cannot be read", errno);
    auto incoming = new_incoming("copy");
    if (!incoming.ok()) {
        ::close(in);
        return incoming.error();
    }
    const int out = ::open(incoming->c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    Status status = out < 0 ? Status(base::file_error(*incoming, "cannot be created", errno)) : Status();
    base::Sha256 hash;
    std::vector<std::byte> buffer(1 << 20);
    while (status.ok()) {
        const ssize_t got = ::read(in, buffer.data(), buffer.size());
        if (got == 0) break;
        if (got < 0) {
            if (errno == EINTR) continue;
            status = base::file_error(file, "cannot be read", errno);
            break;
        }
        hash.update(std::span<const std::byte>(buffer.data(), static_cast<std::size_t>(got)));
        for (ssize_t done = 0; done < got;) {
            const ssize_t put = ::write(out, buffer.data() + done, static_cast<std::size_t>(got - done));
            if (put < 0 && errno == EINTR) continue;
            if (put < 0) {
                status = base::file_error(*incoming, "cannot be written", errno);
                break;
            }
            done += put;
        }
    }
    ::close(in);
    if (out >= 0) ::close(out);
    if (status.ok()) {
        const std::string found = hash.hex_digest();
        if (found != sha256)
            status = Error{ErrorCode::kDataCorrupt, file.string(),
                           "hashes to " + found + " instead of " + sha256, ""};
    }
    if (!status.ok()) {
        ::unlink(incoming->c_str());
        return status.error();
    }
    return place(*incoming, sha256);
}

Status Cache::describe(std::vector<CacheEntry> entries) const {
    auto lock = FolderLock::take(root_);
    if (!lock.ok()) return lock.error();
    auto known = entries_or_rebuilt(root_);
    if (!known.ok()) return known.error();
    std::map<std::string, std::size_t> index;
    for (std::size_t i = 0; i < known->size(); ++i)
        index[(*known)[i].sha256] = i;
    bool changed = false;
    for (CacheEntry& entry : entries) {
        if (!base::is_sha256_hex(entry.sha256)) continue;
        std::error_code error;
        const std::uint64_t size = fs::file_size(blob_path(entry.sha256), error);
        if (error) continue;
        entry.file = "blobs/" + entry.sha256.substr(0, 2) + "/" + entry.sha256;
        entry.size = size;
        const auto found = index.find(entry.sha256);
        if (found != index.end()) {
            CacheEntry& old = (*known)[found->second];
            if (old.params != "{}" && !old.params.empty()) continue; // described already, nothing new
            entry.created_at = old.created_at;
            old = entry;
        } else {
            if (entry.created_at.empty()) entry.created_at = utc_now_text();
            index[entry.sha256] = known->size();
            known->push_back(entry);
        }
        changed = true;
    }
    return changed ? write_cache_metadata(root_, *known) : Status();
}

Result<std::vector<CacheEntry>> Cache::list() const {
    auto lock = FolderLock::take(root_);
    if (!lock.ok()) return lock.error();
    auto known = entries_or_rebuilt(root_);
    if (!known.ok()) return known.error();
    std::vector<CacheEntry> entries = rebuild_cache_entries(root_, *known);
    std::stable_sort(entries.begin(), entries.end(), [](const CacheEntry& a, const CacheEntry& b) {
        return a.created_at != b.created_at ? a.created_at > b.created_at : a.file < b.file;
    });
    return entries;
}

Result<CacheRemoval> Cache::trim() const {
    auto lock = FolderLock::take(root_);
    if (!lock.ok()) return lock.error();
    struct Blob {
        fs::path path;
        std::uint64_t size;
        std::int64_t used_ns;
    };
    std::vector<Blob> blobs;
    std::uint64_t total = 0;
    struct timespec now {};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const auto ns_of = [](const struct timespec& t) { return t.tv_sec * 1'000'000'000ll + t.tv_nsec; };
    std::error_code error;
    for (fs::recursive_directory_iterator it(root_ / "blobs", error), end; !error && it != end;
         it.increment(error)) {
        struct stat info {};
        if (!base::is_sha256_hex(it->path().filename().string()) || ::stat(it->path().c_str(), &info) != 0)
            continue;
        total += static_cast<std::uint64_t>(info.st_size);
        blobs.push_back({it->path(), static_cast<std::uint64_t>(info.st_size), ns_of(info.st_atim)});
    }
    CacheRemoval removed;
    if (total <= limits_.max_bytes) return removed;
    std::sort(blobs.begin(), blobs.end(), [](const Blob& a, const Blob& b) { return a.used_ns < b.used_ns; });
    const std::int64_t in_use_ns = std::chrono::nanoseconds(limits_.in_use).count();
    for (const Blob& blob : blobs) {
        if (total <= limits_.max_bytes || ns_of(now) - blob.used_ns < in_use_ns) break;
        remove_blob(blob.path);
        total -= blob.size;
        removed.files += 1;
        removed.bytes += blob.size;
    }
    if (removed.files == 0) return removed;
    auto known = entries_or_rebuilt(root_);
    if (!known.ok()) return known.error();
    if (Status written = write_cache_metadata(root_, rebuild_cache_entries(root_, *known)); !written.ok())
        return written.error();
    return removed;
}

Result<CacheRemoval> Cache::clear() const {
    auto lock = FolderLock::take(root_);
    if (!lock.ok()) return lock.error();
    CacheRemoval removed;
    for (const CacheEntry& entry : rebuild_cache_entries(root_, {})) {
        remove_blob(root_ / entry.file);
        removed.files += 1;
        removed.bytes += entry.size;
    }
    sweep_incoming(root_);
    if (Status written = write_cache_metadata(root_, {}); !written.ok()) return written.error();
    return removed;
}

std::uint64_t Cache::total_bytes() const {
    std::uint64_t total = 0;
    for (const CacheEntry& entry : rebuild_cache_entries(root_, {}))
        total += entry.size;
    return total;
}

} // namespace loopmind::farm
