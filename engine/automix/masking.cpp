// Excitations of all tracks, band by band, row by row.
#include "engine/automix/masking.h"

#include <algorithm>
#include <cmath>

namespace loopmind::automix {
namespace {

constexpr double kUpDbPerBark = 10, kDownDbPerBark = 25;
constexpr double kOffsetDb = 6, kEdgeDb = 6;

double bark(double hertz) {
    return 26.81 * hertz / (1960 + hertz) - 0.53;
}

/// What one band leaves in the next one above and below.
struct Spread {
    std::vector<float> up, down;
};

Spread spread_of(const std::vector<double>& centres) {
    Spread out;
    for (std::size_t i = 0; i + 1 < centres.size(); ++i) {
        const double distance = bark(centres[i + 1]) - bark(centres[i]);
        out.up.push_back(static_cast<float>(std::pow(10.0, -kUpDbPerBark * distance / 10)));
        out.down.push_back(static_cast<float>(std::pow(10.0, -kDownDbPerBark * distance / 10)));
    }
    return out;
}

void excite(const float* cells, float power_gain, const Spread& spread, std::size_t bands, float* out) {
    for (std::size_t b = 0; b < bands; ++b)
        out[b] = cells[b] * power_gain;
    float carried = 0; // from below
    for (std::size_t b = 0; b < bands; ++b) {
        const float own = cells[b] * power_gain;
        out[b] += carried;
        if (b + 1 < bands) carried = (carried + own) * spread.up[b];
    }
    carried = 0; // from above
    for (std::size_t b = bands; b-- > 0;) {
        const float own = cells[b] * power_gain;
        out[b] += carried;
        if (b > 0) carried = (carried + own) * spread.down[b - 1];
    }
}

} // namespace

std::vector<float> loudness_weights(const Features& features) {
    const std::size_t bands = features.bands(), rows = features.rows();
    std::vector<float> out(rows * bands, 0.0f);
    std::vector<double> power(rows, 0);
    double sum = 0, square = 0;
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t b = 0; b < bands; ++b)
            power[row] += features.cells[row * bands + b];
        sum += power[row];
        square += power[row] * power[row];
    }
    if (!(sum > 0)) return out;
    const double typical = square / sum; // mean row, weighted by energy: rests do not count
    double total = 0;
    for (std::size_t row = 0; row < rows; ++row) {
        if (power[row] < 1e-3 * typical) continue;
        const float* cells = features.cells.data() + row * bands;
        const float floor = 1e-4f * *std::max_element(cells, cells + bands);
        for (std::size_t b = 0; b < bands; ++b) {
            if (cells[b] < floor || cells[b] <= 0) continue;
            const double weight = std::pow(static_cast<double>(cells[b]), 0.3);
            out[row * bands + b] = static_cast<float>(weight);
            total += weight;
        }
    }
    for (float& weight : out)
        weight = static_cast<float>(weight / total);
    return out;
}

std::size_t quick_rows(const std::vector<MaskingTrack>& tracks) {
    constexpr std::size_t kCells = 4'000'000;
    std::size_t cells = 0;
    for (const MaskingTrack& track : tracks)
        cells += track.features->cells.size();
    return 1 + cells / kCells;
}

std::vector<Masked> masking(const std::vector<MaskingTrack>& tracks, std::size_t every) {
    std::vector<Masked> out(tracks.size());
    std::size_t rows = 0, bands = 0;
    for (const MaskingTrack& track : tracks) {
        rows = std::max(rows, track.features->rows());
        bands = std::max(bands, track.features->bands());
    }
    if (tracks.size() < 2 || bands == 0) return out;
    const Spread spread = spread_of(tracks.front().features->centres);
    const auto edge = static_cast<float>(std::pow(10.0, kEdgeDb / 20));
    const auto offset = static_cast<float>(std::pow(10.0, -kOffsetDb / 10));
    std::vector<float> excitation(tracks.size() * bands), total(bands);
    std::vector<std::vector<double>> coverers(tracks.size(), std::vector<double>(tracks.size(), 0));
    // Each covered cell asks every other track: the square of their number is what costs.
    const std::size_t name_every = every * (1 + tracks.size() * tracks.size() * rows * bands / 100'000'000);
    std::vector<double> seen(tracks.size(), 0), named(tracks.size(), 0);
    for (std::size_t row = 0; row < rows; row += std::max<std::size_t>(1, every)) {
        const bool naming = row % name_every == 0;
        std::fill(total.begin(), total.end(), 0.0f);
        for (std::size_t i = 0; i < tracks.size(); ++i) {
            float* mine = excitation.data() + i * bands;
            std::fill(mine, mine + bands, 0.0f);
            if (row >= tracks[i].features->rows()) continue;
            const double gain = tracks[i].gain;
            excite(tracks[i].features->cells.data() + row * bands, static_cast<float>(gain * gain), spread,
                   bands, mine);
            for (std::size_t b = 0; b < bands; ++b)
                total[b] += mine[b];
        }
        for (std::size_t i = 0; i < tracks.size(); ++i) {
            const Features& features = *tracks[i].features;
            if (row >= features.rows()) continue;
            const double gain = tracks[i].gain;
            for (std::size_t b = 0; b < bands; ++b) {
                const float weight = features.weights[row * bands + b];
                if (weight <= 0) continue;
                seen[i] += weight;
                const float own = features.cells[row * bands + b] * static_cast<float>(gain * gain);
                const float others = std::max(0.0f, total[b] - excitation[i * bands + b]) * offset;
                if (others * edge <= own) continue;
                // 0 at an edge above the threshold, 1 at an edge below it, straight in dB between.
                const float into = std::log(others * edge / std::max(own, 1e-30f)) / (2 * std::log(edge));
                const double covered = weight * std::min(1.0f, into);
                out[i].share += covered;
                if (!naming) continue;
                named[i] += covered;
                for (std::size_t j = 0; j < tracks.size(); ++j)
                    if (j != i) coverers[i][j] += covered * excitation[j * bands + b] * offset / others;
            }
        }
    }
    for (std::size_t i = 0; i < tracks.size(); ++i) {
        if (seen[i] <= 0 || out[i].share <= 0) continue;
        out[i].share = std::min(1.0, out[i].share / seen[i]);
        const auto most = std::max_element(coverers[i].begin(), coverers[i].end());
        if (*most <= 0) continue;
        out[i].by = static_cast<int>(most - coverers[i].begin());
        out[i].by_share = std::min(1.0, *most / named[i]);
    }
    return out;
}

} // namespace loopmind::automix
