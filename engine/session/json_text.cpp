// The recursive-descent reader behind json_text.h; depth and value counts are limited before anything is
// kept.
#include "engine/session/json_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace loopmind::session {
namespace {

/// Length of the valid UTF-8 sequence at `at`, or 0.
std::size_t utf8_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(at);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || at + length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) return 0;
    }
    const unsigned char second = byte(at + 1);
    if (first == 0xE0 && second < 0xA0) return 0; // overlong
    if (first == 0xED && second > 0x9F) return 0; // surrogate
    if (first == 0xF0 && second < 0x90) return 0; // overlong
    if (first == 0xF4 && second > 0x8F) return 0; // above U+10FFFF
    return length;
}

void append_utf8(std::string& out, std::uint32_t code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | (code >> 6));
        out += static_cast<char>(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0 | (code >> 12));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | (code >> 18));
        out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (code & 0x3F));
    }
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::uint32_t four_hex(std::string_view raw, std::size_t at) {
    std::uint32_t code = 0;
    for (std::size_t i = 0; i < 4; ++i)
        code = code * 16 + static_cast<std::uint32_t>(hex_digit(raw[at + i]));
    return code;
}

/// Decodes a JSON string whose grammar was checked; nullopt for NUL and lone surrogates.
std::optional<std::string> decode(std::string_view raw) {
    std::string out;
    out.reserve(raw.size());
    const std::size_t end = raw.size() - 1;
    for (std::size_t i = 1; i < end; ++i) {
        if (raw[i] != '\\') {
            out += raw[i];
            continue;
        }
        switch (raw[++i]) {
        case 'b':
            out += '\b';
            break;
        case 'f':
            out += '\f';
            break;
        case 'n':
            out += '\n';
            break;
        case 'r':
            out += '\r';
            break;
        case 't':
            out += '\t';
            break;
        case 'u': {
            std::uint32_t code = four_hex(raw, i + 1);
            i += 4;
            if (code >= 0xD800 && code < 0xDC00 && i + 6 < end && raw[i + 1] == '\\' && raw[i + 2] == 'u') {
                const std::uint32_t low = four_hex(raw, i + 3);
                if (low < 0xDC00 || low > 0xDFFF) return std::nullopt;
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                i += 6;
            }
            if (code == 0 || (code >= 0xD800 && code <= 0xDFFF)) return std::nullopt;
            append_utf8(out, code);
            break;
        }
        default:
            out += raw[i];
        }
    }
    return out;
}

