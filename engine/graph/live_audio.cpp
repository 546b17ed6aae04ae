// The audio side of the live player: takes entries of the queue between quanta and renders. Nothing here
// allocates, locks or waits.
#include "engine/graph/live_engine.h"
#include "engine/graph/live_player.h"

#include "engine/effects/denormals.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace loopmind::graph {

namespace {

constexpr double kFadeSeconds = 0.005; ///< at least; rounded up to quanta
constexpr float kQuiet = 1e-6f;        ///< an output below may be cut off without a sound

int fade_frames(int sample_rate) {
    const int frames = static_cast<int>(std::ceil(kFadeSeconds * sample_rate));
    return (frames + kQuantum - 1) / kQuantum * kQuantum;
}

float peak_of(const float* samples) {
    float peak = 0;
    for (int i = 0; i < kQuantum; ++i)
        peak = std::max(peak, std::abs(samples[i]));
    return peak;
}

/// One writer and one reader who sets it to 0: a level between the two calls is told a little later.
void raise(std::atomic<float>& level, float peak) {
    if (peak > level.load(std::memory_order_relaxed)) level.store(peak, std::memory_order_relaxed);
}

} // namespace

void LivePlayer::process(float* left, float* right, int frames) noexcept {
    const effects::FlushDenormals flush;
    while (frames > 0) {
        if (left_over_ == 0) {
            render_quantum();
            left_over_ = kQuantum;
        }
        const int count = std::min(frames, left_over_);
        const auto from = static_cast<size_t>(kQuantum - left_over_);
        std::memcpy(left, out_left_.data() + from, sizeof(float) * static_cast<size_t>(count));
        std::memcpy(right, out_right_.data() + from, sizeof(float) * static_cast<size_t>(count));
        for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
            if (!output_.push({left[i], right[i]})) break; // nobody looks
        }
        left += count;
        right += count;
        frames -= count;
        left_over_ -= count;
    }
    publish();
}

void LivePlayer::render_quantum() noexcept {
    if (fade_at_ >= fade_frames_ && end_fade()) take_commands();
    const bool idle = !plays_ && engine_ != nullptr && quiet_frames_ > engine_->tail_frames;
    if (engine_ == nullptr || idle) {
        out_left_.fill(0.0f);
        out_right_.fill(0.0f);
        loudest_ = 0;
        running_ += kQuantum;
        fade_at_ = fade_frames_;
        return;
    }
    GraphPlayer& player = *engine_->player;
    ChunkContext& context = player.context();
    context.stopped = !plays_;
    context.fade_at = fade_at_;
    context.fade_frames = fade_at_ < fade_frames_ ? fade_frames_ : 0;
    context.fading_timeline = context.fade_frames > 0 && timeline_fades_ ? &old_timeline_ : nullptr;
    context.fading_from_stop = from_stop_;
    player.timeline() = timeline_;
    player.set_running(running_);
    player.render();
    std::memcpy(out_left_.data(), player.left(), sizeof(float) * kQuantum);
    std::memcpy(out_right_.data(), player.right(), sizeof(float) * kQuantum);
    if (ramp_down_) {
        for (size_t i = 0; i < kQuantum; ++i) {
            const float gain = 1.0f - static_cast<float>(i + 1) / static_cast<float>(kQuantum);
            out_left_[i] *= gain;
            out_right_[i] *= gain;
        }
        ramp_down_ = false;
        ramped_down_ = true;
    }
    meter();
    running_ += kQuantum;
    fade_at_ = std::min(fade_frames_, fade_at_ + kQuantum);
    quiet_frames_ = plays_ ? 0 : quiet_frames_ + kQuantum;
}

