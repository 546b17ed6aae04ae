// A strict JSON reader that keeps where each value stands in the text, so that raw source can be kept.
// JUCE-free.
#pragma once

#include "proto/base/result.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loopmind::session {

/// A JSON value and the span of text it was read from. Views point into the text given to parse_json.
struct JsonValue {
    enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };
    struct Member;

    Kind kind = Kind::kNull;
    std::string_view raw;         ///< exact source text, without surrounding space
    bool boolean = false;         ///< of kBool
    std::vector<JsonValue> items; ///< of kArray
    std::vector<Member> members;  ///< of kObject, in source order, duplicates included

    /// Decoded kString; nullopt when it holds NUL or half a surrogate pair.
    std::optional<std::string> string() const;
    /// The nearest double of a kNumber; nullopt when it is beyond double's range.
    std::optional<double> number() const;
    const JsonValue* find(std::string_view key) const; ///< first member of that decoded name, or null
};

struct JsonValue::Member {
    std::string name;          ///< decoded; raw_name where it cannot be decoded
    std::string_view raw_name; ///< with its quotes
    JsonValue value;
};

/// What a hostile text may cost.
struct JsonLimits {
    std::size_t max_bytes = std::size_t{1} << 30;
    std::size_t max_values = 4'000'000;
    int max_depth = 64;
};

/// Reads one JSON text (RFC 8259, UTF-8 checked). `text` must outlive the value. Never throws for bad input;
/// errors are data_corrupt with field "line L, column C".
Result<JsonValue> parse_json(std::string_view text, const JsonLimits& limits = {});

/// The string as a JSON string with quotes; invalid UTF-8 becomes U+FFFD.
std::string json_quote(std::string_view text);
/// Shortest text that reads back as the same double; integers without a point.
std::string json_number(double value);

} // namespace loopmind::session
