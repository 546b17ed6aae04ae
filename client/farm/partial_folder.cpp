// Temporary folders and their way into place.
#include "client/farm/partial_folder.h"

#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <sys/stat.h>
#include <unistd.h>

namespace loopmind::farm {

namespace fs = std::filesystem;

namespace {

/// Deletes what a process that is gone (its id is in the name) left behind.
void sweep(const fs::path& parent, const std::string& prefix) {
    std::error_code failed;
    std::vector<fs::path> left;
    for (fs::directory_iterator it(parent, failed), end; !failed && it != end; it.increment(failed)) {
        const std::string name = it->path().filename().string();
        if (name.rfind(prefix, 0) != 0) continue;
        const long writer = std::strtol(name.c_str() + prefix.size(), nullptr, 10);
        if (writer > 0 && ::kill(static_cast<pid_t>(writer), 0) != 0 && errno == ESRCH)
            left.push_back(it->path());
    }
    for (const fs::path& folder : left)
        fs::remove_all(folder, failed);
}

} // namespace

PartialFolder::~PartialFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
    if (done_) return;
    for (auto it = parents_.rbegin(); it != parents_.rend(); ++it)
        ::rmdir(it->c_str());
}

Status PartialFolder::make_for(const fs::path& out) {
    std::error_code failed;
    inside_ = fs::is_directory(out, failed);
    const fs::path parent = inside_ ? out : out.parent_path();
    std::vector<fs::path> missing;
    for (fs::path at = parent; !at.empty() && !fs::exists(at, failed); at = at.parent_path())
        missing.push_back(at);
    for (auto it = missing.rbegin(); it != missing.rend(); ++it) {
        if (::mkdir(it->c_str(), 0777) != 0 && errno != EEXIST)
            return base::file_error(*it, "cannot be created", errno);
        parents_.push_back(*it);
    }
    const std::string prefix = "." + out.filename().string() + ".partial-";
    sweep(parent, prefix);
    const fs::path path = parent / (prefix + std::to_string(::getpid()) + "-" + base::random_hex(4));
    if (::mkdir(path.c_str(), 0777) != 0) return base::file_error(parent, "cannot be written to", errno);
    path_ = path;
    return {};
}

Status PartialFolder::put_in_place(const fs::path& out, const std::string& last) {
    if (!inside_) {
        if (::rename(path_.c_str(), out.c_str()) != 0)
            return base::file_error(out, "cannot be put in place", errno);
        path_.clear();
        done_ = true;
        return base::sync_folder(out.parent_path().empty() ? "." : out.parent_path());
    }
    std::error_code failed;
    fs::remove(out / last, failed); // what stands there is about to change
    std::vector<fs::path> files;
    for (fs::recursive_directory_iterator it(path_, failed), end; !failed && it != end;
         it.increment(failed)) {
        if (it->is_directory()) continue;
        files.push_back(it->path().lexically_relative(path_));
    }
    std::sort(files.begin(), files.end(), [&last](const fs::path& a, const fs::path& b) {
        const bool a_last = a == last, b_last = b == last;
        return a_last != b_last ? b_last : a < b;
    });
    for (const fs::path& file : files) {
        fs::create_directories((out / file).parent_path(), failed);
        if (failed) return base::file_error((out / file).parent_path(), "cannot be created", failed.value());
        if (::rename((path_ / file).c_str(), (out / file).c_str()) != 0)
            return base::file_error(out / file, "cannot be replaced", errno);
    }
    done_ = true;
    return base::sync_folder(out);
}

Error PartialFolder::named_for(const fs::path& out, Error error) const {
    if (const auto at = error.field.find(path_.string()); !path_.empty() && at != std::string::npos)
        error.field.replace(at, path_.string().size(), out.string());
    return error;
}

fs::path clean_path(const fs::path& out) {
    std::error_code failed;
    fs::path path = fs::absolute(out, failed).lexically_normal();
    if (path.filename().empty()) path = path.parent_path(); // "dir/"
    return path;
}

} // namespace loopmind::farm
