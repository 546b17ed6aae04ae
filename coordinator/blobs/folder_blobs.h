// Blobs in a folder: <root>/<aa>/<sha256>, attempts in <root>/incoming/ (names: proto/wire/attempt_file.h).
#pragma once

#include <filesystem>
#include <memory>

#include "coordinator/blobs/blob_store.h"

namespace loopmind::blobs {

/// Makes the folders (mode 0700) where missing. Errors: permission_denied, resource_exhausted, naming the
/// folder.
Result<std::unique_ptr<BlobStore>> open_folder_blobs(const std::filesystem::path& root);

} // namespace loopmind::blobs
