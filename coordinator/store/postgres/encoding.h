// How values become parameters of statements: text that may hold any bytes, arrays for whole batches, outputs
// as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/core/records.h"

namespace loopmind::store {

/// PostgreSQL's text holds neither zero bytes nor malformed UTF-8, ours may: those bytes become \xHH and a
/// backslash becomes two. Equal texts stay equal, different ones different. A request is never refused for
/// its bytes: an error would end the transaction of its whole batch.
std::string escape_text(std::string_view text);
/// The text that escape_text() was given.
std::string unescape_text(std::string_view text);

/// Text that is valid already and must not be escaped again: JSON, literals of arrays.
struct PlainText {
    std::string text;
};

/// The literal of an array parameter, "{...}", element by element.
class ArrayLiteral {
  public:
    void add(std::int64_t number);
    void add(std::uint64_t number) { add(static_cast<std::int64_t>(number)); }
    void add(std::uint32_t number) { add(static_cast<std::int64_t>(number)); }
    void add(int number) { add(static_cast<std::int64_t>(number)); }
    void add(bool value);
    void add(const PlainText& plain) { add_valid(plain.text); }
    void add(std::string_view text) { add_valid(escape_text(text)); }
    void add(const std::string& text) { add(std::string_view(text)); }
    std::string take();

  private:
    void add_valid(std::string_view text);
    void separate() {
        if (text_.size() > 1) text_ += ',';
    }
    std::string text_ = "{";
};

/// An array of what `value` makes of each item.
template <typename Items, typename Value> std::string array_of(const Items& items, Value&& value) {
    ArrayLiteral array;
    for (const auto& item : items)
        array.add(value(item));
    return array.take();
}

/// [[role, sha256, size], ...], by role.
std::string outputs_to_json(std::vector<core::Artifact> outputs);
std::vector<core::Artifact> outputs_from_json(std::string_view json);

} // namespace loopmind::store
