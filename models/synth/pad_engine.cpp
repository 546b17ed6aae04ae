// Spectral pads: per pitch one inverse FFT makes seconds of evolving stereo sound; notes are slices under
// envelopes.
#include "models/synth/pad_engine.h"

#include "models/synth/hash_noise.h"
#include "models/synth/timeline.h"
#include "models/synth/tone_curve.h"
#include "models/synth/wavetables.h"

#include <map>
#include <numbers>

namespace loopmind::synth {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;
constexpr double kFade = 0.012;
constexpr double kReleaseLengths = 6.2;
constexpr std::int64_t kAbout = 1 << 17; ///< frames of a table, about: it is fitted to whole periods

/// A table length that FFTs like (factors 2, 3, 5, 7) and that holds a whole number of periods of the note.
struct TableSize {
    std::int64_t frames = kAbout;
    std::int64_t periods = 1;
};

bool is_smooth(std::int64_t n) {
    for (const int prime : {2, 3, 5, 7}) {
        while (n % prime == 0)
            n /= prime;
    }
    return n == 1;
}

const std::vector<std::int64_t>& smooth_sizes() {
    static const std::vector<std::int64_t> sizes = [] {
        std::vector<std::int64_t> out;
        for (std::int64_t n = kAbout * 3 / 4; n <= kAbout * 5 / 4; n += 4) {
            if (is_smooth(n)) out.push_back(n);
        }
        return out;
    }();
    return sizes;
}

/// The best tuned table: smallest pitch error over all smooth sizes.
TableSize fit_table(double hz, double rate) {
    TableSize best;
    double least = 1e9;
    for (const auto frames : smooth_sizes()) {
        const double periods = hz * static_cast<double>(frames) / rate;
        const double error = std::abs(periods - std::round(periods)) / periods;
        if (error < least && std::round(periods) >= 1) {
            least = error;
            best = {frames, static_cast<std::int64_t>(std::llround(periods))};
        }
    }
    return best;
}

/// Level of harmonic `k` before any filter.
at::Tensor profile(PadKind kind, const at::Tensor& k, const at::Tensor& hz) {
    switch (kind) {
    case PadKind::kWarm:
        return k.pow(-1.1) * (0.75 + 0.25 * (k * 2.1).cos());
    case PadKind::kGlass: {
        const auto even = 1 - at::remainder(k, 2);
        return k.pow(-1.5) * (0.35 + 0.65 * even) + 0.9 * (k == 1).to(at::kFloat) +
               0.18 * (k == 6).to(at::kFloat) + 0.1 * (k == 10).to(at::kFloat);
    }
    case PadKind::kStrings: {
        // Body resonances of a string section: broad bumps near 400, 1100 and 2800 Hz.
        auto body = at::full_like(hz, 0.55);
        for (const double centre : {400.0, 1100.0, 2800.0}) {
            body = body + 0.6 / (1 + ((hz - centre) * (1.0 / (0.35 * centre))).square());
        }
        return k.pow(-0.95) * body;
    }
    case PadKind::kDark:
        return k.pow(-1.35);
    case PadKind::kChoir: {
        auto formants = at::full_like(hz, 0.02);
        const double centre[] = {680, 1120, 2600, 3500};
        const double gain[] = {1, 0.6, 0.2, 0.1};
        for (int i = 0; i < 4; ++i) {
            formants =
                formants + gain[i] / (1 + ((hz - centre[i]) * (1.0 / (60 + 0.06 * centre[i]))).square());
        }
        return (k.pow(-0.75) * (formants + 0.25 * (k == 1).to(at::kFloat))) * 1.3;
    }
    case PadKind::kDrone:
        return k.pow(-1.2) * (1 + 0.4 * (k * 1.3).sin());
    }
    return k.reciprocal();
}

/// What one note needs.
struct PadNote {
    double level = 1;
    double held = 0;
    std::int64_t offset = 0; ///< where in the table it begins
    int pitch = 60;
};

class PadEngine : public StemEngine {
  public:
    PadEngine(const StemContext& context, const PadPatch& patch) : context_(context), patch_(patch) {
        patch_.amp.attack *= context.param("attack", 1, 0.1, 10);
        patch_.amp.release *= context.param("release", 1, 0.1, 10);
        patch_.spread_cents *= context.param("spread", 1, 0, 3) * (1 + 0.8 * context.stem.tone.age);
        const double cutoff = context.param("cutoff", 0, -4, 4) + brightness_octaves(context.stem.tone);
        patch_.dark_octaves += cutoff;
        patch_.bright_octaves += cutoff;
        drift_ = context.param("drift", 0.25, 0, 1);
        swell_hz_ = std::max(1.0, std::round(0.11 * static_cast<double>(context.total) / context.rate)) *
                    context.rate / static_cast<double>(context.total);
        if (patch_.kind == PadKind::kDrone) {
            endless_ = true;
            collect_drone();
        } else {
            collect_notes();
        }
    }

