// Spelling distance for hints.
#include "proto/request/nearest.h"

#include <algorithm>

namespace loopmind::request {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

namespace {
std::size_t distance(const std::string& a, const std::string& b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i)
        d[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j)
        d[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[a.size()][b.size()];
}
} // namespace

std::string nearest(std::string_view name, const std::vector<std::string>& candidates) {
    // A pasted paragraph is not a misspelt name, and the distance is quadratic.
    constexpr std::size_t kLongestName = 64;
    if (name.empty() || name.size() > kLongestName) return {};
    const std::string wanted = lower(name);
    std::string best;
    std::size_t best_distance = 0;
    for (const auto& candidate : candidates) {
        const std::size_t d = distance(wanted, lower(candidate));
        if (best.empty() || d < best_distance) {
            best = candidate;
            best_distance = d;
        }
    }
    return best_distance * 2 <= std::max(wanted.size(), best.size()) ? best : std::string();
}

std::string join(const std::vector<std::string>& items) {
    std::string out;
    for (const auto& item : items)
        out += (out.empty() ? "" : ", ") + item;
    return out;
}

} // namespace loopmind::request
