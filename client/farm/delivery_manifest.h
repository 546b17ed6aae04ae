// The hidden file that says what a delivery wrote, so that the same delivery again costs nothing.
#pragma once

#include "client/farm/delivery.h"
#include "client/farm/delivery_plan.h"

namespace loopmind::farm {

inline constexpr const char* kManifestName = ".loopmind-delivery.json";

/// Names the content of a delivery: every blob, and how it is written.
std::string delivery_digest(const DeliveryPlan& plan, bool embed);

/// Writes the manifest of the files below `folder`. Errors: those of writing.
Status write_manifest(const std::filesystem::path& folder, const DeliveryPlan& plan,
                      const std::string& digest, const std::vector<DeliveredFile>& files);

struct Manifest {
    std::string digest, params_json;
    std::vector<DeliveredFile> files;
    bool intact = false; ///< every file has the size and modification time it was written with
};

/// Nothing when there is none or it does not parse.
std::optional<Manifest> read_manifest(const std::filesystem::path& folder);

} // namespace loopmind::farm
