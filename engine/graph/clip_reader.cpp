// A list of sounding segments that moves along, and the ways media is read.
#include "engine/graph/clip_reader.h"

#include <algorithm>

namespace loopmind::graph {

namespace {
constexpr int kScratch = 4096;
constexpr size_t kIdleReaders = 4;

size_t most_at_once(const std::vector<Segment>& segments) {
    std::vector<std::int64_t> ends;
    for (const Segment& segment : segments)
        ends.push_back(segment.end);
    std::sort(ends.begin(), ends.end());
    size_t most = 0;
    size_t ended = 0;
    for (size_t begun = 1; begun <= segments.size(); ++begun) {
        while (ends[ended] <= segments[begun - 1].start)
            ++ended;
        most = std::max(most, begun - ended);
    }
    return most;
}
} // namespace

ClipReader::ClipReader(const std::vector<Segment>& segments) : segments_(&segments) {
    std::int64_t latest = 0;
    bool scratch = false;
    for (const Segment& segment : segments) {
        latest = std::max(latest, segment.end);
        latest_end_.push_back(latest);
        streams_ = streams_ || segment.audio->buffer() == nullptr;
        scratch = scratch || segment.turned > 0;
    }
    active_.reserve(most_at_once(segments));
    if (streams_ || scratch) {
        scratch_left_.resize(kScratch);
        scratch_right_.resize(kScratch);
    }
}

void ClipReader::leave(size_t index) {
    Active& active = active_[index];
    if (active.reader) {
        auto& idle = idle_[active.segment->audio.get()];
        if (idle.size() < kIdleReaders) idle.push_back(std::move(active.reader));
    }
    active_.erase(active_.begin() + static_cast<std::ptrdiff_t>(index));
}

void ClipReader::jump(std::int64_t time) {
    while (!active_.empty())
        leave(active_.size() - 1);
    const auto& segments = *segments_;
    // The first whose end, or that of one before it, lies behind `time`; all before are over.
    const auto first = std::upper_bound(latest_end_.begin(), latest_end_.end(), time) - latest_end_.begin();
    next_ = static_cast<size_t>(first);
    while (next_ < segments.size() && segments[next_].start <= time) {
        if (segments[next_].end > time) {
            active_.emplace_back();
            active_.back().segment = &segments[next_];
        }
        ++next_;
    }
}

void ClipReader::add(std::int64_t time, float* left, float* right, int frames) {
    if (empty()) return;
    if (fresh_ || time != expected_) jump(time);
    fresh_ = false;
    expected_ = time + frames;
    for (size_t i = 0; i < active_.size();) {
        add_segment(active_[i], time, left, right, frames);
        if (active_[i].segment->end <= expected_) {
            leave(i);
        } else {
            ++i;
        }
    }
    while (next_ < segments_->size() && (*segments_)[next_].start < expected_) {
        Active active;
        active.segment = &(*segments_)[next_++];
        if (active.segment->end <= time) continue;
        active_.push_back(std::move(active));
        add_segment(active_.back(), time, left, right, frames);
        if (active_.back().segment->end <= expected_) leave(active_.size() - 1);
    }
}

void ClipReader::add_segment(Active& active, std::int64_t time, float* left, float* right, int frames) {
    const Segment& segment = *active.segment;
    const std::int64_t shift =
        segment.media_offset - segment.start; // place in the media = session time + shift
    std::int64_t from = std::max(time, segment.start);
    std::int64_t to = std::min(time + frames, segment.end);
    const std::int64_t length = segment.audio->frames();
    if (segment.turned > 0) {
        from = std::max(from, segment.turned - length - shift);
        to = std::min(to, segment.turned - shift);
    } else {
        to = std::min(to, length - shift);
    }
    if (to <= from) return;
    const StereoBuffer* audio = segment.audio->buffer();
    if (audio != nullptr && segment.turned == 0) {
        mix(segment, from, audio->left.data() + from + shift, audio->right.data() + from + shift,
            left + (from - time), right + (from - time), static_cast<int>(to - from));
        return;
    }
    for (std::int64_t at = from; at < to;) {
        const int count = static_cast<int>(std::min<std::int64_t>(kScratch, to - at));
        if (!fetch(active, at + shift, count)) return;
        mix(segment, at, scratch_left_.data(), scratch_right_.data(), left + (at - time), right + (at - time),
            count);
        at += count;
    }
}

/// Fills the scratch with the segment's places first .. first + frames.
bool ClipReader::fetch(Active& active, std::int64_t first, int frames) {
    const Segment& segment = *active.segment;
    const auto size = static_cast<size_t>(frames);
    const std::int64_t media = segment.turned > 0 ? segment.turned - first - frames : first;
    if (const StereoBuffer* audio = segment.audio->buffer()) {
        std::copy_n(audio->left.begin() + media, frames, scratch_left_.begin());
        std::copy_n(audio->right.begin() + media, frames, scratch_right_.begin());
    } else {
        if (!active.reader) {
            auto& idle = idle_[segment.audio.get()];
            if (!idle.empty()) {
                active.reader = std::move(idle.back());
                idle.pop_back();
            } else {
                auto opened = segment.audio->open();
                if (!opened.ok()) {
                    if (status_.ok()) status_ = opened.error();
                    return false;
                }
                active.reader = std::move(*opened);
            }
        }
        Status status =
            active.reader->read(media, {scratch_left_.data(), size}, {scratch_right_.data(), size});
        if (!status.ok()) {
            if (status_.ok()) status_ = status;
            return false;
        }
    }
    if (segment.turned > 0) {
        std::reverse(scratch_left_.begin(), scratch_left_.begin() + frames);
        std::reverse(scratch_right_.begin(), scratch_right_.begin() + frames);
    }
    return true;
}

void ClipReader::mix(const Segment& segment, std::int64_t time, const float* in_left, const float* in_right,
                     float* left, float* right, int frames) const noexcept {
    const std::int64_t in_end = segment.fade_from + segment.fade_in;
    const std::int64_t out_start = segment.fade_to - segment.fade_out;
    for (int at = 0; at < frames;) {
        const std::int64_t now = time + at;
        const bool rising = segment.fade_in > 0 && now < in_end;
        const bool falling = segment.fade_out > 0 && now >= out_start;
        if (rising || falling) {
            double gain = segment.gain;
            if (rising)
                gain *= fade_gain(segment.fade_in_curve, static_cast<double>(now - segment.fade_from) /
                                                             static_cast<double>(segment.fade_in));
            if (falling)
                gain *= fade_gain(segment.fade_out_curve, static_cast<double>(segment.fade_to - now) /
                                                              static_cast<double>(segment.fade_out));
            left[at] += static_cast<float>(gain) * in_left[at];
            right[at] += static_cast<float>(gain) * in_right[at];
            ++at;
            continue;
        }
        std::int64_t count = frames - at;
        if (segment.fade_out > 0) count = std::min(count, out_start - now);
        const float gain = segment.gain;
        const int end = at + static_cast<int>(count);
        for (int i = at; i < end; ++i)
            left[i] += gain * in_left[i];
        for (int i = at; i < end; ++i)
            right[i] += gain * in_right[i];
        at = end;
    }
}

} // namespace loopmind::graph
