// Designs the sections at ticks where a parameter moved and runs those that do something.
#include "engine/effects/eq.h"

#include <algorithm>

namespace loopmind::effects {

namespace {

constexpr double kButterworth = 0.70710678118654752;
constexpr float kHighPassOff = 10.0f;
constexpr float kLowPassOff = 22000.0f;

constexpr ParameterInfo kInfos[] = {
    {"amount", "ratio", 0, 1, 1, "Scales the gains of all bands"},
    {"high_pass_hz", "Hz", kHighPassOff, 2000, kHighPassOff, "High-pass corner, 12 dB/octave; 10 is off",
     Scale::kLogarithmic, 10, 90},
    {"low_pass_hz", "Hz", 200, kLowPassOff, kLowPassOff, "Low-pass corner, 12 dB/octave; 22000 is off",
     Scale::kLogarithmic, 9000, 22000},
    {"band1_db", "dB", -24, 24, 0, "Low shelf gain", Scale::kLinear, -5, 5},
    {"band1_hz", "Hz", 20, 20000, 100, "Low shelf frequency", Scale::kLogarithmic, 75, 133},
    {"band1_q", "", 0.1f, 20, 0.70710678f, "Low shelf Q", Scale::kLogarithmic, 0.5f, 1},
    {"band2_db", "dB", -24, 24, 0, "Peak gain", Scale::kLinear, -5, 5},
    {"band2_hz", "Hz", 20, 20000, 200, "Peak frequency", Scale::kLogarithmic, 150, 266},
    {"band2_q", "", 0.1f, 20, 1, "Peak Q", Scale::kLogarithmic, 0.6f, 2.5f},
    {"band3_db", "dB", -24, 24, 0, "Peak gain", Scale::kLinear, -5, 5},
    {"band3_hz", "Hz", 20, 20000, 400, "Peak frequency", Scale::kLogarithmic, 300, 532},
    {"band3_q", "", 0.1f, 20, 1, "Peak Q", Scale::kLogarithmic, 0.6f, 2.5f},
    {"band4_db", "dB", -24, 24, 0, "Peak gain", Scale::kLinear, -5, 5},
    {"band4_hz", "Hz", 20, 20000, 800, "Peak frequency", Scale::kLogarithmic, 600, 1064},
    {"band4_q", "", 0.1f, 20, 1, "Peak Q", Scale::kLogarithmic, 0.6f, 2.5f},
    {"band5_db", "dB", -24, 24, 0, "Peak gain", Scale::kLinear, -5, 5},
    {"band5_hz", "Hz", 20, 20000, 1600, "Peak frequency", Scale::kLogarithmic, 1200, 2128},
    {"band5_q", "", 0.1f, 20, 1, "Peak Q", Scale::kLogarithmic, 0.6f, 2.5f},
    {"band6_db", "dB", -24, 24, 0, "Peak gain", Scale::kLinear, -5, 5},
    {"band6_hz", "Hz", 20, 20000, 3200, "Peak frequency", Scale::kLogarithmic, 2400, 4256},
    {"band6_q", "", 0.1f, 20, 1, "Peak Q", Scale::kLogarithmic, 0.6f, 2.5f},
    {"band7_db", "dB", -24, 24, 0, "Peak gain", Scale::kLinear, -5, 5},
    {"band7_hz", "Hz", 20, 20000, 6400, "Peak frequency", Scale::kLogarithmic, 4800, 8512},
    {"band7_q", "", 0.1f, 20, 1, "Peak Q", Scale::kLogarithmic, 0.6f, 2.5f},
    {"band8_db", "dB", -24, 24, 0, "High shelf gain", Scale::kLinear, -5, 5},
    {"band8_hz", "Hz", 20, 20000, 10000, "High shelf frequency", Scale::kLogarithmic, 7500, 13300},
    {"band8_q", "", 0.1f, 20, 0.70710678f, "High shelf Q", Scale::kLogarithmic, 0.5f, 1},
};

} // namespace

Eq::Eq() : Effect(kInfos) {}

template <typename Read> auto Eq::design(Read read) const -> std::array<Section, kSections> {
    using C = BiquadCoefficients;
    const double r = rate();
    auto hz = [&](int index) { return std::min<double>(read(index), 0.49 * r); };
    std::array<Section, kSections> out;
    if (read(kHighPassHz) > kHighPassOff) out[0] = {true, C::high_pass(r, hz(kHighPassHz), kButterworth)};
    for (int band = 0; band < kBands; ++band) {
        const int at = kFirstBand + 3 * band;
        const double db = static_cast<double>(read(at)) * read(kAmount);
        if (db == 0) continue;
        const double frequency = hz(at + 1);
        const double q = read(at + 2);
        out[static_cast<size_t>(band + 1)] = {true, band == 0            ? C::low_shelf(r, frequency, q, db)
                                                    : band == kBands - 1 ? C::high_shelf(r, frequency, q, db)
                                                                         : C::peak(r, frequency, q, db)};
    }
    if (read(kLowPassHz) < kLowPassOff) {
        out[kSections - 1] = {true, C::low_pass(r, hz(kLowPassHz), kButterworth)};
    }
    return out;
}

double Eq::magnitude_db(double frequency) const {
    double sum = 0;
    for (const Section& section : design([this](int index) { return target(index); })) {
        if (section.active) sum += section.coefficients.magnitude_db(rate(), frequency);
    }
    return sum;
}

void Eq::on_reset() noexcept {
    for (auto& section : sections_)
        section.reset();
    active_.fill(false);
    running_count_ = 0;
}

void Eq::on_tick(bool moved) noexcept {
    if (!moved) return;
    const auto designed = design([this](int index) { return value(index); });
    running_count_ = 0;
    for (size_t i = 0; i < designed.size(); ++i) {
        if (designed[i].active && !active_[i]) sections_[i].reset();
        active_[i] = designed[i].active;
        sections_[i].set(designed[i].coefficients);
        if (active_[i]) running_[static_cast<size_t>(running_count_++)] = &sections_[i];
    }
}

void Eq::run(float* left, float* right, int frames, int phase) noexcept {
    if (running_count_ == 0) return;
    static_assert(kMostFrames <= StereoBiquad::kLongest);
    StereoBiquad::process_cascade(running_.data(), running_count_, left, right, frames);
}

} // namespace loopmind::effects
