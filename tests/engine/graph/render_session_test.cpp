// Documents as the worker builds them, rendered to premaster and mix.
#include "engine/graph/from_session.h"
#include "engine/graph/render_session.h"
#include "engine/metering/loudness.h"
#include "engine/session/build.h"
#include "engine/session/session.h"
#include "tests/engine/graph/loops.h"

#include <gtest/gtest.h>

namespace loopmind::graph {
namespace {

constexpr double kTempo = 82;
constexpr int kBars = 4;
const std::int64_t kFrames = std::llround(kBars * 4 * 60.0 / kTempo * 48000);

session::SessionRecipe recipe(const std::vector<std::string>& fx) {
    session::SessionRecipe out;
    out.tempo = kTempo;
    out.bars = kBars;
    out.fx = session::default_fx(fx);
    int n = 0;
    for (const char* role : {"drums", "bass", "melody"}) {
        session::StemTrack stem;
        stem.id = stem.role = stem.name = role;
        stem.audio.sha256 = std::string(63, 'a') + static_cast<char>('0' + n++);
        stem.audio.frames = kFrames;
        stem.audio.sample_rate = 48000;
        stem.audio.channels = 2;
        stem.reverb_send = 0.4;
        stem.delay_send = 0.3;
        out.stems.push_back(stem);
    }
    return out;
}

MediaSource stems() {
    return [](const MediaRef& ref) -> Result<std::shared_ptr<const StereoBuffer>> {
        if (ref.sha256.empty()) return Error{ErrorCode::kNotFound, "media", "has no hash", ""};
        const auto n = static_cast<unsigned>(ref.sha256.back() - '0');
        if (n == 0) return std::shared_ptr<const StereoBuffer>(test::beat_loop(kFrames, kTempo));
        return std::shared_ptr<const StereoBuffer>(test::noise_loop(kFrames, n, 0.05f));
    };
}

Result<RenderedMix> render(const std::vector<std::string>& fx, const RenderSessionOptions& options = {}) {
    auto json = session::build_session_json(recipe(fx));
    if (!json.ok()) return json.error();
    return render_session(*json, stems(), options);
}

TEST(RenderSession, WithoutFxThePremasterIsTheSum) {
    const auto out = render({});
    ASSERT_TRUE(out.ok()) << out.error().text();
    ASSERT_EQ(out->premaster.frames(), kFrames);
    ASSERT_EQ(out->mix.frames(), kFrames);
    std::vector<float> sum(static_cast<size_t>(kFrames));
    const auto beat = test::beat_loop(kFrames, kTempo);
    const auto one = test::noise_loop(kFrames, 1, 0.05f);
    const auto two = test::noise_loop(kFrames, 2, 0.05f);
    for (size_t i = 0; i < sum.size(); ++i)
        sum[i] = beat->left[i] + one->left[i] + two->left[i];
    EXPECT_LE(test::worst_db(out->premaster.left, sum), -120);
}

TEST(RenderSession, MixMeetsLoudnessWithEveryFx) {
    for (const std::vector<std::string>& fx : {std::vector<std::string>{},
                                               {"reverb"},
                                               {"delay"},
                                               {"drive"},
                                               {"eq"},
                                               {"reverb", "delay", "drive", "eq"}}) {
        const auto out = render(fx);
        ASSERT_TRUE(out.ok()) << out.error().text();
        EXPECT_TRUE(out->reached);
        const auto read = metering::measure_loudness(out->mix.left, out->mix.right, 48000);
        ASSERT_TRUE(read.ok());
        EXPECT_NEAR(read->integrated_lufs, -14, 0.3);
        EXPECT_LE(read->true_peak_db, -1.0);
        EXPECT_NEAR(read->integrated_lufs, out->lufs, 0.05);
    }
}

TEST(RenderSession, FxChangeThePremaster) {
    const auto dry = render({});
    for (const char* fx : {"reverb", "delay"}) {
        const auto wet = render({fx});
        ASSERT_TRUE(dry.ok() && wet.ok());
        EXPECT_GT(test::worst_db(dry->premaster.left, wet->premaster.left), -50) << fx;
    }
}

TEST(RenderSession, TheStoredGainPlaysTheSameMix) {
    // What finish stores: the document with the settled master plays the mix without settling again.
    const auto out = render({"reverb", "drive"});
    ASSERT_TRUE(out.ok());
    const auto json = session::build_session_json(recipe({"reverb", "drive"}));
    const auto stored = session::set_master(*json, out->gain_db, out->ceiling_db);
    ASSERT_TRUE(stored.ok());
    RenderSessionOptions options;
    options.settle = false;
    const auto again = render_session(*stored, stems(), options);
    ASSERT_TRUE(again.ok()) << again.error().text();
    EXPECT_EQ(again->premaster.left, out->premaster.left);
    EXPECT_LT(test::worst_db(again->mix.left, out->mix.left), -100);
    EXPECT_NEAR(again->lufs, -14, 0.3);
}

TEST(RenderSession, IsRepeatable) {
    const auto a = render({"reverb", "delay"});
    const auto b = render({"reverb", "delay"});
    ASSERT_TRUE(a.ok() && b.ok());
    EXPECT_EQ(a->mix.left, b->mix.left);
    EXPECT_EQ(a->mix.right, b->mix.right);
}

TEST(RenderSession, CanBeCancelled) {
    RenderSessionOptions options;
    options.cancelled = [] { return true; };
    const auto out = render({"reverb"}, options);
    ASSERT_FALSE(out.ok());
    EXPECT_EQ(out.error().code, ErrorCode::kCancelled);
}

TEST(RenderSession, MissingMediaIsNamed) {
    const auto json = session::build_session_json(recipe({}));
    const auto out =
        render_session(*json, [](const MediaRef& ref) -> Result<std::shared_ptr<const StereoBuffer>> {
            return Error{ErrorCode::kNotFound, ref.sha256, "is not here", "fetch it"};
        });
    ASSERT_FALSE(out.ok());
    EXPECT_EQ(out.error().code, ErrorCode::kNotFound);
}

TEST(GraphSpecFrom, LoopedClipsRepeatTheirPattern) {
    auto json = session::build_session_json(recipe({}));
    auto session = session::Session::from_json(*json);
    ASSERT_TRUE(session.ok());
    auto track = session->tracks()[0];
    const auto pattern = track.clips()[0].pattern();
    track.add_clip(pattern, 20, 40, true);
    const auto spec = graph_spec_from(*session);
    ASSERT_TRUE(spec.ok()) << spec.error().text();
    const auto& clips = spec->tracks[0].clips;
    ASSERT_EQ(clips.size(), 4u); // the whole loop, then 16 + 16 + 8 beats
    EXPECT_EQ(clips[1].start, session->frames_at(20));
    EXPECT_EQ(clips[2].start, session->frames_at(36));
    EXPECT_EQ(clips[3].start, session->frames_at(52));
    EXPECT_EQ(clips[3].end, session->frames_at(60));
    EXPECT_EQ(clips[3].media_offset, 0);
}

} // namespace
} // namespace loopmind::graph
