// Plug-ins as effects, offline: the right samples, and what happens when one goes wrong.
#include "engine/plugins/plugin_effect.h"
#include "engine/plugins/plugin_host.h"
#include "tests/engine/graph/loops.h"
#include "tests/engine/plugins/bundles.h"

#include <algorithm>
#include <random>

namespace loopmind::plugins::test {
namespace {

using effects::Effect;
using graph::InsertFactory;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

std::shared_ptr<PluginHost> host(HostOptions options = {}) {
    return std::make_shared<PluginHost>(catalogue(), options);
}

std::unique_ptr<Effect> make(PluginHost& host, const std::string& name,
                             std::map<std::string, double> params = {}, const std::string& state = "") {
    auto made = host.make({uri(name), state, params, InsertFactory::Use::kPlay});
    EXPECT_TRUE(made.ok()) << made.error().text();
    if (!made.ok()) return nullptr;
    for (const auto& [symbol, value] : params)
        EXPECT_TRUE((*made)->set(symbol, value)) << symbol;
    (*made)->prepare(48000, 8192);
    EXPECT_FALSE((*made)->failed()) << (*made)->failure();
    return std::move(*made);
}

/// Plays a loop through an effect in blocks of that many frames.
graph::StereoBuffer played(Effect& effect, graph::StereoBuffer audio, int block,
                           const graph::StereoBuffer* key = nullptr) {
    for (std::int64_t at = 0; at < audio.frames(); at += block) {
        const int count = static_cast<int>(std::min<std::int64_t>(block, audio.frames() - at));
        effect.process(audio.left.data() + at, audio.right.data() + at, count,
                       key ? key->left.data() + at : nullptr, key ? key->right.data() + at : nullptr);
    }
    return audio;
}

TEST(PluginEffect, PlaysThePluginExactlyOneBlockLate) {
    const auto plugins = host();
    const auto effect = make(*plugins, "gain", {{"gain", 0.5}});
    const auto noise = graph::test::noise_loop(20000, 1);
    ASSERT_EQ(effect->latency(), kBlock);
    const auto out = played(*effect, *noise, 777);
    for (std::int64_t i = 0; i < 20000; ++i) {
        const auto at = static_cast<std::size_t>(i);
        ASSERT_EQ(out.left[at], i < kBlock ? 0 : 0.5f * noise->left[at - kBlock]) << i;
        ASSERT_EQ(out.right[at], i < kBlock ? 0 : 0.5f * noise->right[at - kBlock]) << i;
    }
}

TEST(PluginEffect, GivesTheSameSamplesInBlocksOfAnySize) {
    const auto plugins = host();
    const auto noise = graph::test::noise_loop(9000, 2);
    graph::StereoBuffer first;
    for (const int block : {1, 32, 100, 256, 1000, 9000}) {
        const auto effect = make(*plugins, "latency", {{"gain", 1.25}});
        const auto out = played(*effect, *noise, block);
        if (first.left.empty()) first = out;
        EXPECT_EQ(out.left, first.left) << block;
        EXPECT_EQ(out.right, first.right) << block;
    }
}

TEST(PluginEffect, AddsThePluginsOwnLatency) {
    const auto plugins = host();
    const auto effect = make(*plugins, "latency");
    ASSERT_EQ(effect->latency(), kBlock + 300);
    const auto noise = graph::test::noise_loop(5000, 3);
    const auto out = played(*effect, *noise, 256);
    for (std::size_t i = kBlock + 300; i < 5000; ++i)
        ASSERT_EQ(out.left[i], noise->left[i - kBlock - 300]) << i;
}

TEST(PluginEffect, BeginsFromSilenceAfterAReset) {
    const auto plugins = host();
    const auto effect = make(*plugins, "latency");
    const auto noise = graph::test::noise_loop(4096, 4);
    const auto first = played(*effect, *noise, 512);
    effect->reset();
    EXPECT_EQ(played(*effect, *noise, 512).left, first.left);
    for (int i = 0; i < 40; ++i) { // more resets than there is room for blocks
        effect->reset();
        (void)played(*effect, *graph::test::noise_loop(256, 9), 256);
    }
    effect->reset();
    EXPECT_EQ(played(*effect, *noise, 512).left, first.left);
}

TEST(PluginEffect, PlaysAMonoPluginOnceForEachSide) {
    const auto plugins = host();
    const auto effect = make(*plugins, "mono", {{"gain", 2}});
    const auto noise = graph::test::noise_loop(3000, 5);
    const auto out = played(*effect, *noise, 500);
    for (std::size_t i = kBlock; i < 3000; ++i) {
        ASSERT_EQ(out.left[i], 2 * noise->left[i - kBlock]);
        ASSERT_EQ(out.right[i], 2 * noise->right[i - kBlock]);
    }
}

TEST(PluginEffect, HandsOverTheSideChain) {
    const auto plugins = host();
    const auto effect = make(*plugins, "keyed");
    ASSERT_TRUE(effect->takes_key());
    EXPECT_FALSE(make(*plugins, "gain")->takes_key());
    const auto noise = graph::test::noise_loop(3000, 6), key = graph::test::noise_loop(3000, 7, 0.9f);
    const auto out = played(*effect, *noise, 256, key.get());
    for (std::size_t i = kBlock; i < 3000; ++i) {
        const std::size_t in = i - kBlock;
        const float loud = std::max(std::abs(key->left[in]), std::abs(key->right[in]));
        ASSERT_EQ(out.left[i], noise->left[in] * (1 - loud)) << i;
        ASSERT_EQ(out.right[i], noise->right[in] * (1 - loud)) << i;
    }
}

TEST(PluginEffect, ReachesEveryOneOfManyParameters) {
    const auto plugins = host();
    const auto noise = graph::test::noise_loop(1024, 8);
    for (const int which : {0, 47, 48, 59}) {
        const auto effect = make(*plugins, "many", {{"p" + std::to_string(which), 1}});
        ASSERT_EQ(effect->parameters().size(), 60u);
        const auto out = played(*effect, *noise, 256);
        for (std::size_t i = kBlock; i < 1024; ++i)
            ASSERT_EQ(out.left[i], noise->left[i - kBlock]) << which;
    }
}

TEST(PluginEffect, FollowsAutomationTickByTick) {
    const auto plugins = host();
    const auto effect = make(*plugins, "gain");
    const int index = effect->parameter_index("gain");
    graph::StereoBuffer audio = *graph::test::noise_loop(2048, 9), noise = audio;
    const auto at_tick = [](int tick) { return static_cast<float>(tick % 8) * 0.25f; };
    for (int tick = 0; tick < 2048 / Effect::kTick; ++tick) {
        effect->follow(index, at_tick(tick));
        const auto at = static_cast<std::size_t>(tick * Effect::kTick);
        effect->process(audio.left.data() + at, audio.right.data() + at, Effect::kTick);
    }
    for (std::size_t i = kBlock; i < 2048; ++i) {
        const std::size_t in = i - kBlock;
        ASSERT_EQ(audio.left[i], noise.left[in] * at_tick(static_cast<int>(in) / Effect::kTick)) << i;
    }
}

TEST(PluginEffect, SavesAndFindsAgainWhatNoParameterShows) {
    const auto plugins = host();
    const auto first = make(*plugins, "state", {{"gain", 2}});
    const auto noise = graph::test::noise_loop(2048, 10);
    (void)played(*first, *noise, 256); // it learns
    const auto state = dynamic_cast<PluginEffect&>(*first).save_state();
    ASSERT_TRUE(state.ok()) << state.error().text();
    const auto check = [&](Effect& effect, float gain) {
        const auto out = played(effect, *noise, 256);
        for (std::size_t i = kBlock; i < 2048; ++i)
            ASSERT_EQ(out.left[i], gain * noise->left[i - kBlock]) << i;
    };
    const auto restored = make(*plugins, "state", {{"gain", 0.5}}, *state);
    check(*restored, 0.125f);
    const auto fresh = make(*plugins, "state", {{"gain", 0.5}});
    check(*fresh, 0.5f);
    // The state holds the port as well; a session that does not name it leaves it there.
    EXPECT_EQ(make(*plugins, "state", {}, *state)->target(0), 2);
}

TEST(PluginEffect, KeepsPluginsOffTheNetwork) {
    if (kSanitized) GTEST_SKIP() << "sanitizers need the calls that are forbidden";
    const auto plugins = host();
    const auto effect = make(*plugins, "network");
    const auto noise = graph::test::noise_loop(512, 11);
    const auto out = played(*effect, *noise, 256);
    EXPECT_EQ(out.left[300], 0.5f * noise->left[300 - kBlock]) << "socket() succeeded";
}

// In a graph.

struct Rendered {
    graph::StereoBuffer audio;
    graph::LinearReport report;
};

class Song {
  public:
    explicit Song(const std::string& plugin, HostOptions options = {}) : graph_(40000) {
        graph_.spec.plugins = host(options);
        auto& track = graph_.add("one", graph::test::noise_loop(40000, 21));
        track.inserts = {{"vst", graph::kLv2, {{"gain", 1}}, false, "", uri(plugin), ""},
                         {"level", "gain", {{"gain_db", -6}}, false}};
        graph_.add("two", graph::test::noise_loop(40000, 22));
    }
    graph::test::Graph& graph() { return graph_; }

