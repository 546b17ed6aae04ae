// Chunks that tell other programs what a WAV is: broadcast extension, loop, ACID tempo, INFO texts.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace loopmind::files {

/// One RIFF chunk with header and padding; `id` has four characters.
std::string riff_chunk(const char* id, const std::string& body);

/// bext of EBU Tech 3285 version 1. Texts are cut to their fields at a whole UTF-8 character; `date`
/// "yyyy-mm-dd" and `time` "hh:mm:ss" may be empty.
struct BroadcastText {
    std::string description;
    std::string originator;
    std::string originator_reference;
    std::string date;
    std::string time;
    std::string coding_history;
};
std::string bext_chunk(const BroadcastText& text);

/// smpl with one endless forward loop over frames 0 .. frames - 1.
std::string smpl_chunk(int sample_rate, std::int64_t frames, int unity_note);

/// acid: a loop (not one-shot) of so many beats; `root_note` -1 when the sound has no pitch.
std::string acid_chunk(int beats, int meter_numerator, int meter_denominator, double tempo, int root_note);

/// LIST INFO of (four-character id, text) pairs; empty texts are left out.
std::string info_chunk(const std::vector<std::pair<const char*, std::string>>& texts);

} // namespace loopmind::files
