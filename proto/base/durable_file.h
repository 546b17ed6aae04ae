// Files that are whole or absent after a crash: temporary name, fsync, rename, fsync of the folder.
#pragma once

#include "proto/base/result.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace loopmind::base {

/// Replaces `path` with `bytes`, durably: when this returns success the bytes survive power loss; when the
/// process dies on the way the old file (or none) is there, never a half-written one. `mode` holds permission
/// bits and is set whatever the umask says. A temporary file left by a crash is named "<name>.<random>.tmp"
/// in the same folder and may be deleted at any time that nobody writes. Thread-safe for different paths.
/// Errors: permission_denied, resource_exhausted (disk full), not_found (folder missing), unavailable.
Status write_durably(const std::filesystem::path& path, std::string_view bytes, unsigned mode = 0644);

/// Makes a finished file durable under another name of the same file system: fsync, rename, fsync of both
/// folders.
Status make_durable_as(const std::filesystem::path& from, const std::filesystem::path& to);

/// fsync of a folder, so that names made or removed in it survive.
Status sync_folder(const std::filesystem::path& folder);

/// Reads a file of at most `max_bytes`. Errors: not_found, permission_denied, data_corrupt (larger),
/// unavailable.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes);

/// The error for a file: `what` in words ("cannot be written") and errno as the code, reason and hint.
Error file_error(const std::filesystem::path& path, const std::string& what, int error_number);

} // namespace loopmind::base
