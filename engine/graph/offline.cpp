// Linear renders: one loop over chunks for the whole graph and for both stages.
#include "engine/graph/offline.h"

#include <algorithm>
#include <cmath>

namespace loopmind::graph {

namespace {

/// Frames of a chunk: enough to amortise the calls, little enough for the cache.
constexpr int kChunk = 2048;

using Part = PlayerOptions::Part;

/// Cuts chunks to what lies in first .. end and hands it on in blocks of its own size.
class Blocks {
  public:
    Blocks(std::int64_t end, int block,
           std::function<bool(std::int64_t, std::span<const float>, std::span<const float>)> sink)
        : end_(end), block_(static_cast<size_t>(std::max(1, block))), sink_(std::move(sink)) {
        left_.reserve(block_);
        right_.reserve(block_);
    }
    /// `first` is the frame of the output that left[0] is; frames outside 0 .. end are dropped.
    bool give(std::int64_t first, const float* left, const float* right, int frames) {
        std::int64_t from = std::max<std::int64_t>(0, -first);
        const std::int64_t to = std::min<std::int64_t>(frames, end_ - first);
        while (from < to) {
            const std::int64_t count =
                std::min<std::int64_t>(to - from, static_cast<std::int64_t>(block_ - left_.size()));
            left_.insert(left_.end(), left + from, left + from + count);
            right_.insert(right_.end(), right + from, right + from + count);
            from += count;
            if (left_.size() == block_ && !flush()) return false;
        }
        return true;
    }
    bool flush() {
        if (left_.empty()) return true;
        const bool go_on = sink_(given_, left_, right_);
        given_ += static_cast<std::int64_t>(left_.size());
        left_.clear();
        right_.clear();
        return go_on;
    }

  private:
    std::int64_t end_;
    size_t block_;
    std::function<bool(std::int64_t, std::span<const float>, std::span<const float>)> sink_;
    std::vector<float> left_, right_;
    std::int64_t given_ = 0;
};

/// The stems of all nodes, each late by its own latency.
class Stems {
  public:
    Stems(const RenderPlan& plan, std::int64_t end, const LinearOptions& options) {
        if (!options.stems) return;
        for (size_t i = 0; i < plan.nodes.size(); ++i) {
            if (!plan.nodes[i].audible) continue;
            places_.push_back(static_cast<int>(i));
            blocks_.emplace_back(
                end, options.block_frames,
                [sink = options.stems, id = plan.nodes[i].id](auto first, auto left, auto right) {
                    return sink(id, first, left, right);
                });
        }
    }
    bool give(GraphPlayer& player, std::int64_t running) {
        for (size_t i = 0; i < places_.size(); ++i) {
            NodePlayer& node = player.node(places_[i]);
            if (!blocks_[i].give(running - node.plan().latency, node.post_left(), node.post_right(),
                                 player.chunk()))
                return false;
        }
        return true;
    }
    bool flush() {
        return std::all_of(blocks_.begin(), blocks_.end(), [](Blocks& blocks) { return blocks.flush(); });
    }

