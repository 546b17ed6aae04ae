// The spectral pads. Numbers are the sound design; trims come from the calibration of tests/bench/synth.
#include "models/synth/pad_patches.h"

namespace loopmind::synth {

const std::vector<PadPatch>& pad_patches() {
    static const std::vector<PadPatch> all = {
        {"pad.warm", PadKind::kWarm, 17, 0.45, 2.3, 4.0, 1.4, {0.18, 1.2, 0.85, 0.55}, -3.2},
        {"pad.glass", PadKind::kGlass, 9, 0.6, 3.0, 5.2, 0.9, {0.06, 1.6, 0.65, 0.9}, -6.9},
        {"pad.strings", PadKind::kStrings, 22, 0.3, 3.6, 5.4, 0.6, {0.12, 0.8, 0.9, 0.35}, -9.0},
        {"pad.dark", PadKind::kDark, 20, 0.45, 1.5, 2.8, 2.2, {0.3, 1.5, 0.9, 0.8}, -6.3},
        {"pad.choir", PadKind::kChoir, 24, 0.3, 4.0, 5.6, 0.8, {0.22, 1.0, 0.9, 0.5}, -3.6},
        {"vox.choir", PadKind::kChoir, 30, 0.35, 4.4, 6.0, 0.4, {0.09, 0.8, 0.9, 0.28}, -3.4},
        {"texture.drone", PadKind::kDrone, 12, 0.35, 2.4, 4.4, 6.0, {1.5, 4.0, 0.9, 1.5}, -4.6},
    };
    return all;
}

} // namespace loopmind::synth
