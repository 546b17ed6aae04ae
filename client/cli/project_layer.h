// A delivered variation as a layer of a `.loopmind` project.
#pragma once

#include "client/farm/delivery.h"
#include "engine/session/project.h"

#include <filesystem>

namespace loopmind::cli {

/// Folder beside the project that holds a job's delivered files: `<project>-layers/<short job id>`.
std::filesystem::path layer_folder(const std::filesystem::path& project_file, const std::string& job_id);

/// Adds variation `variation` of a delivery that lies in layer_folder() to the project and saves it. The
/// project is made when it does not exist. Returns the new number of layers. Errors name the file.
Result<int> add_layer(const std::filesystem::path& project_file, const v1::JobInfo& job,
                      const farm::Delivered& delivered, int variation, session::Placement placement);

} // namespace loopmind::cli
