// The closest known name to a misspelt one, for error hints.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace loopmind::request {

/// ASCII lower case; other bytes pass unchanged.
std::string lower(std::string_view text);

/// The candidate with the smallest optimal string alignment distance (Damerau-Levenshtein without repeated
/// edits) to `name`, ignoring case; empty when even that differs in more than half of its letters.
std::string nearest(std::string_view name, const std::vector<std::string>& candidates);

/// "a, b, c" for hints.
std::string join(const std::vector<std::string>& items);

} // namespace loopmind::request
