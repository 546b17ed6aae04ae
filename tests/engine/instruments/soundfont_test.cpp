// SoundFont stems: the same bytes every time, exact length, pitch, timing, seam, level, errors.
#include "engine/instruments/font_voice.h"
#include "engine/instruments/program_levels.h"
#include "engine/instruments/soundfont.h"
#include "engine/metering/loudness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <thread>
#include <unistd.h>

namespace loopmind::instruments {
namespace {

constexpr int kRate = 48000;

struct Audio {
    std::vector<float> left, right;
    std::vector<size_t> segments;
    bool operator==(const Audio& other) const { return left == other.left && right == other.right; }
};

class SoundFontTest : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        if (!std::filesystem::exists(kDefaultSoundFont)) return;
        auto font = SoundFont::load();
        ASSERT_TRUE(font.ok()) << font.error().text();
        font_ = *font;
    }
    static void TearDownTestSuite() { font_.reset(); }
    void SetUp() override {
        if (!font_) GTEST_SKIP() << kDefaultSoundFont << " is not installed";
    }
    static Audio render(const Part& part, std::int64_t frames, int rate = kRate) {
        Audio out;
        const Status status =
            font_->render(part, {rate, frames}, [&](std::int64_t first, auto left, auto right) {
                EXPECT_EQ(first, static_cast<std::int64_t>(out.left.size()));
                EXPECT_EQ(left.size(), right.size());
                out.left.insert(out.left.end(), left.begin(), left.end());
                out.right.insert(out.right.end(), right.begin(), right.end());
                out.segments.push_back(left.size());
                return true;
            });
        EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().text());
        return out;
    }
    static std::shared_ptr<SoundFont> font_;
};
std::shared_ptr<SoundFont> SoundFontTest::font_;

std::int64_t loop_frames(double tempo, double beats, int rate = kRate) {
    return std::llround(beats * 60 / tempo * rate);
}

Part chords(int program = 0) {
    Part part;
    part.program = program;
    part.tempo = 97;
    for (int bar = 0; bar < 4; ++bar) {
        for (int pitch : {57, 60, 64})
            part.notes.push_back({bar * 4.0, 3.5, pitch + bar, 96});
    }
    return part;
}

TEST_F(SoundFontTest, RendersExactlyTheLengthInSegmentsWithAShortFirst) {
    const auto frames = loop_frames(97, 16) + 1;
    const Audio out = render(chords(), frames);
    EXPECT_EQ(static_cast<std::int64_t>(out.left.size()), frames);
    ASSERT_GT(out.segments.size(), 3u);
    EXPECT_LE(out.segments[0], static_cast<size_t>(kRate / 4 + 1024));
    EXPECT_GT(out.segments[1], static_cast<size_t>(kRate / 2));
}

TEST_F(SoundFontTest, SameBytesEveryTimeAlsoAfterOthersAndInParallel) {
    const auto frames = loop_frames(97, 16);
    Part part = chords();
    part.tone = {0.7, 0.3, 0.2, 0.4, 0.5, 0.8};
    const Audio first = render(part, frames);
    render(chords(48), frames);
    EXPECT_EQ(render(part, frames), first);
    std::vector<Audio> results(3);
    std::vector<std::thread> threads;
    for (auto& result : results)
        threads.emplace_back([&] { result = render(part, frames); });
    for (auto& thread : threads)
        thread.join();
    for (const auto& result : results)
        EXPECT_EQ(result, first);
    auto other = SoundFont::load();
    ASSERT_TRUE(other.ok());
    auto mine = std::exchange(font_, *other);
    EXPECT_EQ(render(part, frames), first);
    font_ = mine;
}

TEST_F(SoundFontTest, BlockSizeOfAPassDoesNotMatter) {
    FontPool pool(kDefaultSoundFont);
    auto font = pool.take();
    ASSERT_TRUE(font.ok());
    const std::vector<GridNote> notes = {{0, 6400, 60, 100}, {3200, 9600, 64, 80}};
    std::vector<float> expected;
    for (int block : {8192, 64, 100, 1, 777}) {
        FontPass pass(**font, kRate, 0, 0);
        ASSERT_TRUE(pass.valid());
        pass.begin(notes, 0, 10000);
        std::vector<float> left(16384), right(16384);
        for (int at = 0; at < 16384; at += block) {
            pass.add(left.data() + at, right.data() + at, std::min(block, 16384 - at));
        }
        if (expected.empty()) expected = left;
        EXPECT_EQ(left, expected) << block;
    }
    pool.give_back(std::move(*font));
}

