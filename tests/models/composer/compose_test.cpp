// What compose() promises for every request: same bytes, legal plans in every key, mode, meter and tempo,
// clear errors.
#include "tests/models/composer/requests.h"

#include <gtest/gtest.h>

namespace loopmind::composer::test {
namespace {

const std::vector<std::string> kPatches{
    "kit.lofi",      "kit.808",    "kit.house",     "kit.techno",     "kit.dnb",      "kit.acoustic",
    "kit.electro",   "kit.perc",   "kit.cinematic", "bass.sub",       "bass.808",     "bass.reese",
    "bass.pluck",    "bass.round", "bass.acid",     "bass.synthwave", "lead.soft",    "lead.saw",
    "lead.square",   "lead.pluck", "lead.bell",     "lead.supersaw",  "keys.epiano",  "keys.organ",
    "keys.pluck",    "pad.warm",   "pad.glass",     "pad.strings",    "pad.dark",     "pad.choir",
    "arp.pluck",     "arp.saw",    "texture.vinyl", "texture.tape",   "texture.room", "texture.rain",
    "texture.drone", "vox.choir",  "vox.chop"};

/// Everything that must hold for any plan.
void expect_legal(const Plan& plan, const std::string& what) {
    ASSERT_FALSE(plan.stems.empty()) << what;
    const double total = plan.total_beats();
    int bar = 0;
    for (const Section& section : plan.sections) {
        EXPECT_EQ(section.start_bar, bar) << what;
        bar += section.bars;
    }
    EXPECT_EQ(bar, plan.bars) << what;
    ASSERT_FALSE(plan.chords.empty()) << what;
    EXPECT_EQ(plan.chords.front().start, 0) << what;
    for (std::size_t i = 0; i + 1 < plan.chords.size(); ++i) {
        EXPECT_NEAR(plan.chords[i].start + plan.chords[i].length, plan.chords[i + 1].start, 1e-6) << what;
    }
    EXPECT_NEAR(plan.chords.back().start + plan.chords.back().length, total, 1e-6) << what;
    for (const StemPlan& stem : plan.stems) {
        const std::string where = what + " " + stem.role;
        EXPECT_FALSE(stem.notes.empty()) << where;
        EXPECT_GE(stem.level_db, -60) << where;
        EXPECT_LE(stem.level_db, 0) << where;
        if (stem.instrument.engine == "synth") {
            EXPECT_TRUE(std::count(kPatches.begin(), kPatches.end(), stem.instrument.patch))
                << where << stem.instrument.patch;
        } else {
            EXPECT_EQ(stem.instrument.engine, "soundfont") << where;
        }
        EXPECT_EQ(stem.midi_channel == 10, is_drums(stem)) << where;
        for (double x : {stem.tone.brightness, stem.tone.warmth, stem.tone.drive, stem.tone.air,
                         stem.tone.age, stem.tone.punch, stem.width, stem.reverb_send, stem.delay_send}) {
            EXPECT_TRUE(x >= 0 && x <= 1) << where << " " << x;
        }
        int chromatic = 0;
        for (std::size_t i = 0; i < stem.notes.size(); ++i) {
            const Note& note = stem.notes[i];
            ASSERT_TRUE(note.start >= 0 && note.start < total) << where << " " << note.start;
            ASSERT_TRUE(note.grid >= 0 && note.grid < total) << where << " " << note.grid;
            ASSERT_GT(note.length, 0) << where;
            ASSERT_LE(note.length, total) << where;
            ASSERT_TRUE(note.pitch >= 20 && note.pitch <= 112) << where << " " << note.pitch;
            ASSERT_TRUE(note.velocity >= 1 && note.velocity <= 127) << where << " " << note.velocity;
            if (i > 0) {
                ASSERT_GE(note.start, stem.notes[i - 1].start) << where;
            }
            if (is_drums(stem)) continue;
            const bool member = std::count(plan.key.scale.begin(), plan.key.scale.end(), note.pitch % 12) > 0;
            ASSERT_NE(member, note.chromatic) << where << " pitch " << note.pitch << " at " << note.grid;
            chromatic += note.chromatic;
        }
        EXPECT_LE(chromatic, 0.1 * static_cast<double>(stem.notes.size())) << where;
    }
}

TEST(Compose, SameRequestSameBytes) {
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        const std::string text = with(with(request(genre, 7), "stems", kEveryStem), "humanize", 0.8).dump();
        auto one = compose(text), two = compose(text);
        ASSERT_TRUE(one.ok() && two.ok());
        EXPECT_EQ(to_json(*one), to_json(*two)) << kGenres[genre];
    }
}

TEST(Compose, EveryGenreSeedAndStemIsLegal) {
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        for (std::uint64_t seed = 1; seed <= 12; ++seed) {
            auto params = with(request(genre, seed), "stems", kEveryStem);
            params["humanize"] = 1.0;
            params["energy"] = static_cast<double>(seed % 5) / 4;
            params["complexity"] = static_cast<double>(seed % 3) / 2;
            params["mood"] = static_cast<double>(seed % 7) / 6;
            expect_legal(plan_of(params), kGenres[genre] + " seed " + std::to_string(seed));
        }
    }
}

