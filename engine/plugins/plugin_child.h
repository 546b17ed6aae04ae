// Starting loopmind-plugin: with a socket to speak over, a folder of its own for scraps, and little else.
#pragma once

#include "engine/plugins/control_channel.h"
#include "engine/process/contained_child.h"

#include <filesystem>
#include <string>
#include <vector>

namespace loopmind::plugins {

/// A folder below the system's temporary one that goes away with its owner: children that are killed leave
/// their scraps behind.
class ScratchFolder {
  public:
    static Result<ScratchFolder> make();
    ScratchFolder() = default;
    ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    ScratchFolder& operator=(ScratchFolder&& other) noexcept;
    ~ScratchFolder();
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

struct PluginChild {
    ScratchFolder scratch; ///< first: removed when the child is gone
    process::ContainedChild child;
    Descriptor control;
};

/// `memory` (may be -1) is handed on. Errors: what the system says.
Result<PluginChild> start_plugin_child(const std::filesystem::path& program,
                                       const std::vector<std::string>& arguments, int memory);

} // namespace loopmind::plugins
