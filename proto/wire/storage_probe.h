// Does a peer reach the blob folder itself? A probe file with a secret proves it.
#pragma once

#include "proto/base/result.h"

#include "loopmind/v1/hello.pb.h"

#include <filesystem>
#include <optional>

namespace loopmind::wire {

/// Coordinator: writes `<root>/probe-<random>` with a new secret and returns what Welcome announces. Removes
/// probes of earlier runs. `root` must exist. Errors as base::write_durably.
Result<v1::StorageLocation> publish_probe(const std::filesystem::path& root);

/// How far a peer reaches into the announced folder.
struct DirectStorage {
    std::filesystem::path root;
    bool writable = false; ///< attempt files can be made in root/incoming
};

/// Peer: the folder when the probe file is there and holds the secret, else nothing. Follows no path of the
/// announcement that is not a plain file name in an absolute folder. No side effects.
std::optional<DirectStorage> reach_storage(const v1::StorageLocation& location);

} // namespace loopmind::wire
