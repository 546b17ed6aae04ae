// Tempo and meter over time: between beats, seconds and bars. JUCE-free.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace loopmind::session {

/// A change of tempo. Of several on one beat the last holds from there on, so a ramp can end in a jump.
struct TempoPoint {
    double start = 0;   ///< quarter-note beats, >= 0
    double tempo = 120; ///< quarter notes per minute, 1..999
    bool ramp = false;  ///< moves to the next point, linear in beats; the last point never ramps

    bool operator==(const TempoPoint&) const = default;
};

/// Beats to seconds and back. Immutable, thread-safe to read; lookups are logarithmic and real-time safe.
class TempoMap {
  public:
    /// `tempo` holds from 0 to the first point. `points` ascend by start.
    explicit TempoMap(double tempo = 120, std::vector<TempoPoint> points = {});

    /// Integral of 60 / tempo from 0. Over a ramp of L beats from b0 to b1 that is 60 L / (b1 - b0) *
    /// ln(b1 / b0). Before 0 the first tempo goes on.
    double seconds_at(double beats) const noexcept;
    double beats_at(double seconds) const noexcept;
    double tempo_at(double beats) const noexcept;
    /// Whether one tempo holds everywhere.
    bool constant() const { return pieces_.size() == 1; }

  private:
    struct Piece {
        double start = 0, seconds = 0, tempo = 120;
        double slope = 0; ///< change of tempo for each beat
    };
    std::vector<Piece> pieces_; ///< the first starts at 0
};

/// A change of meter; begins a bar wherever it stands.
struct MeterPoint {
    double start = 0; ///< quarter-note beats, >= 0
    std::string meter = "4/4";

    bool operator==(const MeterPoint&) const = default;
};

/// Whether a text is a meter of 1..32 beats of a whole, half, quarter, eighth or sixteenth note: "4/4".
bool is_meter(std::string_view text);

/// Quarter-note beats in a bar: 4 for "4/4", 3 for "3/4" and "6/8"; 4 for what is no meter.
double beats_per_bar(const std::string& meter);

/// A place counted in bars.
struct BarPosition {
    int bar = 0;     ///< from 0
    double beat = 0; ///< quarter-note beats into the bar
};

/// Bars over time. Immutable. A change inside a bar cuts that bar short.
class MeterMap {
  public:
    /// `meter` holds from 0 to the first point. `points` ascend by start.
    explicit MeterMap(const std::string& meter = "4/4", std::vector<MeterPoint> points = {});

    double bar_start(int bar) const noexcept;          ///< beats at which bar 0, 1, ... begins
    BarPosition position(double beats) const noexcept; ///< of beats >= 0
    const std::string& meter_at(double beats) const noexcept;

  private:
    struct Piece {
        double start = 0, per_bar = 4;
        int bar = 0; ///< number of the bar that begins here
        std::string meter;
    };
    const Piece& piece_at(double beats) const noexcept;
    std::vector<Piece> pieces_;
};

} // namespace loopmind::session
