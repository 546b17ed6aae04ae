// The executors end to end with the real composer, synthesiser, SoundFont and graph, on a small request.
#include "engine/files/midi.h"
#include "engine/files/wav.h"
#include "engine/metering/loudness.h"
#include "models/composer/composer.h"
#include "tests/worker/tasks/memory_context.h"
#include "worker/device/numerics.h"
#include "worker/tasks/executors.h"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <thread>

namespace loopmind::tasks {
namespace {

using request::SpecKind;

class ExecutorsTest : public testing::Test {
  protected:
    static Models* models;
    PlanCache plans;
    Executors executors = make_executors(*models, plans);

    static void SetUpTestSuite() {
        device::pin_thread();
        const auto memory = std::filesystem::path(testing::TempDir()) / "soundfont-digest.json";
        auto loaded = load_models("cpu", instruments::kDefaultSoundFont, memory);
        ASSERT_TRUE(loaded) << loaded.error().text();
        models = new Models(std::move(*loaded));
    }
    static void TearDownTestSuite() {
        delete models;
        models = nullptr;
    }

    static request::Params params(const std::string& json = "{}") {
        auto wanted = request::parse_request(json);
        EXPECT_TRUE(wanted) << wanted.error().text();
        if (!wanted->prompt) wanted->prompt = "dusty keys";
        if (!wanted->genre) wanted->genre = "LoFi";
        if (!wanted->bars) wanted->bars = 2;
        if (!wanted->seed) wanted->seed = 7;
        auto resolved = request::resolve(*wanted, 1);
        EXPECT_TRUE(resolved) << resolved.error().text();
        return *resolved;
    }
    static request::TaskSpec spec(SpecKind kind, const request::Params& params, const std::string& stem = "",
                                  int variation = 0) {
        return {kind, params, stem, variation};
    }
    Status run(MemoryContext& context) { return executors.at(context.spec().kind)->run(context); }

