// What the strict readers of JSON documents share: errors that name the field, values as people see them.
#pragma once

#include "proto/base/result.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace loopmind::request {

/// invalid_argument of a field.
Error invalid(std::string field, std::string message, std::string hint = {});

/// A value in an error: at most 60 characters.
std::string shown(const nlohmann::json& value);

/// Parses an object of at most `longest` bytes. Text that is no JSON is an error with line and column, a name
/// given twice at the top level one that names it; `field` names the document and `example` is the hint.
/// Levels below `depth` are left out.
Result<nlohmann::json> parse_object(std::string_view text, std::size_t longest, const std::string& field,
                                    const std::string& example, int depth = 8);

} // namespace loopmind::request
