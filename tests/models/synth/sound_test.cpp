// How it sounds, in numbers: pitch, aliasing, tone controls, levels, stereo.
#include "tests/models/synth/measure.h"
#include "tests/models/synth/render.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace loopmind::synth_test {
namespace {

constexpr double kRate = 48000;

double hz_of(int pitch) {
    return 440 * std::exp2((pitch - 69) / 12.0);
}

/// A patch without detune, vibrato or attack noise: the bare pitch.
composer::StemPlan plain(const std::string& patch) {
    auto stem = stem_of(patch);
    stem.instrument.params = {{"detune", 0}, {"vibrato", 0}, {"noise", 0}, {"bend", 0}};
    return stem;
}

std::vector<float> stretch(const Audio& audio, std::size_t from, std::size_t frames) {
    const auto mono = audio.mono();
    return {mono.begin() + static_cast<std::ptrdiff_t>(from),
            mono.begin() + static_cast<std::ptrdiff_t>(from + frames)};
}

TEST(Pitch, IsWithinTwoCents) {
    for (const auto& patch : cpu_synth().patches()) {
        const auto family = patch.substr(0, patch.find('.'));
        if (family == "kit" || family == "texture") continue;
        for (const int pitch : family == "bass" ? std::vector{28, 40} : std::vector{57, 79}) {
            auto stem = plain(patch);
            add_note(stem, 0, 7.5, pitch);
            const auto audio = stretch(render(plan_of(2), stem), 12000, 1 << 17);
            const double hz = strongest(audio, kRate, hz_of(pitch) * 0.97, hz_of(pitch) * 1.03);
            EXPECT_LT(std::abs(1200 * std::log2(hz / hz_of(pitch))), 2)
                << patch << " at " << pitch << ": " << hz << " Hz";
        }
    }
}

TEST(Aliasing, SawsUpToTheTopStayClean) {
    for (const char* patch : {"lead.saw", "lead.square", "bass.acid"}) {
        for (const int pitch : {36, 60, 84, 96, 103, 108}) {
            auto stem = plain(patch);
            stem.tone.brightness = 1;
            add_note(stem, 0, 7.5, pitch);
            // bass.acid sweeps its filter: by then it rests. 30 Hz are the window's own lobes and a little
            // movement.
            const auto audio = stretch(render(plan_of(2), stem), 60000, 1 << 16);
            EXPECT_LT(inharmonic_db(audio, kRate, hz_of(pitch), 12), -60) << patch << " at " << pitch;
        }
    }
}

TEST(Aliasing, DriveStaysClean) {
    auto stem = plain("lead.saw");
    stem.tone.drive = 1;
    add_note(stem, 0, 7.5, 91);
    EXPECT_LT(inharmonic_db(stretch(render(plan_of(2), stem), 60000, 1 << 16), kRate, hz_of(91), 12), -60);
}

/// Checks that `measure` rises with every step of a control.
void expect_rising(const std::string& patch, const std::function<void(composer::Tone&, double)>& set,
                   const std::function<double(const Audio&)>& measure, const char* what) {
    double before = -1e9;
    for (const double value : {0.0, 0.25, 0.5, 0.75, 1.0}) {
        auto stem = stem_of(patch);
        add_material(stem);
        set(stem.tone, value);
        const double now = measure(render(plan_of(2), stem));
        EXPECT_GT(now, before) << what << " of " << patch << " at " << value;
        before = now;
    }
}

TEST(Tone, BrightnessRaisesTheCentroid) {
    for (const char* patch :
         {"kit.lofi", "kit.techno", "bass.round", "bass.reese", "lead.saw", "lead.pluck", "keys.epiano",
          "keys.organ", "pad.warm", "pad.choir", "texture.tape", "texture.vinyl", "vox.chop"}) {
        expect_rising(
            patch, [](auto& tone, double v) { tone.brightness = v; },
            [](const Audio& a) { return centroid(stretch(a, 0, 1 << 17), kRate); }, "centroid");
    }
}

TEST(Tone, AirLiftsTheTop) {
    for (const char* patch : {"kit.house", "lead.saw", "pad.strings", "texture.rain"}) {
        expect_rising(
            patch, [](auto& tone, double v) { tone.air = v; },
            [](const Audio& a) { return share_above(stretch(a, 0, 1 << 17), kRate, 8000); },
            "share above 8 kHz");
    }
}

TEST(Tone, WarmthLowersTheTop) {
    for (const char* patch : {"kit.house", "lead.saw", "pad.strings", "texture.rain"}) {
        expect_rising(
            patch, [](auto& tone, double v) { tone.warmth = v; },
            [](const Audio& a) { return -share_above(stretch(a, 0, 1 << 17), kRate, 4000); },
            "share below 4 kHz");
    }
}

TEST(Tone, PunchRaisesTheCrest) {
    for (const char* patch :
         {"kit.lofi", "kit.house", "kit.acoustic", "bass.pluck", "lead.pluck", "keys.epiano"}) {
        const bool kit = patch[0] == 'k' && patch[1] == 'i';
        double before = 0;
        for (const double punch : {0.0, 0.25, 0.5, 0.75, 1.0}) {
            auto stem = stem_of(patch);
            stem.level_db = -30; // far from the last stage
            stem.tone.punch = punch;
            for (int beat = 0; beat < 8; ++beat)
                add_note(stem, beat, 0.9, kit ? (beat % 2 ? 38 : 36) : 48, 100);
            const auto audio = render(plan_of(2), stem);
            const double crest = peak(audio.left) / rms(audio.left);
            EXPECT_GT(crest, before) << patch << " at " << punch;
            before = crest;
        }
    }
}

TEST(Tone, DriveAddsHarmonics) {
    for (const char* patch : {"bass.sub", "bass.808", "lead.bell"}) {
        auto set = [](auto& tone, double v) { tone.drive = v; };
        expect_rising(
            patch, set, [&](const Audio& a) { return centroid(stretch(a, 0, 1 << 17), kRate); }, "centroid");
    }
}

TEST(Tone, AgeLimitsTheBandAndAddsNoise) {
    auto young = stem_of("lead.saw");
    add_note(young, 0, 1, 69);
    auto old = young;
    old.tone.age = 1;
    const auto fresh = render(plan_of(2), young);
    const auto worn = render(plan_of(2), old);
    EXPECT_LT(share_above(stretch(worn, 0, 1 << 14), kRate, 7000),
              0.3 * share_above(stretch(fresh, 0, 1 << 14), kRate, 7000));
    // After the note only the noise is left.
    EXPECT_EQ(rms(stretch(fresh, 150000, 1 << 14)), 0);
    EXPECT_GT(rms(stretch(worn, 150000, 1 << 14)), 1e-5);
}

TEST(Tone, AgeWavers) {
    auto stem = plain("bass.sub");
    stem.tone.age = 1;
    add_note(stem, 0, 15.5, 57);
    const auto audio = render(plan_of(4), stem);
    double least = 1e9, most = 0;
    for (std::size_t from = 0; from + 16384 <= 300000; from += 8192) {
        const double hz = strongest(stretch(audio, from, 16384), kRate, 200, 240);
        least = std::min(least, hz);
        most = std::max(most, hz);
    }
    const double cents = 1200 * std::log2(most / least);
    EXPECT_GT(cents, 5);
    EXPECT_LT(cents, 60);
}

TEST(Level, FollowsThePlanExactly) {
    auto stem = stem_of("keys.epiano");
    add_material(stem);
    stem.level_db = -24;
    const auto loud = render(plan_of(2), stem);
    stem.level_db = -30;
    const auto soft = render(plan_of(2), stem);
    for (std::size_t i = 0; i < loud.left.size(); i += 97)
        EXPECT_NEAR(soft.left[i], loud.left[i] * 0.501187, 1e-6);
}

TEST(Level, PatchesAreAboutAsLoudAsThePlanSays) {
    for (const auto& patch : cpu_synth().patches()) {
        if (patch.rfind("kit.", 0) == 0) continue; // drums are loud in moments, their mean says little
        auto stem = stem_of(patch);
        add_material(stem);
        const auto audio = render(plan_of(2), stem);
        const double db = 20 * std::log10(std::hypot(rms(audio.left), rms(audio.right)));
        EXPECT_GT(db, -20 - 9) << patch;
        EXPECT_LT(db, -20 + 9) << patch;
    }
}

TEST(Level, VelocityIsHeard) {
    for (const char* patch : {"kit.house", "bass.round", "pad.warm", "keys.epiano"}) {
        double before = 0;
        for (const int velocity : {20, 50, 80, 110, 127}) {
            auto stem = stem_of(patch);
            add_note(stem, 0, 2, 48, velocity);
            const double now = rms(render(plan_of(1), stem).left);
            EXPECT_GT(now, before * 1.02) << patch << " at " << velocity;
            before = now;
        }
    }
}

TEST(Stereo, WidthAndPan) {
    auto stem = stem_of("lead.supersaw");
    add_material(stem);
    stem.width = 0;
    const auto narrow = render(plan_of(2), stem);
    for (std::size_t i = 0; i < narrow.left.size(); i += 101)
        EXPECT_NEAR(narrow.left[i], narrow.right[i], 1e-6);
    stem.width = 1;
    const auto wide = render(plan_of(2), stem);
    EXPECT_NE(wide.left, wide.right);
    stem.pan = -1;
    const auto left = render(plan_of(2), stem);
    EXPECT_LT(rms(left.right), 1e-6);
    EXPECT_NEAR(20 * std::log10(rms(left.left) / rms(wide.left)), 3.01, 0.1);
}

TEST(Drums, SoundWhereTheyShould) {
    const auto hit = [](int pitch) {
        auto stem = stem_of("kit.house");
        add_note(stem, 0, 0.25, pitch);
        return stretch(render(plan_of(1), stem), 0, 1 << 14);
    };
    const double kick = strongest(hit(36), kRate, 20, 400);
    EXPECT_GT(kick, 40);
    EXPECT_LT(kick, 70);
    EXPECT_GT(centroid(hit(42), kRate), 6000);
    const double snare = centroid(hit(38), kRate);
    EXPECT_GT(snare, 800);
    EXPECT_LT(snare, 8000);
    EXPECT_GT(rms(hit(3)), 1e-4);   // below the map: a low kick
    EXPECT_GT(rms(hit(100)), 1e-4); // above it: some percussion
}

TEST(Drums, AClosedHatStopsAnOpenOne) {
    auto open = stem_of("kit.house");
    add_note(open, 0, 0.25, 46);
    auto choked = open;
    add_note(choked, 0.25, 0.25, 42, 1); // so soft that only the choke is heard
    const auto ringing = render(plan_of(1), open);
    const auto stopped = render(plan_of(1), choked);
    EXPECT_LT(rms(std::span(stopped.left).subspan(9000, 4000)),
              0.1 * rms(std::span(ringing.left).subspan(9000, 4000)));
}

TEST(Bass, GlidesBetweenNotesThatTouch) {
    auto stem = plain("bass.sub");
    stem.instrument.params["glide"] = 0.3;
    add_note(stem, 0, 2, 33);
    add_note(stem, 2, 4, 45);
    const auto audio = render(plan_of(2), stem);
    const double early = strongest(stretch(audio, 48000 + 1000, 4096), kRate, 30, 140);
    const double late = strongest(stretch(audio, 48000 + 60000, 16384), kRate, 30, 140);
    EXPECT_LT(early, 95);
    EXPECT_NEAR(late, 110, 1);
}

} // namespace
} // namespace loopmind::synth_test
