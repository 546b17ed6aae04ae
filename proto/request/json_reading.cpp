// Parsing with line and column, and values in errors.
#include "proto/request/json_reading.h"

#include <algorithm>
#include <set>

namespace loopmind::request {
namespace {

using Json = nlohmann::json;

/// Line and column, both from 1, of the byte at `offset`.
std::string position(std::string_view text, std::size_t offset) {
    std::size_t line = 1, column = 1;
    for (std::size_t i = 0; i < std::min(offset, text.size()); ++i) {
        if (text[i] == '\n') {
            ++line;
            column = 1;
        } else {
            ++column;
        }
    }
    return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

} // namespace

Error invalid(std::string field, std::string message, std::string hint) {
    return {ErrorCode::kInvalidArgument, std::move(field), std::move(message), std::move(hint)};
}

std::string shown(const Json& value) {
    std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    return text.size() > 60 ? text.substr(0, 57) + "..." : text;
}

Result<Json> parse_object(std::string_view text, std::size_t longest, const std::string& field,
                          const std::string& example, int depth) {
    if (text.size() > longest)
        return invalid(field, "the document is " + std::to_string(text.size()) + " bytes long",
                       "use at most " + std::to_string(longest));
    Json document;
    std::set<std::string> seen;
    std::string repeated;
    try {
        // Only the top level is watched for repeated names: below it the readers name what they know.
        document = Json::parse(text, [&](int level, Json::parse_event_t event, Json& value) {
            if (event == Json::parse_event_t::key && level == 1 &&
                !seen.insert(value.get<std::string>()).second)
                repeated = value.get<std::string>();
            return level < depth;
        });
    } catch (const Json::parse_error& error) {
        const std::size_t offset = error.byte > 0 ? error.byte - 1 : 0;
        std::string what = error.what();
        if (const auto colon = what.rfind(": "); colon != std::string::npos) what = what.substr(colon + 2);
        return invalid(field, "is no valid JSON at " + position(text, offset) + ": " + what, example);
    } catch (const Json::exception& error) {
        return invalid(field, std::string("cannot be read: ") + error.what());
    }
    if (!document.is_object()) return invalid(field, "is " + shown(document) + ", not an object", example);
    if (!repeated.empty()) return invalid(repeated, "is given twice", "give each field once");
    return document;
}

} // namespace loopmind::request