    void add_segment(std::int64_t first, std::int64_t frames, at::Tensor& mix) override {
        if (endless_) {
            add_drone(first, frames, mix);
            return;
        }
        for (auto slice : slices_in(events_, context_.total, first, frames)) {
            const auto extra = slice.from % kControlFrames;
            slice.from -= extra;
            slice.at -= extra;
            slice.frames += extra;
            add_slice(slice, first, mix);
        }
    }

  private:
    struct Table {
        at::Tensor sound; ///< [2 (dark, bright), 2 (left, right), frames]
        std::int64_t frames = 0;
    };

    void collect_notes() {
        for (std::size_t i = 0; i < context_.stem.notes.size(); ++i) {
            const auto& note = context_.stem.notes[i];
            if (note.pitch < 0 || note.pitch > 127 || note.velocity < 1 || !(note.length > 0)) continue;
            PadNote out;
            out.level = std::min(note.velocity, 127) / 127.0;
            out.held = note.length * 60.0 / context_.plan.tempo;
            out.pitch = note.pitch;
            const auto seed = mix64(context_.seed, mix64(hash_text(context_.stem.id), i));
            out.offset = static_cast<std::int64_t>(unit(seed) * 90000);
            const double seconds = out.held + patch_.amp.release * kReleaseLengths + kFade;
            events_.push_back(
                {context_.frame_of(note.start), static_cast<std::int64_t>(seconds * context_.rate) + 1});
            notes_.push_back(out);
        }
    }

    /// The tonic, its fifth (unless the mode has none) and its octave, low in the texture.
    void collect_drone() {
        int root = 36 + (((context_.plan.key.tonic % 12) + 12) % 12);
        if (!context_.stem.notes.empty()) root = std::clamp(context_.stem.notes.front().pitch, 12, 84);
        notes_.push_back({1.0, 0, 0, root});
        if (context_.plan.key.mode != "locrian") notes_.push_back({0.5, 0, 30011, root + 7});
        notes_.push_back({0.55, 0, 60013, root + 12});
    }

    const Table& table(int pitch) {
        auto found = tables_.find(pitch);
        if (found == tables_.end()) found = tables_.emplace(pitch, make_table(pitch)).first;
        return found->second;
    }

