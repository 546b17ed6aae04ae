// Closed-form drum synthesis: every hit is a handful of tensor expressions over its own time axis.
#include "models/synth/drum_sounds.h"

#include "models/synth/hash_noise.h"
#include "models/synth/tone_curve.h"

#include <numbers>

namespace loopmind::synth {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;

/// The next length from `n` on that FFTs like: factors 2, 3 and 5 only, a multiple of the control step.
std::int64_t fft_length(std::int64_t n) {
    for (std::int64_t k = (n + kControlFrames - 1) / kControlFrames;; ++k) {
        std::int64_t rest = k;
        for (const int prime : {2, 3, 5}) {
            while (rest % prime == 0)
                rest /= prime;
        }
        if (rest == 1) return k * kControlFrames;
    }
}

/// The time axis of one hit and the operations on it.
class Hit {
  public:
    Hit(const StemContext& context, double seconds, std::uint64_t seed)
        : context_(context), seed_(seed),
          frames_(fft_length(static_cast<std::int64_t>(seconds * context.rate))) {
        t_ = at::arange(frames_, context.tables.noise.options()) * (1.0 / context.rate);
    }

    const at::Tensor& t() const { return t_; }
    std::int64_t frames() const { return frames_; }

    /// exp(-t / tau) with a soft attack and an exact silent end.
    at::Tensor decay(double tau, double attack = 0.0006) const {
        auto out = at::exp(t_ * (-1.0 / tau));
        if (attack > 0) out.mul_((t_ * (1.0 / attack)).clamp(0, 1));
        const double end = static_cast<double>(frames_) / context_.rate;
        return out.mul_(((end - t_) * (1.0 / std::min(0.02, end * 0.2))).clamp(0, 1));
    }

    /// A sine that falls from hz * (1 + sweep) to hz with time constant `fall`.
    at::Tensor swept_sine(double hz, double sweep, double fall) const {
        if (sweep == 0) return sines({hz}, {0.0}).squeeze(0);
        // Phase in cycles = hz t + hz sweep fall (1 - exp(-t / fall)), in double: it must agree on every
        // device.
        const auto t = at::arange(frames_, t_.options().dtype(at::kDouble)) * (1.0 / context_.rate);
        const auto cycles = t * hz + (1 - at::exp(t * (-1.0 / fall))) * (hz * sweep * fall);
        return ((cycles - cycles.floor()) * kTwoPi).to(at::kFloat).sin_();
    }

    /// Steady sines, one a row, by 32-bit phases that wrap by themselves.
    at::Tensor sines(const std::vector<double>& hz, const std::vector<double>& start) const {
        std::vector<std::int32_t> steps;
        for (std::size_t i = 0; i < hz.size(); ++i) {
            steps.push_back(static_cast<std::int32_t>(
                static_cast<std::uint32_t>(std::llround(hz[i] / context_.rate * 4294967296.0))));
            steps.push_back(
                static_cast<std::int32_t>(static_cast<std::uint32_t>(std::llround(start[i] * 4294967295.0))));
        }
        const auto rows = static_cast<std::int64_t>(hz.size());
        const auto integers = upload(steps, {rows, 2}, context_.tables.device);
        auto phase = context_.tables.counter.narrow(0, 0, frames_).mul(integers.narrow(1, 0, 1));
        phase.add_(integers.narrow(1, 1, 1));
        return phase.to(at::kFloat).mul_(kTwoPi / 4294967296.0).sin_();
    }

    /// Inharmonic partials: `count` sines between low and high, at golden-ratio spacings, falling with
    /// frequency.
    at::Tensor metal(double low, double high, int count) const {
        std::vector<double> hz, start;
        std::vector<float> level;
        for (int i = 0; i < count; ++i) {
            const double place = std::fmod(0.37 + i * 0.6180339887498949, 1.0);
            const double f = low * std::pow(high / low, place);
            if (f > 0.45 * context_.rate) continue;
            hz.push_back(f);
            start.push_back(unit(mix64(91, static_cast<std::uint64_t>(i))));
            level.push_back(static_cast<float>(0.5 + 0.5 * unit(mix64(17, static_cast<std::uint64_t>(i)))));
        }
        const auto rows = static_cast<std::int64_t>(hz.size());
        const auto mixed =
            at::mm(upload(level, {1, rows}, context_.tables.device), sines(hz, start)).squeeze(0);
        return mixed * (1.0 / std::sqrt(static_cast<double>(rows) * 0.3));
    }

