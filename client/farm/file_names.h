// File names made from what people wrote: readable, portable, never leaving their folder.
#pragma once

#include <string>

namespace loopmind::farm {

/// Letters and digits of `text` (also beyond ASCII) in lower case, everything else as single hyphens, at most
/// 48 characters; `fallback` when nothing is left. Never empty, never hidden, never a reserved name.
std::string file_name_from(const std::string& text, const std::string& fallback);

} // namespace loopmind::farm
