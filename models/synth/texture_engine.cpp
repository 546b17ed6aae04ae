// Textures: noise beds plus seeded showers of small one-shots.
#include "models/synth/texture_engine.h"

#include "models/synth/hash_noise.h"
#include "models/synth/noise_bed.h"
#include "models/synth/timeline.h"
#include "models/synth/tone_curve.h"

#include <array>
#include <numbers>

namespace loopmind::synth {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;
constexpr std::int64_t kGrains = 24; ///< different clicks or drops

enum class TextureKind { kVinyl, kTape, kRoom, kRain };

/// Magnitude of a second-order band: rises below `low`, falls above `high`.
at::Tensor band(const at::Tensor& hz, double low, double high) {
    const auto up = (hz * (1.0 / low)).square();
    const auto down = (hz * (1.0 / high)).square();
    return up / (1 + up) / (1 + down);
}

/// 1/f^power noise between two corners.
at::Tensor slope(const at::Tensor& hz, double power, double low, double high) {
    return (hz + 1).pow(-power) * band(hz, low, high);
}

double trim_db(TextureKind kind) {
    switch (kind) {
    case TextureKind::kVinyl:
        return 21.5;
    case TextureKind::kTape:
        return 12.9;
    case TextureKind::kRoom:
        return 18.5;
    case TextureKind::kRain:
        return 15.6;
    }
    return 0;
}

class TextureEngine : public StemEngine {
  public:
    TextureEngine(const StemContext& context, TextureKind kind) : context_(context), kind_(kind) {
        const double hiss = context.param("hiss", 1, 0, 2);
        const double rumble = context.param("rumble", 1, 0, 2);
        const double density = context.param("density", 1, 0, 4) * (0.6 + 0.8 * context.stem.tone.age);
        switch (kind) {
        case TextureKind::kVinyl:
            add_bed(0.026 * hiss, 0.3, [](const at::Tensor& hz) { return slope(hz, 0.25, 900, 9000); });
            add_bed(0.04 * rumble, 0.8, [](const at::Tensor& hz) { return slope(hz, 0.8, 25, 160); });
            make_grains();
            shower(7.0 * density, 0.06, 0.6, 1.3);
            shower(42.0 * density, 0.012, 0.12, 1.0);
            break;
        case TextureKind::kTape:
            add_bed(0.11 * hiss, 0.1, [](const at::Tensor& hz) { return slope(hz, -0.15, 700, 11000); });
            add_bed(0.04 * rumble, 0.9, [](const at::Tensor& hz) { return slope(hz, 0.9, 30, 220); });
            break;
        case TextureKind::kRoom:
            add_bed(0.10 * hiss, 0.35, [](const at::Tensor& hz) { return slope(hz, 1.0, 60, 3500); });
            add_bed(0.03 * rumble, 0.6, [](const at::Tensor& hz) {
                // Mains and ventilation: narrow bands on a few low harmonics.
                auto out = at::zeros_like(hz);
                for (const double f : {50.0, 100.0, 150.0, 300.0}) {
                    out = out + 30.0 / f / (1 + ((hz - f) * (1.0 / 1.5)).square());
                }
                return out;
            });
            break;
        case TextureKind::kRain:
            add_bed(0.085 * hiss, 0.15, [](const at::Tensor& hz) { return slope(hz, 0.35, 500, 7500); });
            add_bed(0.03 * rumble, 0.3, [](const at::Tensor& hz) { return slope(hz, 0.8, 80, 500); });
            make_grains();
            shower(260.0 * density, 0.01, 0.16, 1.8);
            break;
        }
        // Calibration: level_db is about the loudness in LUFS.
        const double trim = std::pow(10.0, trim_db(kind) / 20);
        for (auto& level : bed_levels_)
            level *= trim;
        for (auto& grain : shower_) {
            grain.left *= trim;
            grain.right *= trim;
        }
        swell_turns_ = std::max(1.0, std::round(0.13 * static_cast<double>(context.total) / context.rate));
    }

    void add_segment(std::int64_t first, std::int64_t frames, at::Tensor& mix) override {
        const auto place = context_.tables.counter.narrow(0, 0, frames).to(at::kFloat);
        const double start = swell_turns_ * static_cast<double>(first) / static_cast<double>(context_.total);
        const auto turn =
            place * (swell_turns_ / static_cast<double>(context_.total)) + (start - std::floor(start));
        const double depth = kind_ == TextureKind::kRain ? 0.18 : 0.08;
        const auto swell = 1 + (turn * kTwoPi).sin() * depth;
        for (std::size_t i = 0; i < beds_.size(); ++i)
            beds_[i].add(first, frames, bed_levels_[i], swell, mix);
        for (const auto& slice : slices_in(events_, context_.total, first, frames)) {
            const auto& grain = shower_[slice.event];
            const auto source = grains_[grain.shape].narrow(0, slice.from, slice.frames);
            mix[0].narrow(0, slice.at, slice.frames).add_(source, grain.left);
            mix[1].narrow(0, slice.at, slice.frames).add_(source, grain.right);
        }
    }

