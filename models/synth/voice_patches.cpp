// The wavetable patches by family. Numbers are the sound design; trims come from the calibration of
// tests/bench/synth.
#include "models/synth/voice_patches.h"

#include <map>

namespace loopmind::synth {
namespace {

using enum WaveKind;

VoicePatch bass_sub() {
    VoicePatch p{.name = "bass.sub"};
    const Envelope amp{0.006, 0.35, 0.82, 0.07};
    p.oscillators = {{.wave = kSine, .gain = 1, .amp = amp},
                     {.wave = kTriangle, .gain = 0.35, .timbre = {2.3, 0.3, 1.2, 1.2, 0.12}, .amp = amp}};
    p.drive = 0.12;
    return p;
}

VoicePatch bass_808() {
    VoicePatch p{.name = "bass.808"};
    p.oscillators = {
        {.wave = kSine, .gain = 1, .amp = {0.0025, 0.95, 0, 0.09}},
        {.wave = kSaw, .gain = 0.16, .timbre = {2.2, 0.2, 1.5, 2.4, 0.05}, .amp = {0.0015, 0.25, 0, 0.06}}};
    p.drive = 0.38;
    p.bend_octaves = 1.0;
    p.bend_time = 0.022;
    p.attack_noise = 0.05;
    p.attack_noise_hz = 1800;
    return p;
}

VoicePatch bass_reese() {
    VoicePatch p{.name = "bass.reese"};
    const Envelope amp{0.008, 0.5, 0.9, 0.09};
    const Timbre t{3.1, 0.4, 1.0, 0.8, 0.25, 0.7, 0.21};
    p.oscillators = {
        {.wave = kSaw,
         .cents = -17,
         .gain = 0.6,
         .pan = -0.55,
         .timbre = t,
         .amp = amp,
         .random_phase = true},
        {.wave = kSaw, .cents = 1, .gain = 0.6, .pan = 0, .timbre = t, .amp = amp, .random_phase = true},
        {.wave = kSaw, .cents = 16, .gain = 0.6, .pan = 0.55, .timbre = t, .amp = amp, .random_phase = true},
        {.wave = kSine, .gain = 0.75, .amp = amp}};
    p.drive = 0.25;
    p.resonance = 1.1;
    return p;
}

VoicePatch bass_pluck() {
    VoicePatch p{.name = "bass.pluck"};
    const Envelope amp{0.002, 0.32, 0.12, 0.07};
    const Timbre t{2.2, 0.4, 1.6, 3.0, 0.085};
    p.oscillators = {{.wave = kSaw, .gain = 0.8, .timbre = t, .amp = amp},
                     {.wave = kSquare, .cents = 4, .gain = 0.4, .timbre = t, .amp = amp},
                     {.wave = kSine, .gain = 0.5, .amp = amp}};
    p.resonance = 1.3;
    p.attack_noise = 0.02;
    return p;
}

VoicePatch bass_round() {
    VoicePatch p{.name = "bass.round"};
    const Envelope amp{0.005, 0.9, 0.35, 0.08};
    p.oscillators = {
        {.wave = kString, .gain = 0.75, .shape = 0.28, .timbre = {3.2, 0.1, 3.0, 3.2, 0.22}, .amp = amp},
        {.wave = kSine, .gain = 0.8, .amp = amp}};
    p.drive = 0.15;
    p.attack_noise = 0.03;
    p.attack_noise_hz = 900;
    return p;
}

VoicePatch bass_acid() {
    VoicePatch p{.name = "bass.acid"};
    p.oscillators = {
        {.wave = kSaw, .gain = 1, .timbre = {2.6, 0.35, 2.2, 3.1, 0.16}, .amp = {0.003, 0.6, 0.55, 0.04}}};
    p.resonance = 6.0;
    p.drive = 0.35;
    return p;
}

VoicePatch bass_synthwave() {
    VoicePatch p{.name = "bass.synthwave"};
    const Envelope amp{0.003, 0.4, 0.6, 0.06};
    const Timbre t{3.0, 0.4, 1.3, 2.0, 0.18};
    p.oscillators = {
        {.wave = kSaw, .cents = -7, .gain = 0.55, .pan = -0.4, .timbre = t, .amp = amp, .random_phase = true},
        {.wave = kSaw, .cents = 7, .gain = 0.55, .pan = 0.4, .timbre = t, .amp = amp, .random_phase = true},
        {.wave = kSquare, .gain = 0.5, .timbre = t, .amp = amp},
        {.wave = kSine, .gain = 0.35, .amp = amp}};
    p.resonance = 1.2;
    p.drive = 0.18;
    return p;
}

VoicePatch lead_soft() {
    VoicePatch p{.name = "lead.soft"};
    const Envelope amp{0.022, 0.6, 0.75, 0.16};
    const Timbre t{4.4, 0.7, 1.3, 0.5, 0.3};
    p.oscillators = {
        {.wave = kTriangle, .gain = 0.9, .timbre = t, .amp = amp},
        {.wave = kSaw, .cents = 5, .gain = 0.28, .pan = 0.35, .timbre = t, .amp = amp, .random_phase = true},
        {.wave = kSaw,
         .cents = -5,
         .gain = 0.28,
         .pan = -0.35,
         .timbre = t,
         .amp = amp,
         .random_phase = true}};
    p.vibrato_cents = 9;
    p.attack_noise = 0.012;
    p.attack_noise_hz = 5000;
    return p;
}

VoicePatch lead_saw() {
    VoicePatch p{.name = "lead.saw"};
    const Envelope amp{0.006, 0.4, 0.8, 0.1};
    const Timbre t{6.2, 0.5, 1.4, 1.0, 0.25};
    p.oscillators = {
        {.wave = kSaw, .cents = -6, .gain = 0.7, .pan = -0.45, .timbre = t, .amp = amp, .random_phase = true},
        {.wave = kSaw, .cents = 6, .gain = 0.7, .pan = 0.45, .timbre = t, .amp = amp, .random_phase = true}};
    p.vibrato_cents = 8;
    p.resonance = 0.9;
    return p;
}

VoicePatch lead_square() {
    VoicePatch p{.name = "lead.square"};
    const Envelope amp{0.004, 0.4, 0.75, 0.08};
    const Timbre t{5.6, 0.5, 1.4, 0.8, 0.2};
    p.oscillators = {{.wave = kSquare, .gain = 0.8, .timbre = t, .amp = amp},
                     {.wave = kPulse,
                      .cents = 5,
                      .gain = 0.35,
                      .pan = 0.4,
                      .shape = 0.3,
                      .timbre = t,
                      .amp = amp,
                      .random_phase = true},
                     {.wave = kPulse,
                      .cents = -5,
                      .gain = 0.35,
                      .pan = -0.4,
                      .shape = 0.3,
                      .timbre = t,
                      .amp = amp,
                      .random_phase = true}};
    p.vibrato_cents = 10;
    return p;
}

VoicePatch pluck(const char* name, double decay, double filter_decay, double base, double spread) {
    VoicePatch p{.name = name};
    const Envelope amp{0.0015, decay, 0, 0.16};
    const Timbre t{base, 0.6, 1.8, 3.2, filter_decay};
    p.oscillators = {{.wave = kSaw,
                      .cents = -5,
                      .gain = 0.55,
                      .pan = -spread,
                      .timbre = t,
                      .amp = amp,
                      .random_phase = true},
                     {.wave = kSaw,
                      .cents = 5,
                      .gain = 0.55,
                      .pan = spread,
                      .timbre = t,
                      .amp = amp,
                      .random_phase = true},
                     {.wave = kSquare, .gain = 0.4, .timbre = t, .amp = amp}};
    p.resonance = 1.2;
    p.attack_noise = 0.015;
    p.attack_noise_hz = 6000;
    return p;
}

VoicePatch lead_bell() {
    VoicePatch p{.name = "lead.bell"};
    const auto partial = [](double ratio, double gain, double decay, double pan) {
        return Oscillator{.wave = kSine,
                          .ratio = ratio,
                          .gain = gain,
                          .pan = pan,
                          .amp = {0.0012, decay, 0, 0.35},
                          .random_phase = true};
    };
    p.oscillators = {partial(1, 1, 1.6, 0),           partial(2.0, 0.42, 1.1, -0.3),
                     partial(2.756, 0.3, 0.8, 0.35),  partial(4.07, 0.16, 0.5, -0.5),
                     partial(5.404, 0.13, 0.35, 0.5), partial(8.933, 0.07, 0.15, 0)};
    p.attack_noise = 0.02;
    p.attack_noise_hz = 7000;
    return p;
}

VoicePatch lead_supersaw() {
    VoicePatch p{.name = "lead.supersaw"};
    const Envelope amp{0.006, 0.5, 0.85, 0.18};
    const Timbre t{6.6, 0.5, 1.2, 0.6, 0.4};
    const double cents[] = {-24, -15, -6, 0, 7, 16, 23};
    const double pan[] = {-0.9, 0.65, -0.35, 0, 0.35, -0.65, 0.9};
    for (int i = 0; i < 7; ++i) {
        p.oscillators.push_back({.wave = kSaw,
                                 .cents = cents[i],
                                 .gain = i == 3 ? 0.55 : 0.42,
                                 .pan = pan[i],
                                 .timbre = t,
                                 .amp = amp,
                                 .random_phase = true});
    }
    p.resonance = 0.8;
    return p;
}

VoicePatch keys_epiano() {
    VoicePatch p{.name = "keys.epiano"};
    const Timbre body{0.35, -0.25, 1.5, 0.9, 0.5};
    p.oscillators = {
        {.wave = kFm,
         .cents = -2.5,
         .gain = 0.62,
         .pan = -0.45,
         .shape = 1,
         .span = 4,
         .timbre = body,
         .amp = {0.0015, 1.5, 0.1, 0.14}},
        {.wave = kFm,
         .cents = 2.5,
         .gain = 0.62,
         .pan = 0.45,
         .shape = 1,
         .span = 4,
         .timbre = body,
         .amp = {0.0015, 1.5, 0.1, 0.14},
         .random_phase = true},
        {.wave = kSine, .ratio = 4.0, .gain = 0.07, .amp = {0.001, 0.55, 0, 0.1}},
        {.wave = kSine, .ratio = 14.02, .gain = 0.05, .pan = 0.1, .amp = {0.001, 0.13, 0, 0.08}}};
    p.attack_noise = 0.02;
    p.attack_noise_hz = 1600;
    p.drive = 0.08;
    return p;
}

VoicePatch keys_organ() {
    VoicePatch p{.name = "keys.organ"};
    const Envelope amp{0.005, 0.3, 1, 0.05};
    p.oscillators = {
        {.wave = kDrawbars, .cents = -3, .gain = 0.6, .pan = -0.5, .amp = amp, .random_phase = true},
        {.wave = kDrawbars, .cents = 3, .gain = 0.6, .pan = 0.5, .amp = amp, .random_phase = true},
        {.wave = kSine, .ratio = 3, .gain = 0.16, .amp = {0.002, 0.22, 0, 0.05}}};
    p.vibrato_cents = 5;
    p.vibrato_hz = 5.9;
    p.vibrato_delay = 0.02;
    p.attack_noise = 0.015;
    p.attack_noise_hz = 2500;
    p.drive = 0.1;
    return p;
}

VoicePatch keys_pluck() {
    VoicePatch p{.name = "keys.pluck"};
    const Timbre t{1.4, 0.2, 3.0, 6.0, 0.35};
    p.oscillators = {{.wave = kString,
                      .cents = -2,
                      .gain = 0.7,
                      .pan = -0.3,
                      .shape = 0.17,
                      .timbre = t,
                      .amp = {0.001, 0.9, 0, 0.16}},
                     {.wave = kString,
                      .cents = 2,
                      .gain = 0.7,
                      .pan = 0.3,
                      .shape = 0.23,
                      .timbre = t,
                      .amp = {0.001, 1.1, 0, 0.16}}};
    p.attack_noise = 0.03;
    p.attack_noise_hz = 4500;
    return p;
}

VoicePatch arp_saw() {
    VoicePatch p{.name = "arp.saw"};
    const Envelope amp{0.003, 0.28, 0.45, 0.12};
    const Timbre t{5.0, 0.5, 1.6, 1.6, 0.14};
    p.oscillators = {
        {.wave = kSaw, .cents = -9, .gain = 0.6, .pan = -0.6, .timbre = t, .amp = amp, .random_phase = true},
        {.wave = kSaw, .cents = 9, .gain = 0.6, .pan = 0.6, .timbre = t, .amp = amp, .random_phase = true},
        {.wave = kSaw, .ratio = 0.5, .gain = 0.3, .timbre = t, .amp = amp}};
    p.resonance = 1.1;
    return p;
}

VoicePatch vox_chop() {
    VoicePatch p{.name = "vox.chop"};
    const Envelope amp{0.014, 0.45, 0.55, 0.07};
    const Timbre t{2.3, 0, 1.0, -1.9, 0.11};
    p.oscillators = {
        {.wave = kVowel,
         .cents = -6,
         .gain = 0.6,
         .pan = -0.4,
         .timbre = t,
         .amp = amp,
         .random_phase = true},
        {.wave = kVowel, .cents = 5, .gain = 0.6, .pan = 0.4, .timbre = t, .amp = amp, .random_phase = true},
        {.wave = kVowel, .cents = 0, .gain = 0.5, .timbre = t, .amp = amp}};
    p.bend_octaves = -0.12;
    p.bend_time = 0.04;
    p.vibrato_cents = 14;
    p.vibrato_hz = 5.4;
    p.attack_noise = 0.04;
    p.attack_noise_hz = 4500;
    return p;
}

/// Calibration, dB: makes level_db about the integrated loudness in LUFS of the benchmark's line for each
/// patch.
const std::map<std::string, double>& trims() {
    static const std::map<std::string, double> all = {
        {"bass.sub", 0.7},    {"bass.808", 3.9},     {"bass.reese", -0.1},    {"bass.pluck", 2.2},
        {"bass.round", -0.5}, {"bass.acid", -3.0},   {"bass.synthwave", 1.1}, {"lead.soft", -0.3},
        {"lead.saw", -1.6},   {"lead.square", -0.1}, {"lead.bell", -1.1},     {"lead.supersaw", -3.6},
        {"keys.epiano", 0.5}, {"keys.organ", -6.3},  {"keys.pluck", 0.4},     {"arp.saw", 0.2},
        {"vox.chop", 2.2},    {"lead.pluck", 2.8},   {"arp.pluck", 1.9}};
    return all;
}

} // namespace

const std::vector<VoicePatch>& voice_patches() {
    static const std::vector<VoicePatch> all = [] {
        std::vector<VoicePatch> out = {bass_sub(),
                                       bass_808(),
                                       bass_reese(),
                                       bass_pluck(),
                                       bass_round(),
                                       bass_acid(),
                                       bass_synthwave(),
                                       lead_soft(),
                                       lead_saw(),
                                       lead_square(),
                                       pluck("lead.pluck", 0.5, 0.11, 3.6, 0.35),
                                       lead_bell(),
                                       lead_supersaw(),
                                       keys_epiano(),
                                       keys_organ(),
                                       keys_pluck(),
                                       pluck("arp.pluck", 0.3, 0.07, 3.9, 0.6),
                                       arp_saw(),
                                       vox_chop()};
        for (auto& patch : out)
            patch.trim_db = trims().at(patch.name);
        return out;
    }();
    return all;
}

} // namespace loopmind::synth
