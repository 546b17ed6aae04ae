// A file under construction: beside its target, gone unless it is kept.
#pragma once

#include "proto/base/result.h"

#include <cstdint>
#include <filesystem>

namespace loopmind::files {

/// Creates "<target>.<random>.part" and removes it in the destructor unless keep() put it in place. Holds
/// the first error (full disk) and writes nothing after it. One thread at a time.
class PartFile {
  public:
    explicit PartFile(std::filesystem::path target);
    ~PartFile();
    PartFile(const PartFile&) = delete;
    PartFile& operator=(const PartFile&) = delete;

    /// Whether everything so far went well.
    Status status() const;
    /// Appends at position(); false after an error.
    bool write(const void* bytes, std::size_t size);
    /// Reads what was written; false on an error or beyond the end.
    bool read_at(std::int64_t offset, void* bytes, std::size_t size);
    bool write_at(std::int64_t offset, const void* bytes, std::size_t size);
    void seek(std::int64_t position) { position_ = position; }
    std::int64_t position() const { return position_; }
    std::int64_t size() const { return size_; }
    const std::filesystem::path& path() const { return path_; }
    const std::filesystem::path& target() const { return target_; }
    /// Makes the bytes durable under the target's name.
    Status keep();

  private:
    std::filesystem::path target_;
    std::filesystem::path path_;
    int fd_;
    int problem_ = 0; ///< errno of the first failure
    std::int64_t position_ = 0;
    std::int64_t size_ = 0;
    bool kept_ = false;
};

} // namespace loopmind::files
