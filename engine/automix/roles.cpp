// Words, programs and spectra that tell roles.
#include "engine/automix/roles.h"

#include "engine/automix/features.h"
#include "engine/session/session.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <vector>

namespace loopmind::automix {
namespace {

constexpr std::array<const char*, kRoles> kNames = {"drums",   "kick",   "snare",     "hats", "percussion",
                                                    "bass",    "chords", "melody",    "pad",  "arp",
                                                    "texture", "vocals", "lead_vocal"};

struct Word {
    const char* word;
    Role role;
};
/// In order: a "bass drum" is a kick, a "lead vocal" is a voice, a "synth bass" a bass.
constexpr Word kWords[] = {
    {"backing", Role::kVocals},   {"chop", Role::kVocals},      {"choir", Role::kVocals},
    {"kick", Role::kKick},        {"bass drum", Role::kKick},   {"bassdrum", Role::kKick},
    {"snare", Role::kSnare},      {"clap", Role::kSnare},       {"hihat", Role::kHats},
    {"hi-hat", Role::kHats},      {"hats", Role::kHats},        {"hat", Role::kHats},
    {"cymbal", Role::kHats},      {"overhead", Role::kHats},    {"vocal", Role::kLeadVocal},
    {"vox", Role::kLeadVocal},    {"voice", Role::kLeadVocal},  {"rap", Role::kLeadVocal},
    {"sing", Role::kLeadVocal},   {"perc", Role::kPercussion},  {"shaker", Role::kPercussion},
    {"conga", Role::kPercussion}, {"bongo", Role::kPercussion}, {"tambourine", Role::kPercussion},
    {"drum", Role::kDrums},       {"kit", Role::kDrums},        {"beat", Role::kDrums},
    {"break", Role::kDrums},      {"taiko", Role::kDrums},      {"bass", Role::kBass},
    {"sub", Role::kBass},         {"808", Role::kBass},         {"reese", Role::kBass},
    {"arp", Role::kArp},          {"sequence", Role::kArp},     {"pluck", Role::kArp},
    {"pad", Role::kPad},          {"strings", Role::kPad},      {"drone", Role::kPad},
    {"noise", Role::kTexture},    {"texture", Role::kTexture},  {"vinyl", Role::kTexture},
    {"crackle", Role::kTexture},  {"foley", Role::kTexture},    {"ambience", Role::kTexture},
    {"atmos", Role::kTexture},    {"rain", Role::kTexture},     {"fx", Role::kTexture},
    {"lead", Role::kMelody},      {"melody", Role::kMelody},    {"solo", Role::kMelody},
    {"sax", Role::kMelody},       {"flute", Role::kMelody},     {"trumpet", Role::kMelody},
    {"violin", Role::kMelody},    {"bell", Role::kMelody},      {"chord", Role::kChords},
    {"piano", Role::kChords},     {"keys", Role::kChords},      {"rhodes", Role::kChords},
    {"organ", Role::kChords},     {"guitar", Role::kChords},    {"stab", Role::kChords},
    {"comp", Role::kChords},
};

bool is_letter(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

/// The first word of the list that begins a word of `name`: "Rhythm" holds no "hat", "Subtle" no "sub".
std::optional<Role> role_in(const std::string& name) {
    std::string low;
    for (const char c : name)
        low += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const Word& entry : kWords) {
        const std::string_view word = entry.word;
        for (std::size_t at = low.find(word); at != std::string::npos; at = low.find(word, at + 1)) {
            const std::size_t end = at + word.size();
            const bool begins = at == 0 || !is_letter(low[at - 1]);
            // Short words stand alone, at most in the plural: "sub", "kit", "hat", "fx", "arp", "pad".
            std::size_t rest = end;
            if (rest < low.size() && low[rest] == 's') ++rest;
            const bool alone = rest >= low.size() || !is_letter(low[rest]);
            if (begins && (word.size() > 3 || alone)) return entry.role;
        }
    }
    return std::nullopt;
}

/// General MIDI families that nearly always play one role.
std::optional<Role> role_of_program(int program, int channel) {
    if (channel == 10) return Role::kDrums;
    if (program >= 32 && program <= 39) return Role::kBass;
    if (program >= 52 && program <= 54) return Role::kVocals;
    if (program >= 48 && program <= 51) return Role::kPad;
    if (program >= 56 && program <= 87) return Role::kMelody; // brass, reed, pipe, synth lead
    if (program >= 88 && program <= 95) return Role::kPad;
    if (program >= 96 && program <= 103) return Role::kTexture;
    if (program >= 112 && program <= 119) return Role::kPercussion;
    if (program >= 120) return Role::kTexture;
    if (program > 0 && program <= 31) return Role::kChords; // 0 is also what files without a program say
    return std::nullopt;
}

/// How far the signal falls between its notes: its mean over what it stays below for a fifth of the time, in
/// dB.
double gaps_db(const Features& features) {
    const std::size_t bands = features.bands(), rows = features.rows();
    std::vector<double> power(rows, 0);
    double sum = 0;
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t b = 0; b < bands; ++b)
            power[row] += features.cells[row * bands + b];
        sum += power[row];
    }
    if (!(sum > 0)) return 0;
    std::sort(power.begin(), power.end());
    return std::min(100.0,
                    10 * std::log10(sum / static_cast<double>(rows) / std::max(power[rows / 5], 1e-30)));
}

} // namespace

const char* role_name(Role role) {
    return kNames[static_cast<std::size_t>(role)];
}

std::optional<Role> role_of_name(std::string_view name) {
    for (std::size_t i = 0; i < kNames.size(); ++i)
        if (name == kNames[i]) return static_cast<Role>(i);
    return std::nullopt;
}

std::optional<RoleGuess> told_role(const session::Session& session, const session::Track& track) {
    std::vector<session::Pattern> patterns;
    for (const session::Clip& clip : track.clips())
        if (auto pattern = session.pattern(clip.pattern())) patterns.push_back(*pattern);
    if (const auto role = role_of_name(track.role())) return RoleGuess{*role, "role"};
    for (const session::Pattern& pattern : patterns)
        if (const auto role = role_of_name(pattern.role())) return RoleGuess{*role, "role"};
    if (const auto role = role_in(track.name())) return RoleGuess{*role, "name"};
    for (const session::Pattern& pattern : patterns)
        if (const auto role = role_in(pattern.name())) return RoleGuess{*role, "name"};
    for (const session::Pattern& pattern : patterns)
        if (const auto role = role_of_program(pattern.program(), pattern.midi_channel()))
            return RoleGuess{*role, "program"};
    return std::nullopt;
}

Role heard_role(const Features& features) {
    // Borders between the composer's own stems: drums leave gaps of 8 dB and more, basses of 2 to 6.
    const double gaps = gaps_db(features);
    if (band_share(features, 0, 160) > 0.6) {
        if (gaps < 7) return Role::kBass;
        return band_share(features, 1000, 20000) > 0.003 ? Role::kDrums : Role::kKick;
    }
    const double high = band_share(features, 3000, 20000);
    if (gaps > 12 && high > 0.3) return high > 0.6 ? Role::kHats : Role::kPercussion;
    if (gaps < 2) return high > 0.5 ? Role::kTexture : Role::kPad;
    return Role::kChords;
}

} // namespace loopmind::automix
