// How a pan position becomes two gains.
#pragma once

#include <optional>
#include <string_view>

namespace loopmind::graph {

enum class PanLaw {
    kConstantPower,    ///< unity in the middle, +3 dB at the sides
    kConstantPowerCut, ///< "constant_power_-3db": -3 dB in the middle, unity at the sides
    kLinear,           ///< -6 dB in the middle, unity at the sides; the two gains add up to 1
    kBalance,          ///< unity in the middle and on the near side, the far side falls in a straight line
};

struct PanGains {
    float left = 1;
    float right = 1;
};

/// The law that a session names; nullopt for a name we do not know.
std::optional<PanLaw> pan_law_of(std::string_view name);

/// Gains at `pan` -1 (left) .. 1 (right). Constant power is cos and sin of (pan + 1) pi / 4.
PanGains pan_gains(PanLaw law, double pan);

} // namespace loopmind::graph
