// Renders one quantum: every track in plan order, then the sum.
#include "engine/graph/graph_player.h"

#include "engine/effects/denormals.h"

#include <algorithm>
#include <cstring>

namespace loopmind::graph {

Result<std::unique_ptr<GraphPlayer>> GraphPlayer::make(std::shared_ptr<const RenderPlan> plan,
                                                       std::int64_t loop_frames) {
    std::unique_ptr<GraphPlayer> player(new GraphPlayer);
    player->loop_frames_ = loop_frames;
    player->nodes_.resize(plan->nodes.size());
    for (size_t i = 0; i < plan->nodes.size(); ++i) {
        const PlanNode& node = plan->nodes[i];
        auto chain = InsertChain::make(node.inserts, "tracks." + node.id, plan->sample_rate, plan->tempo);
        if (!chain.ok()) return chain.error();
        player->nodes_[i].chain = std::move(*chain);
        for (const Edge& edge : node.edges) {
            Delayed delayed;
            delayed.left.assign(static_cast<size_t>(edge.delay), 0.0f);
            delayed.right = delayed.left;
            player->nodes_[i].edges.push_back(std::move(delayed));
        }
    }
    player->plan_ = std::move(plan);
    return player;
}

void GraphPlayer::seek(std::int64_t time) noexcept {
    time_ = time;
    left_over_ = 0;
    for (Node& node : nodes_) {
        node.chain.reset();
        for (Delayed& edge : node.edges) {
            std::fill(edge.left.begin(), edge.left.end(), 0.0f);
            std::fill(edge.right.begin(), edge.right.end(), 0.0f);
            edge.at = 0;
        }
    }
}

void GraphPlayer::process(float* left, float* right, int frames) noexcept {
    const effects::FlushDenormals flush;
    while (frames > 0) {
        if (left_over_ == 0) {
            render_quantum();
            left_over_ = kQuantum;
        }
        const int count = std::min(frames, left_over_);
        const auto from = static_cast<size_t>(kQuantum - left_over_);
        std::memcpy(left, left_.data() + from, sizeof(float) * static_cast<size_t>(count));
        std::memcpy(right, right_.data() + from, sizeof(float) * static_cast<size_t>(count));
        left += count;
        right += count;
        frames -= count;
        left_over_ -= count;
    }
}

void GraphPlayer::add_segments(const PlanNode& plan, std::int64_t time, float* left, float* right,
                               int frames) noexcept {
    const std::int64_t end = time + frames;
    for (const Segment& segment : plan.segments) {
        if (segment.start >= end) break;
        if (segment.end <= time) continue;
        const std::int64_t media_end = segment.start + segment.audio->frames() - segment.media_offset;
        const std::int64_t from = std::max(time, segment.start);
        const std::int64_t to = std::min({end, segment.end, media_end});
        const std::int64_t source = from - segment.start + segment.media_offset;
        if (to <= from) continue;
        const float* source_left = segment.audio->left.data() + source;
        const float* source_right = segment.audio->right.data() + source;
        float* out_left = left + (from - time);
        float* out_right = right + (from - time);
        const auto count = static_cast<int>(to - from);
        for (int i = 0; i < count; ++i)
            out_left[i] += segment.gain * source_left[i];
        for (int i = 0; i < count; ++i)
            out_right[i] += segment.gain * source_right[i];
    }
}

void GraphPlayer::render_segments(const PlanNode& plan, Node& node) noexcept {
    if (loop_frames_ <= 0) {
        add_segments(plan, time_, node.left.data(), node.right.data(), kQuantum);
        return;
    }
    for (int at = 0; at < kQuantum;) {
        std::int64_t time = (time_ + at) % loop_frames_;
        if (time < 0) time += loop_frames_;
        const auto count = static_cast<int>(std::min<std::int64_t>(kQuantum - at, loop_frames_ - time));
        add_segments(plan, time, node.left.data() + at, node.right.data() + at, count);
        at += count;
    }
}

void GraphPlayer::feed(const Edge& edge, Delayed& delayed, const float* left, const float* right) noexcept {
    float* to_left = edge.target < 0 ? left_.data() : nodes_[static_cast<size_t>(edge.target)].left.data();
    float* to_right = edge.target < 0 ? right_.data() : nodes_[static_cast<size_t>(edge.target)].right.data();
    if (edge.delay == 0) {
        for (int i = 0; i < kQuantum; ++i)
            to_left[i] += edge.level * left[i];
        for (int i = 0; i < kQuantum; ++i)
            to_right[i] += edge.level * right[i];
        return;
    }
    for (int i = 0; i < kQuantum; ++i) {
        to_left[i] += delayed.left[delayed.at];
        to_right[i] += delayed.right[delayed.at];
        delayed.left[delayed.at] = edge.level * left[i];
        delayed.right[delayed.at] = edge.level * right[i];
        if (++delayed.at == delayed.left.size()) delayed.at = 0;
    }
}

void GraphPlayer::render_quantum() noexcept {
    left_.fill(0.0f);
    right_.fill(0.0f);
    for (Node& node : nodes_) {
        node.left.fill(0.0f);
        node.right.fill(0.0f);
    }
    for (size_t i = 0; i < nodes_.size(); ++i) {
        const PlanNode& plan = plan_->nodes[i];
        Node& node = nodes_[i];
        if (!plan.bus) render_segments(plan, node);
        node.chain.process(node.left.data(), node.right.data(), kQuantum);
        if (!plan.audible) continue;
        for (size_t e = 0; e < plan.edges.size(); ++e) {
            if (plan.edges[e].pre_fader)
                feed(plan.edges[e], node.edges[e], node.left.data(), node.right.data());
        }
        if (plan.gain_left != 1.0f || plan.gain_right != 1.0f) {
            for (float& sample : node.left)
                sample *= plan.gain_left;
            for (float& sample : node.right)
                sample *= plan.gain_right;
        }
        for (size_t e = 0; e < plan.edges.size(); ++e) {
            if (!plan.edges[e].pre_fader)
                feed(plan.edges[e], node.edges[e], node.left.data(), node.right.data());
        }
    }
    time_ += kQuantum;
}

std::string GraphPlayer::faulty_insert() const {
    for (size_t i = 0; i < nodes_.size(); ++i) {
        const std::string insert = nodes_[i].chain.faulty_insert();
        if (!insert.empty()) return plan_->nodes[i].id + "/" + insert;
    }
    return {};
}

} // namespace loopmind::graph
