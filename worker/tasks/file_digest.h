// SHA-256 of a large file that seldom changes, remembered between starts.
#pragma once

#include "proto/base/result.h"

#include <filesystem>
#include <string>

namespace loopmind::tasks {

/// Digest of `file`. `memory` is a small JSON file that keeps it for (path, size, modification time); trouble
/// with it only costs time. Errors: not_found and others of `file`.
Result<std::string> remembered_sha256(const std::filesystem::path& file, const std::filesystem::path& memory);

} // namespace loopmind::tasks
