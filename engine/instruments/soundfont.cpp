// Renders a part: passes over the loop, level, tone, place, and the stream of segments.
#include "engine/instruments/soundfont.h"

#include "engine/effects/denormals.h"
#include "engine/instruments/font_pool.h"
#include "engine/instruments/font_voice.h"
#include "engine/instruments/program_levels.h"
#include "engine/instruments/tone_shaper.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numbers>

namespace loopmind::instruments {

namespace {

constexpr const char* kVersion = "soundfont-2";
constexpr double kTailSeconds = 4.0;
constexpr std::int64_t kMostPasses = 8;
constexpr std::int64_t kBlock = 1024;

Error invalid(std::string field, std::string message, std::string hint) {
    return Error{ErrorCode::kInvalidArgument, std::move(field), std::move(message), std::move(hint)};
}

Status check(const Part& part, const PartOptions& options) {
    if (options.sample_rate < 8000 || options.sample_rate > 96000) {
        return invalid("sample_rate", "is outside 8000..96000 Hz", "use 44100 or 48000");
    }
    if (options.total_frames <= 0)
        return invalid("total_frames", "is not positive", "give the loop a length");
    if (!(part.tempo > 0) || !std::isfinite(part.tempo)) {
        return invalid("tempo", "is not a positive number", "use 40..240 BPM");
    }
    if (!std::isfinite(part.level_db) || !std::isfinite(part.pan) || !std::isfinite(part.width)) {
        return invalid("level_db, pan, width", "are not all finite", "give numbers");
    }
    for (const PartNote& note : part.notes) {
        if (!std::isfinite(note.start) || !(note.length > 0) || !std::isfinite(note.length) ||
            note.pitch < 0 || note.pitch > 127 || note.velocity < 1 || note.velocity > 127) {
            return invalid("notes", "one is outside its ranges",
                           "pitch 0..127, velocity 1..127, length above 0 beats");
        }
    }
    return {};
}

/// Notes of the loop on the grid, by start.
std::vector<GridNote> grid_notes(const Part& part, const PartOptions& options) {
    const double frames_per_beat = 60.0 / part.tempo * options.sample_rate;
    const std::int64_t total = options.total_frames;
    auto on_grid = [](double frame) { return std::llround(frame / kStepFrames) * kStepFrames; };
    std::vector<GridNote> out;
    out.reserve(part.notes.size());
    for (const PartNote& note : part.notes) {
        double start = std::fmod(note.start * frames_per_beat, static_cast<double>(total));
        if (start < 0) start += static_cast<double>(total);
        const double length = std::min(note.length * frames_per_beat, static_cast<double>(total));
        GridNote grid;
        grid.on = on_grid(start);
        if (grid.on >= total) grid.on = (total - 1) / kStepFrames * kStepFrames;
        grid.off = std::max(grid.on + kStepFrames, static_cast<std::int64_t>(on_grid(start + length)));
        grid.key = note.pitch;
        grid.velocity = note.velocity;
        out.push_back(grid);
    }
    std::stable_sort(out.begin(), out.end(), [](const GridNote& a, const GridNote& b) {
        return a.on != b.on ? a.on < b.on : a.key < b.key;
    });
    return out;
}

/// The loop played on synthesisers: one for the pass that is sent and one for each pass before it whose tail
/// still sounds. Every pass has the same grid of steps from the loop's start, so the seam fits whatever the
/// length is.
class LoopedPart {
  public:
    LoopedPart(LoadedFont& font, const Part& part, const PartOptions& options, std::int64_t memory_frames)
        : total_(options.total_frames) {
        const std::vector<GridNote> notes = grid_notes(part, options);
        const auto tail =
            std::max(static_cast<std::int64_t>(kTailSeconds * options.sample_rate), memory_frames);
        for (std::int64_t age = 0; age <= kMostPasses && (age == 0 || (age - 1) * total_ < tail); ++age) {
            Pass pass;
            pass.shift = age * total_;
            if (age > 0)
                pass.start = std::max<std::int64_t>(0, age * total_ - tail) / kStepFrames * kStepFrames;
            if (age == 1) {
                // A note that is held into the tail has to start where it starts.
                const std::int64_t held_after = pass.start;
                for (const GridNote& note : notes) {
                    if (note.off >= held_after) pass.start = std::min(pass.start, note.on);
                }
            }
            if (pass.start >= total_) break;
            pass.voice = std::make_unique<FontPass>(font, options.sample_rate, part.bank, part.program);
            valid_ = valid_ && pass.voice->valid();
            pass.voice->begin(notes, pass.start, total_);
            first_ = std::min(first_, pass.start - pass.shift);
            passes_.push_back(std::move(pass));
        }
    }
    bool valid() const { return valid_; }
    /// Time of the first frame, at or before 0.
    std::int64_t first_frame() const { return first_; }

