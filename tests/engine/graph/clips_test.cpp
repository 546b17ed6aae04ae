// Clips: fades, reversal, many of them, far away ones, and media that is read from files.
#include "engine/graph/clip_reader.h"
#include "engine/graph/fade.h"
#include "engine/graph/offline.h"
#include "engine/graph/raw_media.h"
#include "tests/engine/graph/loops.h"
#include "tests/engine/graph/streams.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace loopmind::graph {
namespace {

using test::Graph;
constexpr std::int64_t kFrames = 9001;

constexpr FadeCurve kCurves[] = {FadeCurve::kLinear, FadeCurve::kEqualPower, FadeCurve::kSCurve,
                                 FadeCurve::kExponential, FadeCurve::kLogarithmic};

TEST(Fades, RiseFromZeroToOne) {
    for (FadeCurve curve : kCurves) {
        EXPECT_EQ(fade_gain(curve, 0), 0);
        EXPECT_EQ(fade_gain(curve, 1), 1);
        for (double x = 0; x < 1; x += 0.01)
            EXPECT_LT(fade_gain(curve, x), fade_gain(curve, x + 0.01)) << static_cast<int>(curve) << " " << x;
    }
    EXPECT_NEAR(fade_gain(FadeCurve::kEqualPower, 0.5), std::sqrt(0.5), 1e-12);
    EXPECT_NEAR(fade_gain(FadeCurve::kSCurve, 0.25), 0.15625, 1e-12);
    EXPECT_NEAR(fade_gain(FadeCurve::kExponential, 0.5), std::expm1(2.5) / std::expm1(5), 1e-12);
    EXPECT_NEAR(fade_gain(FadeCurve::kLogarithmic, 0.3), std::expm1(-1.5) / std::expm1(-5), 1e-12);
    EXPECT_EQ(fade_curve_of("s_curve"), FadeCurve::kSCurve);
    EXPECT_FALSE(fade_curve_of("bumpy"));
}

TEST(Fades, ShapeTheWholeLoopedClip) {
    // Two rounds of one clip, each a ClipSpec: the fades run over both.
    for (FadeCurve curve : kCurves) {
        Graph graph(kFrames);
        auto loop = test::noise_loop(3000, 1);
        auto& track = graph.add("a", loop);
        ClipSpec clip{"a", 1000, 4000, 0, -6};
        clip.fade_from = 1000;
        clip.fade_to = 6500;
        clip.fade_in = 3500;
        clip.fade_out = 1200;
        clip.fade_in_curve = clip.fade_out_curve = curve;
        ClipSpec second = clip;
        second.start = 4000;
        second.end = 6500;
        track.clips = {clip, second};
        const auto out = test::render_all(graph);
        ASSERT_TRUE(out.ok());
        for (std::int64_t i = 0; i < kFrames; ++i) {
            double gain = i < 1000 || i >= 6500 ? 0 : std::pow(10, -0.3);
            if (i < 4500) gain *= fade_gain(curve, static_cast<double>(i - 1000) / 3500);
            if (i >= 5300) gain *= fade_gain(curve, static_cast<double>(6500 - i) / 1200);
            const float source =
                gain == 0 ? 0 : loop->left[static_cast<size_t>(i - (i < 4000 ? 1000 : 4000))];
            ASSERT_NEAR(out->left[static_cast<size_t>(i)], gain * source, 1e-6) << i;
        }
    }
}

TEST(Clips, PlayBackwards) {
    for (const bool streamed : {false, true}) {
        Graph graph(kFrames);
        graph.streamed = streamed;
        auto loop = test::noise_loop(5000, 2);
        auto& clip = graph.add("a", loop).clips[0];
        clip = {"a", 700, 7700, 300, 0};
        clip.reverse = true;
        auto out = test::render_all(graph);
        ASSERT_TRUE(out.ok());
        for (std::int64_t i = 0; i < kFrames; ++i) {
            const std::int64_t place = i - 700 + 300; // of the reversed media
            const bool sounds = i >= 700 && place < 5000;
            ASSERT_EQ(out->left[static_cast<size_t>(i)],
                      sounds ? loop->left[static_cast<size_t>(4999 - place)] : 0.0f)
                << i;
        }
        // Turned about a round that is longer than the media: silence first.
        graph.spec.tracks[0].clips[0].reverse_frames = 6000;
        out = test::render_all(graph);
        EXPECT_EQ(out->left[700 + 6000 - 300 - 5000 - 1], 0.0f);
        EXPECT_EQ(out->left[700 + 6000 - 300 - 5000], loop->left[4999]);
    }
}

TEST(Clips, MediaThatEndsEarlyIsSilentFromThere) {
    Graph graph(kFrames);
    graph.add("a", test::noise_loop(2000, 3)).clips[0].media_offset = 500;
    const auto out = test::render_all(graph);
    ASSERT_TRUE(out.ok());
    EXPECT_NE(out->left[1499], 0.0f);
    EXPECT_EQ(out->left[1500], 0.0f);
    EXPECT_EQ(out->frames(), kFrames);
}

TEST(Clips, ManyAreFoundFromAnywhere) {
    // 10000 clips that overlap, among them one that lasts all the way; read in order, in jumps and backwards.
    auto audio = memory_media(test::noise_loop(300, 4, 0.5f));
    std::mt19937 random(5);
    std::vector<Segment> segments;
    std::vector<double> expected(10000 * 40 + 600);
    for (int i = 0; i < 10000; ++i) {
        Segment segment;
        segment.start = i == 0 ? 0 : static_cast<std::int64_t>(random() % (10000 * 40));
        segment.end = segment.start + 1 + static_cast<std::int64_t>(random() % 400);
        if (i == 0) segment.end = 10000 * 40;
        segment.audio = audio;
        segments.push_back(segment);
        for (std::int64_t t = segment.start; t < std::min(segment.end, segment.start + 300); ++t)
            expected[static_cast<size_t>(t)] += audio->buffer()->left[static_cast<size_t>(t - segment.start)];
    }
    std::stable_sort(segments.begin(), segments.end(),
                     [](const Segment& a, const Segment& b) { return a.start < b.start; });
    ClipReader reader(segments);
    auto check = [&](std::int64_t time, int frames) {
        std::vector<float> left(static_cast<size_t>(frames)), right(left);
        reader.add(time, left.data(), right.data(), frames);
        for (int i = 0; i < frames; ++i)
            ASSERT_NEAR(left[static_cast<size_t>(i)], expected[static_cast<size_t>(time + i)], 1e-5)
                << time + i;
    };
    for (std::int64_t time = 0; time < 20000; time += 257)
        check(time, 257);
    for (int i = 0; i < 300; ++i)
        check(static_cast<std::int64_t>(random() % (10000 * 40)), 1 + static_cast<int>(random() % 600));
}

TEST(Clips, TenHoursAwayAreInPlace) {
    // More frames than 32 bits hold: 10 h at 192 kHz.
    const std::int64_t far = std::int64_t{10} * 3600 * 192000;
    Graph graph(1000);
    auto loop = test::noise_loop(1000, 6, 0.1f, 192000);
    auto& track = graph.add("a", loop);
    graph.spec.sample_rate = 192000;
    track.clips = {{"a", far, far + 1000, 0, 0}};
    track.automation = {
        {"gain_db", {{far - 500, 0, PointShape::kLinear, 0}, {far + 500, -6, PointShape::kLinear, 0}}}};
    const auto plan = graph.plan();
    ASSERT_TRUE(plan.ok());
    EXPECT_EQ(linear_frames(**plan, {false, 0}), far + 1000);
    auto player = GraphPlayer::make(*plan, 0);
    ASSERT_TRUE(player.ok());
    const std::int64_t start = far / 256 * 256 - 256;
    (*player)->seek(start);
    std::vector<float> left(2000), right(2000);
    (*player)->process(left.data(), right.data(), 2000);
    const auto at = static_cast<size_t>(far - start);
    EXPECT_EQ(left[at - 1], 0.0f);
    EXPECT_NEAR(left[at], loop->left[0] * std::pow(10, -3.0 / 20), 1e-6);
    EXPECT_NEAR(left[at + 999], loop->left[999] * std::pow(10, -6.0 / 20), 1e-6);
}

TEST(RawMedia, KeepsEveryBitAndRefusesWhatIsCut) {
    test::Folder folder("raw");
    const auto path = folder.path / "a.f32";
    auto loop = test::noise_loop(5000, 7, 3.0f);
    auto writer = RawWriter::create(path);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(writer->write(std::span(loop->left).first(1234), std::span(loop->right).first(1234)).ok());
    ASSERT_TRUE(
        writer->write(std::span(loop->left).subspan(1234), std::span(loop->right).subspan(1234)).ok());
    ASSERT_TRUE(writer->finish().ok());
    const auto media = open_raw_media(path, 48000);
    ASSERT_TRUE(media.ok());
    EXPECT_EQ((*media)->frames(), 5000);
    auto reader = (*media)->open();
    std::vector<float> left(3000), right(3000);
    for (std::int64_t first : {0, 1000, 4000}) {
        ASSERT_TRUE((*reader)->read(first, left, right).ok());
        for (std::int64_t i = 0; i < 3000; ++i) {
            ASSERT_EQ(left[static_cast<size_t>(i)],
                      first + i < 5000 ? loop->left[static_cast<size_t>(first + i)] : 0);
            ASSERT_EQ(right[static_cast<size_t>(i)],
                      first + i < 5000 ? loop->right[static_cast<size_t>(first + i)] : 0);
        }
    }
    std::filesystem::resize_file(path, 8 * 2000);
    ASSERT_FALSE((*reader)->read(1000, left, right).ok()); // was opened when it was longer
    std::filesystem::resize_file(path, 8 * 2000 + 3);
    EXPECT_FALSE(open_raw_media(path, 48000).ok());
    EXPECT_FALSE(open_raw_media(folder.path / "none", 48000).ok());
}

} // namespace
} // namespace loopmind::graph