/// Strongest frequency near `hertz`, by a fine scan of the spectrum.
double frequency_near(const std::vector<float>& x, size_t from, size_t count, double hertz, int rate) {
    double best = 0, at = 0;
    for (double cents = -80; cents <= 80; cents += 2) {
        const double f = hertz * std::pow(2, cents / 1200);
        std::complex<double> sum = 0;
        for (size_t i = 0; i < count; ++i) {
            const double window = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) /
                                                       static_cast<double>(count));
            sum += window * x[from + i] *
                   std::polar(1.0, -2 * std::numbers::pi * f * static_cast<double>(i) / rate);
        }
        if (std::abs(sum) > best) best = std::abs(sum), at = f;
    }
    return at;
}

TEST_F(SoundFontTest, PlaysInTune) {
    for (int rate : {44100, 48000}) {
        for (int program : {0, 33, 48, 73}) {
            for (int pitch : {48, 60, 69}) {
                Part part;
                part.program = program;
                part.notes = {{0, 3, pitch, 100}};
                const Audio out = render(part, loop_frames(120, 4, rate), rate);
                const double hertz = 440 * std::pow(2, (pitch - 69) / 12.0);
                const double found = frequency_near(out.left, 12000, 32768, hertz, rate);
                EXPECT_LT(std::abs(1200 * std::log2(found / hertz)), 25)
                    << program << " " << pitch; // sampled vibrato
            }
        }
    }
}

TEST_F(SoundFontTest, NotesStartWhereTheyAreWritten) {
    // Sticks have a hard start: each must begin within 64 frames of its beat plus the attack of the sample,
    // which the first one shows.
    Part part;
    part.bank = 128;
    part.tempo = 93.7;
    const double beats[] = {0, 1.013, 2.377, 3.5, 5.251, 6.9};
    for (double beat : beats)
        part.notes.push_back({beat, 0.1, 37, 110});
    const auto frames = loop_frames(part.tempo, 8);
    const Audio out = render(part, frames);
    auto start_of = [&](std::int64_t from) {
        float peak = 0;
        for (std::int64_t i = from; i < from + 4800; ++i)
            peak = std::max(peak, std::abs(out.left[static_cast<size_t>(i)]));
        std::int64_t i = from;
        while (std::abs(out.left[static_cast<size_t>(i)]) < 0.25f * peak)
            ++i;
        return i;
    };
    const std::int64_t attack = start_of(0);
    EXPECT_LT(attack, 480);
    for (double beat : beats) {
        const std::int64_t written = std::llround(beat * 60 / part.tempo * kRate);
        const std::int64_t found = start_of(std::max<std::int64_t>(0, written - 64)) - attack;
        EXPECT_LE(std::abs(found - written), 40) << beat; // 32 of the grid, a little of the threshold
    }
}

TEST_F(SoundFontTest, TailsWrapAndTheSeamIsSmooth) {
    // A held string chord through the loop's end, at lengths that no step of 64 frames divides.
    for (int program : {0, 19, 48}) {
        for (double tempo : {82.0, 97.3, 133.7}) {
            Part part;
            part.program = program;
            part.tempo = tempo;
            part.notes = {{0, 2, 60, 100}, {5.5, 4.5, 67, 100}, {6, 1.9, 72, 90}};
            const auto frames = loop_frames(tempo, 8);
            const Audio out = render(part, frames);
            std::vector<float> steps;
            for (size_t i = 1; i < out.left.size(); ++i)
                steps.push_back(std::abs(out.left[i] - out.left[i - 1]));
            std::sort(steps.begin(), steps.end());
            const float seam = std::abs(out.left.front() - out.left.back());
            EXPECT_LE(seam, steps[steps.size() * 99 / 100]) << program << " at " << tempo;
            // The held note sounds at the start: it is a fifth above, where nothing else plays.
            double start = 0;
            for (size_t i = 0; i < 400; ++i)
                start = std::max(start, static_cast<double>(std::abs(out.left[i])));
            EXPECT_GT(start, 1e-3);
        }
    }
}

TEST_F(SoundFontTest, TheSeamContinuesWhatTheEndPlays) {
    // Move the loop's start: the same music rotated by a whole number of steps must be the same audio
    // rotated, away from the notes' own grid.
    Part part;
    part.program = 19;
    part.tempo = 120;
    part.notes = {{1, 2.5, 60, 100}, {5, 2, 65, 100}};
    const std::int64_t frames = 64 * 3000; // 8 beats at 120 are 192000 frames
    const Audio a = render(part, frames);
    for (auto& note : part.notes)
        note.start = std::fmod(note.start + 4, 8);
    const Audio b = render(part, frames);
    double worst = 0;
    for (size_t i = 0; i < a.left.size(); ++i) {
        worst = std::max(worst, std::abs(static_cast<double>(a.left[i]) -
                                         b.left[(i + a.left.size() / 2) % a.left.size()]));
    }
    EXPECT_LT(worst, 1e-4);
}

