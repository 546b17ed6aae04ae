// Draws one value per parameter from a generator of its own.
#include "engine/effects/presets.h"
#include "engine/effects/registry.h"

#include <cmath>

namespace loopmind::effects {

namespace {

/// Steele, Lea and Flood's SplitMix64: a good hash of 64 bits.
std::uint64_t mixed(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/// FNV-1a.
std::uint64_t hashed(std::string_view text) {
    std::uint64_t h = 0xcbf29ce484222325u;
    for (char c : text)
        h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    return h;
}

/// Uniform in 0..1, below 1.
double unit_draw(std::string_view type, std::string_view name, std::uint64_t seed) {
    const std::uint64_t bits = mixed(mixed(hashed(type) ^ seed) ^ hashed(name));
    return static_cast<double>(bits >> 11) * 0x1p-53;
}

/// The note length nearest to `beats` on a logarithmic scale, between the bounds.
double note_length(double beats, double low, double high) {
    double best = beats;
    double nearest = 1e9;
    for (int power = -5; power <= 6; ++power) {
        for (double kind : {1.0, 1.5, 2.0 / 3.0}) {
            const double length = std::ldexp(kind, power);
            if (length < low * 0.999 || length > high * 1.001) continue;
            const double distance = std::abs(std::log(length / beats));
            if (distance < nearest) {
                nearest = distance;
                best = length;
            }
        }
    }
    return best;
}

double draw(const ParameterInfo& info, double at) {
    const double low = info.random_low;
    const double high = info.random_high;
    if (info.scale == Scale::kSwitch) return low + std::floor(at * (high - low + 1.0));
    const double value =
        info.scale == Scale::kLogarithmic ? low * std::pow(high / low, at) : low + at * (high - low);
    const std::string_view unit = info.unit;
    if (unit == "beats") return note_length(value, low, high);
    if (unit == "semitones") return std::nearbyint(value);
    return value;
}

} // namespace

std::map<std::string, double> randomise(std::string_view type, std::uint64_t seed) {
    std::map<std::string, double> out;
    const auto effect = make_effect(type);
    if (!effect) return out;
    for (const ParameterInfo& info : effect->parameters()) {
        if (info.random_low < info.random_high) out[info.name] = draw(info, unit_draw(type, info.name, seed));
    }
    return out;
}

} // namespace loopmind::effects
