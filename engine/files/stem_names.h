// File names of exported stems from a pattern.
#pragma once

#include "proto/base/result.h"

#include <set>
#include <string>
#include <string_view>

namespace loopmind::files {

/// What a pattern may name.
struct StemNameFields {
    std::string project; ///< {project}
    std::string track;   ///< {track}
    std::string group;   ///< {group}
    std::string section; ///< {section}
    std::string key;     ///< {key}: "A minor" becomes "Am"
    double bpm = 0;      ///< {bpm}: "92.5"
    int index = 0;       ///< {index}, {index:02}: padded with zeros to two digits
    int count = 0;       ///< {count}
    int sample_rate = 0; ///< {rate}
    int bits = 0;        ///< {bits}
};

/// The pattern that is used when none is given.
inline constexpr std::string_view kDefaultStemPattern = "{project} - {index:02} {track} [{bpm} {key}]";

/// Fills a pattern in; `{{` and `}}` are braces. Fields that are empty leave nothing, and brackets that hold
/// nothing then go with the spaces and dashes around them. The result is a safe file name (safe_file_name).
/// Errors (invalid_argument, "pattern"): an unknown field, with the ones there are; a brace without its other
/// half; a pattern that gives an empty name.
Result<std::string> stem_name(std::string_view pattern, const StemNameFields& fields);

/// `text` as one file name on Linux, macOS and Windows: control characters and / \ : * ? " < > | become "_",
/// bytes that are no UTF-8 too; no space or dot at either end; names that Windows reserves (CON, NUL, COM1)
/// get a "_"; at most 180 bytes, cut at a whole character. "" gives "untitled".
std::string safe_file_name(std::string_view text);

/// Gives out each name once: a second "Kick" becomes "Kick (2)". Letters' case (ASCII) does not tell names
/// apart, as it does not on most desktops. One thread at a time.
class UniqueNames {
  public:
    std::string take(const std::string& name);

  private:
    std::set<std::string> taken_;
};

} // namespace loopmind::files
