// The measurements themselves.
#include "tests/engine/effects/measures.h"

#include "engine/effects/compressor.h"
#include "engine/effects/crossover.h"
#include "engine/effects/eq.h"
#include "engine/effects/limiter.h"
#include "engine/effects/multiband.h"
#include "engine/metering/loudness.h"

#include <array>
#include <cstdio>

namespace loopmind::effects::test {

namespace {

constexpr double kRate = 48000;

// A tone of half the rate that begins at once has no true peak: the longer the meter's filter, the more it
// reads. So it is held for common meters only.
constexpr const char* kNyquistStep = "step to +26 dB at half the rate";

double db(double amplitude) {
    return 20 * std::log10(std::max(amplitude, 1e-12));
}

double amplitude(double decibels) {
    return std::pow(10, decibels / 20);
}

template <typename... Arguments> std::string text(const char* format, Arguments... arguments) {
    char buffer[160];
    std::snprintf(buffer, sizeof buffer, format, arguments...);
    return buffer;
}

/// A level that stands: |x| is the same for every frame, the sign is not.
Stereo steady(size_t frames, double level_db) {
    Stereo out(frames);
    for (size_t i = 0; i < frames; ++i)
        out.left[i] = out.right[i] =
            static_cast<float>((i / 24) % 2 ? -amplitude(level_db) : amplitude(level_db));
    return out;
}

/// Output level of the static curve, equation 4 of the paper.
double curve_db(double x, double threshold, double ratio, double knee) {
    if (2 * (x - threshold) < -knee) return x;
    if (2 * std::abs(x - threshold) <= knee && knee > 0)
        return x + (1 / ratio - 1) * std::pow(x - threshold + knee / 2, 2) / (2 * knee);
    return threshold + (x - threshold) / ratio;
}

double bessel_i0(double x) {
    double sum = 1, term = 1;
    for (int k = 1; k < 80; ++k) {
        term *= (x / (2.0 * k)) * (x / (2.0 * k));
        sum += term;
    }
    return sum;
}

/// |H| in dB of the cookbook's analogue prototype, warped as the bilinear transform warps it.
double prototype_db(const std::string& kind, double hertz, double centre, double q, double gain_db) {
    const std::complex<double> s(0, std::tan(std::numbers::pi * hertz / kRate) /
                                        std::tan(std::numbers::pi * centre / kRate));
    const double a = std::pow(10, gain_db / 40), ra = std::sqrt(a);
    std::complex<double> h;
    if (kind == "peak") h = (s * s + s * (a / q) + 1.0) / (s * s + s / (a * q) + 1.0);
    if (kind == "low shelf") h = a * (s * s + s * (ra / q) + a) / (a * s * s + s * (ra / q) + 1.0);
    if (kind == "high shelf") h = a * (a * s * s + s * (ra / q) + 1.0) / (s * s + s * (ra / q) + a);
    if (kind == "low-pass") h = 1.0 / (s * s + s / q + 1.0);
    if (kind == "high-pass") h = s * s / (s * s + s / q + 1.0);
    return db(std::abs(h));
}

std::vector<double> probes(double low, double high, int count) {
    std::vector<double> out;
    for (int i = 0; i < count; ++i)
        out.push_back(low * std::pow(high / low, i / (count - 1.0)));
    return out;
}

} // namespace

std::vector<Figure> compressor_curve() {
    struct Setting {
        double threshold, ratio, knee;
        bool rms;
    };
    std::vector<Figure> out;
    for (const Setting& s :
         {Setting{-20, 4, 0, false}, Setting{-20, 4, 12, false}, Setting{-30, 2, 6, false},
          Setting{-12, 100, 24, false}, Setting{-40, 10, 3, false}, Setting{-20, 4, 12, true}}) {
        double worst = 0;
        for (double level = -66; level <= 12; level += 0.75) {
            Compressor compressor;
            compressor.set("threshold_db", s.threshold);
            compressor.set("ratio", s.ratio);
            compressor.set("knee_db", s.knee);
            compressor.set("attack_ms", 1);
            compressor.set("release_ms", 10);
            compressor.set("rms", s.rms);
            compressor.prepare(kRate, 512);
            const Stereo out_signal = run(compressor, steady(9600, level));
            const double expected = curve_db(level, s.threshold, s.ratio, s.knee);
            worst = std::max(worst, std::abs(db(std::abs(out_signal.left.back())) - expected));
        }
        out.push_back({text("threshold %g dB, ratio %g, knee %g dB, %s", s.threshold, s.ratio, s.knee,
                            s.rms ? "RMS" : "peak"),
                       worst, 0.01});
    }
    return out;
}

std::vector<Figure> compressor_times() {
    std::vector<Figure> out;
    struct Times {
        double attack, release;
    };
    for (const Times& t : {Times{0.5, 50}, Times{5, 100}, Times{30, 300}, Times{200, 20}}) {
        Compressor compressor;
        compressor.set("threshold_db", -30);
        compressor.set("ratio", 4);
        compressor.set("knee_db", 0);
        compressor.set("attack_ms", t.attack);
        compressor.set("release_ms", t.release);
        compressor.prepare(kRate, 512);
        const auto loud = static_cast<size_t>(kRate * 12 * t.attack / 1000),
                   quiet = static_cast<size_t>(kRate * 4 * t.release / 1000);
        Stereo in = steady(loud + quiet, -6);
        for (size_t i = loud; i < in.size(); ++i)
            in.left[i] = in.right[i] = static_cast<float>(amplitude(-50));
        const Stereo result = run(compressor, in);
        const auto reduction = [&](size_t i) { return -db(std::abs(result.left[i]) / std::abs(in.left[i])); };
        const double full = 24 * 0.75;
        const double way = 1 - std::exp(-1.0);
        // The frame of a step is the first that goes a part of the way: n frames later n + 1 have. Between
        // frames the crossing is interpolated.
        const auto crossing = [&](size_t from, double level, bool rising) {
            size_t i = from;
            while (i < result.size() && (rising ? reduction(i) < level : reduction(i) > level))
                ++i;
            const double before = i > from ? reduction(i - 1) : (rising ? 0 : full);
            const double part = (level - before) / (reduction(i) - before);
            return (static_cast<double>(i - from) + part) / kRate * 1000;
        };
        const double attack = crossing(0, full * way, true);
        const double release = crossing(loud, full * (1 - way), false);
        out.push_back({text("attack %g ms reads %.3f ms", t.attack, attack),
                       100 * std::abs(attack / t.attack - 1), 1, "%"});
        out.push_back({text("release %g ms reads %.3f ms", t.release, release),
                       100 * std::abs(release / t.release - 1), 1, "%"});
    }
    return out;
}

std::vector<Figure> eq_response() {
    struct Case {
        const char* kind;
        int band; ///< 0: a pass filter
        double hertz, q, gain;
    };
    std::vector<Figure> out;
    for (const Case& c :
         {Case{"low shelf", 1, 120, 0.7071, 9}, Case{"low shelf", 1, 300, 1.2, -12},
          Case{"peak", 2, 60, 4, 12}, Case{"peak", 3, 1000, 4, -18}, Case{"peak", 5, 5000, 1, 24},
          Case{"peak", 7, 14000, 2, 7}, Case{"high shelf", 8, 8000, 0.7071, 10},
          Case{"high shelf", 8, 3000, 0.5, -15}, Case{"high-pass", 0, 150, std::sqrt(0.5), 0},
          Case{"low-pass", 0, 4000, std::sqrt(0.5), 0}}) {
        Eq eq;
        if (c.band > 0) {
            const std::string band = "band" + std::to_string(c.band);
            eq.set(band + "_hz", c.hertz);
            eq.set(band + "_q", c.q);
            eq.set(band + "_db", c.gain);
        } else {
            eq.set(std::string(c.kind) == "high-pass" ? "high_pass_hz" : "low_pass_hz", c.hertz);
        }
        eq.prepare(kRate, 512);
        const Stereo response = run(eq, impulse(65536));
        double worst = 0;
        for (double probe : probes(20, 20000, 40)) {
            const double expected = prototype_db(c.kind, probe, c.hertz, c.q, c.gain);
            if (expected > -60)
                worst = std::max(worst, std::abs(magnitude_db(response.left, kRate, probe) - expected));
        }
        out.push_back({text("%s at %g Hz, Q %.3g, %+g dB", c.kind, c.hertz, c.q, c.gain), worst, 0.02});
    }
    return out;
}

double true_peak_r128_db(const Stereo& signal, int rate) {
    const auto read = metering::measure_loudness(signal.left, signal.right, rate);
    return read.ok() ? read->true_peak_db : 999;
}

double true_peak_16x_db(const Stereo& signal) {
    constexpr int kHalf = 64, kFactor = 16;
    static const auto kernels = [] {
        std::array<std::array<float, 2 * kHalf>, kFactor> out;
        for (int p = 0; p < kFactor; ++p) {
            double sum = 0;
            std::array<double, 2 * kHalf> taps;
            for (int k = 0; k < 2 * kHalf; ++k) {
                const double distance = static_cast<double>(p) / kFactor + (kHalf - 1) - k;
                const double x = std::numbers::pi * distance, edge = distance / kHalf;
                const double window =
                    edge * edge < 1 ? bessel_i0(9 * std::sqrt(1 - edge * edge)) / bessel_i0(9) : 0;
                taps[static_cast<size_t>(k)] = window * (distance == 0 ? 1 : std::sin(x) / x);
                sum += taps[static_cast<size_t>(k)];
            }
            for (size_t k = 0; k < taps.size(); ++k)
                out[static_cast<size_t>(p)][k] = static_cast<float>(taps[k] / sum);
        }
        return out;
    }();
    float peak = 0;
    for (const auto* channel : {&signal.left, &signal.right}) {
        std::vector<float> padded(channel->size() + 4 * kHalf, 0.0f);
        std::copy(channel->begin(), channel->end(), padded.begin() + 2 * kHalf);
        const size_t count = padded.size() - 2 * kHalf;
        std::vector<float> points(count);
        for (const auto& taps : kernels) { // taps outside, so that the inner loop runs over frames
            std::fill(points.begin(), points.end(), 0.0f);
            for (size_t k = 0; k < taps.size(); ++k) {
                const float* from = padded.data() + k;
                for (size_t i = 0; i < count; ++i)
                    points[i] += taps[k] * from[i];
            }
            for (float value : points)
                peak = std::max(peak, std::abs(value));
        }
    }
    return db(peak);
}

std::vector<std::pair<std::string, Stereo>> hostile_signals(int rate) {
    std::vector<std::pair<std::string, Stereo>> out;
    const auto frames = static_cast<size_t>(rate);
    out.emplace_back("fs/4 at 45 degrees", sine(frames, rate, rate / 4.0, 1.4, std::numbers::pi / 4));
    out.emplace_back("fs/4 at 56 degrees", sine(frames, rate, rate / 4.0, 1.4, 5 * std::numbers::pi / 16));
    out.emplace_back("fs/4 at +24 dB", sine(frames, rate, rate / 4.0, 16, std::numbers::pi / 4));
    out.emplace_back("fs/3", sine(frames, rate, rate / 3.0, 1.2, 0.3));
    out.emplace_back("fs/3 between the points", sine(frames, rate, rate / 3.0, 1.6, std::numbers::pi / 12));
    out.emplace_back("2/5 fs between the points", sine(frames, rate, 0.4 * rate, 1.6, std::numbers::pi / 10));
    out.emplace_back("near Nyquist", sine(frames, rate, 0.47 * rate, 2.0, 0.1));
    out.emplace_back("bass", sine(frames, rate, 31, 4));
    out.emplace_back("noise +20 dB", noise(frames, 10, 3));
    Stereo square(frames), bursts(frames), clicks(frames), alternating(frames), ramp(frames), step(frames),
        dc(frames);
    Stereo nyquist(frames);
    Stereo signs(frames), tone_bursts(frames);
    std::mt19937 random(5);
    for (size_t i = 0; i < frames; ++i) {
        const auto t = static_cast<double>(i);
        square.left[i] = std::sin(2 * std::numbers::pi * 441.3 * t / rate) > 0 ? 1.5f : -1.5f;
        square.right[i] = std::sin(2 * std::numbers::pi * 3011.7 * t / rate) > 0 ? 1.5f : -1.5f;
        const bool on = (i / 1200) % 2;
        bursts.left[i] = on ? ((i / 3) % 2 ? 3.0f : -3.0f) : 0.001f;
        bursts.right[i] = on ? ((i / 7) % 2 ? 5.0f : -5.0f) : 0;
        clicks.left[i] = random() % 997 == 0 ? 8.0f : 0.01f;
        clicks.right[i] = random() % 313 == 0 ? -8.0f : 0.02f;
        // Two same samples, two opposite: the largest overshoot between samples.
        alternating.left[i] = alternating.right[i] = (i / 500) % 2 ? ((i & 2) ? 0.99f : -0.99f) : 0.5f;
        ramp.left[i] = static_cast<float>(std::sin(0.9 * t) *
                                          std::pow(10, 3.0 * static_cast<double>(i % 4800) / 4800 - 1.5));
        ramp.right[i] = -ramp.left[i];
        step.left[i] = i < frames / 2 ? 0.1f : 20.0f;
        step.right[i] = static_cast<float>(std::sin(2 * std::numbers::pi * 0.45 * t)) * step.left[i];
        nyquist.left[i] = nyquist.right[i] = (i % 2 ? 1.0f : -1.0f) * step.left[i];
        dc.left[i] = (i / 700) % 2 ? 2.0f : -2.0f;
        dc.right[i] = (i / 1100) % 3 ? 1.2f : 0.0f;
        signs.left[i] = random() & 1 ? 1.0f : -1.0f; // full-scale noise of one bit
        signs.right[i] = random() & 1 ? 4.0f : -4.0f;
        const double burst = (i % 480) < 60 ? 2.0 : 0.0;
        tone_bursts.left[i] = static_cast<float>(burst * std::sin(2 * std::numbers::pi * 0.41 * t + 0.2));
        tone_bursts.right[i] = static_cast<float>(burst * std::sin(2 * std::numbers::pi * 0.32 * t + 0.7));
    }
    out.emplace_back("square waves", square);
    out.emplace_back("square bursts", bursts);
    out.emplace_back("clicks", clicks);
    out.emplace_back("alternating pairs", alternating);
    out.emplace_back("growing sine", ramp);
    out.emplace_back("step to +26 dB", step);
    out.emplace_back(kNyquistStep, nyquist);
    out.emplace_back("steps of DC", dc);
    out.emplace_back("random signs", signs);
    out.emplace_back("bursts of high tones", tone_bursts);
    return out;
}

std::vector<Figure> limiter_ceiling() {
    std::vector<Figure> out;
    for (int rate : {44100, 48000}) {
        for (const auto& [name, signal] : hostile_signals(rate)) {
            double worst_r128 = -200, worst_16x = -200;
            for (const auto& [ceiling, release] : {std::pair{-1.0, 100.0}, std::pair{-6.0, 1.0}}) {
                Limiter limiter;
                limiter.set("ceiling_db", ceiling);
                limiter.set("release_ms", release);
                limiter.prepare(rate, 512);
                Stereo padded = signal; // so that the limiter hears the end of it and lets it all out
                padded.left.resize(signal.size() + static_cast<size_t>(limiter.latency()) + 512);
                padded.right.resize(padded.left.size());
                const Stereo held = run(limiter, padded);
                worst_r128 = std::max(worst_r128, true_peak_r128_db(held, rate) - ceiling);
                worst_16x = std::max(worst_16x, true_peak_16x_db(held) - ceiling);
            }
            out.push_back({text("%s, %d Hz, libebur128", name.c_str(), rate), worst_r128, 0.0});
            if (name == kNyquistStep) continue;
            out.push_back({text("%s, %d Hz, 16 points", name.c_str(), rate), worst_16x, 0.1});
        }
    }
    return out;
}

std::vector<Figure> crossover_response() {
    std::vector<Figure> out;
    for (const auto& [bands, low, middle, high] :
         {std::tuple{3, 150.0, 2500.0, 8000.0}, std::tuple{3, 60.0, 400.0, 8000.0},
          std::tuple{4, 120.0, 1000.0, 6000.0}, std::tuple{4, 250.0, 300.0, 1000.0}}) {
        Multiband multiband;
        multiband.set("bands", bands);
        multiband.set("crossover1_hz", low);
        multiband.set("crossover2_hz", middle);
        multiband.set("crossover3_hz", high);
        for (int b = 1; b <= 4; ++b)
            multiband.set("band" + std::to_string(b) + "_ratio", 1);
        multiband.prepare(kRate, 512);
        const Stereo sum = run(multiband, impulse(32768));
        double worst = 0;
        for (double probe : probes(20, 20000, 60))
            worst = std::max(worst, std::abs(magnitude_db(sum.left, kRate, probe)));
        out.push_back({bands == 3 ? text("sum of 3 bands split at %g and %g Hz", low, middle)
                                  : text("sum of 4 bands split at %g, %g and %g Hz", low, middle, high),
                       worst, 0.1});
    }
    for (double hertz : {80.0, 1000.0, 9000.0}) {
        Crossover crossover;
        crossover.set(kRate, hertz);
        std::vector<StereoFrame> high(32768, StereoFrame{0, 0}), low(32768);
        high[0] = StereoFrame{1, 1};
        crossover.split(high.data(), low.data(), static_cast<int>(high.size()));
        std::vector<float> low_part, high_part;
        for (size_t i = 0; i < high.size(); ++i) {
            low_part.push_back(static_cast<float>(low[i][0]));
            high_part.push_back(static_cast<float>(high[i][0]));
        }
        double worst = 0;
        for (double probe : probes(hertz / 8, std::min(hertz * 8, 20000.0), 25)) {
            const double low_pass = 2 * prototype_db("low-pass", probe, hertz, std::sqrt(0.5), 0);
            const double high_pass = 2 * prototype_db("high-pass", probe, hertz, std::sqrt(0.5), 0);
            worst = std::max({worst, std::abs(magnitude_db(low_part, kRate, probe) - low_pass),
                              std::abs(magnitude_db(high_part, kRate, probe) - high_pass)});
        }
        out.push_back({text("both parts of a split at %g Hz against Linkwitz-Riley", hertz), worst, 0.1});
    }
    return out;
}

std::vector<std::pair<std::string, std::vector<Figure>>> all_measures() {
    return {{"Compressor: static gain curve against its definition, largest error", compressor_curve()},
            {"Compressor: time constants (63.2 % of the reduction in dB), error", compressor_times()},
            {"EQ: magnitude against the Audio EQ Cookbook, largest error, 20 Hz .. 20 kHz", eq_response()},
            {"Limiter: true peak above the ceiling", limiter_ceiling()},
            {"Crossovers: flatness and slopes, largest error", crossover_response()}};
}

} // namespace loopmind::effects::test