  private:
    struct Grain {
        std::int64_t shape = 0;
        double left = 0;
        double right = 0;
    };

    void add_bed(double level, double correlation, const NoiseBed::Colour& colour) {
        if (level <= 0) return;
        beds_.emplace_back(context_, mix64(context_.seed, 31 + beds_.size()), correlation, colour);
        bed_levels_.push_back(level);
    }

    /// A table of short clicks (vinyl) or drops (rain): damped resonances struck by noise, peak 1.
    void make_grains() {
        const bool rain = kind_ == TextureKind::kRain;
        const auto frames = static_cast<std::int64_t>((rain ? 0.03 : 0.012) * context_.rate) / 32 * 32;
        const auto& noise = context_.tables.noise;
        const auto t = (at::arange(frames, noise.options()) * (1.0 / context_.rate)).unsqueeze(0);
        std::vector<float> hz, tau, dirt;
        for (std::int64_t i = 0; i < kGrains; ++i) {
            const auto h = mix64(0xC11C, static_cast<std::uint64_t>(i));
            const double place = unit(h);
            hz.push_back(static_cast<float>(rain ? 900 * std::pow(6.0, place) : 700 * std::pow(9.0, place)));
            tau.push_back(static_cast<float>(rain ? 0.0012 + 0.004 * unit(mix64(h))
                                                  : 0.0002 + 0.0011 * unit(mix64(h))));
            dirt.push_back(static_cast<float>(rain ? 0.25 : 0.6 * unit(mix64(h, 3))));
        }
        const auto device = context_.tables.device;
        const auto ring = (t * upload(hz, {kGrains, 1}, device) * kTwoPi).sin();
        const auto rough = noise.narrow(0, 5000, kGrains * frames).view({kGrains, frames}) *
                           upload(dirt, {kGrains, 1}, device);
        auto out = (ring + rough) * at::exp(-t / upload(tau, {kGrains, 1}, device)) *
                   (t * (1.0 / 0.0001)).clamp(0, 1) *
                   ((static_cast<double>(frames) / context_.rate - t) * (1.0 / 0.003)).clamp(0, 1);
        const auto n = frames * 4;
        const auto bins = at::arange(n / 2 + 1, noise.options()) *
                          (static_cast<double>(context_.rate) / static_cast<double>(n));
        const auto dc = bins * (1.0 / 150.0);
        const auto high_pass =
            at::complex(at::zeros_like(dc), dc) * at::complex(at::ones_like(dc), dc).reciprocal();
        out = inverse_real_fft(real_fft(out, n) * tone_response(context_.stem.tone, bins) * high_pass, n)
                  .narrow(1, 0, frames * 2);
        grains_ = (out / out.abs().amax(1, true)).contiguous();
    }

    /// Poisson events: `rate` per second, levels from `least` to `most`, the loud ones rarer by `power`.
    void shower(double rate, double least, double most, double power) {
        const double seconds = static_cast<double>(context_.total) / context_.rate;
        const auto seed = mix64(context_.seed, 911 + events_.size());
        double time = 0;
        for (std::uint64_t i = 0;; ++i) {
            time += -std::log(1 - unit(mix64(seed, i * 4))) / std::max(rate, 1e-6);
            if (time >= seconds) break;
            const double level = least + (most - least) * std::pow(unit(mix64(seed, i * 4 + 1)), power * 2);
            const double pan = bipolar(mix64(seed, i * 4 + 2)) * 0.8 * context_.stem.width;
            const double sign = (mix64(seed, i) & 1) ? 1 : -1;
            const double angle = (pan + 1) * std::numbers::pi / 4;
            Grain grain;
            grain.shape = static_cast<std::int64_t>(mix64(seed, i * 4 + 3) % kGrains);
            grain.left = sign * level * std::cos(angle) * std::numbers::sqrt2;
            grain.right = sign * level * std::sin(angle) * std::numbers::sqrt2;
            events_.push_back({std::min(static_cast<std::int64_t>(time * context_.rate), context_.total - 1),
                               grains_.size(1)});
            shower_.push_back(grain);
        }
    }

    StemContext context_;
    TextureKind kind_;
    std::vector<NoiseBed> beds_;
    std::vector<double> bed_levels_;
    at::Tensor grains_;
    std::vector<Event> events_;
    std::vector<Grain> shower_;
    double swell_turns_ = 1;
};

constexpr std::array<std::pair<const char*, TextureKind>, 4> kTextures = {
    {{"texture.vinyl", TextureKind::kVinyl},
     {"texture.tape", TextureKind::kTape},
     {"texture.room", TextureKind::kRoom},
     {"texture.rain", TextureKind::kRain}}};

} // namespace

bool is_texture(const std::string& patch) {
    for (const auto& [name, kind] : kTextures) {
        if (patch == name) return true;
    }
    return false;
}

std::unique_ptr<StemEngine> make_texture_engine(const StemContext& context, const std::string& patch) {
    for (const auto& [name, kind] : kTextures) {
        if (patch == name) return std::make_unique<TextureEngine>(context, kind);
    }
    return nullptr;
}

} // namespace loopmind::synth