class Parser {
  public:
    Parser(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

    Result<JsonValue> parse() {
        if (text_.size() > limits_.max_bytes) return fail("is larger than this program reads");
        if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
        JsonValue value;
        skip_space();
        if (!read(value, 0)) return *error_;
        skip_space();
        if (at_ != text_.size()) return fail("more text follows the end of the JSON value");
        return value;
    }

  private:
    Error fail(const std::string& message) {
        std::size_t line = 1, start = 0;
        const std::size_t at = std::min(at_, text_.size());
        for (std::size_t i = 0; i < at; ++i) {
            if (text_[i] == '\n') {
                ++line;
                start = i + 1;
            }
        }
        return {ErrorCode::kDataCorrupt,
                "line " + std::to_string(line) + ", column " + std::to_string(at - start + 1), message,
                "the text must be valid JSON"};
    }

    bool stop(const std::string& message) {
        if (!error_) error_ = fail(message);
        return false;
    }

    void skip_space() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return;
            ++at_;
        }
    }

    bool literal(std::string_view word) {
        if (text_.substr(at_, word.size()) != word) return stop("a value was expected here");
        at_ += word.size();
        return true;
    }

    bool read(JsonValue& value, int depth) {
        if (depth >= limits_.max_depth) return stop("is nested too deeply");
        if (++count_ > limits_.max_values) return stop("holds too many values");
        if (at_ >= text_.size()) return stop("the text ends where a value was expected");
        const std::size_t begin = at_;
        bool good = false;
        switch (text_[at_]) {
        case '{':
            good = read_object(value, depth);
            break;
        case '[':
            good = read_array(value, depth);
            break;
        case '"':
            value.kind = JsonValue::Kind::kString;
            good = read_string();
            break;
        case 't':
            value.kind = JsonValue::Kind::kBool;
            value.boolean = true;
            good = literal("true");
            break;
        case 'f':
            value.kind = JsonValue::Kind::kBool;
            good = literal("false");
            break;
        case 'n':
            good = literal("null");
            break;
        default:
            value.kind = JsonValue::Kind::kNumber;
            good = read_number();
        }
        value.raw = text_.substr(begin, at_ - begin);
        return good;
    }

    bool read_string() {
        ++at_;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"') {
                ++at_;
                return true;
            }
            if (static_cast<unsigned char>(c) < 0x20)
                return stop("a control character stands unescaped in a string");
            if (c == '\\') {
                if (!read_escape()) return false;
                continue;
            }
            const std::size_t length = utf8_length(text_, at_);
            if (length == 0) return stop("the bytes are not UTF-8");
            at_ += length;
        }
        return stop("the text ends inside a string");
    }

    bool read_escape() {
        ++at_;
        if (at_ >= text_.size()) return stop("the text ends inside a string");
        const char c = text_[at_];
        if (c == 'u') {
            for (std::size_t i = 1; i <= 4; ++i) {
                if (at_ + i >= text_.size() || hex_digit(text_[at_ + i]) < 0)
                    return stop("\\u must be followed by four hexadecimal digits");
            }
            at_ += 5;
            return true;
        }
        if (std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos)
            return stop("unknown escape in a string");
        ++at_;
        return true;
    }

    bool digits() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9')
            ++at_;
        return at_ > begin;
    }

    bool read_number() {
        if (text_[at_] == '-') ++at_;
        const std::size_t first = at_;
        if (!digits()) return stop("a value was expected here");
        if (text_[first] == '0' && at_ - first > 1) return stop("a number must not start with 0");
        if (at_ < text_.size() && text_[at_] == '.') {
            ++at_;
            if (!digits()) return stop("a digit must follow the decimal point");
        }
        if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
            ++at_;
            if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
            if (!digits()) return stop("a digit must follow the exponent");
        }
        return true;
    }

    bool read_array(JsonValue& value, int depth) {
        value.kind = JsonValue::Kind::kArray;
        ++at_;
        skip_space();
        if (at_ < text_.size() && text_[at_] == ']') {
            ++at_;
            return true;
        }
        while (true) {
            skip_space();
            if (!read(value.items.emplace_back(), depth + 1)) return false;
            skip_space();
            if (at_ >= text_.size()) return stop("the text ends inside an array");
            const char c = text_[at_];
            if (c != ',' && c != ']') return stop("',' or ']' was expected here");
            ++at_;
            if (c == ']') return true;
        }
    }

    bool read_object(JsonValue& value, int depth) {
        value.kind = JsonValue::Kind::kObject;
        ++at_;
        skip_space();
        if (at_ < text_.size() && text_[at_] == '}') {
            ++at_;
            return true;
        }
        while (true) {
            skip_space();
            if (at_ >= text_.size()) return stop("the text ends inside an object");
            if (text_[at_] != '"') return stop("a field name in double quotes was expected here");
            const std::size_t begin = at_;
            if (!read_string()) return false;
            JsonValue::Member& member = value.members.emplace_back();
            member.raw_name = text_.substr(begin, at_ - begin);
            member.name = decode(member.raw_name).value_or(std::string(member.raw_name));
            skip_space();
            if (at_ >= text_.size() || text_[at_] != ':') return stop("':' was expected here");
            ++at_;
            skip_space();
            if (!read(member.value, depth + 1)) return false;
            skip_space();
            if (at_ >= text_.size()) return stop("the text ends inside an object");
            const char c = text_[at_];
            if (c != ',' && c != '}') return stop("',' or '}' was expected here");
            ++at_;
            if (c == '}') return true;
        }
    }

    std::string_view text_;
    JsonLimits limits_;
    std::size_t at_ = 0;
    std::size_t count_ = 0;
    std::optional<Error> error_;
};

} // namespace

std::optional<std::string> JsonValue::string() const {
    return kind == Kind::kString ? decode(raw) : std::nullopt;
}

std::optional<double> JsonValue::number() const {
    double value = 0;
    if (kind != Kind::kNumber) return std::nullopt;
    const auto [end, code] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
    if (code != std::errc() || end != raw.data() + raw.size() || !std::isfinite(value)) return std::nullopt;
    return value;
}

const JsonValue* JsonValue::find(std::string_view key) const {
    for (const Member& member : members) {
        if (member.name == key) return &member.value;
    }
    return nullptr;
}

Result<JsonValue> parse_json(std::string_view text, const JsonLimits& limits) {
    return Parser(text, limits).parse();
}

std::string json_quote(std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string out = "\"";
    out.reserve(text.size() + 2);
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        const std::size_t length = utf8_length(text, i);
        if (length == 0) {
            out += "\xEF\xBF\xBD";
            ++i;
            continue;
        }
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out += "\\u00";
            out += kHex[(c >> 4) & 15];
            out += kHex[c & 15];
        } else {
            out.append(text.substr(i, length));
        }
        i += length;
    }
    return out + '"';
}

std::string json_number(double value) {
    if (!std::isfinite(value)) return "0";
    if (value == std::floor(value) && std::abs(value) < 9007199254740992.0)
        return std::to_string(static_cast<std::int64_t>(value));
    char buffer[40];
    const auto [end, code] = std::to_chars(buffer, buffer + sizeof buffer, value);
    return code == std::errc() ? std::string(buffer, end) : "0";
}

} // namespace loopmind::session
