// Reads and writes `Cache/metadata.json`; the caller holds the cache's lock.
#pragma once

#include "client/farm/cache.h"
#include "proto/base/sha256.h"

namespace loopmind::farm {

/// Entries of `root`/metadata.json. A missing file is an empty list; one that does not parse, or is not a
/// list of objects with a valid `sha256`, is data_corrupt.
Result<std::vector<CacheEntry>> read_cache_metadata(const std::filesystem::path& root);

/// Replaces `root`/metadata.json durably.
Status write_cache_metadata(const std::filesystem::path& root, const std::vector<CacheEntry>& entries);

/// Makes entries from the blobs that are in the folder, keeping what `known` says about those it names.
std::vector<CacheEntry> rebuild_cache_entries(const std::filesystem::path& root,
                                              const std::vector<CacheEntry>& known);

} // namespace loopmind::farm
