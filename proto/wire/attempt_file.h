// Where files of the blob folder lie; the same rule for coordinator, workers and clients of one machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace loopmind::wire {

/// `<task_id>-<epoch>-<role>.part`. Every character but A-Z a-z 0-9 '_' '-' and inner '.' becomes "%XX", so
/// no name leaves its folder and two roles never share a file; names beyond 200 characters are replaced by
/// their SHA-256.
std::string attempt_file_name(std::string_view task_id, std::uint64_t epoch, std::string_view role);

/// `<root>/incoming/<attempt_file_name>`.
std::filesystem::path attempt_file_path(const std::filesystem::path& root, std::string_view task_id,
                                        std::uint64_t epoch, std::string_view role);

/// `<root>/<aa>/<sha256>` with aa the first two digits. `sha256` must have passed base::is_sha256_hex.
std::filesystem::path blob_path(const std::filesystem::path& root, std::string_view sha256);

} // namespace loopmind::wire
