// Stretch and pitch: exact length, the right notes, the same bits again, and the cache.
#include "engine/graph/media_prepare.h"
#include "engine/graph/offline.h"
#include "tests/engine/graph/loops.h"
#include "tests/engine/graph/streams.h"

#include <gtest/gtest.h>

namespace loopmind::graph {
namespace {

constexpr int kRate = 48000;

std::shared_ptr<StereoBuffer> sine(std::int64_t frames, double hz) {
    auto out = std::make_shared<StereoBuffer>();
    for (std::int64_t i = 0; i < frames; ++i) {
        out->left.push_back(
            static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / kRate)));
        out->right.push_back(0.5f * out->left.back());
    }
    return out;
}

/// Frequency by rising zero crossings of the middle.
double frequency(const std::vector<float>& signal) {
    const size_t from = signal.size() / 4, to = 3 * signal.size() / 4;
    double first = -1, last = -1;
    int count = -1;
    for (size_t i = from; i < to; ++i) {
        if (!(signal[i - 1] < 0 && signal[i] >= 0)) continue;
        const double at = static_cast<double>(i) - signal[i] / (signal[i] - signal[i - 1]);
        if (first < 0) first = at;
        last = at;
        ++count;
    }
    return count / (last - first) * kRate;
}

StereoBuffer read(const Media& media) {
    StereoBuffer out;
    out.left.resize(static_cast<size_t>(media.frames()));
    out.right.resize(out.left.size());
    auto reader = media.open();
    EXPECT_TRUE((*reader)->read(0, out.left, out.right).ok());
    return out;
}

TEST(MediaPreparer, StretchesAndPitches) {
    const auto media = memory_media(sine(kRate, 440), "sine");
    MediaPreparer prepare;
    for (const auto& [stretch, pitch] :
         {std::pair{2.0, 0.0}, {0.5, 0.0}, {1.0, 12.0}, {1.0, -7.0}, {1.37, 3.5}}) {
        const auto out = prepare.prepare(media, stretch, pitch);
        ASSERT_TRUE(out.ok()) << out.error().text();
        EXPECT_EQ((*out)->frames(), std::llround(kRate * stretch));
        const StereoBuffer audio = read(**out);
        EXPECT_NEAR(frequency(audio.left), 440 * std::pow(2, pitch / 12), 1.0) << stretch << " " << pitch;
        double left = 0, right = 0;
        for (size_t i = audio.left.size() / 4; i < 3 * audio.left.size() / 4; ++i) {
            left += audio.left[i] * audio.left[i];
            right += audio.right[i] * audio.right[i];
        }
        EXPECT_NEAR(std::sqrt(left / right), 2.0, 0.05);
        EXPECT_NEAR(std::sqrt(2 * left / (static_cast<double>(audio.left.size()) / 2)), 0.5, 0.05);
    }
}

TEST(MediaPreparer, KeepsTimeInsideTheStretch) {
    auto clicks = std::make_shared<StereoBuffer>();
    clicks->left.assign(2 * kRate, 0.0f);
    for (size_t at : {10000u, 50000u, 80000u}) {
        for (size_t i = 0; i < 200; ++i)
            clicks->left[at + i] = (i & 8 ? 0.9f : -0.9f) * static_cast<float>(200 - i) / 200;
    }
    clicks->right = clicks->left;
    MediaPreparer prepare;
    const auto out = prepare.prepare(memory_media(clicks), 1.5, 0);
    ASSERT_TRUE(out.ok());
    const StereoBuffer audio = read(**out);
    for (double at : {15000.0, 75000.0, 120000.0}) {
        double best = 0, where = 0;
        for (double i = at - 4000; i < at + 4000; ++i) {
            const double level = std::abs(audio.left[static_cast<size_t>(i)]);
            if (level > best) {
                best = level;
                where = i;
            }
        }
        EXPECT_GT(best, 0.2);
        EXPECT_NEAR(where, at, 700) << at; // within 15 ms
    }
}

TEST(MediaPreparer, GivesTheSameBitsAgainFromMemoryStreamAndFile) {
    auto audio = test::noise_loop(20000, 3, 0.5f);
    const auto expected = read(**MediaPreparer().prepare(memory_media(audio, "x"), 1.2, -2));
    ASSERT_EQ(expected.frames(), 24000);
    const auto streamed = std::make_shared<test::StreamedMedia>(audio);
    EXPECT_EQ(read(**MediaPreparer().prepare(streamed, 1.2, -2)).left, expected.left);
    const test::Folder folder("prepared");
    auto log = std::make_shared<test::ReadLog>();
    const auto known = std::make_shared<test::StreamedMedia>(audio, log, -1, "x");
    const auto filed = MediaPreparer(folder.path / "cache").prepare(known, 1.2, -2);
    ASSERT_TRUE(filed.ok()) << filed.error().text();
    EXPECT_EQ((*filed)->buffer(), nullptr); // read while it plays
    EXPECT_EQ(read(**filed).left, expected.left);
    const long before = log->reads;
    const auto again =
        MediaPreparer(folder.path / "cache").prepare(known, 1.2, -2); // as another program would
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(log->reads, before); // found, not made again
    EXPECT_EQ(read(**again).right, expected.right);
}

TEST(MediaPreparer, CopiesNothingWithoutNeed) {
    const auto media = memory_media(sine(1000, 440));
    MediaPreparer prepare;
    EXPECT_EQ(*prepare.prepare(media, 1, 0), media);
    const auto one = prepare.prepare(memory_media(sine(1000, 440), "one"), 2, 0);
    const auto same = prepare.prepare(memory_media(sine(1000, 440), "one"), 2, 0);
    EXPECT_EQ(*one, *same);
}

TEST(MediaPreparer, RefusesWhatMakesNoSense) {
    const auto media = memory_media(sine(1000, 440));
    MediaPreparer prepare;
    for (const auto& [stretch, pitch] :
         {std::pair{0.0, 0.0}, {11.0, 0.0}, {std::nan(""), 0.0}, {1.0, 25.0}, {1.0, std::nan("")}})
        EXPECT_FALSE(prepare.prepare(media, stretch, pitch).ok()) << stretch << " " << pitch;
    EXPECT_TRUE(prepare.prepare(memory_media(sine(0, 440)), 2, 1).ok());
    EXPECT_EQ((*prepare.prepare(memory_media(sine(1, 440)), 2, 1))->frames(),
              2); // hardly anything to stretch
}

TEST(MediaPreparer, ClipsPlayWhatWasPrepared) {
    test::Graph graph(4 * kRate);
    auto& track = graph.add("a", sine(kRate, 440));
    track.clips = {{"a", 1000, 1000 + 3 * kRate, kRate / 2, 0}};
    track.clips[0].stretch = 3;
    track.clips[0].pitch = 12;
    const auto out = test::render_all(graph);
    ASSERT_TRUE(out.ok()) << out.error().text();
    EXPECT_EQ(out->left[999], 0.0f);
    EXPECT_NEAR(frequency({out->left.begin() + 1000, out->left.begin() + 1000 + 2 * kRate}), 880, 1);
    EXPECT_EQ(out->left[1000 + 5 * kRate / 2], 0.0f); // the stretched media is over
    graph.spec.tracks[0].clips[0].pitch = 99;
    EXPECT_EQ(graph.plan().error().field, "tracks.a.clips.pitch");
}

} // namespace
} // namespace loopmind::graph