void LivePlayer::meter() noexcept {
    GraphPlayer& player = *engine_->player;
    for (size_t i = 0; i < engine_->meters.size(); ++i) {
        NodePlayer& node = player.node(static_cast<int>(i));
        LiveEngine::Meter& meter = *engine_->meters[i];
        raise(meter.left, peak_of(node.post_left()));
        raise(meter.right, peak_of(node.post_right()));
        const int fault = node.chain().new_fault();
        if (fault >= 0) faults_.push({engine_, static_cast<int>(i), fault, &node.chain().effect(fault)});
    }
    loudest_ = std::max(peak_of(out_left_.data()), peak_of(out_right_.data()));
}

/// Tells the message thread where the transport stands: an odd version while it writes; whoever reads one new
/// value sees the version move.
void LivePlayer::publish() noexcept {
    const int latency = engine_ ? engine_->player->latency() : 0;
    const std::int64_t heard = timeline_.session_at(running_ - left_over_ - (plays_ ? latency : 0));
    position_.store(std::max<std::int64_t>(0, heard), std::memory_order_relaxed);
    const unsigned version = told_version_.load(std::memory_order_relaxed);
    told_version_.store(version + 1, std::memory_order_relaxed);
    auto tell = [&](size_t i, std::int64_t value) { told_[i].store(value, std::memory_order_release); };
    tell(0, timeline_.shift);
    tell(1, timeline_.loop_start);
    tell(2, timeline_.loop_end);
    tell(3, timeline_.frozen ? 1 : 0);
    tell(4, running_);
    tell(5, heard_serial_);
    told_version_.store(version + 2, std::memory_order_release);
}

/// Takes entries until one starts a fade or has to wait.
void LivePlayer::take_commands() noexcept {
    for (const LiveCommand* command = commands_->front(); command != nullptr; command = commands_->front()) {
        if (!ready(*command)) return;
        const LiveCommand taken = *command;
        commands_->pop();
        apply(taken);
        if (fade_at_ < fade_frames_ || old_engine_ != nullptr || old_feeds_ != nullptr) return;
    }
}

/// Whether an entry can be taken now; what has to fade before fades during the next quantum.
bool LivePlayer::ready(const LiveCommand& command) noexcept {
    if (command.kind == LiveKind::kStart && !plays_ && loudest_ > kQuiet && !ramped_down_) {
        ramp_down_ = true; // all effects are reset next
        return false;
    }
    const bool due = command.running == 0 || running_ >= command.running - kQuantum;
    if (command.engine != nullptr && engine_ != nullptr && !leaving_closed_ && due) {
        for (const auto& [node, input] : command.engine->leaving)
            engine_->player->node(node).set_open(input, false);
        leaving_closed_ = true;
        if (!command.engine->leaving.empty() && loudest_ > kQuiet) return false;
    }
    return command.running == 0 || running_ >= command.running;
}

void LivePlayer::apply(const LiveCommand& command) noexcept {
    if (command.serial != 0) heard_serial_ = command.serial;
    switch (command.kind) {
    case LiveKind::kStart:
        take_start(command);
        return;
    case LiveKind::kStop:
        take_stop(command);
        return;
    case LiveKind::kPlan:
        take_engine(command.engine);
        if (plays_) take_feeds(command.feeds, command.running);
        return;
    case LiveKind::kLoop:
        take_loop(command);
        return;
    default:
        break;
    }
    if (engine_ == nullptr) return;
    NodePlayer& node = engine_->player->node(command.node);
    const auto value = static_cast<float>(command.value);
    switch (command.kind) {
    case LiveKind::kGain:
        node.fader().set_gain_db(command.value);
        break;
    case LiveKind::kPan:
        node.fader().set_pan(command.value);
        break;
    case LiveKind::kScale:
        node.fader().set_scale(value);
        break;
    case LiveKind::kLevel:
        node.set_input(command.index, value);
        break;
    case LiveKind::kOpen:
        node.set_open(command.index, command.value != 0);
        break;
    case LiveKind::kParameter:
        node.chain().set_parameter(command.index, command.parameter, value);
        break;
    case LiveKind::kBypass:
        node.chain().set_bypass(command.index, command.value != 0);
        break;
    default:
        break;
    }
}

