// Scanning out of process: what is found, who is blamed, what is remembered.
#include "tests/engine/plugins/bundles.h"

#include <nlohmann/json.hpp>

#include <fstream>

namespace loopmind::plugins::test {
namespace {

namespace fs = std::filesystem;

const PluginParameter* parameter(const PluginInfo& info, const std::string& symbol) {
    for (const PluginParameter& one : info.parameters)
        if (one.symbol == symbol) return &one;
    return nullptr;
}

TEST(Catalogue, DescribesPluginsWithTheirParameters) {
    const PluginInfo* gain = catalogue().find(uri("gain"));
    ASSERT_NE(gain, nullptr);
    EXPECT_EQ(gain->name, "Test gain");
    EXPECT_EQ(gain->maker, "LoopMind tests");
    EXPECT_EQ(gain->category, "Amplifier");
    EXPECT_EQ(gain->inputs, 2);
    EXPECT_EQ(gain->outputs, 2);
    EXPECT_EQ(gain->key_inputs, 0);
    EXPECT_FALSE(gain->reports_latency);
    ASSERT_EQ(gain->parameters.size(), 3u);
    const PluginParameter* level = parameter(*gain, "gain");
    ASSERT_NE(level, nullptr);
    EXPECT_EQ(level->name, "Gain");
    EXPECT_EQ(level->unit, "ratio");
    EXPECT_EQ(level->minimum, 0);
    EXPECT_EQ(level->maximum, 2);
    EXPECT_EQ(level->initial, 1);
    EXPECT_TRUE(parameter(*gain, "steps")->stepped);
    EXPECT_TRUE(parameter(*gain, "cutoff")->logarithmic);
    EXPECT_EQ(parameter(*gain, "cutoff")->unit, "Hz");
}

TEST(Catalogue, TellsLatencySideChainsMonoAndManyParameters) {
    const PluginInfo* late = catalogue().find(uri("latency"));
    ASSERT_NE(late, nullptr);
    EXPECT_TRUE(late->reports_latency);
    EXPECT_EQ(late->latency, 300);
    EXPECT_EQ(late->parameters.size(), 1u) << "the latency port is no parameter";
    const PluginInfo* keyed = catalogue().find(uri("keyed"));
    ASSERT_NE(keyed, nullptr);
    EXPECT_EQ(keyed->inputs, 2);
    EXPECT_EQ(keyed->key_inputs, 2);
    const PluginInfo* mono = catalogue().find(uri("mono"));
    ASSERT_NE(mono, nullptr);
    EXPECT_EQ(mono->inputs, 1);
    EXPECT_EQ(mono->outputs, 1);
    ASSERT_NE(catalogue().find(uri("many")), nullptr);
    EXPECT_EQ(catalogue().find(uri("many"))->parameters.size(), 60u);
}

TEST(Catalogue, BlamesThePluginThatAbortsAndFindsItsNeighbours) {
    const TestFolder folder;
    install(folder.path(), {"crash"});
    ScanOptions scan = options();
    scan.folders = {folder.path()};
    PluginCatalogue found;
    const Status scanned = found.scan(scan);
    ASSERT_TRUE(scanned.ok()) << scanned.error().text();
    EXPECT_NE(found.find(uri("aa")), nullptr);
    EXPECT_NE(found.find(uri("zz")), nullptr);
    EXPECT_EQ(found.find(uri("abort-at-scan")), nullptr);
    const BlockedPlugin* blocked = found.blocked(uri("abort-at-scan"));
    ASSERT_NE(blocked, nullptr);
    EXPECT_EQ(blocked->why, "crashed (SIGABRT) while it was scanned");
}

TEST(Catalogue, BlocksWhatDoesNotAnswerAndWhatCannotBeLoaded) {
    const TestFolder folder;
    install(folder.path(), {"hang", "missing"});
    ScanOptions scan = options();
    scan.folders = {folder.path()};
    scan.seconds_a_plugin = 1;
    PluginCatalogue found;
    ASSERT_TRUE(found.scan(scan).ok());
    ASSERT_NE(found.blocked(uri("hang-at-scan")), nullptr);
    EXPECT_EQ(found.blocked(uri("hang-at-scan"))->why, "did not answer within 1 s while it was scanned");
    ASSERT_NE(found.blocked(uri("not-in-the-binary")), nullptr);
    EXPECT_TRUE(found.plugins().empty());
}

TEST(Catalogue, RemembersAndScansOnlyWhatChanged) {
    const TestFolder folder;
    const fs::path cache = folder.path() / "state" / "plugins.json", lv2 = folder.path() / "lv2";
    fs::create_directories(lv2);
    install(lv2, {"crash", "good"});
    std::vector<std::string> scanned;
    ScanOptions scan = options();
    scan.folders = {lv2};
    scan.on_bundle = [&](const std::string& bundle) { scanned.push_back(fs::path(bundle).filename()); };
    PluginCatalogue first = PluginCatalogue::load(cache);
    ASSERT_TRUE(first.scan(scan).ok());
    EXPECT_EQ(scanned, (std::vector<std::string>{"loopmind-crash.lv2", "loopmind-good.lv2"}));
    ASSERT_TRUE(first.save(cache).ok());

    scanned.clear();
    PluginCatalogue again = PluginCatalogue::load(cache);
    ASSERT_TRUE(again.scan(scan).ok());
    EXPECT_TRUE(scanned.empty()) << "nothing changed";
    ASSERT_NE(again.find(uri("gain")), nullptr);
    EXPECT_EQ(to_json(*again.find(uri("gain"))), to_json(*first.find(uri("gain"))));
    EXPECT_NE(again.blocked(uri("abort-at-scan")), nullptr);

    scan.retry_blocked = true;
    ASSERT_TRUE(again.scan(scan).ok());
    EXPECT_EQ(scanned, (std::vector<std::string>{"loopmind-crash.lv2"})) << "tried again on demand";
    scan.retry_blocked = false;

    scanned.clear();
    fs::last_write_time(lv2 / "loopmind-good.lv2" / "plugins.ttl",
                        fs::file_time_type::clock::now() + std::chrono::seconds(10));
    ASSERT_TRUE(again.scan(scan).ok());
    EXPECT_EQ(scanned, (std::vector<std::string>{"loopmind-good.lv2"}));

    fs::remove_all(lv2 / "loopmind-good.lv2");
    ASSERT_TRUE(again.scan(scan).ok());
    EXPECT_EQ(again.find(uri("gain")), nullptr);
}

TEST(Catalogue, TakesADamagedCacheForNone) {
    const TestFolder folder;
    const fs::path cache = folder.path() / "plugins.json";
    for (const char* text : {"", "{", "[]", R"({"version":1,"bundles":{"/x":{"stamp":1,"plugins":[{}]}}})",
                             R"({"version":99,"bundles":{}})"}) {
        std::ofstream(cache) << text;
        EXPECT_TRUE(PluginCatalogue::load(cache).plugins().empty()) << text;
    }
}

TEST(Catalogue, SurvivesBundlesThatAreNotOnes) {
    const TestFolder folder;
    fs::create_directories(folder.path() / "noise.lv2");
    std::ofstream(folder.path() / "noise.lv2" / "manifest.ttl")
        << std::string(5000, '\x01') << "<<<>>> @prefix";
    install(folder.path(), {"good"});
    ScanOptions scan = options();
    scan.folders = {folder.path(), folder.path() / "not-there"};
    PluginCatalogue found;
    ASSERT_TRUE(found.scan(scan).ok());
    EXPECT_NE(found.find(uri("gain")), nullptr);
}

TEST(PluginInfo, RefusesDescriptionsThatMakeNoSense) {
    const nlohmann::json good = to_json(*catalogue().find(uri("gain")));
    ASSERT_TRUE(plugin_from_json(good).ok());
    const auto spoiled = [&](const auto& spoil) {
        nlohmann::json copy = good;
        spoil(copy);
        return plugin_from_json(copy).ok();
    };
    EXPECT_FALSE(spoiled([](auto& j) { j["uri"] = ""; }));
    EXPECT_FALSE(spoiled([](auto& j) { j["uri"] = 5; }));
    EXPECT_FALSE(spoiled([](auto& j) { j["parameters"] = "none"; }));
    EXPECT_FALSE(spoiled([](auto& j) { j["parameters"][0]["maximum"] = j["parameters"][0]["minimum"]; }));
    EXPECT_FALSE(spoiled([](auto& j) { j["parameters"][0]["symbol"] = "a.b"; }));
    EXPECT_FALSE(spoiled([](auto& j) { j["parameters"][1] = j["parameters"][0]; }));
    EXPECT_FALSE(spoiled([](auto& j) { j["parameters"][0]["default"] = nullptr; }));
}

} // namespace
} // namespace loopmind::plugins::test
