// Is it music: returning sections, melodies that differ, chords that move smoothly, genres that are told
// apart.
#include "tests/models/composer/requests.h"

#include <gtest/gtest.h>

namespace loopmind::composer::test {
namespace {

using Placed = std::set<std::tuple<long, int, int, long>>;

/// Notes of a section by their place in it.
Placed notes_in(const Plan& plan, const StemPlan& stem, const Section& section) {
    Placed found;
    const double from = section.start_bar * plan.beats_per_bar, to = from + section.bars * plan.beats_per_bar;
    for (const Note& note : stem.notes) {
        if (note.grid < from - 1e-9 || note.grid >= to - 1e-9) continue;
        found.insert({std::lround((note.grid - from) * 960), note.pitch, note.velocity,
                      std::lround((note.start - from) * 960)});
    }
    return found;
}

nlohmann::json song(std::size_t genre, std::uint64_t seed) {
    auto params = with_sections(request(genre, seed), {{"Intro", 4},
                                                       {"Verse", 8},
                                                       {"Hook", 8},
                                                       {"Verse", 8},
                                                       {"Hook", 8},
                                                       {"Bridge", 4},
                                                       {"Hook", 8},
                                                       {"Outro", 4}});
    return with(params, "stems", kEveryStem);
}

TEST(Form, ReturningMaterialIsExactOrAListedVariation) {
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        const Plan plan = plan_of(with(song(genre, 3), "humanize", 0.7));
        int exact = 0, varied = 0;
        for (std::size_t b = 0; b < plan.sections.size(); ++b) {
            for (std::size_t a = 0; a < b; ++a) {
                const Section &first = plan.sections[a], &again = plan.sections[b];
                if (first.material != again.material || first.variant != 0) continue;
                bool same = first.bars == again.bars;
                for (const StemPlan& stem : plan.stems) {
                    if (stem.role == "texture") continue;
                    Placed one = notes_in(plan, stem, first), two = notes_in(plan, stem, again);
                    // Velocity is centred over the loop and timing may wrap at its ends; pitches and places
                    // are exact.
                    const auto strip = [](const Placed& notes) {
                        std::set<std::pair<long, int>> out;
                        for (const auto& note : notes)
                            out.insert({std::get<0>(note), std::get<1>(note)});
                        return out;
                    };
                    same &= strip(one) == strip(two);
                }
                if (again.variant == 0) {
                    EXPECT_TRUE(same) << kGenres[genre] << " " << again.name;
                }
                exact += again.variant == 0;
                varied += again.variant > 0 && !same;
            }
        }
        EXPECT_GT(exact, 0);
        EXPECT_GT(varied, 0) << kGenres[genre];
    }
}

TEST(Form, HookIsDensestAndSectionsDiffer) {
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        double verses = 0, hooks = 0;
        for (std::uint64_t seed = 1; seed <= 5; ++seed) {
            const Plan plan = plan_of(song(genre, seed));
            std::vector<double> density;
            for (const Section& section : plan.sections) {
                double count = 0;
                for (const StemPlan& stem : plan.stems)
                    count += static_cast<double>(notes_in(plan, stem, section).size());
                density.push_back(count / section.bars);
            }
            EXPECT_GT(density[2], density[0]) << kGenres[genre];
            EXPECT_GT(density[2], density[7]) << kGenres[genre];
            verses += density[1];
            hooks += density[2];
            const StemPlan& melody = *stem_of(plan, "melody");
            EXPECT_NE(notes_in(plan, melody, plan.sections[1]), notes_in(plan, melody, plan.sections[2]));
        }
        EXPECT_GT(hooks, verses) << kGenres[genre];
    }
}

/// Ambient comes without drums: pad, chords and melody show the form all the same.
TEST(Form, AmbientHookIsDenserThanItsFrameWithoutDrums) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        const Plan plan = plan_of(with(song(6, seed), "stems", {"pad", "chords", "melody", "texture"}));
        ASSERT_EQ(plan.genre, "Ambient");
        const auto density = [&](const Section& section) {
            double count = 0;
            for (const StemPlan& stem : plan.stems)
                count += static_cast<double>(notes_in(plan, stem, section).size());
            return count / section.bars;
        };
        EXPECT_GT(density(plan.sections[2]), density(plan.sections[0])) << seed;
        EXPECT_GT(density(plan.sections[2]), density(plan.sections[7])) << seed;
    }
}

TEST(Melody, TwoSeedsShareLessThanHalfOfTheirPhrases) {
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        std::vector<std::set<std::vector<long>>> grams;
        for (std::uint64_t seed = 1; seed <= 12; ++seed)
            grams.push_back(ngrams(plan_of(with(request(genre, seed), "key", "A minor"))));
        for (std::size_t a = 0; a < grams.size(); ++a) {
            EXPECT_FALSE(grams[a].empty()) << kGenres[genre];
            for (std::size_t b = 0; b < a; ++b)
                EXPECT_LT(shared(grams[a], grams[b]), 0.5) << kGenres[genre];
        }
    }
}

