// Makes the nodes that are needed and renders chunks of them, on one thread or several.
#include "engine/graph/graph_player.h"

#include "engine/effects/denormals.h"

#include <algorithm>
#include <cstring>

namespace loopmind::graph {

namespace {

using Part = PlayerOptions::Part;

/// Jobs that must be done before each node: what feeds it and what its inserts listen to.
std::vector<std::vector<int>> dependencies(const RenderPlan& plan) {
    std::vector<std::vector<int>> out(plan.nodes.size() + 1);
    for (size_t i = 0; i < out.size(); ++i) {
        const PlanNode& node = plan.node(static_cast<int>(i));
        for (const PlanInput& input : node.inputs)
            out[i].push_back(input.source);
        for (const PlanInsert& insert : node.inserts) {
            if (insert.key >= 0) out[i].push_back(insert.key);
        }
        std::sort(out[i].begin(), out[i].end());
        out[i].erase(std::unique(out[i].begin(), out[i].end()), out[i].end());
    }
    return out;
}

/// The node and all that it hears.
std::vector<bool> needed_for(const RenderPlan& plan, int track, const std::vector<bool>& streamed) {
    std::vector<bool> out(plan.nodes.size() + 1, false);
    const auto before = dependencies(plan);
    out[static_cast<size_t>(track)] = true;
    for (int i = track; i >= 0; --i) {
        if (!out[static_cast<size_t>(i)] || streamed[static_cast<size_t>(i)]) continue;
        for (int source : before[static_cast<size_t>(i)])
            out[static_cast<size_t>(source)] = true;
    }
    return out;
}

} // namespace

Result<std::unique_ptr<GraphPlayer>> GraphPlayer::make(std::shared_ptr<const RenderPlan> plan,
                                                       std::int64_t loop_frames) {
    PlayerOptions options;
    if (loop_frames > 0) options.timeline = {0, 0, loop_frames, true};
    return make(std::move(plan), std::move(options));
}

Result<std::unique_ptr<GraphPlayer>> GraphPlayer::make(std::shared_ptr<const RenderPlan> plan,
                                                       PlayerOptions options) {
    std::unique_ptr<GraphPlayer> player(new GraphPlayer);
    player->plan_ = std::move(plan);
    player->options_ = std::move(options);
    PlayerOptions& own = player->options_;
    own.chunk = std::max(1, own.chunk / kQuantum) * kQuantum;
    if (Status status = player->make_nodes(); !status.ok()) return status.error();
    const int jobs = static_cast<int>(player->nodes_.size());
    own.threads = std::clamp(own.threads, 1, std::max(1, jobs));
    player->context_.plan = player->plan_.get();
    player->context_.timeline = &own.timeline;
    player->context_.nodes = player->nodes_;
    if (own.threads > 1) {
        player->pool_ = std::make_unique<WorkerPool>(
            own.threads, dependencies(*player->plan_),
            [raw = player.get()](int job) { raw->nodes_[static_cast<size_t>(job)]->render(raw->context_); });
    }
    return player;
}

Status GraphPlayer::make_nodes() {
    const size_t count = plan_->nodes.size() + 1;
    std::vector<std::unique_ptr<MediaReader>> streams(count);
    std::vector<bool> streamed(count, false);
    for (size_t i = 0; i + 1 < count && options_.streams; ++i) {
        const PlanNode& node = plan_->nodes[i];
        if (node.in_sum || !node.audible) continue;
        auto reader = options_.streams(node);
        if (!reader.ok()) return reader.error();
        streams[i] = std::move(*reader);
        streamed[i] = streams[i] != nullptr;
    }
    std::vector<bool> needed(count, true);
    if (options_.part == Part::kTrack) {
        needed = needed_for(*plan_, options_.track, streamed);
    } else if (!options_.all_nodes) {
        for (size_t i = 0; i + 1 < count; ++i)
            needed[i] = plan_->nodes[i].audible;
    }
    for (size_t i = 0; i < count; ++i) {
        NodePlayer::Part part = needed[i] ? NodePlayer::Part::kWhole : NodePlayer::Part::kNone;
        if (i + 1 == count && options_.part == Part::kPremaster) part = NodePlayer::Part::kInputs;
        auto node = NodePlayer::make(*plan_, static_cast<int>(i), options_.chunk, part, std::move(streams[i]),
                                     i < options_.inherits.size() && options_.inherits[i]);
        if (!node.ok()) return node.error();
        nodes_.push_back(std::move(*node));
    }
    return {};
}

const float* GraphPlayer::left() const {
    if (options_.part == Part::kTrack) return nodes_[static_cast<size_t>(options_.track)]->pre_left();
    return options_.part == Part::kMix ? nodes_.back()->post_left() : nodes_.back()->pre_left();
}

const float* GraphPlayer::right() const {
    if (options_.part == Part::kTrack) return nodes_[static_cast<size_t>(options_.track)]->pre_right();
    return options_.part == Part::kMix ? nodes_.back()->post_right() : nodes_.back()->pre_right();
}

int GraphPlayer::latency() const {
    if (options_.part == Part::kTrack) return plan_->node(options_.track).latency;
    return options_.part == Part::kMix ? plan_->master.latency : plan_->latency;
}

void GraphPlayer::seek(std::int64_t time) noexcept {
    running_ = time;
    left_over_ = 0;
    for (auto& node : nodes_)
        node->reset();
}

void GraphPlayer::render() {
    const effects::FlushDenormals flush;
    context_.running = running_;
    context_.frames = options_.chunk;
    if (pool_) {
        pool_->run();
    } else {
        for (auto& node : nodes_)
            node->render(context_);
    }
    running_ += options_.chunk;
}

void GraphPlayer::process(float* left, float* right, int frames) noexcept {
    while (frames > 0) {
        if (left_over_ == 0) {
            render();
            left_over_ = options_.chunk;
        }
        const int count = std::min(frames, left_over_);
        const int from = options_.chunk - left_over_;
        std::memcpy(left, this->left() + from, sizeof(float) * static_cast<size_t>(count));
        std::memcpy(right, this->right() + from, sizeof(float) * static_cast<size_t>(count));
        left += count;
        right += count;
        frames -= count;
        left_over_ -= count;
    }
}

std::vector<InsertFault> GraphPlayer::faults() const {
    std::vector<InsertFault> out;
    for (const auto& node : nodes_) {
        for (InsertFault& fault : node->chain().faults())
            out.push_back({node->plan().id + "/" + fault.insert, std::move(fault.reason)});
    }
    return out;
}

std::vector<std::string> GraphPlayer::faulty_inserts() const {
    std::vector<std::string> out;
    for (InsertFault& fault : faults())
        out.push_back(std::move(fault.insert));
    return out;
}

std::string GraphPlayer::faulty_insert() const {
    const auto all = faulty_inserts();
    return all.empty() ? std::string() : all.front();
}

Status GraphPlayer::status() const {
    for (const auto& node : nodes_) {
        if (!node->status().ok()) return node->status();
    }
    return {};
}

} // namespace loopmind::graph
