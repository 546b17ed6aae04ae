// Plays General MIDI stems with FluidSynth and a SoundFont: streamed, loop-wrapped, the same bytes every
// time.
#pragma once

#include "proto/base/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace loopmind::instruments {

/// One note of a part.
struct PartNote {
    double start = 0;   ///< beats from the loop's start; taken modulo the loop
    double length = 0;  ///< beats, > 0; may ring past the end, then it wraps
    int pitch = 60;     ///< MIDI 0..127
    int velocity = 100; ///< MIDI 1..127
};

/// Tone shaping after the instrument. All 0..1; the defaults leave the sound as it is.
struct PartTone {
    double brightness = 0.5; ///< 0 dark .. 1 bright: tilt of +-9 dB above 3 kHz
    double warmth = 0;       ///< up to +3 dB at 220 Hz and a little saturation
    double drive = 0;        ///< oversampled saturation
    double air = 0;          ///< up to +5 dB at 12 kHz
    double age = 0;          ///< wow and a narrower band
    double punch = 0.5;      ///< transients against sustain, up to +-6 dB
};

/// One stem: who plays what, how loud and where.
struct Part {
    int bank = 0;          ///< 0 melodic, 128 drum kits
    int program = 0;       ///< General MIDI 0..127
    double tempo = 120;    ///< quarter notes per minute
    double level_db = -18; ///< about the integrated loudness in LUFS (see SoundFont::render)
    double pan = 0;        ///< -1 left .. 1 right, constant power
    double width = 1;      ///< 0 mono .. 1 as recorded .. 2
    PartTone tone;
    std::vector<PartNote> notes;
};

struct PartOptions {
    int sample_rate = 48000;       ///< Hz, 8000..96000
    std::int64_t total_frames = 0; ///< exact length of the loop
};

/// Receives final samples in order: both spans hold the same number of frames, from `first_frame` on.
/// Return false to cancel.
using PartSink =
    std::function<bool(std::int64_t first_frame, std::span<const float> left, std::span<const float> right)>;

/// Where Debian's fluid-soundfont-gm puts its font.
inline constexpr const char* kDefaultSoundFont = "/usr/share/sounds/sf2/FluidR3_GM.sf2";

/// A loaded SoundFont. Loading takes some 20 ms, the samples of a program are read at its first use and stay
/// in memory; each render gets a fresh synthesiser (0.3 ms) on a loaded font, so equal parts give equal
/// bytes. render() is thread-safe; renders that run at the same time use a loaded font each.
class SoundFont {
  public:
    /// Errors: not_found (names the file and the package to install), data_corrupt.
    static Result<std::shared_ptr<SoundFont>> load(const std::string& path = kDefaultSoundFont);
    virtual ~SoundFont() = default;

    /// Streams exactly `total_frames` frames, the first 0.25 s as a segment of its own, then seconds.
    /// Notes start on steps of 64 frames from the loop's start, at most 0.7 ms from where they are written at
    /// 48 kHz. Notes near the end ring on into the start; nothing that was sent changes.
    /// The level is set from the notes and a table of how loud each program is, never from the audio; a
    /// limiting curve acts above -1 dBFS only, and no sample passes +-1. Errors: invalid_argument (bank and
    /// program not in the font, ranges), cancelled, resource_exhausted.
    virtual Status render(const Part& part, const PartOptions& options, const PartSink& sink) = 0;
    /// True when the font has the program.
    virtual bool has_program(int bank, int program) = 0;
    /// Reads a program's samples now, so that its first render is quick.
    virtual Status warm(int bank, int program) = 0;
    /// FluidSynth version, SHA-free identity of the font (size) and version of this code; part of recipes.
    virtual std::string fingerprint() const = 0;
};

} // namespace loopmind::instruments