    Rendered play(int threads = 1) {
        Rendered out;
        const auto plan = graph_.plan();
        EXPECT_TRUE(plan.ok()) << plan.error().text();
        if (!plan.ok()) return out;
        graph::LinearOptions options{false, 0};
        options.threads = threads;
        auto report = graph::render_linear(*plan, options, [&](auto, auto left, auto right) {
            out.audio.left.insert(out.audio.left.end(), left.begin(), left.end());
            out.audio.right.insert(out.audio.right.end(), right.begin(), right.end());
            return true;
        });
        EXPECT_TRUE(report.ok());
        if (report.ok()) out.report = *report;
        return out;
    }

  private:
    graph::test::Graph graph_;
};

/// The song without its plug-in: what is heard when it is bypassed.
std::vector<float> dry_song() {
    Song song("gain");
    song.graph().spec.tracks[0].inserts.erase(song.graph().spec.tracks[0].inserts.begin());
    return song.play().audio.left;
}

TEST(PluginInGraph, SoundsInTimeWithTheOtherTracks) {
    const std::vector<float> dry = dry_song();
    for (const char* name : {"gain", "latency"}) {
        Song song(name);
        const Rendered out = song.play();
        EXPECT_TRUE(out.report.faulty_inserts.empty());
        EXPECT_EQ(out.audio.left, dry) << name << " changes nothing at a gain of 1, and is compensated";
        EXPECT_EQ(song.play(2).audio.left, dry) << "on two threads";
    }
}

/// One insert is lost; before that nothing differs, and behind it the dry sound goes on in time.
void expect_dry_after_fault(const Rendered& out, const std::string& reason) {
    const std::vector<float> dry = dry_song();
    EXPECT_EQ(out.report.faulty_inserts, (std::vector<std::string>{"one/vst"}));
    ASSERT_EQ(out.report.fault_reasons.size(), 1u);
    EXPECT_NE(out.report.fault_reasons[0].find(reason), std::string::npos) << out.report.fault_reasons[0];
    ASSERT_EQ(out.audio.left.size(), dry.size());
    EXPECT_EQ(out.audio.left, dry) << "the plug-in's gain is 1: bypassed or not, the song is the same";
}

TEST(PluginInGraph, CrashInTheMiddleCostsThatInsertOnly) {
    expect_dry_after_fault(Song("abort-in-run").play(), "crashed (SIGABRT)");
    if (!kSanitized) expect_dry_after_fault(Song("segfault-in-run").play(), "crashed (SIGSEGV)");
}

TEST(PluginInGraph, HangCostsThatInsertOnly) {
    HostOptions options;
    options.process.answer_seconds = 1;
    expect_dry_after_fault(Song("hang-in-run", options).play(), "did not answer within 1 s");
}

TEST(PluginInGraph, AskingForMemoryWithoutEndCostsThatInsertOnly) {
    if (kSanitized) GTEST_SKIP() << "memory is not limited under sanitizers";
    HostOptions options;
    options.process.memory_bytes = std::int64_t{1} << 30;
    expect_dry_after_fault(Song("hungry", options).play(),
                           "crashed (SIGABRT)"); // bad_alloc that nobody catches
}

TEST(PluginInGraph, WhatIsNoNumberIsBypassedAndReported) {
    const Rendered out = Song("nan").play();
    EXPECT_EQ(out.report.faulty_inserts, (std::vector<std::string>{"one/vst"}));
    EXPECT_EQ(out.report.fault_reasons, (std::vector<std::string>{"gave samples that are not finite"}));
    const std::vector<float> dry = dry_song();
    EXPECT_TRUE(std::equal(dry.begin(), dry.begin() + 19000, out.audio.left.begin()));
    EXPECT_TRUE(std::equal(dry.begin() + 21000, dry.end(), out.audio.left.begin() + 21000)) << "dry again";
    EXPECT_TRUE(
        std::all_of(out.audio.left.begin(), out.audio.left.end(), [](float x) { return std::isfinite(x); }));
}

TEST(PluginInGraph, TwoFaultsOfOneTrackAreBothTold) {
    Song song("abort-in-run");
    auto& inserts = song.graph().spec.tracks[0].inserts;
    inserts.push_back({"second", graph::kLv2, {}, false, "", uri("nan"), ""});
    const auto out = song.play();
    EXPECT_EQ(out.report.faulty_inserts, (std::vector<std::string>{"one/vst", "one/second"}));
}

TEST(PluginInGraph, CrashWhileLoadingIsAFaultToo) {
    TestFolder folder;
    install(folder.path(), {"good"});
    ScanOptions scan = options();
    scan.folders = {folder.path()};
    PluginCatalogue found;
    ASSERT_TRUE(found.scan(scan).ok());
    std::filesystem::remove(folder.path() / "loopmind-good.lv2" / "plugins.so"); // gone since it was scanned
    Song song("gain");
    song.graph().spec.plugins = std::make_shared<PluginHost>(found, HostOptions{});
    expect_dry_after_fault(song.play(), "could not be opened");
}

TEST(PluginInGraph, FollowsALaneBySymbol) {
    Song song("gain");
    auto& track = song.graph().spec.tracks[0];
    track.inserts.pop_back();
    track.automation = {{"inserts.vst.gain",
                         {{0, 0.5, graph::PointShape::kHold, 0}, {20000, 2, graph::PointShape::kHold, 0}}}};
    const auto out = song.play();
    const auto& one = song.graph().audio["one"]->left;
    const auto& two = song.graph().audio["two"]->left;
    EXPECT_FLOAT_EQ(out.audio.left[10000], 0.5f * one[10000] + two[10000]);
    EXPECT_FLOAT_EQ(out.audio.left[30000], 2 * one[30000] + two[30000]);
}

TEST(PluginInGraph, RefusesWhatIsNotThereBeforeAnythingIsPlayed) {
    const auto message = [](const std::function<void(graph::InsertSpec&, graph::GraphSpec&)>& spoil) {
        Song song("gain");
        spoil(song.graph().spec.tracks[0].inserts[0], song.graph().spec);
        const auto plan = song.graph().plan();
        return plan.ok() ? std::string() : plan.error().text();
    };
    EXPECT_EQ(
        message([](auto& insert, auto&) { insert.uri = "urn:nobody"; }),
        "tracks.one.inserts.vst: its plug-in urn:nobody is not installed here (install it (`loopmind plugins "
        "list` shows what is), or remove the insert)");
    EXPECT_EQ(message([](auto&, auto& spec) { spec.plugins = nullptr; }),
              "tracks.one.inserts.vst: its plug-in urn:loopmind:test:gain cannot be run here: this program "
              "hosts no "
              "plug-ins (render the track where the plug-in is installed, or remove the insert)");
    EXPECT_EQ(message([](auto& insert, auto&) { insert.uri = ""; }),
              "tracks.one.inserts.vst.uri: is missing (name the plug-in's URI)");
    EXPECT_EQ(message([](auto& insert, auto&) {
                  insert.params = {{"gane", 1}};
              }),
              "tracks.one.inserts.vst.gane: is no parameter of urn:loopmind:test:gain (remove it or correct "
              "its name)");
}

TEST(PluginInGraph, SaysWhyAPluginIsBlocked) {
    const TestFolder folder;
    install(folder.path(), {"crash"});
    ScanOptions scan = options();
    scan.folders = {folder.path()};
    PluginCatalogue found;
    ASSERT_TRUE(found.scan(scan).ok());
    PluginHost plugins(found, {});
    const auto made = plugins.make({uri("abort-at-scan"), "", {}, InsertFactory::Use::kPlan});
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(
        made.error().message,
        "its plug-in urn:loopmind:test:abort-at-scan is blocked: it crashed (SIGABRT) while it was scanned");
}

} // namespace
} // namespace loopmind::plugins::test