    /// White noise of standard deviation 1; `which` gives independent stretches.
    at::Tensor noise(int which) const {
        const auto room = context_.tables.noise.size(0) - frames_;
        const auto from = static_cast<std::int64_t>(mix64(seed_, static_cast<std::uint64_t>(which)) %
                                                    static_cast<std::uint64_t>(room));
        return context_.tables.noise.narrow(0, from, frames_);
    }

    /// Filters by a complex, causal response given as a function of frequency in Hz; it must be short.
    template <typename Response> at::Tensor filter(const at::Tensor& x, Response response) const {
        const auto n = fft_length(frames_ + 2048);
        const auto bins = n / 2 + 1;
        const auto hz =
            at::arange(bins, t_.options()) * (static_cast<double>(context_.rate) / static_cast<double>(n));
        return inverse_real_fft(real_fft(x, n) * response(hz), n).narrow(-1, 0, frames_);
    }

    /// Noise through a band with gentle slopes, level kept near 1. Circular: noise has no beginning.
    at::Tensor band_noise(int which, double low, double high) const {
        const double rate = context_.rate;
        const auto hz = at::arange(frames_ / 2 + 1, t_.options()) * (rate / static_cast<double>(frames_));
        const auto up = (hz * (1.0 / low)).square();
        const auto down = (hz * (1.0 / high)).square();
        const auto band =
            (up / (1 + up)) * (1 + down).rsqrt() * ((0.47 - hz * (1.0 / rate)) * (1.0 / 0.05)).clamp(0, 1);
        const double share = std::min(1.0, (std::min(high, 0.46 * rate) - low * 0.6) / (0.5 * rate));
        return inverse_real_fft(real_fft(noise(which), frames_) * band, frames_) *
               (1.0 / std::sqrt(std::max(share, 0.02)));
    }