TEST(Melody, MotifsRepeatWithinAPiece) {
    // Rhythm of a phrase unit comes back: in most pieces some two-bar rhythm is heard at least twice in eight
    // bars.
    int repeating = 0, all = 0;
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        for (std::uint64_t seed = 1; seed <= 10; ++seed, ++all) {
            std::map<std::set<long>, int> rhythms;
            std::vector<std::set<long>> bars(8);
            const Plan plan = plan_of(request(genre, seed));
            for (const Note& note : stem_of(plan, "melody")->notes) {
                bars[static_cast<std::size_t>(note.grid / 4)].insert(
                    std::lround(std::fmod(note.grid, 4.0) * 960));
            }
            for (const auto& bar : bars)
                rhythms[bar] += !bar.empty();
            repeating += std::any_of(rhythms.begin(), rhythms.end(),
                                     [](const auto& entry) { return entry.second >= 2; });
        }
    }
    EXPECT_GE(repeating, all * 9 / 10);
}

TEST(Melody, StaysInASingableRange) {
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        for (std::uint64_t seed = 1; seed <= 10; ++seed) {
            const Plan plan = plan_of(request(genre, seed));
            const auto& notes = stem_of(plan, "melody")->notes;
            const auto [low, high] = std::minmax_element(
                notes.begin(), notes.end(), [](const Note& a, const Note& b) { return a.pitch < b.pitch; });
            EXPECT_LE(high->pitch - low->pitch, 26) << kGenres[genre];
        }
    }
}

TEST(Harmony, PadVoicesMoveLittleBetweenChords) {
    // Without extensions the pad is a triad; its three voices together move less than an octave per change.
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        const Plan plan = plan_of(with(with(request(genre, 4), "complexity", 0.0), "energy", 0.0));
        std::map<double, std::vector<int>> chords;
        for (const Note& note : stem_of(plan, "pad")->notes)
            chords[note.grid].push_back(note.pitch);
        const std::vector<int>* before = nullptr;
        for (auto& [at, pitches] : chords) {
            ASSERT_GE(pitches.size(), 3u) << kGenres[genre];
            std::sort(pitches.begin(), pitches.end());
            if (before) {
                int moved = 0;
                for (std::size_t v = 0; v < 3; ++v)
                    moved += std::abs(pitches[v] - (*before)[v]);
                EXPECT_LE(moved, 14) << kGenres[genre] << " at " << at;
            }
            before = &pitches;
        }
    }
}

TEST(Harmony, BassPlaysTheRootOnMostChordChanges) {
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        int roots = 0, changes = 0;
        for (std::uint64_t seed = 1; seed <= 6; ++seed) {
            const Plan plan = plan_of(request(genre, seed));
            for (const Chord& chord : plan.chords) {
                const Note* first = nullptr;
                for (const Note& note : stem_of(plan, "bass")->notes) {
                    if (note.grid >= chord.start - 1e-9 && (!first || note.grid < first->grid)) first = &note;
                }
                if (!first || first->grid >= chord.start + chord.length) continue;
                ++changes;
                roots += first->pitch % 12 == chord.root;
            }
        }
        EXPECT_GE(roots, changes * 8 / 10) << kGenres[genre];
    }
}

TEST(Harmony, VerseAndHookUseOtherProgressions) {
    int differ = 0;
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        const Plan plan = plan_of(with_sections(request(genre, 2), {{"Verse", 8}, {"Hook", 8}}));
        std::vector<int> verse, hook;
        for (const Chord& chord : plan.chords)
            (chord.start < 32 ? verse : hook).push_back(chord.root);
        differ += verse != hook;
    }
    EXPECT_GE(differ, 12);
}

TEST(Genres, AreToldApartByTheirDrumsAndRegisters) {
    // Nearest centroid on drum patterns, densities and registers, learned from one half of the seeds.
    const auto features = [](const Plan& plan) {
        std::vector<double> values(16 * 4 + 6, 0.0);
        for (const Note& note : stem_of(plan, "drums")->notes) {
            const int p = note.pitch;
            const std::size_t group = p <= 36 ? 0 : p <= 40 ? 1 : p == 42 || p == 44 || p == 46 ? 2 : 3;
            values[group * 16 + static_cast<std::size_t>(std::lround(note.grid * 4)) % 16] +=
                note.velocity / 127.0 / plan.bars;
        }
        std::size_t at = 64;
        for (const char* role : {"bass", "chords", "melody"}) {
            double pitch = 0, count = 0;
            for (const Note& note : stem_of(plan, role)->notes)
                pitch += note.pitch, ++count;
            values[at++] = pitch / count / 6;
            values[at++] = count / plan.bars / 6;
        }
        return values;
    };
    std::vector<std::vector<double>> centres;
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        std::vector<double> mean;
        for (std::uint64_t seed = 1; seed <= 6; ++seed) {
            const auto values = features(plan_of(with(request(genre, seed), "key", "A minor")));
            mean.resize(values.size());
            for (std::size_t i = 0; i < values.size(); ++i)
                mean[i] += values[i] / 6;
        }
        centres.push_back(mean);
    }
    int right = 0, all = 0;
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        for (std::uint64_t seed = 7; seed <= 12; ++seed, ++all) {
            const auto values = features(plan_of(with(request(genre, seed), "key", "A minor")));
            std::vector<double> away;
            for (const auto& centre : centres) {
                double sum = 0;
                for (std::size_t i = 0; i < centre.size(); ++i)
                    sum += (values[i] - centre[i]) * (values[i] - centre[i]);
                away.push_back(sum);
            }
            right +=
                static_cast<std::size_t>(std::min_element(away.begin(), away.end()) - away.begin()) == genre;
        }
    }
    EXPECT_GE(right, all * 8 / 10);
}

} // namespace
} // namespace loopmind::composer::test
