// Batched wavetable voices: 32-bit phases, control-rate envelopes, one bilinear look-up, one small product
// per batch.
#include "models/synth/voice_engine.h"

#include "models/synth/hash_noise.h"
#include "models/synth/timeline.h"
#include "models/synth/tone_curve.h"
#include "models/synth/wavetables.h"

#include <numbers>
#include <set>

namespace loopmind::synth {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;
constexpr double kFade = 0.008;         ///< seconds of the last fade to exact silence
constexpr double kReleaseLengths = 6.2; ///< release time constants until that fade (-54 dB)
constexpr double kDecayLengths = 7.5;   ///< decay time constants until a sound without sustain is over

/// The numbers one row (one oscillator of one note) hands to the tensor program.
enum Field {
    kTime,
    kAttack,
    kDecay,
    kSustain,
    kRelease,
    kOff,
    kEnd,
    kGain,
    kPunch,
    kRow,
    kRowCentre,
    kRowEnvelope,
    kRowDecay,
    kRowTop,
    kRowLfo,
    kRowLfoHz,
    kRowLfoPhase,
    kHz,
    kBend,
    kBendTime,
    kGlide,
    kVibrato,
    kVibratoHz,
    kVibratoDelay,
    kWowPhase,
    kFlutterPhase,
    kFields
};

/// A note with what it needs before any sample is made.
struct Voice {
    int pitch = 60;
    double level = 1;        ///< velocity 0..1
    double held = 0;         ///< seconds until the release
    double from_octaves = 0; ///< where a glide starts, against this note
    std::uint64_t seed = 0;
};

class VoiceEngine : public StemEngine {
  public:
    VoiceEngine(const StemContext& context, const VoicePatch& patch) : context_(context), patch_(patch) {
        const auto& tone = context.stem.tone;
        apply_parameters();
        collect_notes();
        if (events_.empty()) return;
        std::set<int> pitches;
        for (const auto& voice : voices_)
            pitches.insert(voice.pitch);
        const double drive = 1 - (1 - patch_.drive) * (1 - 0.85 * saturation(tone));
        tables_ = std::make_unique<Wavetables>(
            context, patch_, std::vector<int>(pitches.begin(), pitches.end()), patch_.resonance, drive);
        // Wow and flutter run a whole number of times round the loop.
        const double seconds = static_cast<double>(context.total) / context.rate;
        wow_hz_ = std::max(1.0, std::round(0.55 * seconds)) / seconds;
        flutter_hz_ = std::max(1.0, std::round(6.3 * seconds)) / seconds;
        bends_ = patch_.bend_octaves != 0 || glide_ > 0 || patch_.vibrato_cents > 0 || tone.age > 0;
        burst_ = make_burst();
    }

    void add_segment(std::int64_t first, std::int64_t frames, at::Tensor& mix) override {
        auto slices = slices_in(events_, context_.total, first, frames);
        for (auto& slice : slices)
            align(slice);
        std::stable_sort(slices.begin(), slices.end(),
                         [](const Slice& a, const Slice& b) { return a.frames > b.frames; });
        const auto oscillators = static_cast<std::int64_t>(patch_.oscillators.size());
        for (std::size_t i = 0; i < slices.size();) {
            const auto length = (slices[i].frames + kControlFrames - 1) / kControlFrames * kControlFrames;
            const auto fit =
                std::max<std::int64_t>(1, context_.tables.batch_samples / (length * oscillators));
            std::size_t end = i;
            while (end < slices.size() && static_cast<std::int64_t>(end - i) < fit &&
                   slices[end].frames * 3 > length * 2) {
                ++end;
            }
            end = std::max(end, i + 1);
            add_batch({slices.begin() + static_cast<std::ptrdiff_t>(i),
                       slices.begin() + static_cast<std::ptrdiff_t>(end)},
                      length, first, mix);
            i = end;
        }
        add_bursts(first, frames, mix);
    }