    Table make_table(int pitch) const {
        const double rate = context_.rate;
        const double fundamental = note_hz(pitch);
        // A drone's table is the loop's own neighbour: it is cross-faded at the seam, so any size will do.
        const TableSize size = fit_table(fundamental, rate);
        const auto bins = static_cast<std::int64_t>(0.46 * static_cast<double>(size.frames));
        const auto options = context_.tables.noise.options();
        const auto bin = at::arange(bins, options);
        const auto hz = bin * (rate / static_cast<double>(size.frames));
        const auto k = at::round(bin * (1.0 / static_cast<double>(size.periods))).clamp_min(1);
        const auto centre = k * static_cast<double>(size.periods);
        // Partial k is a Gaussian band whose width grows with its frequency, round a steady line.
        const double width = (std::exp2(patch_.spread_cents / 1200) - 1) * static_cast<double>(size.periods);
        const auto sigma = (k * width).clamp_min(0.35);
        const auto x = (bin - centre) / sigma;
        const auto line = (bin == centre).to(at::kFloat);
        const double share = patch_.line;
        const auto shape =
            at::exp(x.square() * -0.5) * (sigma * 1.7725).rsqrt() * std::sqrt(1 - share * share) +
            line * share;
        const auto level = profile(patch_.kind, k, k * fundamental) * shape *
                           tone_response(context_.stem.tone, hz).abs() *
                           ((0.46 - hz * (1.0 / rate)) * (1.0 / 0.05)).clamp(0, 1);
        const auto filter = [&](double octaves) {
            const auto w2 = (hz * (1.0 / (fundamental * std::exp2(octaves)))).square();
            return 1.0 / (1 + w2 * w2).sqrt();
        };
        const auto from = static_cast<std::int64_t>(
            mix64(context_.seed, 4099 * static_cast<std::uint64_t>(pitch)) % 100000);
        const auto phases = context_.tables.phases.narrow(1, from, bins);
        const double norm = 0.5 * static_cast<double>(size.frames);
        // Mid and side carry the same lines but different bands, so the sound stays in the middle and is
        // wide.
        const double width_angle = std::clamp(context_.stem.width, 0.0, 1.0) * std::numbers::pi * 0.16;
        const auto mid = phases[0];
        const auto side = phases[1] * (1 - line * 0.7);
        const auto left = mid * std::cos(width_angle) + side * std::sin(width_angle);
        const auto right = mid * std::cos(width_angle) - side * std::sin(width_angle);
        const auto both = at::stack({left, right}, 0);
        std::vector<at::Tensor> sounds;
        for (const double octaves : {patch_.dark_octaves, patch_.bright_octaves}) {
            auto spectrum = both * (level * filter(std::max(octaves, 0.3)) * norm);
            spectrum.narrow(1, 0, 1).zero_();
            sounds.push_back(inverse_real_fft(spectrum, size.frames));
        }
        auto sound = at::stack(sounds, 0);
        const double drive =
            0.6 * std::clamp(context_.stem.tone.drive + 0.15 * context_.stem.tone.age, 0.0, 1.0);
        if (drive > 0) {
            const double push = 0.6 + 2.2 * drive;
            sound = at::tanh(sound * push) * (1.0 / push) * (1 + 0.8 * drive);
        }
        return {sound.contiguous(), size.frames};
    }

    /// Weights of the dark and the bright table at the control points, [2, points + 1].
    at::Tensor weights(const PadNote& note, const Slice& slice, std::int64_t points,
                       std::int64_t first) const {
        const auto& amp = patch_.amp;
        const auto t = context_.tables.counter.narrow(0, 0, points + 1).to(at::kFloat) *
                           (static_cast<double>(kControlFrames) / context_.rate) +
                       static_cast<double>(slice.from) / context_.rate;
        const double end = note.held + amp.release * kReleaseLengths + kFade;
        const double punch = context_.stem.tone.punch;
        const double attack = amp.attack * std::exp2(2.0 * (0.5 - punch));
        const auto x = (t * (1.0 / attack)).clamp(0, 1);
        const double level = std::pow(note.level / 0.63, 1.3) * std::pow(10.0, patch_.trim_db / 20);
        auto loud = x * x * (3 - 2 * x) * level;
        loud.mul_(amp.sustain + (1 - amp.sustain) * at::exp(-(t - attack).clamp_min(0) * (1.0 / amp.decay)));
        loud.mul_(at::exp((t - note.held).clamp_min(0) * (-1.0 / amp.release)));
        loud.mul_(((end - t) * (1.0 / kFade)).clamp(0, 1));
        if (punch > 0.5) loud.mul_(1 + 1.2 * (punch - 0.5) * at::exp(t * (-1.0 / 0.06)));
        auto open = (0.25 + 0.6 * note.level) * (1 - at::exp(t * (-1.0 / patch_.open_seconds)));
        open = (open + 0.1 + swell(first + slice.at, points) * drift_ * 0.4).clamp(0, 1);
        return at::stack({loud * (1 - open), loud * open}, 0);
    }

