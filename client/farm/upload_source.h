// Bytes on their way to the farm: a file, or text in memory.
#pragma once

#include "proto/base/result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace loopmind::farm {

/// Reads in order; a file is opened by the first read. One thread at a time.
class UploadSource {
  public:
    UploadSource() = default; ///< no bytes
    explicit UploadSource(std::filesystem::path file) : file_(std::move(file)) {}
    explicit UploadSource(std::string bytes) : bytes_(std::move(bytes)) {}
    UploadSource(UploadSource&& other) noexcept;
    UploadSource& operator=(UploadSource&& other) noexcept;
    UploadSource(const UploadSource& other) : file_(other.file_), bytes_(other.bytes_) {} ///< unopened
    ~UploadSource();

    /// Fills `out` with the bytes from `offset`. Errors: not_found, permission_denied; data_corrupt when the
    /// source is shorter.
    Status read(std::uint64_t offset, std::span<std::byte> out);
    /// Closes the file until the next read.
    void close();

  private:
    std::filesystem::path file_; ///< empty: `bytes_`
    std::string bytes_;
    int fd_ = -1;
};

} // namespace loopmind::farm