    /// Overwrites both channels with the frames from `time` on; blocks must follow one another.
    void render(std::int64_t time, float* left, float* right, int frames) {
        std::fill(left, left + frames, 0.0f);
        std::fill(right, right + frames, 0.0f);
        for (Pass& pass : passes_) {
            if (!pass.voice) continue;
            const std::int64_t here = time + pass.shift;
            const auto skip = static_cast<int>(std::clamp<std::int64_t>(pass.start - here, 0, frames));
            if (skip == frames) continue;
            pass.voice->add(left + skip, right + skip, frames - skip);
            if (pass.shift > 0 && pass.voice->finished()) pass.voice.reset();
        }
    }

  private:
    struct Pass {
        std::int64_t shift = 0; ///< loop time of the pass = time + shift
        std::int64_t start = 0; ///< loop time at which it begins
        std::unique_ptr<FontPass> voice;
    };
    std::int64_t total_;
    std::int64_t first_ = 0;
    bool valid_ = true;
    std::vector<Pass> passes_;
};

/// Level, width and place after the tone, then a curve that leaves everything below -1 dBFS as it is.
class Output {
  public:
    Output(const Part& part, double gain_db) {
        const double gain = std::pow(10.0, gain_db / 20.0);
        const double angle = (std::clamp(part.pan, -1.0, 1.0) + 1.0) * std::numbers::pi / 4.0;
        left_ = static_cast<float>(gain * (part.pan == 0 ? 1.0 : std::numbers::sqrt2 * std::cos(angle)));
        right_ = static_cast<float>(gain * (part.pan == 0 ? 1.0 : std::numbers::sqrt2 * std::sin(angle)));
        width_ = static_cast<float>(std::clamp(part.width, 0.0, 2.0));
    }

    void process(float* left, float* right, int frames) const {
        for (int i = 0; i < frames; ++i) {
            const float middle = 0.5f * (left[i] + right[i]);
            const float side = 0.5f * (left[i] - right[i]) * width_;
            left[i] = clip((middle + side) * left_);
            right[i] = clip((middle - side) * right_);
        }
    }

  private:
    static float clip(float x) {
        constexpr float kKnee = 0.8912509f; // -1 dBFS
        const float magnitude = std::abs(x);
        if (magnitude <= kKnee) return x;
        constexpr float kRoom = 0.9999f - kKnee;
        return std::copysign(kKnee + kRoom * std::tanh((magnitude - kKnee) / kRoom), x);
    }
    float left_ = 1;
    float right_ = 1;
    float width_ = 1;
};

double expected_part_lufs(const Part& part, const PartOptions& options) {
    const double seconds_per_beat = 60.0 / part.tempo;
    std::vector<LevelNote> notes;
    for (const PartNote& note : part.notes) {
        notes.push_back(
            {note.start * seconds_per_beat, note.length * seconds_per_beat, note.pitch, note.velocity});
    }
    return expected_lufs(part.bank, part.program, notes,
                         static_cast<double>(options.total_frames) / options.sample_rate);
}

class FluidSoundFont final : public SoundFont {
  public:
    explicit FluidSoundFont(const std::string& path) : pool_(path) {}

    Status preload() {
        auto font = pool_.take();
        if (!font.ok()) return font.error();
        pool_.give_back(std::move(*font));
        return {};
    }

    bool has_program(int bank, int program) override {
        auto font = pool_.take();
        if (!font.ok()) return false;
        const bool found = fluid_sfont_get_preset((*font)->font, bank, program) != nullptr;
        pool_.give_back(std::move(*font));
        return found;
    }

    Status warm(int bank, int program) override {
        auto font = pool_.take();
        if (!font.ok()) return font.error();
        Status out;
        {
            FontSynth synth(**font, 48000);
            if (!synth.valid()) {
                out = Error{ErrorCode::kResourceExhausted, pool_.path(), "no memory for a synthesiser",
                            "free memory"};
            } else if (!synth.select(bank, program)) {
                out = no_program(bank, program);
            }
        }
        pool_.give_back(std::move(*font));
        return out;
    }

