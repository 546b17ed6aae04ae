// File names made from what people wrote: readable, portable, never leaving their folder.
#include "client/farm/file_names.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace loopmind::farm {

namespace {

constexpr int kMostCharacters = 48;

/// Length of the well-formed UTF-8 character at `at`, 0 when it is none.
std::size_t character_length(const std::string& text, std::size_t at, char32_t& character) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(at);
    const std::size_t length = first < 0x80    ? 1
                               : first >= 0xf0 ? 4
                               : first >= 0xe0 ? 3
                               : first >= 0xc2 ? 2
                                               : 0;
    if (length == 0 || first > 0xf4 || at + length > text.size()) return 0;
    character = length == 1 ? first : first & (0xffu >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xc0) != 0x80) return 0;
        character = (character << 6) | (byte(at + i) & 0x3fu);
    }
    return length;
}

bool belongs_in_a_name(char32_t c) {
    if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c < 0xc0 || c == 0xd7 || c == 0xf7) return false; // signs of Latin-1
    if (c >= 0x2000 && c <= 0x2bff) return false;         // punctuation, arrows, symbols
    if (c >= 0x3000 && c <= 0x3004) return false;         // CJK punctuation
    if (c >= 0xd800 && c <= 0xf8ff) return false;         // surrogates, private use
    return !(c >= 0xfe00 && c <= 0xfe0f) && c < 0x1f000;  // no emoji
}

} // namespace

std::string file_name_from(const std::string& text, const std::string& fallback) {
    std::string name;
    int count = 0;
    bool gap = false;
    for (std::size_t at = 0; at < text.size() && count < kMostCharacters;) {
        char32_t character = 0;
        const std::size_t length = character_length(text, at, character);
        if (length == 0 || !belongs_in_a_name(character)) {
            gap = true;
            at += std::max<std::size_t>(length, 1);
            continue;
        }
        if (gap && !name.empty()) {
            name += '-';
            if (++count >= kMostCharacters) break;
        }
        gap = false;
        if (length == 1 && character >= 'A' && character <= 'Z')
            name += static_cast<char>(character + 32);
        else
            name.append(text, at, length);
        at += length;
        ++count;
    }
    while (!name.empty() && name.back() == '-')
        name.pop_back();
    static const std::array<const char*, 4> kReserved = {"con", "prn", "aux", "nul"};
    if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end()) name += "-loop";
    return name.empty() ? fallback : name;
}

} // namespace loopmind::farm
