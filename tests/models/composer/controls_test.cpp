// Every control moves its measure, in steps that never go back, and leaves the rest of the piece alone.
#include "tests/models/composer/requests.h"

#include <gtest/gtest.h>

namespace loopmind::composer::test {
namespace {

constexpr std::uint64_t kSeeds = 10;

/// Plans of one genre and seed with `control` at each of five steps.
std::vector<Plan> sweep(std::size_t genre, std::uint64_t seed, const std::string& control) {
    std::vector<Plan> plans;
    for (double value : kSteps)
        plans.push_back(plan_of(with(request(genre, seed), control, value)));
    return plans;
}

/// Share of (genre, seed) whose measure rises at every step of the control.
double rising_share(const std::string& control, const std::function<double(const Plan&)>& measure,
                    bool strictly) {
    int rising = 0, all = 0;
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        for (std::uint64_t seed = 1; seed <= kSeeds; ++seed, ++all) {
            const auto plans = sweep(genre, seed, control);
            bool rises = measure(plans.back()) > measure(plans.front());
            for (std::size_t i = 0; i + 1 < plans.size(); ++i) {
                const double a = measure(plans[i]), b = measure(plans[i + 1]);
                rises &= strictly ? b > a : b >= a;
            }
            rising += rises;
        }
    }
    return static_cast<double>(rising) / all;
}

double deviation_ms(const Plan& plan) {
    double sum = 0, count = 0;
    for (std::size_t s = 0; s < plan.stems.size(); ++s) {
        for (const Note& note : plan.stems[s].notes) {
            double away = note.start - note.grid;
            away -= std::round(away / plan.total_beats()) * plan.total_beats();
            sum += away * away;
            ++count;
        }
    }
    return std::sqrt(sum / count) * 60000 / plan.tempo;
}

TEST(Energy, OnsetsAreNestedAndGrowAtEveryStep) {
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
            const auto plans = sweep(genre, seed, "energy");
            for (std::size_t i = 0; i + 1 < plans.size(); ++i) {
                const auto fewer = onsets(plans[i]), more = onsets(plans[i + 1]);
                EXPECT_TRUE(std::includes(more.begin(), more.end(), fewer.begin(), fewer.end()))
                    << kGenres[genre] << seed;
                EXPECT_GT(more.size(), fewer.size()) << kGenres[genre];
            }
        }
    }
}

TEST(Energy, EveryDrumNoteStaysWhenEnergyRises) {
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        const auto plans = sweep(genre, 3, "energy");
        for (std::size_t i = 0; i + 1 < plans.size(); ++i) {
            std::set<std::pair<double, int>> more;
            for (const Note& note : stem_of(plans[i + 1], "drums")->notes)
                more.insert({note.grid, note.pitch});
            for (const Note& note : stem_of(plans[i], "drums")->notes) {
                EXPECT_TRUE(more.count({note.grid, note.pitch}))
                    << kGenres[genre] << " " << note.grid << " " << note.pitch;
            }
        }
    }
}

TEST(Energy, BrightensAndPunches) {
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        for (const char* texture : {"Warm", "Bright", "Gritty", "Airy", "Vintage", "Clean"}) {
            double bright = -1, punch = -1;
            for (double energy : kSteps) {
                const Plan plan =
                    plan_of(with(with(request(genre, 2), "texture", texture), "energy", energy));
                const Tone& tone = plan.stems[0].tone;
                EXPECT_GT(tone.brightness, bright) << kGenres[genre] << texture;
                EXPECT_GT(tone.punch, punch);
                bright = tone.brightness;
                punch = tone.punch;
            }
        }
    }
}

TEST(Complexity, OffBeatShareRises) {
    EXPECT_GE(rising_share("complexity", off_beat_share, true), 0.97);
}

TEST(Complexity, PitchClassesPerBarRise) {
    EXPECT_GE(rising_share("complexity", pitch_classes_per_bar, false), 0.95);
}

TEST(Complexity, LowComplexityStaysInTheScale) {
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
            for (const StemPlan& stem : plan_of(with(request(genre, seed), "complexity", 0.3)).stems) {
                for (const Note& note : stem.notes)
                    EXPECT_FALSE(note.chromatic) << kGenres[genre] << " " << stem.role;
            }
        }
    }
}

TEST(Mood, RaisesTheRegister) {
    EXPECT_GE(rising_share("mood", mean_pitch, true), 0.97);
}

