// Bytes that a reader may ask for in any order: a file, a descriptor or memory.
#pragma once

#include "proto/base/result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace loopmind::files {

/// Random access to bytes whose number is known. One thread at a time.
class ByteSource {
  public:
    virtual ~ByteSource() = default;
    virtual std::int64_t size() const = 0;
    /// What stands in errors: the path, or the name that was given.
    virtual const std::string& name() const = 0;
    /// Fills `out` from `offset` on; data_corrupt ("truncated") when the bytes end before that.
    virtual Status read(std::int64_t offset, std::span<std::byte> out) = 0;

    /// data_corrupt, naming the source.
    Error corrupt(const std::string& message, const std::string& hint = {}) const;
    /// The error for bytes that end before the length that they state.
    Error truncated() const;
};

/// Opens a regular file. Errors: not_found, permission_denied, invalid_argument ("is not a file").
Result<std::unique_ptr<ByteSource>> open_bytes(const std::filesystem::path& path);
/// Takes over a descriptor of a regular file; `name` stands in errors.
Result<std::unique_ptr<ByteSource>> adopt_bytes(int descriptor, const std::string& name);
/// Bytes in memory, which must outlive the source.
std::unique_ptr<ByteSource> memory_bytes(std::span<const std::byte> bytes, const std::string& name);

} // namespace loopmind::files
