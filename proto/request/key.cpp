// Reading of key names.
#include "proto/request/key.h"

#include "proto/request/catalogue.h"
#include "proto/request/nearest.h"

#include <map>

namespace loopmind::request {

const std::vector<std::string>& modes() {
    static const std::vector<std::string> list = {"major",    "minor",          "dorian",
                                                  "phrygian", "lydian",         "mixolydian",
                                                  "locrian",  "harmonic minor", "melodic minor"};
    return list;
}

int pitch_class(std::string_view tonic) {
    static const std::map<char, int> letters = {{'C', 0}, {'D', 2}, {'E', 4}, {'F', 5},
                                                {'G', 7}, {'A', 9}, {'B', 11}};
    if (tonic.empty() || tonic.size() > 2) return -1;
    const auto letter = letters.find(tonic[0]);
    if (letter == letters.end()) return -1;
    int pc = letter->second;
    if (tonic.size() == 2) {
        if (tonic[1] == '#')
            ++pc;
        else if (tonic[1] == 'b')
            --pc;
        else
            return -1;
    }
    return (pc + 12) % 12;
}

namespace {
std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

Error bad_key(std::string_view text, std::string why) {
    const std::string shown(text.substr(0, 40));
    return Error{ErrorCode::kInvalidArgument, "key", "'" + shown + "' " + why,
                 "write a tonic and a mode, e.g. 'A minor', 'F# dorian', 'Bb major'; modes: " +
                     join(modes())};
}
} // namespace

Result<KeyName> parse_key(std::string_view text) {
    std::string rest = trimmed(text);
    if (rest.empty()) return bad_key(text, "holds no key");
    std::string tonic(1, rest[0] >= 'a' && rest[0] <= 'z' ? static_cast<char>(rest[0] - 'a' + 'A') : rest[0]);
    std::size_t used = 1;
    if (rest.size() > 1 && (rest[1] == '#' || rest[1] == 'b')) {
        tonic += rest[1];
        used = 2;
    }
    if (pitch_class(tonic) < 0) return bad_key(text, "does not start with a tonic from A to G");
    const std::string tail = rest.substr(used);
    static const std::map<std::string, std::string> short_names = {{"", "major"},
                                                                   {"maj", "major"},
                                                                   {"m", "minor"},
                                                                   {"min", "minor"},
                                                                   {"aeolian", "minor"},
                                                                   {"ionian", "major"},
                                                                   {"natural minor", "minor"}};
    // "M" is major by convention although everything else ignores case.
    const std::string mode = trimmed(tail) == "M" ? "major" : lower(trimmed(tail));
    if (const auto found = short_names.find(mode); found != short_names.end())
        return KeyName{tonic, found->second};
    if (const auto found = find_name(modes(), mode)) return KeyName{tonic, *found};
    const std::string suggestion = nearest(mode, modes());
    return bad_key(text, suggestion.empty()
                             ? "names no known mode"
                             : "names no known mode; did you mean '" + tonic + " " + suggestion + "'?");
}

} // namespace loopmind::request
