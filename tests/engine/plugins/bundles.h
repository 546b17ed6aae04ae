// The plug-ins of the tests, and a catalogue of them.
#pragma once

#include "engine/plugins/catalogue.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace loopmind::plugins::test {

inline std::string uri(const std::string& name) {
    return "urn:loopmind:test:" + name;
}

/// Folder of one of the bundles: good, bad, crash, hang, missing.
inline std::filesystem::path bundle(const std::string& name) {
    return std::filesystem::path(LOOPMIND_TEST_LV2) / ("loopmind-" + name + ".lv2");
}

inline ScanOptions options() {
    ScanOptions out;
    out.folders = {LOOPMIND_TEST_LV2};
    out.seconds_a_plugin = 20; // the hanging ones have their own tests: theirs is shorter
    return out;
}

/// A folder for one test that is removed behind it.
class TestFolder {
  public:
    TestFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "loopmind-test-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~TestFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// Copies of some bundles in a folder of their own.
inline void install(const std::filesystem::path& folder, const std::vector<std::string>& names) {
    for (const std::string& name : names)
        std::filesystem::copy(bundle(name), folder / bundle(name).filename(),
                              std::filesystem::copy_options::recursive);
}

/// Scanned once for the whole program: the good ones and those that go wrong only while they play.
inline const PluginCatalogue& catalogue() {
    static const PluginCatalogue all = [] {
        const TestFolder folder;
        PluginCatalogue out;
        ScanOptions scan = options();
        std::filesystem::create_directories(std::filesystem::path(LOOPMIND_TEST_LV2) / "playing");
        for (const char* name : {"good", "bad"}) {
            const auto link = std::filesystem::path(LOOPMIND_TEST_LV2) / "playing" / bundle(name).filename();
            std::error_code ignored;
            std::filesystem::create_directory_symlink(bundle(name), link, ignored);
        }
        scan.folders = {std::filesystem::path(LOOPMIND_TEST_LV2) / "playing"};
        const Status scanned = out.scan(scan);
        EXPECT_TRUE(scanned.ok()) << scanned.error().text();
        return out;
    }();
    return all;
}

} // namespace loopmind::plugins::test
