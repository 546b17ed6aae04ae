// Descriptors 0 to 2 lead nowhere: plug-ins like to print.
#include "engine/plugins/plugin_child.h"

#include "proto/base/durable_file.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/socket.h>

namespace loopmind::plugins {

namespace fs = std::filesystem;

Result<ScratchFolder> ScratchFolder::make() {
    std::error_code failed;
    fs::path base = fs::temp_directory_path(failed);
    if (failed) base = "/tmp";
    std::string name = (base / "loopmind-plugin-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return base::file_error(name, "cannot be made", errno);
    ScratchFolder out;
    out.path_ = name;
    return out;
}

ScratchFolder& ScratchFolder::operator=(ScratchFolder&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
}

Result<PluginChild> start_plugin_child(const fs::path& program, const std::vector<std::string>& arguments,
                                       int memory) {
    PluginChild out;
    auto scratch = ScratchFolder::make();
    if (!scratch) return scratch.error();
    out.scratch = std::move(*scratch);
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return base::file_error(program, "cannot be started", errno);
    out.control = Descriptor(ends[0]);
    const Descriptor theirs(ends[1]);
    const Descriptor nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!nowhere) return base::file_error("/dev/null", "cannot be opened", errno);
    process::ChildStart what{
        program, arguments, {}, {nowhere.get(), nowhere.get(), nowhere.get(), theirs.get()}};
    if (memory >= 0) what.descriptors.push_back(memory);
    what.environment = {"LANG=C.UTF-8", "TMPDIR=" + out.scratch.path().string()};
    // Presets and licences of plug-ins lie in the home folder.
    if (const char* home = std::getenv("HOME")) what.environment.push_back("HOME=" + std::string(home));
    auto child = process::ContainedChild::start(what);
    if (!child) return child.error();
    out.child = std::move(*child);
    return out;
}

} // namespace loopmind::plugins
