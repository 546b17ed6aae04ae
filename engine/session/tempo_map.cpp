// Exact integrals over constant and ramped tempi; bars counted through changes of meter.
#include "engine/session/tempo_map.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace loopmind::session {
namespace {

constexpr double kTiny = 1e-9; // beats; below this a bar line and a change stand on one beat

/// ln(1 + u) / u and (e^v - 1) / v, 1 at 0: ramps that hardly move lose no digits.
double log_ratio(double u) {
    return u == 0 ? 1 : std::log1p(u) / u;
}
double exp_ratio(double v) {
    return v == 0 ? 1 : std::expm1(v) / v;
}

} // namespace

TempoMap::TempoMap(double tempo, std::vector<TempoPoint> points) {
    pieces_.push_back({0, 0, tempo, 0});
    for (std::size_t i = 0; i < points.size(); ++i) {
        Piece piece{std::max(0.0, points[i].start), 0, points[i].tempo, 0};
        if (points[i].ramp && i + 1 < points.size() && points[i + 1].start > piece.start)
            piece.slope = (points[i + 1].tempo - piece.tempo) / (points[i + 1].start - piece.start);
        if (piece.start <= pieces_.back().start) {
            piece.seconds = pieces_.back().seconds;
            pieces_.back() = piece;
        } else {
            piece.seconds = seconds_at(piece.start);
            pieces_.push_back(piece);
        }
    }
}

double TempoMap::seconds_at(double beats) const noexcept {
    const auto after = std::upper_bound(pieces_.begin(), pieces_.end(), beats,
                                        [](double at, const Piece& piece) { return at < piece.start; });
    const Piece& piece = after == pieces_.begin() ? pieces_.front() : *(after - 1);
    if (beats < 0 || piece.slope == 0) return piece.seconds + (beats - piece.start) * 60.0 / piece.tempo;
    const double along = beats - piece.start;
    return piece.seconds + along * 60.0 / piece.tempo * log_ratio(piece.slope * along / piece.tempo);
}

double TempoMap::beats_at(double seconds) const noexcept {
    const auto after = std::upper_bound(pieces_.begin(), pieces_.end(), seconds,
                                        [](double at, const Piece& piece) { return at < piece.seconds; });
    const Piece& piece = after == pieces_.begin() ? pieces_.front() : *(after - 1);
    const double along = seconds - piece.seconds;
    if (seconds < 0 || piece.slope == 0) return piece.start + along * piece.tempo / 60.0;
    return piece.start + along * piece.tempo / 60.0 * exp_ratio(piece.slope * along / 60.0);
}

double TempoMap::tempo_at(double beats) const noexcept {
    const auto after = std::upper_bound(pieces_.begin(), pieces_.end(), beats,
                                        [](double at, const Piece& piece) { return at < piece.start; });
    if (after == pieces_.begin()) return pieces_.front().tempo;
    const Piece& piece = *(after - 1);
    return piece.tempo + piece.slope * (beats - piece.start);
}

bool is_meter(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return false;
    int top = 0, bottom = 0;
    const auto whole = [](std::string_view part, int& out) {
        const auto [end, code] = std::from_chars(part.data(), part.data() + part.size(), out);
        return code == std::errc() && end == part.data() + part.size();
    };
    if (!whole(text.substr(0, slash), top) || !whole(text.substr(slash + 1), bottom)) return false;
    return top >= 1 && top <= 32 &&
           (bottom == 1 || bottom == 2 || bottom == 4 || bottom == 8 || bottom == 16);
}

double beats_per_bar(const std::string& meter) {
    int top = 0, bottom = 0;
    const char* end = meter.data() + meter.size();
    const auto [slash, read] = std::from_chars(meter.data(), end, top);
    if (read != std::errc() || slash == end || *slash != '/') return 4;
    std::from_chars(slash + 1, end, bottom);
    return top > 0 && bottom > 0 ? top * 4.0 / bottom : 4;
}

MeterMap::MeterMap(const std::string& meter, std::vector<MeterPoint> points) {
    pieces_.push_back({0, beats_per_bar(meter), 0, meter});
    for (const MeterPoint& point : points) {
        Piece piece{std::max(0.0, point.start), beats_per_bar(point.meter), 0, point.meter};
        const Piece& last = pieces_.back();
        if (piece.start <= last.start + kTiny) {
            piece.start = last.start;
            piece.bar = last.bar;
            pieces_.back() = piece;
            continue;
        }
        piece.bar = last.bar + static_cast<int>(std::ceil((piece.start - last.start) / last.per_bar - kTiny));
        pieces_.push_back(piece);
    }
}

const MeterMap::Piece& MeterMap::piece_at(double beats) const noexcept {
    const auto after = std::upper_bound(pieces_.begin(), pieces_.end(), beats,
                                        [](double at, const Piece& piece) { return at < piece.start; });
    return after == pieces_.begin() ? pieces_.front() : *(after - 1);
}

double MeterMap::bar_start(int bar) const noexcept {
    const auto after = std::upper_bound(pieces_.begin(), pieces_.end(), bar,
                                        [](int at, const Piece& piece) { return at < piece.bar; });
    const Piece& piece = after == pieces_.begin() ? pieces_.front() : *(after - 1);
    return piece.start + (bar - piece.bar) * piece.per_bar;
}

BarPosition MeterMap::position(double beats) const noexcept {
    const Piece& piece = piece_at(beats);
    const int bars = static_cast<int>(std::floor((beats - piece.start) / piece.per_bar + kTiny));
    return {piece.bar + bars, std::max(0.0, beats - piece.start - bars * piece.per_bar)};
}

const std::string& MeterMap::meter_at(double beats) const noexcept {
    return piece_at(beats).meter;
}

} // namespace loopmind::session
