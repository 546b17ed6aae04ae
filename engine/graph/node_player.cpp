// A chunk of one node: roll the past, fetch, mix, effects, fader.
#include "engine/graph/node_player.h"

#include <algorithm>
#include <cstring>

namespace loopmind::graph {

Result<std::unique_ptr<NodePlayer>> NodePlayer::make(const RenderPlan& plan, int index, int chunk, Part part,
                                                     std::unique_ptr<MediaReader> stream, bool inherits) {
    std::unique_ptr<NodePlayer> out(new NodePlayer);
    const PlanNode& node = plan.node(index);
    out->plan_ = &node;
    out->part_ = part;
    out->chunk_ = chunk;
    out->stream_ = std::move(stream);
    const bool whole = part == Part::kWhole;
    if (whole && !out->stream_) {
        const std::string place = node.id == "master" ? node.id : "tracks." + node.id;
        auto chain = InsertChain::make(node.inserts, place, plan.sample_rate, plan.tempo, plan.plugins.get(),
                                       inherits ? InsertFactory::Use::kPlan : InsertFactory::Use::kPlay);
        if (!chain.ok()) return chain.error();
        out->chain_ = std::move(*chain);
        const bool keyed = std::any_of(node.inserts.begin(), node.inserts.end(),
                                       [](const PlanInsert& insert) { return insert.key >= 0; });
        if (keyed) out->keys_.resize(node.inserts.size());
        out->clips_ = ClipReader(node.segments);
    }
    for (const PlanInput& plan_input : node.inputs) {
        Input input;
        input.level = plan_input.level;
        input.sign = plan_input.sign;
        input.open = plan_input.open;
        input.level_lane = LaneReader(plan_input.level_lane);
        input.mute_lane = LaneReader(plan_input.mute_lane);
        out->inputs_.push_back(std::move(input));
    }
    out->fader_ = Fader(node.fader);
    for (auto& channel : out->pre_)
        channel.resize(static_cast<size_t>(node.longest_pre + chunk));
    for (auto& channel : out->post_)
        channel.resize(static_cast<size_t>(node.longest_post + chunk));
    out->reset();
    return out;
}

void NodePlayer::reset() noexcept {
    chain_.reset();
    fader_.reset();
    for (Input& input : inputs_) {
        input.target();
        input.now = input.wanted;
    }
    for (auto* side : {&pre_, &post_}) {
        for (auto& channel : *side)
            std::fill(channel.begin(), channel.end(), 0.0f);
    }
    last_frames_ = 0;
}

bool NodePlayer::over(const ChunkContext& context, int at) const noexcept {
    return !context.timeline->loops() &&
           context.timeline->session_at(context.running + at) >= plan_->stream_frames;
}

void NodePlayer::add_clips(const ChunkContext& context, const Timeline& timeline, ClipReader& reader,
                           ClipFeed* feed, float* left, float* right) {
    if (context.live && reader.streams()) {
        if (feed != nullptr)
            feed->add(timeline, context.running, left, right); // one quantum, as all live chunks
        return;
    }
    timeline.spans(context.running, context.frames, [&](std::int64_t time, int offset, int count) {
        reader.add(time, left + offset, right + offset, count);
    });
}

void NodePlayer::render_clips(const ChunkContext& context) {
    const bool fades =
        context.fade_frames > 0 && (context.fading_timeline != nullptr || old_clips_ != nullptr);
    if (!context.stopped) add_clips(context, *context.timeline, clips_, feed_, pre(0), pre(1));
    if (!fades) return;
    // Live: what sounded before fades out, what follows fades in.
    std::array<float, kQuantum> old_left{}, old_right{};
    if (!context.fading_from_stop) {
        add_clips(context, context.fading_timeline ? *context.fading_timeline : *context.timeline,
                  old_clips_ ? *old_clips_ : clips_, old_feed_, old_left.data(), old_right.data());
    }
    for (int i = 0; i < kQuantum; ++i) {
        const auto at = static_cast<size_t>(i);
        const float way =
            static_cast<float>(context.fade_at + i + 1) / static_cast<float>(context.fade_frames);
        pre(0)[i] += (1 - way) * (old_left[at] - pre(0)[i]);
        pre(1)[i] += (1 - way) * (old_right[at] - pre(1)[i]);
    }
}

void NodePlayer::add_input(const ChunkContext& context, const PlanInput& plan, Input& input,
                           int at) noexcept {
    const NodePlayer& source = *context.nodes[static_cast<size_t>(plan.source)];
    const float* in_left = (plan.pre_fader ? source.pre_left(plan.delay) : source.post_left(plan.delay)) + at;
    const float* in_right =
        (plan.pre_fader ? source.pre_right(plan.delay) : source.post_right(plan.delay)) + at;
    float* left = pre(0) + at;
    float* right = pre(1) + at;
    input.target();
    if (input.level_lane || input.mute_lane) {
        std::array<float, kQuantum> level, mute;
        level[0] = input.level;
        mute[0] = 0;
        const std::int64_t running = context.running + at - source.plan().latency - plan.delay;
        const bool still_level =
            !input.level_lane || input.level_lane.fill(*context.timeline, running, kQuantum, level.data());
        const bool still_mute =
            !input.mute_lane || input.mute_lane.fill(*context.timeline, running, kQuantum, mute.data());
        const float on = input.open ? input.sign : 0.0f;
        if ((!still_level || !still_mute) && input.open) {
            for (size_t i = 0; i < kQuantum; ++i) {
                float gain = mute[still_mute ? 0 : i] >= 0.5f ? 0.0f : on * level[still_level ? 0 : i];
                if (input.entering) gain *= static_cast<float>(i + 1) / static_cast<float>(kQuantum);
                left[i] += gain * in_left[i];
                right[i] += gain * in_right[i];
                input.now = gain;
            }
            input.entering = false;
            return;
        }
        input.wanted = mute[0] >= 0.5f ? 0.0f : on * level[0];
        if (input.open && !input.entering) input.now = input.wanted; // a step of a curve is exact
    }
    input.entering = false;
    if (input.now != input.wanted) {
        for (int i = 0; i < kQuantum; ++i) {
            const float gain = input.now + (input.wanted - input.now) *
                                               (static_cast<float>(i + 1) / static_cast<float>(kQuantum));
            left[i] += gain * in_left[i];
            right[i] += gain * in_right[i];
        }
        input.now = input.wanted;
        return;
    }
    const float gain = input.now;
    if (gain == 0) return;
    if (gain == 1) {
        for (int i = 0; i < kQuantum; ++i)
            left[i] += in_left[i];
        for (int i = 0; i < kQuantum; ++i)
            right[i] += in_right[i];
        return;
    }
    for (int i = 0; i < kQuantum; ++i)
        left[i] += gain * in_left[i];
    for (int i = 0; i < kQuantum; ++i)
        right[i] += gain * in_right[i];
}

void NodePlayer::render_inputs(const ChunkContext& context) noexcept {
    for (size_t i = 0; i < inputs_.size(); ++i) {
        for (int at = 0; at < context.frames; at += kQuantum)
            add_input(context, plan_->inputs[i], inputs_[i], at);
    }
}

void NodePlayer::render_inserts(const ChunkContext& context) noexcept {
    for (int at = 0; at < context.frames; at += kQuantum) {
        if (over(context, at)) {
            std::memset(pre(0) + at, 0, sizeof(float) * kQuantum);
            std::memset(pre(1) + at, 0, sizeof(float) * kQuantum);
            continue;
        }
        if (chain_.empty()) continue;
        for (size_t i = 0; i < keys_.size(); ++i) {
            const PlanInsert& insert = plan_->inserts[i];
            if (insert.key < 0) continue;
            const NodePlayer& source = *context.nodes[static_cast<size_t>(insert.key)];
            keys_[i] = {source.pre_left(insert.key_delay) + at, source.pre_right(insert.key_delay) + at};
        }
        chain_.process(pre(0) + at, pre(1) + at, kQuantum,
                       {context.timeline, &context.plan->tempo_map, context.running + at}, keys_);
    }
}

void NodePlayer::read_stream(const ChunkContext& context) {
    if (!stream_status_.ok() || context.running < 0) return;
    const auto size = static_cast<size_t>(context.frames);
    stream_status_ = stream_->read(context.running, {pre(0), size}, {pre(1), size});
}

void NodePlayer::render(const ChunkContext& context) {
    if (part_ == Part::kNone) return;
    const size_t bytes = sizeof(float) * static_cast<size_t>(context.frames);
    for (int channel = 0; channel < 2; ++channel) {
        std::memmove(pre_[channel].data(), pre_[channel].data() + last_frames_,
                     sizeof(float) * static_cast<size_t>(plan_->longest_pre));
        std::memmove(post_[channel].data(), post_[channel].data() + last_frames_,
                     sizeof(float) * static_cast<size_t>(plan_->longest_post));
        std::memset(pre(channel), 0, bytes);
    }
    last_frames_ = context.frames;
    if (stream_) {
        read_stream(context);
    } else {
        render_inputs(context);
        if (!plan_->bus) render_clips(context);
        if (part_ == Part::kInputs) return;
        render_inserts(context);
    }
    for (int at = 0; at < context.frames; at += kQuantum) {
        fader_.process(*context.timeline, context.running + at - plan_->latency, pre(0) + at, pre(1) + at,
                       post(0) + at, post(1) + at, kQuantum);
    }
}

void NodePlayer::set_input(int input, float level) noexcept {
    Input& slot = inputs_[static_cast<size_t>(input)];
    slot.level = level;
    slot.level_lane = {};
}

void NodePlayer::set_open(int input, bool open) noexcept {
    inputs_[static_cast<size_t>(input)].open = open;
}

void NodePlayer::drop_mute_lane(int input) noexcept {
    inputs_[static_cast<size_t>(input)].mute_lane = {};
}

void NodePlayer::enter(int input) noexcept {
    Input& slot = inputs_[static_cast<size_t>(input)];
    slot.now = 0;
    slot.entering = true;
}

void NodePlayer::inherit(NodePlayer& before, std::span<const int> inputs) noexcept {
    std::swap(chain_, before.chain_);
    chain_.adopt_settings(before.chain_);
    fader_.continue_from(before.fader_);
    for (size_t i = 0; i < inputs.size(); ++i) {
        if (inputs[i] < 0) {
            enter(static_cast<int>(i));
        } else {
            inputs_[i].now = before.inputs_[static_cast<size_t>(inputs[i])].now;
        }
    }
    // The past is what lies ahead of the next chunk.
    auto keep = [&](std::vector<float>& to, int wanted, const std::vector<float>& from, int there) {
        const auto count = static_cast<size_t>(std::min(wanted, there + before.last_frames_));
        const auto end = static_cast<size_t>(there + before.last_frames_);
        std::memcpy(to.data() + static_cast<size_t>(wanted) - count, from.data() + end - count,
                    sizeof(float) * count);
    };
    for (size_t channel = 0; channel < 2; ++channel) {
        keep(pre_[channel], plan_->longest_pre, before.pre_[channel], before.plan_->longest_pre);
        keep(post_[channel], plan_->longest_post, before.post_[channel], before.plan_->longest_post);
    }
    last_frames_ = 0;
}

} // namespace loopmind::graph
