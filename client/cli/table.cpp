// Columns of text for people.
#include "client/cli/table.h"

#include "client/cli/console.h"

#include <algorithm>

namespace loopmind::cli {

std::vector<std::string> table_lines(const std::vector<std::vector<std::string>>& rows, int width) {
    std::vector<int> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()), 0);
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], display_width(row[i]));
    }
    std::vector<std::string> lines;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (i > 0) line += "  ";
            line += i + 1 < row.size() ? padded(row[i], widths[i])
                                       : shortened(row[i], std::max(8, width - display_width(line)));
        }
        while (!line.empty() && line.back() == ' ')
            line.pop_back();
        lines.push_back(std::move(line));
    }
    return lines;
}

} // namespace loopmind::cli