    std::string compose(const request::Params& params) {
        MemoryContext context(spec(SpecKind::kCompose, params));
        const auto status = run(context);
        EXPECT_TRUE(status) << status.error().text();
        return context.outputs["plan"].bytes;
    }
    /// Audio and MIDI of one stem.
    std::pair<std::string, std::string> render(const request::Params& params, const std::string& plan,
                                               const std::string& stem, int variation = 0) {
        MemoryContext context(spec(SpecKind::kRender, params, stem, variation));
        context.give("plan", plan);
        const auto status = run(context);
        EXPECT_TRUE(status) << stem << ": " << status.error().text();
        EXPECT_EQ(context.outputs["audio"].bytes.size(), context.outputs["audio"].announced);
        return {context.outputs["audio"].bytes, context.outputs["midi"].bytes};
    }
    static files::WavAudio decode(const std::string& wav) {
        auto audio = files::decode_wav(std::as_bytes(std::span(wav)));
        EXPECT_TRUE(audio) << audio.error().text();
        return std::move(*audio);
    }
    static double peak(const files::WavAudio& audio) {
        double highest = 0;
        for (const auto& channel : audio.channels) {
            for (const float sample : channel)
                highest = std::max(highest, std::abs(static_cast<double>(sample)));
        }
        return highest;
    }
    /// Highest difference between the sum of the stems and `whole`, in dBFS.
    static double sum_error_db(const std::vector<files::WavAudio>& stems, const files::WavAudio& whole) {
        double worst = 0;
        for (std::size_t channel = 0; channel < 2; ++channel) {
            for (std::size_t i = 0; i < whole.channels[channel].size(); ++i) {
                double sum = 0;
                for (const auto& stem : stems)
                    sum += stem.channels[channel][i];
                worst = std::max(worst, std::abs(sum - whole.channels[channel][i]));
            }
        }
        return 20 * std::log10(worst + 1e-12);
    }
    struct Finished {
        std::vector<files::WavAudio> stems;
        files::WavAudio premaster, mix;
        std::string session;
        std::set<std::string> hashes;
    };
    Finished whole_request(const request::Params& params) {
        Finished out;
        const auto plan = compose(params);
        MemoryContext context(spec(SpecKind::kFinish, params));
        context.give("plan", plan);
        for (const auto& stem : params.stems) {
            const auto audio = render(params, plan, stem).first;
            context.give("audio:" + stem, audio);
            out.hashes.insert(base::sha256_hex(audio));
            out.stems.push_back(decode(audio));
        }
        const auto status = run(context);
        EXPECT_TRUE(status) << status.error().text();
        out.premaster = decode(context.outputs["premaster"].bytes);
        out.mix = decode(context.outputs["mix"].bytes);
        out.session = context.outputs["session"].bytes;
        return out;
    }
};

Models* ExecutorsTest::models = nullptr;

TEST_F(ExecutorsTest, ComposeGivesEveryVariationAndTheSameBytes) {
    const auto wanted = params(R"({"variations":2})");
    const auto text = compose(wanted);
    const auto composition = composer::composition_from_json(text);
    ASSERT_TRUE(composition) << composition.error().text();
    ASSERT_EQ(composition->variations.size(), 2u);
    EXPECT_EQ(composition->variations[0].stems.size(), wanted.stems.size());
    EXPECT_EQ(compose(wanted), text);
}

TEST_F(ExecutorsTest, EveryStemIsExactlyAsLongAsTheLoopSoundsAndHasMidi) {
    for (const char* rate : {"44100", "48000"}) {
        const auto wanted = params(std::string(R"({"sample_rate":)") + rate + "}");
        const auto plan = compose(wanted);
        for (const auto& stem : wanted.stems) {
            const auto [wav, midi] = render(wanted, plan, stem);
            const auto audio = decode(wav);
            EXPECT_EQ(audio.info.frames, request::total_frames(wanted)) << stem;
            EXPECT_EQ(audio.info.sample_rate, wanted.sample_rate);
            EXPECT_EQ(audio.info.channels, 2);
            EXPECT_GT(peak(audio), 0.001) << stem << " is silent";
            EXPECT_LT(peak(audio), 1.0) << stem << " clips";
            const auto song = files::read_midi(midi);
            ASSERT_TRUE(song) << song.error().text();
            EXPECT_NEAR(song->tempo, wanted.tempo, 0.001);
        }
    }
}

TEST_F(ExecutorsTest, AudioLeavesWhileItIsRenderedHeaderFirst) {
    const auto wanted = params(R"({"bars":8})");
    const auto plan = compose(wanted);
    for (const auto& stem : wanted.stems) {
        MemoryContext context(spec(SpecKind::kRender, wanted, stem));
        context.give("plan", plan);
        // What a client has after the first pieces is already the beginning of a WAV of the final length.
        std::uint64_t first_audio = 0;
        context.before_append = [&] {
            const auto& output = context.outputs["audio"];
            if (output.bytes.size() > 44 && first_audio == 0) first_audio = output.bytes.size();
            return Status();
        };
        ASSERT_TRUE(run(context));
        const auto& output = context.outputs["audio"];
        EXPECT_GT(output.appends, 2) << stem;
        EXPECT_GT(first_audio, 44u) << stem;
        EXPECT_LT(first_audio, output.announced / 4) << stem << " does not stream";
    }
}

TEST_F(ExecutorsTest, TheSameStemHasTheSameBytesAlsoFromTwoThreadsAtOnce) {
    const auto wanted = params();
    const auto plan = compose(wanted);
    for (const auto& stem : wanted.stems) {
        const auto alone = render(wanted, plan, stem);
        std::pair<std::string, std::string> first, second;
        std::thread one([&] {
            device::pin_thread();
            first = render(wanted, plan, stem);
        });
        std::thread two([&] {
            device::pin_thread();
            second = render(wanted, plan, stem);
        });
        one.join();
        two.join();
        EXPECT_TRUE(first == alone) << stem;
        EXPECT_TRUE(second == alone) << stem;
    }
}

TEST_F(ExecutorsTest, WithoutFxTheStemsSumToThePremasterAndTheMixIsAtLevel) {
    const auto wanted = params(R"({"fx":[],"bars":4})");
    const auto done = whole_request(wanted);
    EXPECT_LE(sum_error_db(done.stems, done.premaster), -100);
    const auto loudness =
        metering::measure_loudness(done.mix.channels[0], done.mix.channels[1], wanted.sample_rate);
    ASSERT_TRUE(loudness);
    EXPECT_NEAR(loudness->integrated_lufs, -14, 0.5);
    EXPECT_LE(loudness->true_peak_db, -1);
    EXPECT_EQ(done.mix.info.frames, request::total_frames(wanted));
    EXPECT_TRUE(nlohmann::json::accept(done.session));
    for (const auto& hash : done.hashes)
        EXPECT_NE(done.session.find(hash), std::string::npos);
}

TEST_F(ExecutorsTest, WithFxThePremasterHoldsThemAndPrintedStemsSumToIt) {
    const auto dry = params(R"({"fx":["reverb","delay"],"stems":["drums","chords"]})");
    const auto mixed = whole_request(dry);
    EXPECT_GT(sum_error_db(mixed.stems, mixed.premaster), -60) << "effects are heard in the premaster";
    const auto printed = params(R"({"fx":["reverb","delay"],"stems":["drums","chords"],"print_fx":true})");
    const auto wet = whole_request(printed);
    EXPECT_LE(sum_error_db(wet.stems, wet.premaster), -100);
    EXPECT_LE(sum_error_db({wet.premaster}, mixed.premaster), -80) << "printed or live, it sounds the same";
}

TEST_F(ExecutorsTest, AnotherVariationIsOtherMusic) {
    const auto wanted = params(R"({"variations":2})");
    const auto plan = compose(wanted);
    EXPECT_NE(render(wanted, plan, wanted.stems[0], 0).first, render(wanted, plan, wanted.stems[0], 1).first);
}

TEST_F(ExecutorsTest, CancelStopsARenderOnTheWay) {
    const auto wanted = params(R"({"bars":8})");
    const auto plan = compose(wanted);
    for (const auto& stem : wanted.stems) {
        MemoryContext context(spec(SpecKind::kRender, wanted, stem));
        context.give("plan", plan);
        context.stop_after_progress = true;
        const auto status = run(context);
        ASSERT_FALSE(status) << stem;
        EXPECT_EQ(status.error().code, ErrorCode::kCancelled) << stem;
        EXPECT_LT(context.outputs["audio"].bytes.size(), context.outputs["audio"].announced) << stem;
    }
}

TEST_F(ExecutorsTest, AFullDiskIsAShortageOnTheWay) {
    const auto wanted = params();
    MemoryContext context(spec(SpecKind::kRender, wanted, wanted.stems[0]));
    context.give("plan", compose(wanted));
    context.before_append = [] {
        return Status(Error{ErrorCode::kResourceExhausted, "disk", "is full", ""});
    };
    EXPECT_EQ(run(context).error().code, ErrorCode::kResourceExhausted);
}

TEST_F(ExecutorsTest, WhatIsNotInThePlanIsTheTasksFault) {
    const auto wanted = params(R"({"stems":["drums","bass"]})");
    const auto plan = compose(wanted);
    MemoryContext stem(spec(SpecKind::kRender, wanted, "choirs"));
    stem.give("plan", plan);
    EXPECT_EQ(run(stem).error().code, ErrorCode::kInvalidArgument);
    MemoryContext variation(spec(SpecKind::kRender, wanted, "drums", 3));
    variation.give("plan", plan);
    EXPECT_EQ(run(variation).error().field, "variation");
    MemoryContext missing(spec(SpecKind::kFinish, wanted));
    missing.give("plan", plan);
    EXPECT_EQ(run(missing).error().code, ErrorCode::kNotFound);
}

TEST_F(ExecutorsTest, DamagedInputsAreNamed) {
    const auto wanted = params(R"({"stems":["drums","bass"]})");
    const auto plan = compose(wanted);
    MemoryContext broken(spec(SpecKind::kRender, wanted, "drums"));
    broken.give("plan", plan.substr(0, plan.size() / 2));
    EXPECT_EQ(run(broken).error().code, ErrorCode::kDataCorrupt);
    const auto drums = render(wanted, plan, "drums").first;
    for (const auto& bass : {drums.substr(0, drums.size() / 2), std::string("RIFF")}) {
        MemoryContext cut(spec(SpecKind::kFinish, wanted));
        cut.give("plan", plan);
        cut.give("audio:drums", drums);
        cut.give("audio:bass", bass);
        const auto status = run(cut);
        ASSERT_FALSE(status);
        EXPECT_EQ(status.error().code, ErrorCode::kDataCorrupt);
        EXPECT_EQ(status.error().field, "audio:bass");
        EXPECT_TRUE(cut.outputs.empty());
    }
}

TEST_F(ExecutorsTest, APreviewShowsTheMusic) {
    const auto wanted = params(R"({"bars":16})");
    MemoryContext context(spec(SpecKind::kPreview, wanted));
    const auto status = run(context);
    ASSERT_TRUE(status) << status.error().text();
    ASSERT_TRUE(context.preview);
    const auto& preview = *context.preview;
    EXPECT_NEAR(preview.seconds, 4 * 4 * 60 / wanted.tempo, 0.001);
    EXPECT_EQ(preview.samples.size(),
              static_cast<std::size_t>(std::lround(preview.seconds * preview.sample_rate)));
    ASSERT_EQ(preview.peaks_min.size(), 512u);
    ASSERT_EQ(preview.peaks_max.size(), 512u);
    EXPECT_GT(*std::max_element(preview.peaks_max.begin(), preview.peaks_max.end()), 0.02);
    for (std::size_t i = 0; i < 512; ++i)
        EXPECT_LE(preview.peaks_min[i], preview.peaks_max[i]);
    EXPECT_TRUE(context.outputs.empty());
}

TEST_F(ExecutorsTest, AMissingSoundFontSaysWhatToInstall) {
    const auto loaded = load_models("cpu", "/nowhere/font.sf2", "/nowhere/memory.json");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::kNotFound);
    EXPECT_NE(loaded.error().text().find("fluid-soundfont-gm"), std::string::npos) << loaded.error().text();
}

} // namespace
} // namespace loopmind::tasks