TEST_F(SoundFontTest, ShortLoopsHoldSeveralTails) {
    // One second of loop, vibraphone ringing for several: level of the whole must be even.
    Part part;
    part.program = 11;
    part.tempo = 240;
    part.notes = {{0, 4, 60, 100}};
    const Audio out = render(part, loop_frames(240, 4));
    EXPECT_EQ(out.left.size(), 48000u);
    EXPECT_LE(std::abs(out.left.front() - out.left.back()), 0.02f);
}

TEST_F(SoundFontTest, LevelIsNearTheLoudness) {
    for (int program : {0, 4, 24, 33, 48, 56, 73, 80, 89}) {
        Part part = chords(program);
        if (program == 33) {
            for (auto& note : part.notes)
                note.pitch -= 24;
        }
        for (double level : {-26.0, -20.0}) {
            part.level_db = level;
            const Audio out = render(part, loop_frames(97, 16));
            const auto read = metering::measure_loudness(out.left, out.right, kRate);
            ASSERT_TRUE(read.ok());
            EXPECT_NEAR(read->integrated_lufs, level, 4.0) << program;
        }
    }
}

TEST_F(SoundFontTest, LevelScalesAndNeverClips) {
    Part part = chords();
    part.level_db = -30;
    const auto frames = loop_frames(97, 16);
    const Audio quiet = render(part, frames);
    part.level_db = -24;
    const Audio louder = render(part, frames);
    const float gain = std::pow(10.0f, 6.0f / 20.0f);
    for (size_t i = 0; i < quiet.left.size(); i += 17)
        ASSERT_NEAR(louder.left[i], gain * quiet.left[i], 1e-5f);
    part.level_db = 6;
    const Audio hot = render(part, frames);
    for (float x : hot.left)
        ASSERT_LT(std::abs(x), 1.0f);
}

TEST_F(SoundFontTest, PanAndWidthPlaceTheSound) {
    Part part = chords();
    part.width = 0;
    const auto frames = loop_frames(97, 16);
    const Audio mono = render(part, frames);
    EXPECT_EQ(mono.left, mono.right);
    part.pan = -1;
    const Audio left = render(part, frames);
    for (float x : left.right)
        ASSERT_NEAR(x, 0, 1e-6);
}

double centroid(const std::vector<float>& x) {
    // Mean frequency from the energy of the derivative: sqrt(E[x'^2] / E[x^2]) is the rms frequency.
    double energy = 0, change = 0;
    for (size_t i = 1; i < x.size(); ++i) {
        energy += static_cast<double>(x[i]) * x[i];
        change += std::pow(static_cast<double>(x[i]) - x[i - 1], 2);
    }
    return std::sqrt(change / energy);
}

TEST_F(SoundFontTest, BrightnessAndPunchActMonotonically) {
    Part part = chords();
    part.level_db = -28; // transients stay clear of the curve at the top
    const auto frames = loop_frames(97, 16);
    double last_bright = 0;
    double last_crest = 0;
    for (double amount : {0.0, 0.25, 0.5, 0.75, 1.0}) {
        part.tone = {};
        part.tone.brightness = amount;
        const Audio bright = render(part, frames);
        EXPECT_GT(centroid(bright.left), last_bright) << amount;
        last_bright = centroid(bright.left);
        part.tone = {};
        part.tone.punch = amount;
        const Audio punchy = render(part, frames);
        double peak = 0, energy = 0;
        for (float x : punchy.left) {
            peak = std::max(peak, static_cast<double>(std::abs(x)));
            energy += static_cast<double>(x) * x;
        }
        const double crest = peak / std::sqrt(energy / static_cast<double>(punchy.left.size()));
        EXPECT_GT(crest, last_crest) << amount;
        last_crest = crest;
    }
}

