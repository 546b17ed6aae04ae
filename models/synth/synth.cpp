// The synthesiser: loads tables on a device, picks the engine of a patch, streams the loop segment by
// segment.
#include "models/synth/synth.h"

#include "models/synth/drum_engine.h"
#include "models/synth/hash_noise.h"
#include "models/synth/noise_bed.h"
#include "models/synth/pad_engine.h"
#include "models/synth/stem_engine.h"
#include "models/synth/texture_engine.h"
#include "models/synth/tone_curve.h"
#include "models/synth/voice_engine.h"

#include <numbers>
#include <optional>
#include <set>

namespace loopmind::synth {
namespace {

constexpr std::int64_t kNoiseFrames = 1 << 18;
constexpr std::int64_t kMostFrames = std::int64_t{1} << 31; ///< half a day; positions stay far inside 64 bits
constexpr std::int64_t kLeastFrames = 480;                  ///< a hundredth of a second
constexpr double kLongestNote = 4096;                       ///< beats: bounds how often a tail goes round
constexpr float kKnee = 0.891f; ///< -1 dBFS: below it the last stage changes nothing

Error invalid(std::string field, std::string message, std::string hint = {}) {
    return {ErrorCode::kInvalidArgument, std::move(field), std::move(message), std::move(hint)};
}

DeviceTables make_tables(at::Device device) {
    DeviceTables out;
    out.device = device;
    out.noise = upload(white_noise(0x10071D, kNoiseFrames), {kNoiseFrames}, device);
    // Unit phasors by host arithmetic in double, so that both devices hold the same bits.
    std::vector<float> phasors(static_cast<std::size_t>(kNoiseFrames) * 4);
    for (std::size_t i = 0; i < static_cast<std::size_t>(kNoiseFrames) * 2; ++i) {
        const double angle = 2 * std::numbers::pi * unit(mix64(0xFA5E, i));
        phasors[2 * i] = static_cast<float>(std::cos(angle));
        phasors[2 * i + 1] = static_cast<float>(std::sin(angle));
    }
    out.phases = at::view_as_complex(upload(phasors, {2, kNoiseFrames, 2}, device));
    out.counter =
        at::arange(kLongestSegment + 2 * kControlFrames, at::TensorOptions(at::kInt).device(device));
    const auto up =
        at::arange(kControlFrames, at::TensorOptions(at::kFloat).device(device)) * (1.0 / kControlFrames);
    out.ramp = at::stack({1 - up, up}, 0);
    out.batch_samples = device.is_cuda() ? std::int64_t{1} << 23 : std::int64_t{1} << 16;
    return out;
}

/// A short first segment so that sound arrives at once, then longer ones, which cost less per frame.
std::int64_t segment_frames(std::int64_t index, bool cuda) {
    if (cuda) return index == 0 ? 1 << 15 : kLongestSegment;
    return index == 0 ? 12288 : index == 1 ? 24576 : 65536;
}

/// Hiss and a little hum that old equipment adds, well under the sound.
std::optional<NoiseBed> age_noise(const StemContext& context) {
    if (context.stem.tone.age <= 0 || is_texture(context.stem.instrument.patch)) return std::nullopt;
    return NoiseBed(context, mix64(context.seed, 0xA6E), 0.2, [](const at::Tensor& hz) {
        const auto w = (hz * (1.0 / 500)).square();
        return w / (1 + w) / (1 + (hz * (1.0 / 9000)).square()) + 0.15 / (1 + (hz * (1.0 / 120)).square());
    });
}

class TensorSynth final : public Synth {
  public:
    explicit TensorSynth(DeviceTables tables) : tables_(std::move(tables)) {}

    bool has_patch(const std::string& patch) const override { return names().count(patch) > 0; }

    std::vector<std::string> patches() const override { return {names().begin(), names().end()}; }

    Status render(const composer::Plan& plan, const composer::StemPlan& stem, const RenderOptions& options,
                  const Sink& sink) const override {
        if (const auto error = check(plan, stem, options)) return *error;
        try {
            const c10::InferenceMode no_gradients;
            const StemContext context{tables_,
                                      plan,
                                      stem,
                                      options.sample_rate,
                                      options.total_frames,
                                      mix64(options.seed, hash_text(stem.instrument.patch))};
            return stream(context, sink);
        } catch (const c10::OutOfMemoryError&) {
            return Error{ErrorCode::kResourceExhausted, stem.id,
                         "the device has no memory left for this stem", "render fewer stems at once"};
        } catch (const std::bad_alloc&) {
            return Error{ErrorCode::kResourceExhausted, stem.id, "no memory left for this stem", ""};
        } catch (const std::exception& failure) {
            const std::string text = failure.what();
            return Error{ErrorCode::kInternal, stem.id,
                         "rendering failed: " + text.substr(0, text.find('\n')), ""};
        }
    }

    std::string fingerprint() const override {
        std::string out = std::string("synth-") + synth_version() + "/torch-" + torch_version();
        return out + (tables_.device.is_cuda() ? "/cuda" : "/cpu-" + cpu_capability());
    }

  private:
    static const std::set<std::string>& names() {
        static const std::set<std::string> all = [] {
            std::set<std::string> out = {"texture.vinyl", "texture.tape", "texture.room", "texture.rain"};
            for (const auto& patch : voice_patches())
                out.insert(patch.name);
            for (const auto& patch : pad_patches())
                out.insert(patch.name);
            for (const auto& kit : drum_kits())
                out.insert(kit.name);
            return out;
        }();
        return all;
    }