  private:
    const StemContext& context_;
    std::uint64_t seed_;
    std::int64_t frames_;
    at::Tensor t_;
};

/// tanh at twice the rate, so that its first harmonics do not fold back.
at::Tensor saturate_oversampled(const at::Tensor& x, double push) {
    const auto frames = x.size(-1);
    const auto n = fft_length(frames + 256);
    const auto wide = inverse_real_fft(real_fft(x, n) * 2.0, n * 2);
    const auto shaped = at::tanh(wide * push) * (1.0 / std::tanh(push));
    const auto narrow = real_fft(shaped, n * 2).narrow(-1, 0, n / 2 + 1) * 0.5;
    return inverse_real_fft(narrow, n).narrow(-1, 0, frames);
}

/// Sparse, decaying stereo reflections: what makes a snare sit in a place.
at::Tensor with_room(const Hit& hit, const at::Tensor& mono, double amount) {
    auto stereo = mono.unsqueeze(0).expand({2, mono.size(0)}).clone();
    if (amount <= 0) return stereo;
    const auto frames = hit.frames();
    std::vector<float> taps(static_cast<std::size_t>(2 * frames), 0.0f);
    for (int side = 0; side < 2; ++side) {
        for (int i = 0; i < 90; ++i) {
            const auto h = mix64(static_cast<std::uint64_t>(side * 1000 + i), 0x5EED);
            const double seconds = 0.004 + 0.16 * std::pow(unit(h), 1.6) * (0.5 + amount);
            const auto at_frame = static_cast<std::int64_t>(seconds * 48000);
            if (at_frame >= frames) continue;
            taps[static_cast<std::size_t>(side * frames + at_frame)] +=
                static_cast<float>(bipolar(mix64(h)) * std::exp(-seconds / (0.05 + 0.06 * amount)));
        }
    }
    const auto n = frames * 2;
    const auto impulse = real_fft(upload(taps, {2, frames}, mono.device()), n);
    auto wet = inverse_real_fft(impulse * real_fft(mono, n).unsqueeze(0), n).narrow(-1, 0, frames);
    return stereo.add_(wet, 0.28 * amount);
}

at::Tensor kick(const Hit& hit, const DrumKit& kit, const DrumVoice& voice, double strength, double punch) {
    const double hz = kit.kick_hz * voice.tune;
    const double sweep = (kit.kick_sweep - 1) * (0.6 + 0.5 * strength) * (0.7 + 0.6 * punch);
    // The body keeps its level for a moment before it dies away: that is what is felt.
    const auto hold = (hit.t() - 0.35 * kit.kick_decay).clamp_min(0);
    auto body = hit.swept_sine(hz, sweep, kit.kick_fall) * at::exp(hold * (-1.0 / (kit.kick_decay * 0.62))) *
                hit.decay(10.0, 0.0012);
    body = saturate_oversampled(body * 0.95, 0.5 + 2.6 * kit.kick_drive);
    const double click = kit.kick_click * (0.35 + 0.9 * strength) * (0.5 + punch);
    body = body + hit.swept_sine(hz * 22, 2.2, 0.0025) * hit.decay(0.0035, 0.0003) * (0.42 * click);
    return body + hit.band_noise(1, 1800, 9000) * hit.decay(0.004, 0.0003) * (0.2 * click);
}

at::Tensor snare(const Hit& hit, const DrumKit& kit, const DrumVoice& voice, double strength, double punch) {
    const double hz = kit.snare_hz * voice.tune;
    const double body_decay = 0.055 + 0.35 * kit.snare_decay;
    auto body = hit.swept_sine(hz, 0.75 * (0.6 + 0.6 * punch), 0.012) * hit.decay(body_decay, 0.0006) * 0.75 +
                hit.swept_sine(hz * 1.79, 0.3, 0.008) * hit.decay(body_decay * 0.6, 0.0006) * 0.38;
    const double top = 9500 * kit.snare_bright * (0.55 + 0.6 * strength);
    auto wires =
        hit.band_noise(2, 900 + 500 * kit.snare_bright, top) * hit.decay(kit.snare_decay, 0.0008) * 0.36 +
        hit.band_noise(3, 3200, top * 1.3) * hit.decay(kit.snare_decay * 1.5, 0.002) * 0.12;
    auto snap = hit.band_noise(4, 2500, 13000) * hit.decay(0.005, 0.0003) * (0.3 * (0.5 + punch));
    const double mix = kit.snare_noise;
    return body * (1.35 - mix) + wires * (0.5 + mix) + snap;
}

at::Tensor clap(const Hit& hit, const DrumKit& kit, double strength) {
    const double starts[] = {0, 0.0105, 0.0205, 0.031};
    auto envelope = at::zeros_like(hit.t());
    for (int i = 0; i < 4; ++i) {
        const auto since = hit.t() - starts[i];
        const auto on = (since * (1.0 / 0.0007)).clamp(0, 1);
        const double tau = i == 3 ? kit.clap_decay * 0.55 : 0.0055;
        envelope = envelope + on * at::exp(since.clamp_min(0) * (-1.0 / tau)) * (i == 3 ? 0.75 : 0.8);
    }
    const auto tone =
        hit.band_noise(1, 850, 1900) * 0.6 + hit.band_noise(2, 1500, 6000 + 5000 * strength) * 0.35;
    return tone * envelope * hit.decay(10, 0) * 0.55;
}

at::Tensor hat(const Hit& hit, const DrumKit& kit, const DrumVoice& voice, double decay, double strength,
               double punch) {
    const double edge = kit.hat_hz * voice.tune;
    const auto ring = hit.metal(edge * 0.62, std::min(edge * 2.2, 17500.0), 26);
    const auto air = hit.band_noise(1, edge, 16000 + 3000 * strength);
    auto tone = air * (1 - 0.6 * kit.metal) * 0.4 + ring * (kit.metal * 0.5);
    const auto tick =
        hit.band_noise(2, edge * 0.7, 18000) * hit.decay(0.0035, 0.0002) * (0.3 * (0.4 + punch));
    return (tone * hit.decay(decay, 0.0005) + tick) * 0.75;
}

at::Tensor tom(const Hit& hit, const DrumKit& kit, const DrumVoice& voice, double strength, double punch) {
    const double hz = voice.tune * kit.tom_hz;
    auto out = hit.swept_sine(hz, 0.55 * (0.5 + strength) * (0.6 + 0.8 * punch), 0.03) *
                   hit.decay(kit.tom_decay, 0.001) * 0.8 +
               hit.swept_sine(hz * 1.52, 0.3, 0.02) * hit.decay(kit.tom_decay * 0.45, 0.001) * 0.22;
    return out + hit.band_noise(1, 400, 4500) * hit.decay(0.018, 0.0005) * (0.16 * (0.5 + punch));
}

at::Tensor conga(const Hit& hit, const DrumVoice& voice, double strength, double punch) {
    const double hz = voice.tune;
    auto out = hit.swept_sine(hz, 0.12, 0.015) * hit.decay(0.11, 0.0008) * 0.75 +
               hit.swept_sine(hz * 2.3, 0.05, 0.01) * hit.decay(0.035, 0.0006) * 0.28 * (0.5 + strength);
    return out +
           hit.band_noise(1, 900, 5000) * hit.decay(0.009, 0.0004) * (0.3 * (0.4 + punch) * (0.4 + strength));
}

at::Tensor cymbal(const Hit& hit, const DrumKit& kit, const DrumVoice& voice, bool ride, double strength) {
    const double edge = (ride ? 3800 : 2600) * voice.tune;
    const double decay = (ride ? 0.42 : 0.6) * kit.cymbal_decay;
    const auto wash = hit.band_noise(1, edge, 15000) * hit.decay(decay, ride ? 0.001 : 0.003) * 0.3 +
                      hit.band_noise(2, edge * 2.2, 17000) * hit.decay(decay * 0.35, 0.0005) * 0.25;
    const auto ring = hit.metal(edge * 0.55, 13500, 24) * hit.decay(decay * (ride ? 1.2 : 0.8), 0.0008) * 0.2;
    auto out = wash * (ride ? 0.4 : 1.0) + ring * (ride ? 1.0 : 0.8);
    if (ride) {
        out = out + hit.metal(2400 * voice.tune, 6200 * voice.tune, 7) * hit.decay(0.22, 0.0005) *
                        (0.25 + 0.35 * strength);
        out = out + hit.band_noise(3, 5000, 15000) * hit.decay(0.006, 0.0003) * 0.4;
    }
    return out;
}

at::Tensor cowbell(const Hit& hit, const DrumVoice& voice) {
    auto out = at::zeros_like(hit.t());
    for (const double base : {562.0, 845.0}) {
        for (int k = 1; k < 16; k += 2) {
            if (base * voice.tune * k > 19000) break;
            out = out + hit.swept_sine(base * voice.tune * k, 0, 1) * (std::pow(k, -1.25) * 0.32);
        }
    }
    out = out * (hit.decay(0.013, 0.0006) * 0.8 + hit.decay(0.13, 0.0006) * 0.45);
    return hit.filter(out, [&](const at::Tensor& hz) {
        const auto w = hz * (1.0 / 480.0);
        return at::complex(at::zeros_like(w), w) * at::complex(at::ones_like(w), w).reciprocal();
    });
}

at::Tensor shaker(const Hit& hit, const DrumVoice& voice, double strength) {
    // The beads lag behind the hand: a soft onset, a fuller one, a quick end.
    const auto swing = at::exp((hit.t() - 0.018).square() * (-1.0 / (2 * 0.010 * 0.010))) * 0.8 +
                       hit.decay(0.03, 0.004) * 0.5;
    return hit.band_noise(1, 4300 * voice.tune, 11000 + 5000 * strength) * swing * hit.decay(10, 0.002) * 0.4;
}

at::Tensor tambourine(const Hit& hit, double strength) {
    const auto jingle = hit.metal(5200, 15500, 22) * 0.32 + hit.band_noise(1, 6000, 15000) * 0.3;
    const auto envelope = hit.decay(0.012, 0.0006) + hit.decay(0.085, 0.004) * 0.6;
    return jingle * envelope * (0.7 + 0.4 * strength) * 0.7;
}

at::Tensor rim(const Hit& hit, double strength, double punch) {
    auto out = hit.swept_sine(1720, 0.15, 0.004) * hit.decay(0.012, 0.0003) * 0.6 +
               hit.swept_sine(505, 0.2, 0.006) * hit.decay(0.02, 0.0004) * 0.5;
    return out + hit.band_noise(1, 2500, 9000) * hit.decay(0.005, 0.0003) *
                     (0.35 * (0.4 + punch) * (0.5 + strength));
}

at::Tensor clave(const Hit& hit, const DrumVoice& voice) {
    return hit.swept_sine(2450 * voice.tune, 0.02, 0.004) * hit.decay(0.032, 0.0004) * 0.7 +
           hit.swept_sine(2450 * voice.tune * 2.71, 0, 1) * hit.decay(0.009, 0.0003) * 0.18;
}

at::Tensor triangle(const Hit& hit, double decay) {
    return (hit.metal(3900, 14500, 9) * 0.4 + hit.swept_sine(5140, 0, 1) * 0.3) * hit.decay(decay, 0.0006) *
           0.5;
}

/// Corner of the high-pass that keeps the beats of metal partials out of the mids, and its order; 0: none.
struct Edge {
    double hz = 0;
    int sections = 1;
};
Edge edge_of(const DrumKit& kit, const DrumVoice& voice) {
    using enum DrumKind;
    switch (voice.kind) {
    case kClosedHat:
    case kPedalHat:
    case kOpenHat:
        return {kit.hat_hz * voice.tune * 0.75, 2};
    case kCrash:
        return {2600 * voice.tune * 0.6, 1};
    case kRide:
        return {3800 * voice.tune * 0.6, 1};
    default:
        return {};
    }
}

/// Noise and metal: what folds back when they are saturated cannot be told from them.
bool is_noisy(DrumKind kind) {
    using enum DrumKind;
    return kind == kClosedHat || kind == kPedalHat || kind == kOpenHat || kind == kCrash || kind == kRide ||
           kind == kShaker || kind == kTambourine;
}

double seconds_of(DrumKind kind, const DrumKit& kit, double decay) {
    using enum DrumKind;
    switch (kind) {
    case kKick:
        return 0.12 + kit.kick_decay * 5.2 * decay;
    case kSnare:
        return 0.2 + kit.snare_decay * 6 * decay + 0.25 * kit.room;
    case kClap:
        return 0.25 + kit.clap_decay * 3 * decay + 0.25 * kit.room;
    case kClosedHat:
        return 0.16 + 0.12 * kit.hat_decay * decay;
    case kPedalHat:
        return 0.14;
    case kOpenHat:
        return 0.35 + 0.9 * kit.hat_decay * decay;
    case kTom:
        return 0.2 + kit.tom_decay * 6 * decay;
    case kCrash:
        return 2.6 * kit.cymbal_decay * decay;
    case kRide:
        return 2.2 * kit.cymbal_decay * decay;
    case kConga:
        return 0.6;
    case kCowbell:
        return 0.7;
    case kTambourine:
        return 0.45;
    case kShaker:
        return 0.2;
    case kTriangle:
        return 1.6;
    case kRim:
    case kClave:
        return 0.22;
    }
    return 0.5;
}

} // namespace

