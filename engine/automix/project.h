// A project file mixed: its media found, its document changed. JUCE-free.
#pragma once

#include "engine/automix/automix.h"
#include "proto/base/result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace loopmind::automix {

struct MixedProject {
    Report report;
    std::string document;             ///< the project as it is now, `.loopmind` text
    bool changed = false;             ///< it differs from the file
    std::vector<std::string> skipped; ///< media that are missing, "media id: why", with skip_missing
};

/// How a project file is mixed.
struct ProjectOptions : Options {
    bool skip_missing = false; ///< mix without clips whose media are missing
    /// Finds the plug-ins of this machine; asked only when the project holds some, before any work begins.
    /// Empty: such projects are refused.
    std::function<Result<std::shared_ptr<graph::InsertFactory>>()> find_plugins{};
};

/// Reads a project, mixes it, and gives the changed document; writes nothing but scratch files.
/// `options.scratch` must be an existing folder. Errors name the file: those of reading it, of its plug-ins,
/// of its media (every missing one in one error, unless `skip_missing`), and of decide().
Result<MixedProject> mix_project(const std::filesystem::path& project, ProjectOptions options);

} // namespace loopmind::automix