    /// A slow sine with a whole number of turns in the loop, at the control points from absolute frame
    /// `frame`.
    at::Tensor swell(std::int64_t frame, std::int64_t points) const {
        const double turns = swell_hz_ * static_cast<double>(frame) / context_.rate;
        const auto local = context_.tables.counter.narrow(0, 0, points + 1).to(at::kFloat) *
                           (static_cast<double>(kControlFrames) / context_.rate * swell_hz_);
        return ((local + (turns - std::floor(turns))) * kTwoPi).sin();
    }

    void add_slice(const Slice& slice, std::int64_t first, at::Tensor& mix) {
        const auto& note = notes_[slice.event];
        const auto& source = table(note.pitch);
        const auto points = (slice.frames + kControlFrames - 1) / kControlFrames;
        const auto gain = interpolate_control(context_.tables, weights(note, slice, points, first));
        const auto skip = std::max<std::int64_t>(0, -slice.at);
        std::int64_t done = skip;
        while (done < slice.frames) {
            const auto position = (note.offset + slice.from + done) % source.frames;
            const auto count = std::min(slice.frames - done, source.frames - position);
            auto target = mix.narrow(1, slice.at + done, count);
            target.addcmul_(source.sound[0].narrow(1, position, count), gain[0].narrow(0, done, count));
            target.addcmul_(source.sound[1].narrow(1, position, count), gain[1].narrow(0, done, count));
            done += count;
        }
    }

    /// Drones have no notes: each tone sounds all the way round. Its table does not fit the loop, so the last
    /// seconds fade into what would have come before the loop's first frame.
    void add_drone(std::int64_t first, std::int64_t frames, at::Tensor& mix) {
        const auto points = (frames + kControlFrames - 1) / kControlFrames;
        const auto open = (0.45 + 0.45 * swell(first, points)).unsqueeze(0);
        const auto level = std::pow(10.0, patch_.trim_db / 20);
        const auto gain =
            interpolate_control(context_.tables, at::cat({1 - open, open}, 0) * level).narrow(1, 0, frames);
        const auto overlap = std::min<std::int64_t>(context_.rate, context_.total / 2);
        const auto place = context_.tables.counter.narrow(0, 0, frames).to(at::kFloat) +
                           static_cast<double>(first - (context_.total - overlap));
        const auto x = (place * (1.0 / static_cast<double>(overlap))).clamp(0, 1) * (std::numbers::pi / 2);
        const auto leaving = x.cos();
        const auto coming = x.sin();
        for (const auto& note : notes_) {
            const auto& source = table(note.pitch);
            add_round(source, note, first, frames, gain * leaving, mix);
            if (first + frames > context_.total - overlap) {
                add_round(source, note, first - context_.total, frames, gain * coming, mix);
            }
        }
    }

    static void add_round(const Table& source, const PadNote& note, std::int64_t first, std::int64_t frames,
                          const at::Tensor& gain, at::Tensor& mix) {
        std::int64_t done = 0;
        while (done < frames) {
            const auto raw = (note.offset + first + done) % source.frames;
            const auto position = raw < 0 ? raw + source.frames : raw;
            const auto count = std::min(frames - done, source.frames - position);
            for (int row = 0; row < 2; ++row) {
                mix.narrow(1, done, count)
                    .addcmul_(source.sound[row].narrow(1, position, count), gain[row].narrow(0, done, count),
                              note.level);
            }
            done += count;
        }
    }

    StemContext context_;
    PadPatch patch_;
    std::vector<Event> events_;
    std::vector<PadNote> notes_;
    std::map<int, Table> tables_;
    double drift_ = 0.25;
    double swell_hz_ = 0.1;
    bool endless_ = false;
};

} // namespace

std::unique_ptr<StemEngine> make_pad_engine(const StemContext& context, const PadPatch& patch) {
    return std::make_unique<PadEngine>(context, patch);
}

} // namespace loopmind::synth
