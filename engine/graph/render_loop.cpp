// Pre-roll, latency and streaming of loops.
#include "engine/graph/render_loop.h"

#include "engine/effects/denormals.h"
#include "engine/graph/graph_player.h"
#include "engine/graph/insert_chain.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace loopmind::graph {

namespace {

constexpr int kChunk = 2048;

std::int64_t preroll_frames(double tail_seconds, int latency, int sample_rate) {
    const auto frames = static_cast<std::int64_t>(std::ceil(tail_seconds * sample_rate)) + latency;
    constexpr std::int64_t quantum = GraphPlayer::kQuantum;
    return (frames + quantum - 1) / quantum * quantum;
}

Error not_finite(const std::string& insert) {
    return Error{ErrorCode::kInternal, insert, "gave samples that are not finite", "bypass the insert"};
}

} // namespace

Status render_loop(std::shared_ptr<const RenderPlan> plan, const LoopOptions& options,
                   const AudioSink& sink) {
    const effects::FlushDenormals flush;
    const std::int64_t total = options.total_frames > 0 ? options.total_frames : plan->total_frames;
    if (total <= 0) {
        return Error{ErrorCode::kInvalidArgument, "total_frames", "the loop has no length",
                     "give the session at least one bar"};
    }
    PlayerOptions what;
    what.part = options.tap == Tap::kMix ? PlayerOptions::Part::kMix : PlayerOptions::Part::kPremaster;
    what.timeline = {0, 0, total, true};
    what.chunk = kChunk;
    what.threads = options.threads;
    auto player = GraphPlayer::make(plan, std::move(what));
    if (!player.ok()) return player.error();
    const int latency = (*player)->latency();
    const double tail = options.tap == Tap::kMix ? plan->master.tail_seconds : plan->tail_seconds;
    const std::int64_t preroll = preroll_frames(tail, latency, plan->sample_rate);
    (*player)->seek(-preroll);

    const int block = std::max(1, options.block_frames);
    std::vector<float> left(static_cast<size_t>(block));
    std::vector<float> right(static_cast<size_t>(block));
    for (std::int64_t skipped = 0; skipped < preroll + latency;) {
        const auto count = static_cast<int>(std::min<std::int64_t>(block, preroll + latency - skipped));
        (*player)->process(left.data(), right.data(), count);
        skipped += count;
    }
    for (std::int64_t at = 0; at < total;) {
        const auto count = static_cast<int>(std::min<std::int64_t>(block, total - at));
        (*player)->process(left.data(), right.data(), count);
        const auto size = static_cast<size_t>(count);
        if (!sink(at, {left.data(), size}, {right.data(), size})) {
            return Error{ErrorCode::kCancelled, "", "rendering was cancelled", ""};
        }
        at += count;
    }
    if (Status status = (*player)->status(); !status.ok()) return status;
    const std::string faulty = (*player)->faulty_insert();
    if (!faulty.empty()) return not_finite(faulty);
    return {};
}

Status process_loop(std::span<const InsertSpec> inserts, const std::string& field, int sample_rate,
                    double tempo, std::span<float> left, std::span<float> right) {
    const effects::FlushDenormals flush;
    const auto total = static_cast<std::int64_t>(std::min(left.size(), right.size()));
    if (inserts.empty() || total == 0) return {};
    auto chain = InsertChain::make(inserts, field, sample_rate, tempo);
    if (!chain.ok()) return chain.error();
    const int latency = chain->latency();
    const std::int64_t preroll = preroll_frames(chain->tail_seconds(), latency, sample_rate);
    // The chain runs `latency` frames ahead of what is stored; the first frames of the input are kept because
    // the output has overwritten them when the end of the loop needs them.
    const std::int64_t kept = std::min<std::int64_t>(latency, total);
    const std::vector<float> head_left(left.begin(), left.begin() + kept);
    const std::vector<float> head_right(right.begin(), right.begin() + kept);
    constexpr std::int64_t kBlock = 2048;
    std::vector<float> block_left(kBlock), block_right(kBlock);
    std::int64_t stored = -(preroll + latency);
    for (std::int64_t time = -preroll; stored < total;) {
        std::int64_t source = time % total;
        if (source < 0) source += total;
        std::int64_t count = std::min(kBlock, total - source);
        if (stored < 0) count = std::min(count, -stored);
        count = std::min(count, total - stored);
        const bool from_head = time >= total;
        if (from_head) count = std::min(count, kept - source);
        const float* in_left = from_head ? head_left.data() + source : left.data() + source;
        const float* in_right = from_head ? head_right.data() + source : right.data() + source;
        const auto bytes = sizeof(float) * static_cast<size_t>(count);
        std::memcpy(block_left.data(), in_left, bytes);
        std::memcpy(block_right.data(), in_right, bytes);
        chain->process(block_left.data(), block_right.data(), static_cast<int>(count));
        if (stored >= 0) {
            std::memcpy(left.data() + stored, block_left.data(), bytes);
            std::memcpy(right.data() + stored, block_right.data(), bytes);
        }
        stored += count;
        time += count;
    }
    if (!chain->faulty_insert().empty()) return not_finite(field + "/" + chain->faulty_insert());
    return {};
}

} // namespace loopmind::graph
