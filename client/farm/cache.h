// The client's local cache of blobs: `Cache/` with `metadata.json`, safe with several processes at once.
#pragma once

#include "proto/base/result.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace loopmind::farm {

/// What `metadata.json` says about one cached blob; `file`, `params` and `created_at` are the published
/// fields.
struct CacheEntry {
    std::string file;       ///< path below `Cache/`, e.g. "blobs/3f/3f09…"
    std::string params;     ///< JSON object text of the request that made it; "{}" when not known any more
    std::string created_at; ///< UTC, ISO 8601, e.g. "2026-11-23T21:30:00Z"
    std::string sha256;     ///< 64 lower-case hexadecimal digits
    std::uint64_t size = 0; ///< bytes
    std::string role;       ///< "audio", "midi", "mix", ...
    std::string stem;       ///< stem id; empty for outputs of a whole variation
    std::string job;        ///< job id that fetched it first
};

struct CacheLimits {
    std::uint64_t max_bytes = 4ull << 30; ///< trim() deletes the least recently used blobs above it
    std::chrono::seconds in_use{60};      ///< blobs used more recently than this are never trimmed
};

struct CacheRemoval {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
};

/// Blobs by SHA-256 in a folder: `blobs/<aa>/<sha256>`, `incoming/` for what is still being fetched,
/// `metadata.json`. Thread-safe and safe with other processes on the same folder: changes hold a lock on
/// `Cache/lock`, files appear by rename. A blob is hashed when it is placed and again on each read unless its
/// size, modification time and inode are those of its last verified state. Disk errors are returned, never
/// thrown.
class Cache {
  public:
    /// Opens or creates the cache. A corrupt `metadata.json` is put aside and rebuilt from the blobs that are
    /// there.
    static Result<Cache> open(std::filesystem::path root, CacheLimits limits = {});

    const std::filesystem::path& root() const { return root_; }

    /// Path of a verified blob, or nothing when it is not here. A blob that no longer matches its name is
    /// deleted and reported as not here. Marks the blob as used.
    std::optional<std::filesystem::path> find(const std::string& sha256) const;

    /// A fresh, unique path in `incoming/` to write to; the caller creates and finally places or deletes it.
    /// `label` (letters, digits, '.', '-', '_') makes it recognisable for people.
    Result<std::filesystem::path> new_incoming(const std::string& label) const;

    /// Moves a finished file whose SHA-256 the caller has computed while writing it into the cache.
    Result<std::filesystem::path> place(const std::filesystem::path& incoming,
                                        const std::string& sha256) const;

    /// Copies `file` into the cache while hashing it; data_corrupt when it is not `sha256`.
    Result<std::filesystem::path> place_copy(const std::filesystem::path& file,
                                             const std::string& sha256) const;

    /// Records what blobs are, in one durable write. `file`, `size` and an empty `created_at` are filled in
    /// here. An entry that is known keeps its `created_at`. Blobs that are not here are left out.
    Status describe(std::vector<CacheEntry> entries) const;

    /// All entries, most recently created first.
    Result<std::vector<CacheEntry>> list() const;

    /// Deletes least recently used blobs until the cache is within its limit.
    Result<CacheRemoval> trim() const;

    /// Deletes every blob and entry, and whatever processes that are gone left in `incoming/`.
    Result<CacheRemoval> clear() const;

    /// Bytes of all blobs.
    std::uint64_t total_bytes() const;

  private:
    Cache(std::filesystem::path root, CacheLimits limits);
    std::filesystem::path blob_path(const std::string& sha256) const;

    std::filesystem::path root_;
    CacheLimits limits_;
};

/// Now in UTC as "2026-11-23T21:30:00Z".
std::string utc_now_text();

} // namespace loopmind::farm