    Status render(const Part& part, const PartOptions& options, const PartSink& sink) override {
        if (Status status = check(part, options); !status.ok()) return status;
        auto font = pool_.take();
        if (!font.ok()) return font.error();
        Status status;
        if (!fluid_sfont_get_preset((*font)->font, part.bank, part.program)) {
            status = no_program(part.bank, part.program);
        } else {
            status = stream(**font, part, options, sink);
        }
        pool_.give_back(std::move(*font));
        return status;
    }

    std::string fingerprint() const override {
        std::error_code problem;
        const auto size = std::filesystem::file_size(pool_.path(), problem);
        return std::string(kVersion) + " fluidsynth-" + fluid_version_str() + " " +
               std::filesystem::path(pool_.path()).filename().string() + "-" +
               std::to_string(problem ? 0 : size);
    }

  private:
    static Error no_program(int bank, int program) {
        return invalid("program",
                       "bank " + std::to_string(bank) + ", program " + std::to_string(program) +
                           " is not in the SoundFont",
                       "choose a General MIDI program of bank 0 or a drum kit of bank 128");
    }

    static Status stream(LoadedFont& font, const Part& part, const PartOptions& options,
                         const PartSink& sink) {
        const effects::FlushDenormals flush;
        const std::int64_t total = options.total_frames;
        ToneShaper shaper(part.tone, options.sample_rate, total);
        LoopedPart source(font, part, options, shaper.memory_frames());
        if (!source.valid()) {
            return Error{ErrorCode::kResourceExhausted, "", "no memory for a synthesiser", "free memory"};
        }
        const double expected = expected_part_lufs(part, options);
        const auto normal = static_cast<float>(
            std::isfinite(expected) ? std::pow(10.0, (ToneShaper::kNominalLufs - expected) / 20.0) : 1.0);
        const Output output(part, part.level_db - ToneShaper::kNominalLufs);

        const std::int64_t latency = shaper.latency();
        // What comes after the last frame is the loop's start again; only the latency needs it.
        std::vector<float> head_left, head_right;
        std::vector<float> left(kBlock), right(kBlock), out_left, out_right;
        std::int64_t sent = 0;
        std::int64_t segment = options.sample_rate / 4;
        for (std::int64_t time = source.first_frame(); time < total + latency;) {
            std::int64_t count = std::min(kBlock, total + latency - time);
            if (time < 0) count = std::min(count, -time);
            if (time < total) count = std::min(count, total - time);
            const auto frames = static_cast<int>(count);
            if (time < total) {
                source.render(time, left.data(), right.data(), frames);
                for (int i = 0; i < frames; ++i)
                    left[static_cast<size_t>(i)] *= normal;
                for (int i = 0; i < frames; ++i)
                    right[static_cast<size_t>(i)] *= normal;
                for (std::int64_t i = 0; time + i >= 0 && i < count && time + i < latency; ++i) {
                    head_left.push_back(left[static_cast<size_t>(i)]);
                    head_right.push_back(right[static_cast<size_t>(i)]);
                }
            } else {
                for (std::int64_t i = 0; i < count; ++i) {
                    const auto from = static_cast<size_t>((time + i - total) % total);
                    left[static_cast<size_t>(i)] = head_left[from];
                    right[static_cast<size_t>(i)] = head_right[from];
                }
            }
            shaper.process(left.data(), right.data(), frames, time);
            output.process(left.data(), right.data(), frames);
            const auto from = static_cast<size_t>(std::clamp<std::int64_t>(latency - time, 0, count));
            out_left.insert(out_left.end(), left.begin() + static_cast<std::ptrdiff_t>(from),
                            left.begin() + frames);
            out_right.insert(out_right.end(), right.begin() + static_cast<std::ptrdiff_t>(from),
                             right.begin() + frames);
            time += count;
            const auto ready = static_cast<std::int64_t>(out_left.size());
            if (ready < segment && sent + ready < total) continue;
            if (!sink(sent, out_left, out_right)) {
                return Error{ErrorCode::kCancelled, "", "rendering was cancelled", ""};
            }
            sent += ready;
            out_left.clear();
            out_right.clear();
            segment = options.sample_rate;
        }
        return {};
    }

    FontPool pool_;
};

} // namespace

Result<std::shared_ptr<SoundFont>> SoundFont::load(const std::string& path) {
    auto font = std::make_shared<FluidSoundFont>(path);
    if (Status status = font->preload(); !status.ok()) return status.error();
    return std::shared_ptr<SoundFont>(std::move(font));
}

} // namespace loopmind::instruments
