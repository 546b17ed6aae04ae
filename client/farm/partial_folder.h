// A folder that a delivery fills beside its target and puts in place when it is whole.
#pragma once

#include "proto/base/result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace loopmind::farm {

/// Deleted, with the parents made for it, unless it was put in place. One thread.
class PartialFolder {
  public:
    PartialFolder() = default;
    PartialFolder(const PartialFolder&) = delete;
    PartialFolder& operator=(const PartialFolder&) = delete;
    ~PartialFolder();

    /// Beside `out` when it does not exist, else inside it, so that renames stay on one file system. What a
    /// process that is gone left there is deleted.
    Status make_for(const std::filesystem::path& out);
    const std::filesystem::path& path() const { return path_; }
    /// One rename for a new folder; into an existing one, each file is renamed, the one called `last` last:
    /// it says that the others are whole, so an old one is removed first.
    Status put_in_place(const std::filesystem::path& out, const std::string& last);
    /// The temporary folder means nothing to a person: an error that names it names `out` instead.
    Error named_for(const std::filesystem::path& out, Error error) const;

  private:
    std::filesystem::path path_;
    std::vector<std::filesystem::path> parents_;
    bool inside_ = false;
    bool done_ = false;
};

/// Absolute and normal, without a slash at its end.
std::filesystem::path clean_path(const std::filesystem::path& path);

} // namespace loopmind::farm