  private:
    void apply_parameters() {
        patch_.resonance = context_.param("resonance", patch_.resonance, 0.5, 12);
        patch_.drive = context_.param("drive", patch_.drive, 0, 1);
        patch_.bend_octaves = context_.param("bend", patch_.bend_octaves, -2, 2);
        glide_ = context_.param("glide", 0, 0, 1);
        patch_.vibrato_cents *= context_.param("vibrato", 1, 0, 4);
        patch_.attack_noise *= context_.param("noise", 1, 0, 4) * (1 + context_.stem.tone.air);
        const double attack = context_.param("attack", 1, 0.1, 10);
        const double decay = context_.param("decay", 1, 0.1, 10);
        const double release = context_.param("release", 1, 0.1, 10);
        const double detune = context_.param("detune", 1, 0, 4);
        const double cutoff = context_.param("cutoff", 0, -4, 4) + brightness_octaves(context_.stem.tone);
        for (auto& oscillator : patch_.oscillators) {
            oscillator.amp.attack = std::max(0.001, oscillator.amp.attack * attack);
            oscillator.amp.decay *= decay;
            oscillator.amp.release *= release;
            oscillator.cents *= detune;
            const bool index = oscillator.wave == WaveKind::kFm;
            const bool vowel = oscillator.wave == WaveKind::kVowel;
            oscillator.timbre.base += cutoff * (index ? 0.5 : vowel ? 0.25 : 1.0);
        }
    }

    void collect_notes() {
        const double fade_frames = kFade * context_.rate;
        for (std::size_t i = 0; i < context_.stem.notes.size(); ++i) {
            const auto& note = context_.stem.notes[i];
            if (note.pitch < 0 || note.pitch > 127 || note.velocity < 1 || !(note.length > 0)) continue;
            Voice voice;
            voice.pitch = note.pitch;
            voice.level = std::min(note.velocity, 127) / 127.0;
            voice.held = note.length * 60.0 / context_.plan.tempo;
            voice.seed = mix64(context_.seed, mix64(hash_text(context_.stem.id), i));
            voice.from_octaves = glide_from(i);
            double seconds = 0;
            for (const auto& oscillator : patch_.oscillators)
                seconds = std::max(seconds, ring(voice, oscillator));
            events_.push_back({context_.frame_of(note.start),
                               static_cast<std::int64_t>(seconds * context_.rate + fade_frames) + 1});
            voices_.push_back(voice);
        }
    }

    /// Octaves from the note that leads into note `i` without a gap, when the stem glides; else 0.
    double glide_from(std::size_t i) const {
        if (glide_ <= 0) return 0;
        const auto& notes = context_.stem.notes;
        const auto& note = notes[i];
        for (std::size_t j = i; j-- > 0;) {
            if (notes[j].start >= note.start) continue;
            if (notes[j].start + notes[j].length < note.start - 0.05) return 0;
            return std::clamp((notes[j].pitch - note.pitch) / 12.0, -2.0, 2.0);
        }
        return 0;
    }

    /// Seconds until the last fade of one oscillator begins.
    static double ring(const Voice& voice, const Oscillator& oscillator) {
        const double released = voice.held + oscillator.amp.release * kReleaseLengths;
        if (oscillator.amp.sustain > 0) return released;
        return std::min(released, oscillator.amp.attack + oscillator.amp.decay * kDecayLengths);
    }

    /// Moves a slice's begin back to a control point; what comes before the slice is cut when it is added.
    static void align(Slice& slice) {
        const auto extra = slice.from % kControlFrames;
        slice.from -= extra;
        slice.at -= extra;
        slice.frames += extra;
    }

    double uniform(const Voice& voice, std::size_t oscillator, int what) const {
        return unit(mix64(voice.seed, 1000003 * (oscillator + 1) + static_cast<std::uint64_t>(what)));
    }

