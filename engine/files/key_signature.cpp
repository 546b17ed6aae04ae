// Keys on the circle of fifths.
#include "engine/files/key_signature.h"

#include <array>
#include <utility>

namespace loopmind::files {
namespace {

/// Fifths between the major key on a tonic and the signature of a mode on the same tonic.
constexpr std::pair<std::string_view, int> kModes[] = {
    {"major", 0},       {"minor", -3},   {"dorian", -2},         {"phrygian", -4},      {"lydian", 1},
    {"mixolydian", -1}, {"locrian", -5}, {"harmonic minor", -3}, {"melodic minor", -3},
};

constexpr std::string_view kLetters = "FCGDAEB"; // by fifths; F is -1

} // namespace

std::optional<KeySignature> key_signature(std::string_view key) {
    const std::size_t space = key.find(' ');
    if (space == std::string_view::npos || space < 1 || space > 2) return std::nullopt;
    const std::size_t letter = kLetters.find(key[0]);
    if (letter == std::string_view::npos) return std::nullopt;
    int fifths = static_cast<int>(letter) - 1;
    if (space == 2) {
        if (key[1] != '#' && key[1] != 'b') return std::nullopt;
        fifths += key[1] == '#' ? 7 : -7;
    }
    const std::string_view mode = key.substr(space + 1);
    for (const auto& [name, offset] : kModes) {
        if (mode != name) continue;
        KeySignature signature;
        signature.tonic = ((fifths * 7) % 12 + 12) % 12;
        signature.minor = name.ends_with("minor");
        signature.sharps = fifths + offset;
        while (signature.sharps > 7)
            signature.sharps -= 12;
        while (signature.sharps < -7)
            signature.sharps += 12;
        return signature;
    }
    return std::nullopt;
}

std::string key_name(int sharps, bool minor) {
    const int fifths = sharps + (minor ? 3 : 0) + 1; // index into kLetters, F = 0
    const int letter = (fifths % 7 + 7) % 7;
    const int accidentals = (fifths - letter) / 7;
    std::string name(1, kLetters[static_cast<std::size_t>(letter)]);
    if (accidentals > 0) name += '#';
    if (accidentals < 0) name += 'b';
    return name + (minor ? " minor" : " major");
}

} // namespace loopmind::files
