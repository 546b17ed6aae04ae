// Measures how loud every program of a SoundFont is and prints engine/instruments/program_levels.inc.
#include "engine/instruments/font_voice.h"
#include "engine/instruments/soundfont.h"
#include "engine/metering/block_loudness.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

using namespace loopmind;

namespace {

constexpr int kRate = 48000;

/// 10 log10 of K-weighted energy per second of one note at velocity 100, in tenths of dB.
int note_tenths(instruments::LoadedFont& font, int bank, int program, int key, double seconds) {
    instruments::FontPass pass(font, kRate, bank, program);
    if (!pass.valid()) return -1200;
    const auto off = static_cast<std::int64_t>(seconds * kRate / 64) * 64;
    pass.begin({{0, off, key, 100}}, 0, 1);
    metering::BlockLoudness loudness(kRate);
    const auto longest = static_cast<std::int64_t>((seconds + 3.0) * kRate);
    std::vector<float> left(4800), right(4800);
    for (std::int64_t at = 0; at < longest && !pass.finished(); at += 4800) {
        std::fill(left.begin(), left.end(), 0.0f);
        std::fill(right.begin(), right.end(), 0.0f);
        pass.add(left.data(), right.data(), 4800);
        loudness.add(left, right);
    }
    const double energy = loudness.energy() / kRate;
    if (energy <= 0) return -1200;
    return static_cast<int>(std::lround(std::max(-120.0, 10.0 * std::log10(energy) - 0.691) * 10.0));
}

} // namespace

int main(int argc, char** argv) {
    instruments::FontPool pool(argc > 1 ? argv[1] : instruments::kDefaultSoundFont);
    auto font = pool.take();
    if (!font.ok()) {
        std::fprintf(stderr, "%s\n", font.error().text().c_str());
        return 1;
    }
    std::printf("// Tenths of dB per note; printed by calibrate_soundfont, not edited by hand.\n");
    std::printf("constexpr MelodicLevels kMelodic[128] = {\n");
    for (int program = 0; program < 128; ++program) {
        constexpr int kKeys[] = {36, 60, 84};
        constexpr double kSeconds[] = {0.12, 0.5, 2.0};
        int tenths[3][3];
        for (int k = 0; k < 3; ++k) {
            for (int l = 0; l < 3; ++l)
                tenths[k][l] = note_tenths(**font, 0, program, kKeys[k], kSeconds[l]);
        }
        std::printf("    {{");
        for (int k = 0; k < 3; ++k) {
            // Outside its range a program is silent: take the nearest pitch that it plays.
            int from = k;
            for (int near : {k, k == 1 ? 0 : 1, 2 - k / 2 * 2}) {
                if (tenths[near][1] > -900) {
                    from = near;
                    break;
                }
            }
            std::printf("{%d, %d, %d}%s", tenths[from][0], tenths[from][1], tenths[from][2],
                        k < 2 ? ", " : "");
        }
        std::printf("}}, // %d\n", program);
    }
    std::printf("};\n\nconstexpr KitLevels kKits[] = {\n");
    for (int program = 0; program < 128; ++program) {
        if (!fluid_sfont_get_preset((*font)->font, 128, program)) continue;
        std::printf("    {%d,\n     {", program);
        for (int key = 27; key < 27 + 61; ++key) {
            std::printf("%d%s", note_tenths(**font, 128, program, key, 0.25), key < 87 ? ", " : "");
        }
        std::printf("}},\n");
    }
    std::printf("};\n");
    pool.give_back(std::move(*font));
    return 0;
}
