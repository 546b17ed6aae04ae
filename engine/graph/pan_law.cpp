// The four pan laws.
#include "engine/graph/pan_law.h"

#include "engine/graph/exact_math.h"

#include <algorithm>
#include <numbers>

namespace loopmind::graph {

std::optional<PanLaw> pan_law_of(std::string_view name) {
    if (name == "constant_power" || name.empty()) return PanLaw::kConstantPower;
    if (name == "constant_power_-3db") return PanLaw::kConstantPowerCut;
    if (name == "linear") return PanLaw::kLinear;
    if (name == "balance") return PanLaw::kBalance;
    return std::nullopt;
}

PanGains pan_gains(PanLaw law, double pan) {
    pan = std::clamp(pan, -1.0, 1.0);
    if (law == PanLaw::kLinear) {
        return {static_cast<float>((1.0 - pan) / 2), static_cast<float>((1.0 + pan) / 2)};
    }
    if (law == PanLaw::kBalance) {
        return {static_cast<float>(std::min(1.0, 1.0 - pan)), static_cast<float>(std::min(1.0, 1.0 + pan))};
    }
    if (law == PanLaw::kConstantPower && pan == 0) return {}; // the middle passes every bit
    const double scale = law == PanLaw::kConstantPower ? std::numbers::sqrt2 : 1.0;
    const double quarter = std::numbers::pi / 4.0;
    return {static_cast<float>(scale * exact_quarter_sine((1.0 - pan) * quarter)),
            static_cast<float>(scale * exact_quarter_sine((1.0 + pan) * quarter))};
}

} // namespace loopmind::graph
