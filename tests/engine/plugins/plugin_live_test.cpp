// Plug-ins while they are played live: the audio thread allocates, locks and waits for nothing, whatever the
// plug-in does.
#include "engine/graph/live_player.h"
#include "engine/plugins/plugin_effect.h"
#include "engine/plugins/plugin_host.h"
#include "tests/engine/graph/loops.h"
#include "tests/engine/graph/realtime_guard.h"
#include "tests/engine/plugins/bundles.h"

#include <functional>
#include <thread>

namespace loopmind::plugins::test {
namespace {

using graph::InsertFactory;
using graph::test::RealtimeGuard;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

std::shared_ptr<PluginHost> live_host(int blocks = 1, int answer_seconds = 10) {
    HostOptions options;
    options.offline = false;
    options.pipeline_blocks = blocks;
    options.process.answer_seconds = answer_seconds;
    return std::make_shared<PluginHost>(catalogue(), options);
}

std::unique_ptr<effects::Effect> make(PluginHost& host, const std::string& name,
                                      std::map<std::string, double> params = {}) {
    auto made = host.make({uri(name), "", params, InsertFactory::Use::kPlay});
    EXPECT_TRUE(made.ok()) << made.error().text();
    if (!made.ok()) return nullptr;
    for (const auto& [symbol, value] : params)
        (*made)->set(symbol, value);
    (*made)->prepare(48000, 8192);
    EXPECT_FALSE((*made)->failed()) << (*made)->failure();
    return std::move(*made);
}

/// Until something becomes true in another process; how long that takes is not what is tested.
bool eventually(const std::function<bool()>& done) {
    for (int i = 0; i < 6000; ++i) {
        if (done()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
}

/// One block under the guard.
void play_block(effects::Effect& effect, const graph::StereoBuffer& in, graph::StereoBuffer& out,
                std::int64_t at) {
    const auto from = static_cast<std::size_t>(at);
    float left[kBlock], right[kBlock];
    std::copy_n(in.left.begin() + at, kBlock, left);
    std::copy_n(in.right.begin() + at, kBlock, right);
    {
        const RealtimeGuard guard;
        effect.process(left, right, kBlock);
    }
    std::copy_n(left, kBlock, out.left.begin() + static_cast<std::ptrdiff_t>(from));
    std::copy_n(right, kBlock, out.right.begin() + static_cast<std::ptrdiff_t>(from));
}

class PluginLive : public testing::Test {
  protected:
    void SetUp() override { before_ = RealtimeGuard::violations(); }
    void TearDown() override { EXPECT_EQ(RealtimeGuard::violations(), before_) << RealtimeGuard::last(); }

  private:
    long before_ = 0;
};

TEST_F(PluginLive, PlaysWithoutAllocatingLockingOrWaiting) {
    const auto host = live_host(8);
    const auto effect = make(*host, "gain", {{"gain", 0.5}});
    ASSERT_EQ(effect->latency(), 8 * kBlock);
    constexpr std::int64_t kFrames = 400 * kBlock;
    const auto noise = graph::test::noise_loop(kFrames, 1);
    graph::StereoBuffer out = *noise;
    long heard = 0;
    for (std::int64_t at = 0; at < kFrames; at += kBlock) {
        play_block(*effect, *noise, out, at);
        std::this_thread::sleep_for(std::chrono::milliseconds(2)); // a device would wait longer
    }
    // Every block is the plug-in's or, where this machine was too slow for it, the dry one in the same place.
    for (std::int64_t at = 8 * kBlock; at < kFrames; at += kBlock) {
        const auto first = static_cast<std::size_t>(at);
        const float gain = out.left[first] == noise->left[first - 8 * kBlock] ? 1.0f : 0.5f;
        heard += gain == 0.5f;
        for (std::size_t i = first; i < first + kBlock; ++i)
            ASSERT_EQ(out.left[i], gain * noise->left[i - 8 * kBlock]) << i;
    }
    EXPECT_EQ(heard + host->late_blocks(), 392) << "what is not the plug-in's is counted as late";
    EXPECT_GT(heard, 0);
}

TEST_F(PluginLive, LateBlocksAreDryAndThePluginCatchesUp) {
    const auto host = live_host(1);
    const auto effect = make(*host, "gain", {{"gain", 0.5}});
    const auto noise = graph::test::noise_loop(200 * kBlock, 2);
    graph::StereoBuffer out = *noise;
    // Blocks follow each other without a pause, so that nearly all come late, many more than the memory
    // holds.
    for (std::int64_t at = 0; at < 100 * kBlock; at += kBlock)
        play_block(*effect, *noise, out, at);
    for (std::size_t i = kBlock; i < 100 * kBlock; ++i) {
        const float wet = 0.5f * noise->left[i - kBlock];
        ASSERT_TRUE(out.left[i] == wet || out.left[i] == noise->left[i - kBlock]) << i;
    }
    // Then the device's pace: the plug-in's sound comes back.
    bool wet = false;
    for (std::int64_t at = 100 * kBlock; at < 200 * kBlock; at += kBlock) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        play_block(*effect, *noise, out, at);
        wet = wet || out.left[static_cast<std::size_t>(at)] ==
                         0.5f * noise->left[static_cast<std::size_t>(at) - kBlock];
    }
    EXPECT_TRUE(wet);
    EXPECT_FALSE(effect->failed());
}

TEST_F(PluginLive, DeadPluginIsNoticedWithoutWaiting) {
    const auto host = live_host(2);
    const auto effect = make(*host, "abort-in-run");
    const auto noise = graph::test::noise_loop(4096 * kBlock, 3, 0.1f);
    graph::StereoBuffer out = *noise;
    std::int64_t at = 0;
    EXPECT_TRUE(eventually([&] {
        if (at + kBlock <= noise->frames()) play_block(*effect, *noise, out, at);
        at += kBlock;
        return effect->failed();
    }));
    EXPECT_NE(effect->failure().find("crashed (SIGABRT)"), std::string::npos) << effect->failure();
}

TEST_F(PluginLive, HangingPluginIsGivenUpAfterItsTimeInFrames) {
    const auto host = live_host(2, 1);
    const auto effect = make(*host, "hang-in-run");
    const auto noise = graph::test::noise_loop(kBlock * 1000, 4);
    graph::StereoBuffer out = *noise;
    std::int64_t at = 0;
    for (; at < noise->frames() && !effect->failed(); at += kBlock) {
        // Until it hangs it gets the time it needs, then frames alone count.
        if (at < 20000) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        play_block(*effect, *noise, out, at);
    }
    EXPECT_TRUE(effect->failed());
    EXPECT_GE(at, 48000) << "a second of frames";
    EXPECT_GT(host->late_blocks(), 0);
    EXPECT_NE(effect->failure().find("stopped answering"), std::string::npos) << effect->failure();
}

TEST_F(PluginLive, ResetsOnTheAudioThreadDoNotWaitEither) {
    const auto host = live_host(4);
    const auto effect = make(*host, "latency");
    const auto noise = graph::test::noise_loop(64 * kBlock, 5);
    graph::StereoBuffer out = *noise;
    for (int round = 0; round < 3; ++round) {
        {
            const RealtimeGuard guard;
            effect->reset();
        }
        bool heard = false;
        EXPECT_TRUE(eventually([&] {
            for (std::int64_t at = 0; at < 16 * kBlock; at += kBlock)
                play_block(*effect, *noise, out, at);
            const std::int64_t delay = 4 * kBlock + 300;
            heard = out.left[static_cast<std::size_t>(delay)] == noise->left[0];
            return heard || effect->failed();
        }));
        EXPECT_TRUE(heard);
    }
}

/// A live player with one plug-in, played by this thread as the device would.
class LiveSong {
  public:
    explicit LiveSong(std::shared_ptr<PluginHost> host, const std::string& plugin) : graph_(480000) {
        graph_.spec.plugins = std::move(host);
        auto& track = graph_.add("one", graph::test::noise_loop(480000, 31));
        track.inserts = {{"vst", graph::kLv2, {{"gain", 1}}, false, "", uri(plugin), ""}};
        graph_.add("two", graph::test::noise_loop(480000, 32));
    }
    graph::GraphSpec& spec() { return graph_.spec; }
    Status set_plan() {
        const auto plan = graph_.plan();
        if (!plan.ok()) return plan.error();
        return player_.set_plan(*plan);
    }
    graph::LivePlayer& player() { return player_; }
    void play_block() {
        float left[kBlock], right[kBlock];
        {
            const RealtimeGuard guard;
            player_.process(left, right, kBlock);
        }
        out.insert(out.end(), left, left + kBlock);
        std::this_thread::sleep_for(std::chrono::milliseconds(3));
    }
    float sum(std::size_t frame) const {
        return graph_.audio.at("one")->left[frame] + graph_.audio.at("two")->left[frame];
    }
    std::vector<float> out;

  private:
    graph::test::Graph graph_;
    graph::LivePlayer player_;
};

TEST_F(PluginLive, LivePlayerKeepsTracksTogetherWhateverThePluginDoes) {
    for (const char* name : {"gain", "latency", "abort-in-run"}) {
        LiveSong song(live_host(2), name);
        ASSERT_TRUE(song.set_plan().ok());
        song.player().play();
        for (int i = 0; i < 200; ++i)
            song.play_block();
        const int latency = song.player().latency();
        ASSERT_EQ(latency, 2 * kBlock + (std::string(name) == "latency" ? 300 : 0));
        // Its gain is 1: wet, late and bypassed sound are the same samples in the same place.
        for (std::size_t i = static_cast<std::size_t>(latency); i < song.out.size(); ++i)
            ASSERT_EQ(song.out[i], song.sum(i - static_cast<std::size_t>(latency))) << name << " " << i;
        const bool dies = std::string(name) == "abort-in-run";
        const auto faults = song.player().faults();
        ASSERT_EQ(faults.size(), dies ? 1u : 0u);
        if (!dies) continue;
        EXPECT_EQ(faults[0].insert, "one/vst");
        EXPECT_NE(faults[0].reason.find("crashed (SIGABRT)"), std::string::npos) << faults[0].reason;
    }
}

TEST_F(PluginLive, ANewPlanKeepsThePluginRunning) {
    // This one aborts after 20000 frames of its life: a second life would hide the abort.
    LiveSong song(live_host(2), "abort-in-run");
    ASSERT_TRUE(song.set_plan().ok());
    song.player().play();
    for (int i = 0; i < 50; ++i)
        song.play_block();
    EXPECT_TRUE(song.player().faults().empty()) << "12800 frames so far";
    song.spec().tracks[1].gain_db = -6;
    ASSERT_TRUE(song.set_plan().ok());
    for (int i = 0; i < 50; ++i)
        song.play_block();
    EXPECT_EQ(song.player().faults().size(), 1u) << "25600 frames in one life";
}

} // namespace
} // namespace loopmind::plugins::test
