// Makes a session ready to be cut: every medium that is heard is found, named and measured.
#pragma once

#include "engine/session/session.h"
#include "proto/base/result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace loopmind::mixdown {

/// A medium that a mixdown plays.
struct FoundMedia {
    std::string id;
    std::string sha256;
    std::uint64_t size = 0;
    std::filesystem::path file; ///< linked, or a copy of the embedded bytes in `scratch`
};

struct DescribeOptions {
    std::filesystem::path folder;  ///< of the project file: linked media lie below it
    std::filesystem::path scratch; ///< an existing folder for embedded media
    bool skip_missing = false;     ///< clips of missing or damaged media are left out instead of refused
    /// Finds a blob by its hash where the file is missing (a local cache); may be empty.
    std::function<std::optional<std::filesystem::path>(const std::string& sha256)> find_blob;
    /// False: `sha256` of linked media is made of path, size and time of change. Enough for a render in this
    /// process, which gives no blob away, and spares reading every file twice.
    bool hash_content = true;
};

struct Described {
    std::vector<FoundMedia> media;
    std::vector<std::string> skipped; ///< "media id: why", with skip_missing
};

/// Finds the media of audible tracks and writes hash, size, length, rate and channels into `session`, so that
/// equal audio gives equal documents. Errors: not_found or data_corrupt, one error that names every medium
/// that is missing or cannot be read, and hints at relinking and skipping.
Result<Described> describe_media(session::Session& session, const DescribeOptions& options);

/// Writes what `file` turns out to be into `media`: hash (see DescribeOptions::hash_content), size, length,
/// rate and channels. Errors name the medium: not_found, data_corrupt.
Result<FoundMedia> describe_file(session::Media media, const std::filesystem::path& file, bool hash_content);

} // namespace loopmind::mixdown
