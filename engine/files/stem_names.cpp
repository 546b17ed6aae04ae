// Patterns to names.
#include "engine/files/stem_names.h"

#include "engine/files/audio_format.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace loopmind::files {
namespace {

constexpr std::size_t kLongest = 180;
constexpr int kMostDigits = 9;

Error wrong(const std::string& message, const std::string& hint) {
    return {ErrorCode::kInvalidArgument, "pattern", message, hint};
}

std::string number(int value, int digits) {
    std::string text = std::to_string(value);
    return text.size() < static_cast<std::size_t>(digits)
               ? std::string(static_cast<std::size_t>(digits) - text.size(), '0') + text
               : text;
}

/// The text of a field; nullopt for a name that is none.
std::optional<std::string> field_text(std::string_view name, int digits, const StemNameFields& fields) {
    const auto known = [&](int value) { return value > 0 ? number(value, digits) : std::string(); };
    if (name == "project") return fields.project;
    if (name == "track") return fields.track;
    if (name == "group") return fields.group;
    if (name == "section") return fields.section;
    if (name == "key") return short_key(fields.key).empty() ? fields.key : short_key(fields.key);
    if (name == "bpm") return bpm_text(fields.bpm);
    if (name == "index") return number(fields.index, digits);
    if (name == "count") return known(fields.count);
    if (name == "rate") return known(fields.sample_rate);
    if (name == "bits") return known(fields.bits);
    return std::nullopt;
}

/// Length of the UTF-8 character at `at`; 0 when it is none.
std::size_t character(std::string_view text, std::size_t at) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t length = first < 0x80                    ? 1
                               : first >= 0xC2 && first < 0xE0 ? 2
                               : first >= 0xE0 && first < 0xF0 ? 3
                               : first >= 0xF0 && first < 0xF5 ? 4
                                                               : 0;
    if (length == 0 || at + length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) return 0;
    return length;
}

/// Takes out brackets with nothing in them, then doubled spaces and dashes that join nothing.
std::string tidy(std::string text) {
    const auto replace_all = [&text](const std::string& from, const std::string& to) {
        for (std::size_t at; (at = text.find(from)) != std::string::npos;)
            text.replace(at, from.size(), to);
    };
    replace_all("[ ", "[");
    replace_all(" ]", "]");
    replace_all("( ", "(");
    replace_all(" )", ")");
    replace_all("[]", "");
    replace_all("()", "");
    replace_all("  ", " ");
    replace_all("- - ", "- ");
    const auto joins_nothing = [](char c) { return c == ' ' || c == '-'; };
    while (!text.empty() && joins_nothing(text.back()))
        text.pop_back();
    text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), joins_nothing));
    return text;
}

} // namespace

std::string safe_file_name(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = character(text, at);
        const auto first = static_cast<unsigned char>(text[at]);
        const bool bad = length == 0 || first < 0x20 || first == 0x7F ||
                         std::string_view("/\\:*?\"<>|").find(text[at]) != std::string_view::npos;
        if (out.size() + std::max<std::size_t>(length, 1) > kLongest) break;
        if (bad)
            out += '_';
        else
            out += text.substr(at, length);
        at += std::max<std::size_t>(length, 1);
    }
    const auto loose = [](char c) { return c == ' ' || c == '.'; };
    while (!out.empty() && loose(out.back()))
        out.pop_back();
    out.erase(out.begin(), std::find_if_not(out.begin(), out.end(), loose));
    if (out.empty()) return "untitled";
    std::string stem = out.substr(0, out.find('.'));
    std::transform(stem.begin(), stem.end(), stem.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const bool port = stem.size() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT")) &&
                      stem[3] >= '1' && stem[3] <= '9';
    if (port || stem == "CON" || stem == "PRN" || stem == "AUX" || stem == "NUL")
        out.insert(stem.size(), "_");
    return out;
}

Result<std::string> stem_name(std::string_view pattern, const StemNameFields& fields) {
    std::string out;
    for (std::size_t at = 0; at < pattern.size();) {
        const char c = pattern[at];
        if ((c == '{' || c == '}') && at + 1 < pattern.size() && pattern[at + 1] == c) {
            out += c;
            at += 2;
            continue;
        }
        if (c == '}') return wrong("has a } without a {", "write }} for a brace");
        if (c != '{') {
            out += c;
            ++at;
            continue;
        }
        const std::size_t end = pattern.find('}', at);
        if (end == std::string_view::npos) return wrong("has a { without a }", "write {{ for a brace");
        const std::string_view inside = pattern.substr(at + 1, end - at - 1);
        const std::size_t colon = inside.find(':');
        int digits = 0;
        if (colon != std::string_view::npos) {
            const std::string_view width = inside.substr(colon + 1);
            if (width.size() != 2 || width[0] != '0' || width[1] < '1' || width[1] > '0' + kMostDigits)
                return wrong("pads {" + std::string(inside) + "} in an unknown way",
                             "write {index:02} for two digits");
            digits = width[1] - '0';
        }
        const std::optional<std::string> text = field_text(inside.substr(0, colon), digits, fields);
        if (!text)
            return wrong("names no field with {" + std::string(inside) + "}",
                         "fields are project, track, group, section, key, bpm, index, count, rate, bits");
        // A field is a text, no folder: "AC/DC" stays one name.
        out += *text;
        at = end + 1;
    }
    out = tidy(out);
    if (out.empty()) return wrong("gives an empty name", "add {track}");
    return safe_file_name(out);
}

std::string UniqueNames::take(const std::string& name) {
    const auto folded = [](std::string text) {
        std::transform(text.begin(), text.end(), text.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        return text;
    };
    std::string out = name;
    for (int n = 2; !taken_.insert(folded(out)).second; ++n)
        out = name + " (" + std::to_string(n) + ")";
    return out;
}

} // namespace loopmind::files
