// A blob on its way into the cache: written in order, hashed while it is written, placed only when it is
// whole.
#pragma once

#include "client/farm/cache.h"
#include "proto/base/result.h"
#include "proto/base/sha256.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace loopmind::farm {

/// One thread at a time. The file is deleted unless place() succeeded.
class IncomingFile {
  public:
    static Result<IncomingFile> create(const Cache& cache, const std::string& label);
    IncomingFile(IncomingFile&& other) noexcept;
    IncomingFile& operator=(IncomingFile&&) = delete;
    ~IncomingFile();

    /// Where it grows; another program may read the bytes written so far.
    const std::filesystem::path& path() const { return path_; }
    std::uint64_t size() const { return size_; }

    /// Appends. Errors: resource_exhausted (disk full), unavailable.
    Status append(std::span<const std::byte> bytes);
    /// Starts again at 0 (a new epoch writes other bytes).
    Status restart();
    /// Checks size and SHA-256 and moves the file into the cache. data_corrupt when they do not match: only
    /// restart() makes sense then.
    Result<std::filesystem::path> place(const std::string& sha256, std::uint64_t size);

  private:
    IncomingFile(const Cache& cache, std::filesystem::path path, int fd);
    const Cache* cache_;
    std::filesystem::path path_;
    int fd_;
    std::uint64_t size_ = 0;
    base::Sha256 hash_;
};

} // namespace loopmind::farm