at::Tensor render_drum(const StemContext& context, const DrumKit& base, const DrumVoice& original,
                       double strength, std::uint64_t turn, ToneCache& tones) {
    using enum DrumKind;
    const auto& tone = context.stem.tone;
    const double decay = context.param("decay", 1, 0.25, 4);
    const double tune = std::exp2(context.param("tune", 0, -24, 24) / 12);
    DrumKit kit = base;
    kit.kick_decay *= decay;
    kit.snare_decay *= decay;
    kit.clap_decay *= decay;
    kit.tom_decay *= decay;
    kit.kick_hz *= tune;
    kit.snare_hz *= tune;
    kit.room = context.param("room", kit.room, 0, 1);
    DrumVoice voice = original;
    if (voice.kind == kTom || voice.kind == kConga) voice.tune *= tune;
    const double punch = tone.punch;
    const Hit hit(context, std::min(5.0, seconds_of(voice.kind, kit, decay)),
                  mix64(context.seed, mix64(hash_text(kit.name), turn)));

    at::Tensor mono;
    double room = 0;
    switch (voice.kind) {
    case kKick:
        mono = kick(hit, kit, voice, strength, punch);
        break;
    case kSnare:
        mono = snare(hit, kit, voice, strength, punch);
        room = kit.room;
        break;
    case kRim:
        mono = rim(hit, strength, punch);
        room = kit.room * 0.5;
        break;
    case kClap:
        mono = clap(hit, kit, strength);
        room = kit.room + 0.1;
        break;
    case kClosedHat:
        mono = hat(hit, kit, voice, (0.018 + 0.022 * strength) * kit.hat_decay * decay, strength, punch);
        break;
    case kPedalHat:
        mono = hat(hit, kit, voice, 0.022, strength * 0.7, punch * 0.5);
        break;
    case kOpenHat:
        mono = hat(hit, kit, voice, 0.19 * kit.hat_decay * decay, strength, punch);
        break;
    case kTom:
        mono = tom(hit, kit, voice, strength, punch);
        room = kit.room;
        break;
    case kCrash:
        mono = cymbal(hit, kit, voice, false, strength);
        break;
    case kRide:
        mono = cymbal(hit, kit, voice, true, strength);
        break;
    case kCowbell:
        mono = cowbell(hit, voice);
        break;
    case kTambourine:
        mono = tambourine(hit, strength);
        break;
    case kShaker:
        mono = shaker(hit, voice, strength);
        break;
    case kClave:
        mono = clave(hit, voice);
        room = kit.room * 0.6;
        break;
    case kConga:
        mono = conga(hit, voice, strength, punch);
        room = kit.room * 0.6;
        break;
    case kTriangle:
        mono = triangle(hit, voice.choke ? 0.35 : 0.5);
        break;
    }

    // Soft layers are darker; then the stem's tone, the kit's grit and the transient against the body.
    const double dull = 1.0 - strength;
    const Edge edge = edge_of(kit, voice);
    mono = hit.filter(mono, [&](const at::Tensor& hz) {
        auto& response_here = tones[hz.size(0)];
        if (!response_here.defined()) response_here = tone_response(tone, hz);
        auto response = response_here;
        const auto low_pass = [&](double corner) {
            return at::complex(at::ones_like(hz), hz * (1.0 / corner)).reciprocal();
        };
        if (dull > 0) response = response * low_pass(22000 * std::exp2(-1.6 * dull));
        if (kit.grit > 0) response = response * low_pass(20000 * std::exp2(-1.5 * kit.grit));
        if (edge.hz > 0) {
            const auto w = hz * (1.0 / edge.hz);
            const auto section =
                at::complex(-w.square(), at::zeros_like(w)) / at::complex(1 - w.square(), w * 1.15);
            for (int i = 0; i < edge.sections; ++i)
                response = response * section;
        }
        return response;
    });
    // Each asks for its share of what headroom the other leaves, so that more of either is always more.
    const double drive =
        1 - (1 - 0.35 * kit.grit) * (1 - context.param("drive", 0, 0, 1)) * (1 - 0.9 * saturation(tone));
    if (drive > 0) {
        const double push = 0.35 + 4.0 * drive;
        const auto bent = is_noisy(voice.kind) ? at::tanh(mono * push) * (1.0 / std::tanh(push))
                                               : saturate_oversampled(mono, push);
        mono = bent * (1.0 / (1 + 0.55 * drive));
    }
    // Punch: the first moments against the rest. Only upwards: less would move the peak into the body.
    mono = mono * (1 + 0.85 * punch * (at::exp(hit.t() * (-1.0 / 0.016)) * 1.2 - 0.3));
    return with_room(hit, mono * hit.decay(1e3, 0.0003), room) * voice.level;
}

} // namespace loopmind::synth
