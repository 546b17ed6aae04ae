// What the words of a prompt say about fields the request leaves open.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loopmind::request {

/// Fields that the words of a prompt set; everything else stays open.
struct PromptHints {
    std::optional<std::string> genre, key, meter, texture, instrument_focus;
    std::optional<double> tempo; ///< quarter notes per minute, within the allowed range
    double tempo_factor = 1;     ///< on the genre's tempo when none is named ("slow", "fast")
    std::optional<int> bars;
    double mood = 0, energy = 0, complexity = 0,
           humanize = 0;                                ///< shifts to add to the genre's default, -1..1
    std::vector<std::string> fx;                        ///< effects named
    std::vector<std::string> with_stems, without_stems; ///< stems named, and stems refused ("no drums")
};

/// Reads a prompt; never fails, unknown words say nothing. Matching is on whole words, in any case.
PromptHints read_prompt(std::string_view prompt);

} // namespace loopmind::request