TEST(Humanize, ZeroIsExactlyTheSwungGrid) {
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        const Plan plan = plan_of(request(genre, 5));
        const double late = plan.swing * plan.swing_grid / 3;
        for (const StemPlan& stem : plan.stems) {
            for (const Note& note : stem.notes) {
                const double away = note.start - note.grid;
                EXPECT_TRUE(away >= -1e-9 && away <= late + 2e-6) << kGenres[genre] << " " << away;
                if (plan.swing == 0) {
                    EXPECT_EQ(note.start, note.grid);
                }
            }
        }
    }
}

/// A loop that is played once would lose a downbeat that had slipped before its start.
TEST(Humanize, FirstBeatStaysAtTheBeginning) {
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
            const Plan plan = plan_of(with(request(genre, seed), "humanize", 1.0));
            for (const StemPlan& stem : plan.stems) {
                for (const Note& note : stem.notes) {
                    if (note.grid == 0) {
                        EXPECT_LT(note.start, 0.25) << kGenres[genre] << seed << " " << stem.role;
                    }
                }
            }
        }
    }
}

TEST(Humanize, SameNotesWiderTimingAtMost26Milliseconds) {
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        const auto plans = sweep(genre, 6, "humanize");
        for (std::size_t i = 0; i + 1 < plans.size(); ++i) {
            EXPECT_EQ(onsets(plans[i]), onsets(plans[i + 1]));
            EXPECT_GT(deviation_ms(plans[i + 1]), deviation_ms(plans[i])) << kGenres[genre];
        }
        const Plan& most = plans.back();
        for (const StemPlan& stem : most.stems) {
            for (const Note& note : stem.notes) {
                double away = note.start - note.grid;
                away -= std::round(away / most.total_beats()) * most.total_beats();
                const double swing = most.swing * most.swing_grid / 3 * 60000 / most.tempo;
                EXPECT_LE(std::abs(away) * 60000 / most.tempo, 26 + swing)
                    << kGenres[genre] << " " << stem.role;
            }
        }
    }
}

TEST(Humanize, VelocitySpreadGrows) {
    const auto spread = [](const Plan& plan) {
        double total = 0;
        for (const StemPlan& stem : plan.stems) {
            double sum = 0, squares = 0;
            for (const Note& note : stem.notes)
                sum += note.velocity, squares += note.velocity * note.velocity;
            const double n = static_cast<double>(stem.notes.size());
            total += squares / n - sum / n * sum / n;
        }
        return total;
    };
    EXPECT_GE(rising_share("humanize", spread, true), 0.97);
}

TEST(Texture, EachAsksForAnotherTone) {
    std::map<std::string, Tone> tones;
    for (const char* texture : {"Warm", "Bright", "Gritty", "Airy", "Vintage", "Clean"}) {
        tones[texture] = plan_of(with(request(), "texture", texture)).stems[0].tone;
    }
    EXPECT_GT(tones["Warm"].warmth, tones["Clean"].warmth);
    EXPECT_GT(tones["Bright"].brightness, tones["Clean"].brightness);
    EXPECT_GT(tones["Clean"].brightness, tones["Vintage"].brightness);
    EXPECT_GT(tones["Gritty"].drive, tones["Vintage"].drive);
    EXPECT_GT(tones["Airy"].air, tones["Bright"].air);
    EXPECT_GT(tones["Vintage"].age, tones["Gritty"].age);
}

TEST(Focus, RaisesItsStemAndLowersTheOthers) {
    const Plan balanced = plan_of(request());
    for (const auto& [focus, role] :
         std::vector<std::pair<std::string, std::string>>{{"Drums", "drums"},
                                                          {"Bass", "bass"},
                                                          {"Chords", "chords"},
                                                          {"Melody", "melody"},
                                                          {"Pad", "pad"},
                                                          {"Texture", "texture"}}) {
        const Plan focused = plan_of(with(request(), "instrument_focus", focus));
        for (const StemPlan& stem : focused.stems) {
            const StemPlan& before = *stem_of(balanced, stem.role);
            if (stem.role == role) {
                EXPECT_GT(stem.level_db, before.level_db) << focus;
                EXPECT_GE(stem.notes.size(), before.notes.size()) << focus;
            } else {
                EXPECT_LT(stem.level_db, before.level_db) << focus << " " << stem.role;
            }
        }
    }
}

} // namespace
} // namespace loopmind::composer::test
