// A folder of its own for one test, removed at its end.
#pragma once

#include "proto/base/random_id.h"

#include <filesystem>

namespace loopmind::files {

class TestFolder {
  public:
    TestFolder() : path_(std::filesystem::temp_directory_path() / ("loopmind-files-" + base::random_hex(6))) {
        std::filesystem::create_directories(path_);
    }
    ~TestFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;
    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

} // namespace loopmind::files
