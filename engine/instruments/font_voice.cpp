// Sends due events ahead of each step and adds what the synthesiser gives.
#include "engine/instruments/font_voice.h"

#include <algorithm>

namespace loopmind::instruments {

FontPass::FontPass(LoadedFont& font, int rate, int bank, int program)
    : synth_(font, rate), left_(kStepFrames), right_(kStepFrames) {
    valid_ = synth_.valid() && synth_.select(bank, program);
}

void FontPass::begin(const std::vector<GridNote>& notes, std::int64_t start, std::int64_t end) {
    events_.clear();
    for (const GridNote& note : notes) {
        if (note.on < start || note.on >= end) continue;
        const int key = synth_.playable_key(note.key);
        events_.push_back({note.on, key, note.velocity});
        events_.push_back({note.off, key, 0});
    }
    // Releases ahead of starts, so that a repeated note is not cut by the end of the one before.
    std::stable_sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) {
        return a.frame != b.frame ? a.frame < b.frame : (a.velocity == 0) > (b.velocity == 0);
    });
    next_ = 0;
    time_ = start;
    buffered_ = 0;
}

bool FontPass::finished() {
    return next_ == events_.size() && buffered_ == 0 &&
           fluid_synth_get_active_voice_count(synth_.handle()) == 0;
}

void FontPass::add(float* left, float* right, int frames) {
    while (frames > 0) {
        if (buffered_ == 0) {
            for (; next_ < events_.size() && events_[next_].frame <= time_; ++next_) {
                const Event& event = events_[next_];
                if (event.velocity > 0) {
                    fluid_synth_noteon(synth_.handle(), 0, event.key, event.velocity);
                } else {
                    fluid_synth_noteoff(synth_.handle(), 0, event.key);
                }
            }
            fluid_synth_write_float(synth_.handle(), kStepFrames, left_.data(), 0, 1, right_.data(), 0, 1);
            buffered_ = kStepFrames;
            time_ += kStepFrames;
        }
        const int count = std::min(frames, buffered_);
        const auto from = static_cast<size_t>(kStepFrames - buffered_);
        for (int i = 0; i < count; ++i)
            left[i] += left_[from + static_cast<size_t>(i)];
        for (int i = 0; i < count; ++i)
            right[i] += right_[from + static_cast<size_t>(i)];
        left += count;
        right += count;
        frames -= count;
        buffered_ -= count;
    }
}

} // namespace loopmind::instruments
