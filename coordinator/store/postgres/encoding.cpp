// Text, arrays, JSON.
#include "coordinator/store/postgres/encoding.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace loopmind::store {
namespace {

// Bytes of the valid UTF-8 character at the start of `text`; 0 when it is none (RFC 3629, table 3-7 of
// Unicode).
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&text](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    const auto between = [&byte](std::size_t i, unsigned low, unsigned high) {
        return byte(i) >= low && byte(i) <= high;
    };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return between(1, 0x80, 0xbf) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        const unsigned low = first == 0xe0 ? 0xa0 : 0x80;
        const unsigned high = first == 0xed ? 0x9f : 0xbf;
        return between(1, low, high) && between(2, 0x80, 0xbf) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const unsigned low = first == 0xf0 ? 0x90 : 0x80;
        const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
        return between(1, low, high) && between(2, 0x80, 0xbf) && between(3, 0x80, 0xbf) ? 4 : 0;
    }
    return 0;
}

int hex_value(char digit) {
    return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

} // namespace

std::string escape_text(std::string_view text) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = text[0] == '\0' ? 0 : utf8_length(text);
        if (length == 0) {
            const auto byte = static_cast<unsigned char>(text[0]);
            out += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
        } else if (text[0] == '\\') {
            out += "\\\\";
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

std::string unescape_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
        } else if (text[i + 1] == 'x' && i + 3 < text.size()) {
            out += static_cast<char>(hex_value(text[i + 2]) * 16 + hex_value(text[i + 3]));
            i += 3;
        } else {
            out += text[++i];
        }
    }
    return out;
}

void ArrayLiteral::add(std::int64_t number) {
    separate();
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    text_.append(digits.data(), end);
}

void ArrayLiteral::add(bool value) {
    separate();
    text_ += value ? 't' : 'f';
}

void ArrayLiteral::add_valid(std::string_view text) {
    separate();
    text_ += '"';
    for (char c : text) {
        if (c == '"' || c == '\\') text_ += '\\';
        text_ += c;
    }
    text_ += '"';
}

std::string ArrayLiteral::take() {
    text_ += '}';
    return std::move(text_);
}

std::string outputs_to_json(std::vector<core::Artifact> outputs) {
    std::sort(outputs.begin(), outputs.end(),
              [](const core::Artifact& a, const core::Artifact& b) { return a.role < b.role; });
    auto list = nlohmann::json::array();
    for (const core::Artifact& output : outputs)
        list.push_back({escape_text(output.role), output.sha256, output.size});
    return list.dump();
}

std::vector<core::Artifact> outputs_from_json(std::string_view json) {
    std::vector<core::Artifact> outputs;
    if (json == "[]") return outputs;
    for (const auto& item : nlohmann::json::parse(json))
        outputs.push_back({unescape_text(item.at(0).get<std::string>()), item.at(1).get<std::string>(),
                           item.at(2).get<std::uint64_t>()});
    return outputs;
}

} // namespace loopmind::store
