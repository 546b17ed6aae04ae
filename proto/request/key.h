// Musical keys as people write them, and the canonical spelling.
#pragma once

#include "proto/base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace loopmind::request {

struct KeyName {
    std::string tonic; ///< letter with an optional # or b, e.g. "F#"
    std::string mode;  ///< canonical lower-case mode name, e.g. "harmonic minor"
    std::string text() const { return tonic + " " + mode; }
};

/// All mode names.
const std::vector<std::string>& modes();

/// Pitch class of a tonic, C = 0; -1 when it is none.
int pitch_class(std::string_view tonic);

/// Reads "A minor", "Am", "F#", "Bb maj", "D Dorian", "c harmonic minor".
/// Error field is "key".
Result<KeyName> parse_key(std::string_view text);

} // namespace loopmind::request