    void add_batch(const std::vector<Slice>& batch, std::int64_t length, std::int64_t first,
                   at::Tensor& mix) {
        const auto& oscillators = patch_.oscillators;
        const auto rows = static_cast<std::int64_t>(batch.size() * oscillators.size());
        std::vector<std::int32_t> phases;
        std::vector<float> fields;
        std::vector<float> gains(static_cast<std::size_t>(rows * 2));
        phases.reserve(static_cast<std::size_t>(rows * 2));
        fields.reserve(static_cast<std::size_t>(rows * kFields));
        for (std::size_t v = 0; v < batch.size(); ++v) {
            for (std::size_t o = 0; o < oscillators.size(); ++o) {
                fill_row(batch[v], o, first, phases, fields);
                const double angle =
                    (std::clamp(oscillators[o].pan * context_.stem.width, -1.0, 1.0) + 1) * kTwoPi / 8;
                gains[(v * 2) * oscillators.size() + o] =
                    static_cast<float>(std::cos(angle) * std::numbers::sqrt2);
                gains[(v * 2 + 1) * oscillators.size() + o] =
                    static_cast<float>(std::sin(angle) * std::numbers::sqrt2);
            }
        }
        const auto device = context_.tables.device;
        const auto integers = upload(phases, {rows, 2}, device);
        const auto f = upload(fields, {rows, kFields}, device);
        const auto points = length / kControlFrames;
        const auto t = context_.tables.counter.narrow(0, 0, points + 1).to(at::kFloat) *
                           (static_cast<double>(kControlFrames) / context_.rate) +
                       f.narrow(1, kTime, 1);
        const auto waves = look_up(integers, f, t, length);
        waves.mul_(interpolate_control(context_.tables, amplitude(f, t)));
        const auto shape = static_cast<std::int64_t>(batch.size());
        const auto count = static_cast<std::int64_t>(oscillators.size());
        const auto stereo =
            at::bmm(upload(gains, {shape, 2, count}, device), waves.view({shape, count, length}));
        for (std::int64_t v = 0; v < shape; ++v) {
            const auto& slice = batch[static_cast<std::size_t>(v)];
            const auto skip = std::max<std::int64_t>(0, -slice.at);
            mix.narrow(1, slice.at + skip, slice.frames - skip)
                .add_(stereo[v].narrow(1, skip, slice.frames - skip));
        }
    }

    void fill_row(const Slice& slice, std::size_t o, std::int64_t first, std::vector<std::int32_t>& phases,
                  std::vector<float>& fields) const {
        const auto& voice = voices_[slice.event];
        const auto& osc = patch_.oscillators[o];
        const double hz = note_hz(voice.pitch + osc.cents / 100.0) * osc.ratio;
        const auto step = static_cast<std::uint64_t>(std::llround(hz / context_.rate * 4294967296.0));
        const auto start =
            static_cast<std::uint64_t>((osc.random_phase ? uniform(voice, o, 0) : 0.5) * 4294967296.0);
        phases.push_back(static_cast<std::int32_t>(static_cast<std::uint32_t>(step)));
        phases.push_back(static_cast<std::int32_t>(
            static_cast<std::uint32_t>(start + step * static_cast<std::uint64_t>(slice.from))));

        const auto& tone = context_.stem.tone;
        const double per_unit = tables_->rows_per_unit(o);
        const double top = static_cast<double>(tables_->rows(o) - 1);
        const double centre = osc.timbre.base + osc.timbre.key * (voice.pitch - 60) / 12.0 +
                              osc.timbre.velocity * (voice.level - 0.63);
        const double when = static_cast<double>(first + slice.at) / context_.rate;
        const auto turn = [](double x) { return x - std::floor(x); };
        double row[kFields] = {};
        row[kTime] = static_cast<double>(slice.from) / context_.rate;
        row[kAttack] = osc.amp.attack;
        row[kDecay] = osc.amp.decay;
        row[kSustain] = osc.amp.sustain;
        row[kRelease] = osc.amp.release;
        row[kOff] = voice.held;
        row[kEnd] = ring(voice, osc) + kFade;
        row[kGain] = osc.gain * std::pow(voice.level / 0.63, 1.5) * std::pow(10.0, patch_.trim_db / 20);
        row[kPunch] = 1.6 * (tone.punch - 0.5) + (tone.punch > 0.5 ? 0.8 * (tone.punch - 0.5) : 0);
        row[kRow] = static_cast<double>(tables_->first_row(o, voice.pitch));
        row[kRowCentre] = centre * per_unit;
        row[kRowEnvelope] = osc.timbre.envelope * per_unit;
        row[kRowDecay] = osc.timbre.decay;
        row[kRowTop] = top;
        row[kRowLfo] = osc.timbre.lfo * per_unit;
        row[kRowLfoHz] = osc.timbre.lfo_hz;
        row[kRowLfoPhase] = turn(uniform(voice, o, 1) + osc.timbre.lfo_hz * row[kTime]);
        row[kHz] = hz;
        row[kBend] = std::exp2(patch_.bend_octaves) - 1;
        row[kBendTime] = patch_.bend_time;
        row[kGlide] = std::exp2(voice.from_octaves) - 1;
        row[kVibrato] = patch_.vibrato_cents * std::numbers::ln2 / 1200;
        row[kVibratoHz] = patch_.vibrato_hz * (0.95 + 0.1 * uniform(voice, 0, 2));
        row[kVibratoDelay] = patch_.vibrato_delay;
        row[kWowPhase] = turn(wow_hz_ * when);
        row[kFlutterPhase] = turn(flutter_hz_ * when);
        for (const double value : row)
            fields.push_back(static_cast<float>(value));
    }

