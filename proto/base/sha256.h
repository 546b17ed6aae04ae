// SHA-256 of bytes, text and files: the name of every blob and recipe.
#pragma once

#include "proto/base/result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace loopmind::base {

/// Incremental SHA-256 (FIPS 180-4). One thread at a time; movable.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void update(std::span<const std::byte> bytes);
    void update(std::string_view text);
    /// 64 lower-case hexadecimal digits of everything since construction or the last digest; starts afresh.
    std::string hex_digest();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// 64 lower-case hexadecimal digits. Thread-safe.
std::string sha256_hex(std::string_view bytes);

/// True for exactly 64 lower-case hexadecimal digits: check before a name from outside becomes a path.
bool is_sha256_hex(std::string_view text);

/// What a file holds.
struct FileDigest {
    std::string sha256;     ///< 64 lower-case hexadecimal digits
    std::uint64_t size = 0; ///< bytes
};

/// Reads a whole file. Errors: not_found, permission_denied, unavailable (read error), each naming the file.
Result<FileDigest> sha256_file(const std::filesystem::path& path);

} // namespace loopmind::base
