// Immutable bytes named by SHA-256, and the attempt files they come from, behind one interface.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "proto/base/result.h"

namespace loopmind::blobs {

/// Names one output of one attempt. Task id and role come from outside: implementations make no path of them
/// unchecked.
struct AttemptOutput {
    std::string task_id;
    std::uint64_t epoch = 0;
    std::string role;
    auto operator<=>(const AttemptOutput&) const = default;
};

enum class AdoptVerdict {
    kAdopted,  ///< Durable under its hash now (or was already).
    kMissing,  ///< Neither the attempt's bytes nor the blob are there.
    kMismatch, ///< The attempt's bytes have another hash or size; they were removed.
};

/// Open bytes. One thread at a time.
class Reader {
  public:
    virtual ~Reader() = default;
    /// Bytes there are now; an attempt's file grows.
    virtual std::uint64_t size() = 0;
    /// Reads up to `into.size()` bytes at `offset`; fewer at the end. Errors: unavailable.
    virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) = 0;
};

/// An upload in order; destroyed unfinished, it leaves nothing behind.
class Upload {
  public:
    virtual ~Upload() = default;
    /// Errors: invalid_argument when `offset` is not the end or the announced size is passed;
    /// resource_exhausted.
    virtual Status write(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
    /// Makes it durable under its hash. Errors: data_corrupt when size or hash differ.
    virtual Status finish() = 0;
};

/// All functions may be called from any thread, those of one attempt output or upload by one at a time.
class BlobStore {
  public:
    virtual ~BlobStore() = default;

    /// Size of a blob, or nothing. `sha256` may be any text.
    virtual std::optional<std::uint64_t> size(const std::string& sha256) = 0;
    /// Errors: not_found.
    virtual Result<std::unique_ptr<Reader>> open(const std::string& sha256) = 0;
    /// Errors: not_found while nothing was written.
    virtual Result<std::unique_ptr<Reader>> open_attempt(const AttemptOutput& output) = 0;

    /// Appends to an attempt's file. Returns the bytes it has after the call; bytes below its end are skipped
    /// (a repeat), a gap is invalid_argument. Errors: resource_exhausted (disk full).
    virtual Result<std::uint64_t> write_attempt(const AttemptOutput& output, std::uint64_t offset,
                                                std::span<const std::byte> bytes) = 0;
    /// Verifies hash and size, makes the bytes durable under their hash. Slow (hash, fsync).
    virtual Result<AdoptVerdict> adopt(const AttemptOutput& output, const std::string& sha256,
                                       std::uint64_t size) = 0;
    /// Removes an attempt's file; readers that have it open keep it.
    virtual void discard(const AttemptOutput& output) = 0;

    /// Errors: invalid_argument (malformed hash).
    virtual Result<std::unique_ptr<Upload>> begin_upload(const std::string& sha256, std::uint64_t size) = 0;

    /// Removes incoming files that are not wanted. `live` answers for the epoch in the file's name (0: an
    /// upload).
    virtual std::size_t sweep(const std::function<bool(std::uint64_t epoch)>& live) = 0;
};

} // namespace loopmind::blobs