    static at::Tensor column(const at::Tensor& fields, Field field) { return fields.narrow(1, field, 1); }

    /// Amplitude envelopes at the control points, [rows, points + 1].
    at::Tensor amplitude(const at::Tensor& f, const at::Tensor& t) const {
        const auto attack = column(f, kAttack);
        const auto x = (t / attack).clamp(0, 1);
        const auto sustain = column(f, kSustain);
        auto out = x * (2 - x) * column(f, kGain);
        out.mul_(sustain + (1 - sustain) * at::exp(-(t - attack).clamp_min(0) / column(f, kDecay)));
        out.mul_(at::exp(-(t - column(f, kOff)).clamp_min(0) / column(f, kRelease)));
        out.mul_(((column(f, kEnd) - t) * (1.0 / kFade)).clamp(0, 1));
        if (context_.stem.tone.punch != 0.5) out.mul_(1 + column(f, kPunch) * at::exp(t * (-1.0 / 0.022)));
        return out;
    }

    /// Row of the image at the control points, [rows, points + 1].
    at::Tensor timbre(const at::Tensor& f, const at::Tensor& t) const {
        auto row = column(f, kRowCentre) + column(f, kRowEnvelope) * at::exp(-t / column(f, kRowDecay));
        bool moves = false;
        for (const auto& oscillator : patch_.oscillators)
            moves = moves || oscillator.timbre.lfo != 0;
        if (moves) {
            const auto local = t - column(f, kTime);
            row = row + column(f, kRowLfo) *
                            ((local * column(f, kRowLfoHz) + column(f, kRowLfoPhase)) * kTwoPi).sin();
        }
        return at::minimum(row.clamp_min(0), column(f, kRowTop)) + column(f, kRow);
    }

    /// Phase added by bend, vibrato, wow and flutter in cycles at the control points, [rows, points + 1].
    at::Tensor detour(const at::Tensor& f, const at::Tensor& t) const {
        auto out = column(f, kBend) * column(f, kBendTime) * (1 - at::exp(-t / column(f, kBendTime)));
        if (glide_ > 0) {
            const double time = glide_ / 3; // after the glide time 95 % of the way is done
            out = out + column(f, kGlide) * time * (1 - at::exp(t * (-1.0 / time)));
        }
        if (patch_.vibrato_cents > 0) {
            const auto swell = ((t - column(f, kVibratoDelay)) * (1.0 / 0.35)).clamp(0, 1);
            const auto cycle = t * column(f, kVibratoHz);
            out = out - column(f, kVibrato) / (column(f, kVibratoHz) * kTwoPi) * swell *
                            ((cycle - cycle.floor()) * kTwoPi).cos();
        }
        const double age = context_.stem.tone.age;
        if (age > 0) {
            const auto local = t - column(f, kTime);
            const double cent = std::numbers::ln2 / 1200;
            out = out + ((local * wow_hz_ + column(f, kWowPhase)) * kTwoPi).sin() *
                            (14 * age * cent / (kTwoPi * wow_hz_));
            out = out + ((local * flutter_hz_ + column(f, kFlutterPhase)) * kTwoPi).sin() *
                            (4 * age * cent / (kTwoPi * flutter_hz_));
        }
        return out * column(f, kHz);
    }

