// CURVE key pairs and the 0600 files that hold them.
#pragma once

#include "proto/base/result.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace loopmind::wire {

/// A CURVE key pair in Z85, 40 characters each. The secret never goes into logs or errors.
struct KeyPair {
    std::string public_key;
    std::string secret_key;
};

/// Draws a new pair. Errors: unavailable when libzmq was built without CURVE.
Result<KeyPair> generate_keys();

/// True for 40 Z85 characters that decode to 32 bytes.
bool is_z85_key(std::string_view text);

/// Reads `{"public":"<z85>","secret":"<z85>"}`. Errors: not_found; permission_denied when others may read or
/// write the file (any of mode 077) or it belongs to someone else; data_corrupt when it does not hold a
/// matching pair.
Result<KeyPair> load_keys(const std::filesystem::path& path);

/// As load_keys; draws and writes a pair (mode 0600, durable) when the file is missing. The folder must
/// exist. Two processes that create at once end up with the same pair.
Result<KeyPair> load_or_create_keys(const std::filesystem::path& path);

} // namespace loopmind::wire