  private:
    std::vector<int> places_;
    std::vector<Blocks> blocks_;
};

/// Renders until `frames` frames were given out, the first of which is running frame `skip`.
Result<LinearReport> run(std::shared_ptr<const RenderPlan> plan, PlayerOptions what,
                         const LinearOptions& options, std::int64_t frames, std::int64_t skip,
                         bool stems_wanted, const AudioSink& sink) {
    what.chunk = kChunk;
    what.threads = options.threads;
    auto player = GraphPlayer::make(plan, std::move(what));
    if (!player.ok()) return player.error();
    const Error cancel{ErrorCode::kCancelled, "", "rendering was cancelled", ""};
    Blocks blocks(frames, options.block_frames, sink);
    LinearOptions stem_options = options;
    if (!stems_wanted) stem_options.stems = nullptr;
    Stems stems(*plan, frames, stem_options);
    for (std::int64_t running = 0; running < frames + skip; running += (*player)->chunk()) {
        if (options.cancelled && options.cancelled()) return cancel;
        (*player)->render();
        if (!blocks.give(running - skip, (*player)->left(), (*player)->right(), (*player)->chunk()) ||
            !stems.give(**player, running))
            return cancel;
        if (Status status = (*player)->status(); !status.ok()) return status.error();
    }
    if (!blocks.flush() || !stems.flush()) return cancel;
    LinearReport report{frames, {}, {}};
    for (InsertFault& fault : (*player)->faults()) {
        report.faulty_inserts.push_back(std::move(fault.insert));
        report.fault_reasons.push_back(std::move(fault.reason));
    }
    return report;
}

Result<LinearReport> run_sum(std::shared_ptr<const RenderPlan> plan, const StreamSource& tracks,
                             const LinearOptions& options, const AudioSink& sink) {
    PlayerOptions what;
    what.part = options.master ? Part::kMix : Part::kPremaster;
    if (tracks) what.streams = [&](const PlanNode& node) { return tracks(node.id); };
    const std::int64_t skip = options.master ? plan->master.latency : plan->latency;
    const std::int64_t frames = linear_frames(*plan, options);
    return run(std::move(plan), std::move(what), options, frames, skip, true, sink);
}

} // namespace

std::int64_t linear_frames(const RenderPlan& plan, const LinearOptions& options) {
    const double tail = options.master ? plan.master.tail_seconds : plan.tail_seconds;
    const double kept = std::min(tail, std::max(0.0, options.longest_tail_seconds));
    return plan.last_frame + static_cast<std::int64_t>(std::ceil(kept * plan.sample_rate));
}

Result<LinearReport> render_linear(std::shared_ptr<const RenderPlan> plan, const LinearOptions& options,
                                   const AudioSink& sink) {
    return run_sum(std::move(plan), nullptr, options, sink);
}

std::vector<std::string> stage_tracks(const RenderPlan& plan) {
    std::vector<const PlanNode*> nodes;
    for (const PlanNode& node : plan.nodes) {
        if (!node.in_sum && node.audible) nodes.push_back(&node);
    }
    std::sort(nodes.begin(), nodes.end(),
              [](const PlanNode* a, const PlanNode* b) { return a->document < b->document; });
    std::vector<std::string> out;
    for (const PlanNode* node : nodes)
        out.push_back(node->id);
    return out;
}

std::vector<std::string> key_tracks(const RenderPlan& plan, const std::string& track) {
    std::vector<std::string> out;
    const int index = plan.node_of(track);
    if (index < 0) return out;
    for (const PlanInsert& insert : plan.node(index).inserts) {
        if (insert.key < 0) continue;
        const std::string& id = plan.node(insert.key).id;
        if (std::find(out.begin(), out.end(), id) == out.end()) out.push_back(id);
    }
    return out;
}

std::int64_t stream_frames(const RenderPlan& plan, const std::string& track) {
    const int index = plan.node_of(track);
    return index < 0 || plan.node(index).bus ? 0 : plan.node(index).stream_frames;
}

Result<LinearReport> render_track(std::shared_ptr<const RenderPlan> plan, const std::string& track,
                                  const StreamSource& keys, const LinearOptions& options,
                                  const AudioSink& sink) {
    const int index = plan->node_of(track);
    if (index < 0 || plan->node(index).in_sum) {
        return Error{ErrorCode::kInvalidArgument, "tracks." + track, "has no render stage of its own",
                     "choose one of stage_tracks()"};
    }
    PlayerOptions what;
    what.part = Part::kTrack;
    what.track = index;
    if (keys) {
        what.streams = [&](const PlanNode& node) -> Result<std::unique_ptr<MediaReader>> {
            const auto wanted = key_tracks(*plan, track);
            if (std::find(wanted.begin(), wanted.end(), node.id) == wanted.end())
                return std::unique_ptr<MediaReader>();
            return keys(node.id);
        };
    }
    const std::int64_t frames = plan->node(index).stream_frames;
    return run(plan, std::move(what), options, frames, 0, false, sink);
}

Result<LinearReport> render_sum(std::shared_ptr<const RenderPlan> plan, const StreamSource& tracks,
                                const LinearOptions& options, const AudioSink& sink) {
    return run_sum(std::move(plan), tracks, options, sink);
}

} // namespace loopmind::graph
