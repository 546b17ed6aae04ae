// Plays a render plan: state of all effects and buffers, one quantum at a time.
#pragma once

#include "engine/graph/insert_chain.h"
#include "engine/graph/render_plan.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace loopmind::graph {

/// The graph before the master inserts (the premaster), with its memory.
/// Work goes in quanta of kQuantum frames whose borders are multiples of kQuantum in session time, so that
/// what comes out does not depend on the caller's block size. Made on the message thread; process() is
/// real-time safe and belongs to one thread.
class GraphPlayer {
  public:
    static constexpr int kQuantum = 256;

    /// `loop_frames` > 0: session time wraps there (time -1 is the loop's last frame); 0: plays once.
    static Result<std::unique_ptr<GraphPlayer>> make(std::shared_ptr<const RenderPlan> plan,
                                                     std::int64_t loop_frames);

    /// Forgets all sound and stands at session time `time`, which must be a multiple of kQuantum (may be
    /// negative).
    void seek(std::int64_t time) noexcept;
    /// Overwrites `frames` frames of both channels with what follows; any block size.
    void process(float* left, float* right, int frames) noexcept;
    /// Frames by which the output lags behind session time.
    int latency() const { return plan_->latency; }
    /// Tracks and inserts that were bypassed for giving something not finite, e.g. "drums/drive"; "" none.
    std::string faulty_insert() const;

  private:
    struct Delayed {
        std::vector<float> left, right;
        size_t at = 0;
    };
    struct Node {
        InsertChain chain;
        std::vector<Delayed> edges;
        std::array<float, kQuantum> left{}, right{};
    };
    GraphPlayer() = default;
    void render_quantum() noexcept;
    void render_segments(const PlanNode& plan, Node& node) noexcept;
    void add_segments(const PlanNode& plan, std::int64_t time, float* left, float* right,
                      int frames) noexcept;
    void feed(const Edge& edge, Delayed& delayed, const float* left, const float* right) noexcept;

    std::shared_ptr<const RenderPlan> plan_;
    std::int64_t loop_frames_ = 0;
    std::int64_t time_ = 0; ///< of the next quantum
    std::vector<Node> nodes_;
    std::array<float, kQuantum> left_{}, right_{};
    int left_over_ = 0; ///< frames of the current quantum not yet given out
};

} // namespace loopmind::graph
