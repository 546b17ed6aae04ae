// Keys, modes and scale arithmetic.
#include "models/composer/scale.h"

#include <array>
#include <cstdlib>
#include <utility>

namespace loopmind::composer {
namespace {

using Steps = std::array<int, 7>;
constexpr std::array<std::pair<const char*, Steps>, 9> kModes{{
    {"major", {0, 2, 4, 5, 7, 9, 11}},
    {"minor", {0, 2, 3, 5, 7, 8, 10}},
    {"dorian", {0, 2, 3, 5, 7, 9, 10}},
    {"phrygian", {0, 1, 3, 5, 7, 8, 10}},
    {"lydian", {0, 2, 4, 6, 7, 9, 11}},
    {"mixolydian", {0, 2, 4, 5, 7, 9, 10}},
    {"locrian", {0, 1, 3, 5, 6, 8, 10}},
    {"harmonic minor", {0, 2, 3, 5, 7, 8, 11}},
    {"melodic minor", {0, 2, 3, 5, 7, 9, 11}},
}};

constexpr std::array<std::pair<const char*, int>, 17> kTonics{{
    {"C", 0},
    {"C#", 1},
    {"Db", 1},
    {"D", 2},
    {"D#", 3},
    {"Eb", 3},
    {"E", 4},
    {"F", 5},
    {"F#", 6},
    {"Gb", 6},
    {"G", 7},
    {"G#", 8},
    {"Ab", 8},
    {"A", 9},
    {"A#", 10},
    {"Bb", 10},
    {"B", 11},
}};

} // namespace

bool known_mode(const std::string& mode) {
    for (const auto& [name, steps] : kModes) {
        if (mode == name) return true;
    }
    return false;
}

std::vector<int> scale_of(int tonic, const std::string& mode) {
    for (const auto& [name, steps] : kModes) {
        if (mode != name) continue;
        std::vector<int> scale;
        for (int step : steps)
            scale.push_back((tonic + step) % 12);
        return scale;
    }
    return {};
}

std::optional<Key> parse_key(const std::string& text) {
    const auto space = text.find(' ');
    if (space == std::string::npos) return std::nullopt;
    const std::string tonic = text.substr(0, space), mode = text.substr(space + 1);
    for (const auto& [name, pitch_class] : kTonics) {
        if (tonic != name) continue;
        Key key{pitch_class, mode, scale_of(pitch_class, mode)};
        if (key.scale.empty()) return std::nullopt;
        return key;
    }
    return std::nullopt;
}

Ladder::Ladder(const Key& key) : tonic_(key.tonic) {
    for (int pitch_class : key.scale) {
        steps_.push_back((pitch_class - key.tonic + 12) % 12);
        member_[pitch_class] = true;
    }
}

int Ladder::pitch(int index) const {
    const int octave = index >= 0 ? index / 7 : -((6 - index) / 7);
    return tonic_ + 12 * octave + steps_[static_cast<std::size_t>(index - 7 * octave)];
}

int Ladder::nearest(double target) const {
    int index = static_cast<int>((target - tonic_) / 12.0 * 7.0) - 3;
    while (pitch(index + 1) - target < target - pitch(index))
        ++index;
    return index;
}

int nearest_of(const std::vector<int>& classes, double target) {
    int best = 0;
    double best_distance = 1e9;
    const int low = static_cast<int>(target) - 12;
    for (int pitch = low; pitch <= low + 25; ++pitch) {
        bool member = false;
        for (int pitch_class : classes)
            member |= Ladder::pitch_class(pitch) == pitch_class;
        const double distance = pitch > target ? pitch - target : target - pitch;
        if (member && distance < best_distance) best = pitch, best_distance = distance;
    }
    return best;
}

bool minor_sided(const Key& key) {
    return (key.scale[2] - key.scale[0] + 12) % 12 == 3;
}

std::string pitch_name(const Key& key, int pitch_class) {
    static constexpr const char* kSharp[] = {"C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"};
    static constexpr const char* kFlat[] = {"C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"};
    // Flats when the major key with the same first third (relative major) is a flat key.
    const int relative = minor_sided(key) ? (key.tonic + 3) % 12 : key.tonic;
    const bool flat = relative == 5 || relative == 10 || relative == 3 || relative == 8 || relative == 1;
    return flat ? kFlat[pitch_class] : kSharp[pitch_class];
}

} // namespace loopmind::composer