void LivePlayer::take_start(const LiveCommand& command) noexcept {
    const bool was_playing = plays_;
    const std::int64_t frame = command.timeline.shift;
    const Timeline before = timeline_;
    if (command.engine != nullptr) take_engine(command.engine);
    timeline_ = command.timeline;
    timeline_.shift = frame - running_;
    plays_ = true;
    if (!was_playing) {
        if (engine_ != nullptr) engine_->player->seek(running_);
        ramped_down_ = false;
    }
    if (was_playing || frame > 0) begin_fade(before, !was_playing);
    take_feeds(command.feeds, running_);
}

void LivePlayer::take_stop(const LiveCommand& command) noexcept {
    if (plays_) begin_fade(timeline_, false);
    plays_ = false;
    timeline_ = {command.timeline.shift, 0, 0, false, true};
    quiet_frames_ = 0;
    take_feeds(nullptr, 0);
}

void LivePlayer::take_loop(const LiveCommand& command) noexcept {
    if (!plays_) return;
    const Timeline before = timeline_;
    const std::int64_t now = timeline_.session_at(running_);
    if (command.feeds != nullptr) {
        timeline_ = command.timeline;
        begin_fade(before, false);
        take_feeds(command.feeds, command.running);
        return;
    }
    timeline_ = {now - running_};
    if (now < command.timeline.loop_end) {
        timeline_.loop_start = command.timeline.loop_start;
        timeline_.loop_end = command.timeline.loop_end;
    }
}

void LivePlayer::take_engine(LiveEngine* next) noexcept {
    if (engine_ != nullptr) {
        next->inherit(*engine_);
        old_engine_ = engine_;
        for (size_t i = 0; plays_ && i + 1 < next->heirs.size(); ++i) {
            const int before = next->heirs[i].before;
            if (before < 0) continue;
            NodePlayer& old = engine_->player->node(before);
            next->player->node(static_cast<int>(i)).set_old_clips(&old.clips(), old.feed());
        }
        if (plays_) begin_fade(timeline_, false);
        timeline_fades_ = false;
    }
    engine_ = next;
    quiet_frames_ = 0;
    leaving_closed_ = false;
}

/// What is fed now fades out (with what began before this call), `feeds` comes in.
void LivePlayer::take_feeds(FeedSet* feeds, std::int64_t running) noexcept {
    if (feeds_ != nullptr) old_feeds_ = feeds_;
    feeds_ = feeds;
    if (feeds_ != nullptr) feeds_->start(running);
    if (engine_ == nullptr) return;
    for (int i = 0; i < static_cast<int>(engine_->meters.size()); ++i) {
        NodePlayer& node = engine_->player->node(i);
        if (timeline_fades_ && old_engine_ == nullptr) node.set_old_clips(nullptr, node.feed());
        node.set_feed(feeds_ != nullptr ? feeds_->feed(i) : nullptr);
    }
}

void LivePlayer::begin_fade(const Timeline& before, bool from_stop) noexcept {
    if (engine_ == nullptr) return;
    fade_at_ = 0;
    fade_frames_ = fade_frames(engine_->player->plan().sample_rate);
    old_timeline_ = before;
    timeline_fades_ = true;
    from_stop_ = from_stop;
}

/// Gives back what has faded out. False when the way back is full: nothing new is taken then.
bool LivePlayer::end_fade() noexcept {
    if (engine_ != nullptr && fade_frames_ > 0) {
        for (int i = 0; i < static_cast<int>(engine_->meters.size()); ++i)
            engine_->player->node(i).set_old_clips(nullptr, nullptr);
    }
    fade_at_ = fade_frames_ = 0;
    timeline_fades_ = from_stop_ = false;
    if (old_engine_ == nullptr && old_feeds_ == nullptr) return true;
    if (!returned_.push({old_engine_, old_feeds_})) return false;
    old_engine_ = nullptr;
    old_feeds_ = nullptr;
    return true;
}

} // namespace loopmind::graph