TEST(Compose, EveryKeyModeMeterAndTempoIsLegal) {
    const std::vector<std::string> tonics{"C",  "C#", "Db", "D",  "D#", "Eb", "E",  "F", "F#",
                                          "Gb", "G",  "G#", "Ab", "A",  "A#", "Bb", "B"};
    const std::vector<std::string> modes{"major",      "minor",   "dorian",         "phrygian",     "lydian",
                                         "mixolydian", "locrian", "harmonic minor", "melodic minor"};
    std::uint64_t seed = 0;
    for (const auto& mode : modes) {
        for (const auto& tonic : tonics) {
            const std::size_t genre = seed % kGenres.size();
            auto params = with(request(genre, ++seed), "stems", kEveryStem);
            params["key"] = tonic + " " + mode;
            params["meter"] = seed % 3 ? "4/4" : "3/4";
            params["tempo"] = 40.0 + static_cast<double>(seed * 37 % 201);
            params["complexity"] = static_cast<double>(seed % 5) / 4;
            expect_legal(plan_of(params), kGenres[genre] + " " + params["key"].get<std::string>());
        }
    }
}

TEST(Compose, ShortestAndLongestFormsAreLegal) {
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        for (const char* meter : {"4/4", "3/4"}) {
            for (double tempo : {40.0, 240.0}) {
                for (const char* section : {"Intro", "Verse", "Hook", "Bridge", "Outro"}) {
                    for (int bars : {1, 3}) {
                        auto params = with_sections(
                            with(with(request(genre, 3), "meter", meter), "tempo", tempo), {{section, bars}});
                        params["stems"] = kEveryStem;
                        params["energy"] = 0.0;
                        params["complexity"] = 0.0;
                        expect_legal(plan_of(params), kGenres[genre] + " " + section);
                    }
                }
            }
        }
    }
    expect_legal(plan_of(with_sections(request(0, 5), {{"Hook", 256}})), "256 bars");
}

TEST(Compose, NoNotesFasterThanSixteenthsAtHighTempo) {
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        const Plan plan =
            plan_of(with(with(with(request(genre, 9), "tempo", 240), "energy", 1), "complexity", 1));
        const auto found = onsets(plan);
        for (auto it = found.begin(), next = std::next(it); next != found.end(); ++it, ++next) {
            EXPECT_GE(*next - *it, 240) << kGenres[genre];
        }
    }
}

TEST(Compose, VariationsOfOneRequestDiffer) {
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        auto made = compose(with(request(genre, 4), "variations", 4).dump());
        ASSERT_TRUE(made.ok());
        ASSERT_EQ(made->variations.size(), 4u);
        EXPECT_EQ(made->variations[0].seed, 4u);
        for (std::size_t a = 0; a < 4; ++a) {
            for (std::size_t b = 0; b < a; ++b) {
                EXPECT_LT(shared(ngrams(made->variations[a]), ngrams(made->variations[b])), 0.5)
                    << kGenres[genre];
            }
        }
    }
}

TEST(Compose, MissingOrIllTypedFieldsAreNamed) {
    for (const char* field :
         {"genre", "mood", "energy", "complexity", "humanize", "tempo", "key", "meter", "bars", "sections",
          "stems", "seed", "texture", "instrument_focus", "variations", "fx", "schema"}) {
        auto without = request();
        without.erase(field);
        auto missing = compose(without.dump());
        ASSERT_FALSE(missing.ok()) << field;
        EXPECT_EQ(missing.error().field, field);
        auto wrong = compose(with(request(), field, nlohmann::json::object()).dump());
        ASSERT_FALSE(wrong.ok()) << field;
        EXPECT_EQ(wrong.error().field, field) << wrong.error().text();
        EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidArgument);
    }
}

TEST(Compose, ValuesOutOfRangeAreNamed) {
    const std::vector<std::pair<std::string, nlohmann::json>> cases{{"tempo", 39.9},
                                                                    {"tempo", 1e300},
                                                                    {"mood", -0.1},
                                                                    {"energy", 1.5},
                                                                    {"bars", 0},
                                                                    {"bars", 257},
                                                                    {"key", "H minor"},
                                                                    {"key", "A"},
                                                                    {"key", "A moll"},
                                                                    {"genre", "Polka"},
                                                                    {"meter", "5/4"},
                                                                    {"texture", "Green"},
                                                                    {"variations", 9},
                                                                    {"seed", -1},
                                                                    {"seed", 1ull << 60},
                                                                    {"stems", nlohmann::json::array()},
                                                                    {"instrument_focus", ""},
                                                                    {"bars", 9007199254740993ull}};
    for (const auto& [field, value] : cases) {
        auto made = compose(with(request(), field, value).dump());
        ASSERT_FALSE(made.ok()) << field << " " << value;
        EXPECT_EQ(made.error().field, field) << made.error().text();
    }
    EXPECT_EQ(compose(with(request(), "bars", 9).dump()).error().field, "sections");
    EXPECT_EQ(compose(with(request(), "stems", {"drums", "drums"}).dump()).error().field, "stems[1]");
    EXPECT_EQ(compose(with(request(), "stems", {"drums", "kazoo"}).dump()).error().field, "stems[1]");
    for (const char* text : {"", "[]", "{", "null", "{\"schema\":", "\"x\""})
        EXPECT_FALSE(compose(text).ok()) << text;
}

} // namespace
} // namespace loopmind::composer::test