TEST_F(SoundFontTest, ToneKeepsTheSeam) {
    Part part = chords(48);
    part.tone = {0.8, 0.6, 0.5, 0.5, 1.0, 0.9};
    part.notes.push_back({15, 3, 72, 100});
    const Audio out = render(part, loop_frames(97, 16) + 13);
    std::vector<float> steps;
    for (size_t i = 1; i < out.left.size(); ++i)
        steps.push_back(std::abs(out.left[i] - out.left[i - 1]));
    std::sort(steps.begin(), steps.end());
    EXPECT_LE(std::abs(out.left.front() - out.left.back()), steps[steps.size() * 99 / 100]);
}

TEST_F(SoundFontTest, KeysOutOfRangeSoundInAnOctaveInside) {
    // The contrabass ends below A4: the note comes an octave or two lower rather than not at all.
    Part part;
    part.program = 43;
    part.notes = {{0, 3, 69, 100}};
    const auto frames = loop_frames(120, 4);
    const Audio high = render(part, frames);
    const auto loudest = *std::max_element(high.left.begin(), high.left.end());
    EXPECT_GT(loudest, 0.01f);
    const double octave = frequency_near(high.left, 12000, 32768, 220, kRate);
    const double two = frequency_near(high.left, 12000, 32768, 110, kRate);
    EXPECT_TRUE(std::abs(1200 * std::log2(octave / 220)) < 30 || std::abs(1200 * std::log2(two / 110)) < 30);
}

TEST_F(SoundFontTest, NoNotesAreSilence) {
    Part part;
    const Audio out = render(part, 50000);
    ASSERT_EQ(out.left.size(), 50000u);
    for (float x : out.left)
        ASSERT_EQ(x, 0.0f);
}

TEST_F(SoundFontTest, SaysWhatIsWrong) {
    auto field = [&](Part part, PartOptions options) {
        const Status status = font_->render(part, options, [](auto, auto, auto) { return true; });
        return status.ok() ? std::string("no error") : status.error().field;
    };
    EXPECT_EQ(field(chords(), {48000, 0}), "total_frames");
    EXPECT_EQ(field(chords(), {1000, 48000}), "sample_rate");
    Part part = chords();
    part.bank = 77;
    EXPECT_EQ(field(part, {48000, 48000}), "program");
    part = chords();
    part.notes[0].pitch = 128;
    EXPECT_EQ(field(part, {48000, 48000}), "notes");
    part = chords();
    part.tempo = 0;
    EXPECT_EQ(field(part, {48000, 48000}), "tempo");
    EXPECT_TRUE(font_->has_program(128, 0));
    EXPECT_FALSE(font_->has_program(77, 0));
    EXPECT_TRUE(font_->warm(0, 5).ok());
    EXPECT_FALSE(font_->warm(77, 5).ok());
    EXPECT_NE(font_->fingerprint().find("FluidR3"), std::string::npos);
}

TEST_F(SoundFontTest, TheSinkCancels) {
    int calls = 0;
    const Status status =
        font_->render(chords(), {48000, loop_frames(97, 16)}, [&](auto, auto, auto) { return ++calls < 2; });
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
    EXPECT_EQ(calls, 2);
}

TEST(SoundFontLoad, MissingAndBrokenFilesAreNamed) {
    const auto missing = SoundFont::load("/nonexistent/font.sf2");
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
    EXPECT_EQ(missing.error().field, "/nonexistent/font.sf2");
    EXPECT_NE(missing.error().hint.find("fluid-soundfont-gm"), std::string::npos);
    const auto path =
        std::filesystem::temp_directory_path() / ("loopmind-broken-" + std::to_string(::getpid()) + ".sf2");
    std::ofstream(path) << "RIFF this is no SoundFont";
    const auto broken = SoundFont::load(path.string());
    std::filesystem::remove(path);
    ASSERT_FALSE(broken.ok());
    EXPECT_EQ(broken.error().code, ErrorCode::kDataCorrupt);
}

TEST(ProgramLevels, FollowNotesAndVelocity) {
    const std::vector<LevelNote> one = {{0, 1, 60, 100}};
    const std::vector<LevelNote> two = {{0, 1, 60, 100}, {0, 1, 60, 100}};
    const std::vector<LevelNote> soft = {{0, 1, 60, 50}};
    const double base = expected_lufs(0, 0, one, 4);
    EXPECT_NEAR(expected_lufs(0, 0, two, 4) - base, 3.01, 0.01);
    EXPECT_NEAR(expected_lufs(0, 0, soft, 4) - base, -12.04, 0.01);
    EXPECT_TRUE(std::isinf(expected_lufs(0, 0, {}, 4)));
    EXPECT_GT(note_energy_db(0, 48, 60, 2.0), note_energy_db(0, 48, 60, 0.2) + 5);
}

} // namespace
} // namespace loopmind::instruments
