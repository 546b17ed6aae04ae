// Columns of text for people.
#pragma once

#include <string>
#include <vector>

namespace loopmind::cli {

/// Lines with aligned columns; the first row is the head. The last column is cut so that no line is wider
/// than `width` columns.
std::vector<std::string> table_lines(const std::vector<std::vector<std::string>>& rows, int width);

} // namespace loopmind::cli