    std::optional<Error> check(const composer::Plan& plan, const composer::StemPlan& stem,
                               const RenderOptions& options) const {
        if (!has_patch(stem.instrument.patch)) {
            return invalid("stems." + stem.id + ".instrument.patch",
                           "no patch is called \"" + stem.instrument.patch + "\"",
                           "ask the synthesiser for its patches()");
        }
        if (options.sample_rate != 44100 && options.sample_rate != 48000) {
            return invalid("sample_rate", "must be 44100 or 48000");
        }
        if (options.total_frames < kLeastFrames || options.total_frames > kMostFrames) {
            return invalid("total_frames", "must be between " + std::to_string(kLeastFrames) + " and " +
                                               std::to_string(kMostFrames));
        }
        if (!(plan.tempo >= 20 && plan.tempo <= 400)) return invalid("tempo", "must be between 20 and 400");
        const auto& tone = stem.tone;
        for (const double value :
             {tone.brightness, tone.warmth, tone.drive, tone.air, tone.age, tone.punch, stem.width}) {
            if (!(value >= 0 && value <= 1))
                return invalid("stems." + stem.id + ".tone", "values must be in 0..1");
        }
        if (!(stem.pan >= -1 && stem.pan <= 1))
            return invalid("stems." + stem.id + ".pan", "must be in -1..1");
        if (!(stem.level_db >= -120 && stem.level_db <= 24)) {
            return invalid("stems." + stem.id + ".level_db", "must be in -120..24");
        }
        for (const auto& note : stem.notes) {
            if (!(std::abs(note.start) <= 1e6) || !(note.length <= kLongestNote)) {
                return invalid("stems." + stem.id + ".notes", "a note starts or ends beyond any loop",
                               "give start and length in beats, length at most 4096");
            }
        }
        return std::nullopt;
    }

    static std::unique_ptr<StemEngine> make_engine(const StemContext& context) {
        const auto& name = context.stem.instrument.patch;
        for (const auto& patch : voice_patches()) {
            if (patch.name == name) return make_voice_engine(context, patch);
        }
        for (const auto& patch : pad_patches()) {
            if (patch.name == name) return make_pad_engine(context, patch);
        }
        for (const auto& kit : drum_kits()) {
            if (kit.name == name) return make_drum_engine(context, kit);
        }
        return make_texture_engine(context, name);
    }

    Status stream(const StemContext& context, const Sink& sink) const {
        const auto engine = make_engine(context);
        const auto noise = age_noise(context);
        const double level = std::pow(10.0, context.stem.level_db / 20);
        const double angle = (context.stem.pan + 1) * std::numbers::pi / 4;
        const std::vector<float> sides = {static_cast<float>(level * std::cos(angle) * std::numbers::sqrt2),
                                          static_cast<float>(level * std::sin(angle) * std::numbers::sqrt2)};
        const auto gains = upload(sides, {2, 1}, tables_.device);
        std::int64_t first = 0;
        for (std::int64_t index = 0; first < context.total; ++index) {
            const auto frames =
                std::min(segment_frames(index, tables_.device.is_cuda()), context.total - first);
            auto mix = at::zeros({2, frames}, tables_.noise.options());
            engine->add_segment(first, frames, mix);
            if (noise) noise->add(first, frames, 0.012 * context.stem.tone.age, {}, mix);
            const auto out = limit(mix.mul_(gains)).to(at::kCPU).contiguous();
            const auto* data = out.data_ptr<float>();
            const auto count = static_cast<std::size_t>(frames);
            if (!sink(first, {data, count}, {data + frames, count})) {
                return Error{ErrorCode::kCancelled, context.stem.id, "rendering was cancelled", ""};
            }
            first += frames;
        }
        return {};
    }

    /// Leaves everything below -1 dBFS alone and bends the rest towards +-1.
    static at::Tensor limit(const at::Tensor& mix) {
        const auto size = mix.abs();
        if (size.max().item<float>() <= kKnee) return mix;
        const auto bent = kKnee + (1 - kKnee) * at::tanh((size - kKnee).clamp_min(0) * (1.0 / (1 - kKnee)));
        return at::where(size > kKnee, bent * mix.sign(), mix);
    }

    DeviceTables tables_;
};

} // namespace

Result<std::unique_ptr<Synth>> Synth::load(const std::string& device) {
    const auto away = [&](const std::string& why) {
        return Error{ErrorCode::kUnavailable, "device", "\"" + device + "\" cannot be used: " + why,
                     "use --device cpu, or check the driver and that this build's LibTorch has CUDA"};
    };
    std::string family = device.substr(0, device.find(':'));
    if (family != "cpu" && family != "cuda")
        return Error(invalid("device", "must be cpu, cuda or cuda:N, not \"" + device + "\""));
    try {
        const c10::InferenceMode no_gradients;
        auto tables = make_tables(at::Device(device));
        // One tiny sum shows that the device really computes.
        if (tables.counter.narrow(0, 0, 4).sum().item<std::int64_t>() != 6)
            return away("it computes wrong sums");
        return std::unique_ptr<Synth>(std::make_unique<TensorSynth>(std::move(tables)));
    } catch (const std::exception& failure) {
        const std::string text = failure.what();
        return away(text.substr(0, text.find('\n')));
    }
}

const char* synth_version() {
    return "2";
}

} // namespace loopmind::synth
