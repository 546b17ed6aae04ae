// Builds resolved requests for the composer's tests, and asks questions about plans.
#pragma once

#include "models/composer/composer.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace loopmind::composer::test {

inline const std::vector<std::string> kGenres{"LoFi",        "Hip-Hop", "Trap",      "House",    "Techno",
                                              "Drum & Bass", "Ambient", "Pop",       "Rock",     "R&B",
                                              "Jazz",        "Funk",    "Synthwave", "Cinematic"};
inline const std::vector<double> kTempos{82, 92, 140, 124, 130, 174, 70, 110, 124, 80, 130, 104, 100, 90};
inline const std::vector<std::string> kEveryStem{"drums", "percussion", "bass",    "chords", "melody",
                                                 "pad",   "arp",        "texture", "vocals"};
inline const std::vector<double> kSteps{0, 0.25, 0.5, 0.75, 1};

inline nlohmann::json request(std::size_t genre = 0, std::uint64_t seed = 1) {
    return {{"bars", 8},
            {"complexity", 0.5},
            {"energy", 0.5},
            {"engine", "loopmind"},
            {"fx", nlohmann::json::array()},
            {"genre", kGenres[genre]},
            {"humanize", 0.0},
            {"instrument_focus", "Balanced"},
            {"key", seed % 2 ? "A minor" : "Eb major"},
            {"meter", "4/4"},
            {"mood", 0.5},
            {"print_fx", false},
            {"prompt", ""},
            {"sample_rate", 48000},
            {"schema", 1},
            {"sections", {{{"name", "Hook"}, {"bars", 8}}}},
            {"seed", seed},
            {"stems", {"drums", "bass", "chords", "melody", "pad", "texture"}},
            {"tempo", kTempos[genre]},
            {"texture", "Warm"},
            {"variations", 1},
            {"video_sync", false}};
}

inline nlohmann::json with(nlohmann::json params, const std::string& field, const nlohmann::json& value) {
    params[field] = value;
    return params;
}

inline nlohmann::json with_sections(nlohmann::json params,
                                    const std::vector<std::pair<std::string, int>>& sections) {
    int bars = 0;
    params["sections"] = nlohmann::json::array();
    for (const auto& [name, length] : sections) {
        params["sections"].push_back({{"name", name}, {"bars", length}});
        bars += length;
    }
    params["bars"] = bars;
    return params;
}

/// The first variation; a failing request shows as a plan without stems.
inline Plan plan_of(const nlohmann::json& params) {
    auto made = compose(params.dump());
    return made ? made->variations.at(0) : Plan{};
}

inline bool is_drums(const StemPlan& stem) {
    return stem.role == "drums" || stem.role == "percussion";
}

inline const StemPlan* stem_of(const Plan& plan, const std::string& role) {
    for (const StemPlan& stem : plan.stems) {
        if (stem.role == role) return &stem;
    }
    return nullptr;
}

/// Grid positions at which anything but the texture is struck.
inline std::set<long> onsets(const Plan& plan) {
    std::set<long> found;
    for (const StemPlan& stem : plan.stems) {
        if (stem.role == "texture") continue;
        for (const Note& note : stem.notes)
            found.insert(std::lround(note.grid * 960));
    }
    return found;
}

inline double off_beat_share(const Plan& plan) {
    const auto all = onsets(plan);
    const auto off = std::count_if(all.begin(), all.end(), [](long tick) { return tick % 960 != 0; });
    return static_cast<double>(off) / static_cast<double>(all.size());
}

inline double pitch_classes_per_bar(const Plan& plan) {
    std::vector<std::set<int>> bars(static_cast<std::size_t>(plan.bars));
    for (const StemPlan& stem : plan.stems) {
        if (is_drums(stem)) continue;
        for (const Note& note : stem.notes)
            bars[static_cast<std::size_t>(note.grid / plan.beats_per_bar)].insert(note.pitch % 12);
    }
    double sum = 0;
    for (const auto& bar : bars)
        sum += static_cast<double>(bar.size());
    return sum / plan.bars;
}

inline double mean_pitch(const Plan& plan) {
    double sum = 0, count = 0;
    for (const StemPlan& stem : plan.stems) {
        if (is_drums(stem) || stem.role == "texture") continue;
        for (const Note& note : stem.notes)
            sum += note.pitch, ++count;
    }
    return sum / count;
}

/// Intervals and distances of four successive melody notes.
inline std::set<std::vector<long>> ngrams(const Plan& plan) {
    std::vector<const Note*> line;
    for (const Note& note : stem_of(plan, "melody")->notes)
        line.push_back(&note);
    std::sort(line.begin(), line.end(), [](const Note* a, const Note* b) { return a->grid < b->grid; });
    std::set<std::vector<long>> grams;
    for (std::size_t i = 0; i + 3 < line.size(); ++i) {
        std::vector<long> gram;
        for (std::size_t k = i; k < i + 3; ++k) {
            gram.push_back(line[k + 1]->pitch - line[k]->pitch);
            gram.push_back(std::lround((line[k + 1]->grid - line[k]->grid) * 4));
        }
        grams.insert(gram);
    }
    return grams;
}

inline double shared(const std::set<std::vector<long>>& a, const std::set<std::vector<long>>& b) {
    const auto both = std::count_if(a.begin(), a.end(), [&](const auto& gram) { return b.count(gram) > 0; });
    return static_cast<double>(both) /
           static_cast<double>(std::max<std::size_t>(1, std::min(a.size(), b.size())));
}

} // namespace loopmind::composer::test
