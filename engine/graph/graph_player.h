// Plays a render plan: state of all effects and buffers, one chunk at a time.
#pragma once

#include "engine/graph/node_player.h"
#include "engine/graph/render_plan.h"
#include "engine/graph/worker_pool.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace loopmind::graph {

/// What of a plan is played, and how.
struct PlayerOptions {
    enum class Part {
        kPremaster, ///< the sum of tracks and buses
        kMix,       ///< with master inserts and fader
        kTrack,     ///< only the node `track` and what it needs, up to its fader
    };
    Part part = Part::kPremaster;
    int track = -1;
    Timeline timeline;
    int chunk = kQuantum;   ///< frames rendered at once, whole quanta; no influence on the samples
    int threads = 1;        ///< no influence on the samples
    bool all_nodes = false; ///< render what nobody hears as well: it may be opened while it plays
    /// Gives the signal before the fader of tracks that were rendered elsewhere; null: they are rendered
    /// here.
    std::function<Result<std::unique_ptr<MediaReader>>(const PlanNode&)> streams;
    /// Nodes (the master last) that inherit() from a player that plays; empty: none.
    std::vector<bool> inherits;
};

/// The graph with its memory. Work goes in quanta of kQuantum frames counted from the first frame played, so
/// that what comes out does not depend on the caller's block size. Made on the message thread; process() and
/// render() belong to one thread and are real-time safe with one thread and media in memory.
class GraphPlayer {
  public:
    static constexpr int kQuantum = graph::kQuantum;

    static Result<std::unique_ptr<GraphPlayer>> make(std::shared_ptr<const RenderPlan> plan,
                                                     PlayerOptions options);
    /// The premaster. `loop_frames` > 0: session time wraps there (time -1 is the loop's last frame); 0:
    /// plays once.
    static Result<std::unique_ptr<GraphPlayer>> make(std::shared_ptr<const RenderPlan> plan,
                                                     std::int64_t loop_frames);

    /// Forgets all sound and stands at running frame `time`, which must be a multiple of kQuantum (may be
    /// negative).
    void seek(std::int64_t time) noexcept;
    /// Overwrites `frames` frames of both channels with what follows; any block size.
    void process(float* left, float* right, int frames) noexcept;
    /// Renders the next chunk; afterwards left() and right() hold it, and node() what lies inside.
    void render();
    const float* left() const;
    const float* right() const;
    int chunk() const { return options_.chunk; }
    std::int64_t running() const { return running_; } ///< first frame of the next chunk

    /// Frames by which the output lags behind session time.
    int latency() const;
    /// Tracks and inserts that were bypassed for giving something not finite, e.g. "drums/drive"; "" none.
    std::string faulty_insert() const;
    std::vector<std::string> faulty_inserts() const;
    /// The same with reasons; `insert` is "drums/drive". Not on an audio thread.
    std::vector<InsertFault> faults() const;
    /// The first error of reading media or streams.
    Status status() const;
    NodePlayer& node(int index) { return *nodes_[static_cast<size_t>(index)]; }
    const RenderPlan& plan() const { return *plan_; }
    std::shared_ptr<const RenderPlan> shared_plan() const { return plan_; }
    /// For live players, between two chunks.
    ChunkContext& context() { return context_; }
    Timeline& timeline() { return options_.timeline; }
    void set_running(std::int64_t running) noexcept { running_ = running; }

  private:
    GraphPlayer() = default;
    Status make_nodes();

    std::shared_ptr<const RenderPlan> plan_;
    PlayerOptions options_;
    std::vector<std::unique_ptr<NodePlayer>> nodes_; ///< those of the plan, the master last
    std::unique_ptr<WorkerPool> pool_;               ///< null: one thread
    ChunkContext context_;
    std::int64_t running_ = 0;
    int left_over_ = 0; ///< frames of the current chunk not yet given out
};

} // namespace loopmind::graph
