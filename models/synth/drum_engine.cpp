// Placement of drum hits: velocity layers, alternating noise, hi-hats that choke each other.
#include "models/synth/drum_engine.h"

#include "models/synth/hash_noise.h"
#include "models/synth/timeline.h"

#include <map>
#include <numbers>
#include <tuple>

namespace loopmind::synth {
namespace {

constexpr int kLayers = 5;
constexpr double kChokeSeconds = 0.012;

/// One note of the kit.
struct DrumNote {
    int pitch = 36;
    int layer = 0;
    std::uint64_t turn = 0;
    double gain = 1;
    std::int64_t choked = 0; ///< frames after its start at which another hit stops it; 0: never
};

class DrumEngine : public StemEngine {
  public:
    DrumEngine(const StemContext& context, const DrumKit& kit) : context_(context), kit_(kit) {
        collect_notes();
        find_chokes();
        const auto frames = static_cast<std::int64_t>(kChokeSeconds * context.rate);
        choke_ = 1 - at::arange(1, frames + 1, context.tables.noise.options()) *
                         (1.0 / static_cast<double>(frames));
    }

    void add_segment(std::int64_t first, std::int64_t frames, at::Tensor& mix) override {
        for (const auto& slice : slices_in(events_, context_.total, first, frames)) {
            const auto& note = notes_[slice.event];
            const auto& sound = shot(note);
            const auto end = std::min(slice.from + slice.frames, sound.size(1));
            if (end > slice.from) add_hit(sound, note, slice, end, mix);
        }
    }

  private:
    void collect_notes() {
        for (std::size_t i = 0; i < context_.stem.notes.size(); ++i) {
            const auto& note = context_.stem.notes[i];
            if (note.pitch < 0 || note.pitch > 127 || note.velocity < 1) continue;
            const double velocity = std::min(note.velocity, 127) / 127.0;
            DrumNote out;
            out.pitch = note.pitch;
            out.layer = std::min(kLayers - 1, static_cast<int>(velocity * kLayers));
            // Two alternatives of each sound, chosen by position so that bars repeat alike.
            out.turn = mix64(hash_text(context_.stem.id), i) & 1;
            out.gain = std::pow(velocity / 0.79, 1.7) * std::pow(10.0, kit_.trim_db / 20);
            events_.push_back({context_.frame_of(note.start), 6 * context_.rate});
            notes_.push_back(out);
        }
    }

    void find_chokes() {
        for (std::size_t i = 0; i < notes_.size(); ++i) {
            const int group = drum_voice(notes_[i].pitch).choke;
            if (group == 0) continue;
            std::int64_t least = context_.total;
            for (std::size_t j = 0; j < notes_.size(); ++j) {
                if (drum_voice(notes_[j].pitch).choke != group) continue;
                auto gap = events_[j].start - events_[i].start;
                if (gap <= 0) gap += context_.total;
                if (gap > context_.rate / 200) least = std::min(least, gap);
            }
            notes_[i].choked = least;
            events_[i].frames =
                std::min(events_[i].frames, least + static_cast<std::int64_t>(kChokeSeconds * context_.rate));
        }
    }

    const at::Tensor& shot(const DrumNote& note) {
        const auto key = std::make_tuple(note.pitch, note.layer, note.turn);
        auto found = shots_.find(key);
        if (found == shots_.end()) {
            const auto voice = drum_voice(note.pitch);
            const double strength = (note.layer + 0.5) / kLayers;
            auto sound = render_drum(context_, kit_, voice, strength,
                                     mix64(static_cast<std::uint64_t>(note.pitch), note.turn), tones_);
            const double angle =
                (std::clamp(voice.pan * context_.stem.width, -1.0, 1.0) + 1) * std::numbers::pi / 4;
            sound[0].mul_(std::cos(angle) * std::numbers::sqrt2);
            sound[1].mul_(std::sin(angle) * std::numbers::sqrt2);
            found = shots_.emplace(key, sound.contiguous()).first;
        }
        return found->second;
    }

    void add_hit(const at::Tensor& sound, const DrumNote& note, const Slice& slice, std::int64_t end,
                 at::Tensor& mix) const {
        const auto fade_end = note.choked > 0 ? note.choked + choke_.size(0) : end;
        const auto fade_start = note.choked > 0 ? note.choked : end;
        const auto open_end = std::min(end, fade_start);
        if (open_end > slice.from) {
            const auto count = open_end - slice.from;
            mix.narrow(1, slice.at, count).add_(sound.narrow(1, slice.from, count), note.gain);
        }
        const auto from = std::max(slice.from, fade_start);
        const auto to = std::min(end, fade_end);
        if (to > from) {
            mix.narrow(1, slice.at + from - slice.from, to - from)
                .addcmul_(sound.narrow(1, from, to - from), choke_.narrow(0, from - fade_start, to - from),
                          note.gain);
        }
    }

    StemContext context_;
    DrumKit kit_;
    std::vector<Event> events_;
    std::vector<DrumNote> notes_;
    std::map<std::tuple<int, int, std::uint64_t>, at::Tensor> shots_;
    at::Tensor choke_;
    ToneCache tones_;
};

} // namespace

std::unique_ptr<StemEngine> make_drum_engine(const StemContext& context, const DrumKit& kit) {
    return std::make_unique<DrumEngine>(context, kit);
}

} // namespace loopmind::synth