    /// The oscillators before their envelopes, [rows, length].
    at::Tensor look_up(const at::Tensor& integers, const at::Tensor& f, const at::Tensor& t,
                       std::int64_t length) const {
        // A 32-bit phase wraps by itself; read as a signed number it is the x coordinate -1..1 of the image.
        auto phase = context_.tables.counter.narrow(0, 0, length).mul(integers.narrow(1, 0, 1));
        phase.add_(integers.narrow(1, 1, 1));
        if (bends_) {
            auto cycles = interpolate_control(context_.tables, detour(f, t));
            cycles.sub_(at::round(cycles))
                .mul_(4294967040.0); // just below 2^32, so that half a cycle still fits
            phase.add_(cycles.to(at::kInt));
        }
        const auto& image = tables_->image();
        const auto rows = f.size(0);
        auto grid = at::empty({1, rows, length, 2}, f.options());
        grid.select(3, 0).copy_(phase.to(at::kFloat).mul_(1.0 / 2147483648.0).unsqueeze(0));
        const auto y = timbre(f, t).mul_(2.0 / static_cast<double>(image.size(2) - 1)).sub_(1);
        grid.select(3, 1).copy_(interpolate_control(context_.tables, y).unsqueeze(0));
        return bilinear_lookup(image, grid).view({rows, length});
    }

    /// A short noise burst shared by all notes: pick, hammer, key click or breath.
    at::Tensor make_burst() const {
        if (patch_.attack_noise <= 0) return {};
        const auto frames = static_cast<std::int64_t>(0.05 * context_.rate);
        const auto noise = context_.tables.noise.narrow(
            0, static_cast<std::int64_t>(mix64(context_.seed, 77) % 200000), frames);
        const auto n = real_fft(noise, frames * 2);
        const auto hz =
            at::arange(n.size(0), noise.options()) * (static_cast<double>(context_.rate) / (2.0 * frames));
        const auto w = hz * (1.0 / patch_.attack_noise_hz);
        const auto band = w / (1 + w.square()).pow(1.5) * tone_response(context_.stem.tone, hz).abs();
        const auto t = at::arange(frames, noise.options()) * (1.0 / context_.rate);
        const auto decay = at::exp(t * (-1.0 / 0.009)) * (t * (1.0 / 0.0008)).clamp(0, 1) *
                           ((0.05 - t) * (1.0 / 0.01)).clamp(0, 1);
        const double level = patch_.attack_noise * 3.0 * (0.4 + 1.2 * context_.stem.tone.punch) *
                             std::pow(10.0, patch_.trim_db / 20);
        return inverse_real_fft(n * band, frames * 2).narrow(0, 0, frames) * decay * level;
    }

    void add_bursts(std::int64_t first, std::int64_t frames, at::Tensor& mix) const {
        if (!burst_.defined()) return;
        std::vector<Event> bursts;
        for (const auto& event : events_)
            bursts.push_back({event.start, burst_.size(0)});
        for (const auto& slice : slices_in(bursts, context_.total, first, frames)) {
            const double level = std::pow(voices_[slice.event].level / 0.63, 2.0);
            mix.narrow(1, slice.at, slice.frames).add_(burst_.narrow(0, slice.from, slice.frames), level);
        }
    }

    StemContext context_;
    VoicePatch patch_;
    std::vector<Event> events_;
    std::vector<Voice> voices_;
    std::unique_ptr<Wavetables> tables_;
    at::Tensor burst_;
    double glide_ = 0; ///< seconds
    double wow_hz_ = 1;
    double flutter_hz_ = 6;
    bool bends_ = false;
};

} // namespace

std::unique_ptr<StemEngine> make_voice_engine(const StemContext& context, const VoicePatch& patch) {
    return std::make_unique<VoiceEngine>(context, patch);
}

} // namespace loopmind::synth
