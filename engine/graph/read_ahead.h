// Clips whose media is in files, read ahead of a live player by a thread of its own.
#pragma once

#include "engine/graph/clip_reader.h"
#include "engine/graph/node_player.h"
#include "engine/graph/spsc_queue.h"

#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace loopmind::graph {

/// The clips of one track from a start on, quantum by quantum.
class StreamFeed final : public ClipFeed {
  public:
    /// `timeline` counts from the feed's own start. `segments` outlives the feed.
    StreamFeed(const std::vector<Segment>& segments, const Timeline& timeline, int quanta,
               std::atomic<long>& underruns);

    /// Reads one more quantum when there is room; false when there is none. The reading thread, or before the
    /// feed is handed over.
    bool fill();
    std::size_t filled() const { return ring_.size(); }

    /// The running frame at which the feed starts. Audio thread, when it takes over.
    void start(std::int64_t running) noexcept { start_ = running; }
    void add(const Timeline& timeline, std::int64_t running, float* left, float* right) noexcept override;

  private:
    struct Block {
        std::int64_t index = 0;
        std::array<float, kQuantum> left{}, right{};
    };
    ClipReader clips_;
    Timeline timeline_;
    SpscQueue<Block> ring_;
    std::atomic<long>& underruns_;
    Block scratch_;
    std::atomic<std::int64_t> wanted_{0}; ///< quantum that the audio side asked for last
    std::int64_t next_ = 0;               ///< of the reading side
    std::int64_t start_ = 0;              ///< of the audio side
};

/// The feeds of all tracks of a plan that stream, from one place of the session on.
class FeedSet {
  public:
    /// Null entries for tracks in memory. `timeline` counts from the set's own start.
    FeedSet(std::shared_ptr<const RenderPlan> plan, const Timeline& timeline, double seconds,
            std::atomic<long>& underruns);
    /// One quantum for each feed that has room, emptiest first in effect since all advance together. False
    /// when all are full.
    bool fill();
    /// Reads until `seconds` are there.
    void prefill(double seconds);
    ClipFeed* feed(int node) const {
        const auto at = static_cast<std::size_t>(node);
        return at < feeds_.size() ? feeds_[at].get() : nullptr;
    }
    void start(std::int64_t running) noexcept;

  private:
    std::shared_ptr<const RenderPlan> plan_;
    std::vector<std::unique_ptr<StreamFeed>> feeds_; ///< by node
};

/// Whether some track of the plan plays media that is not in memory.
bool plan_streams(const RenderPlan& plan);

/// The thread that keeps sets filled for as long as somebody holds them. Never touched by the audio thread.
class ReadAhead {
  public:
    ReadAhead();
    ~ReadAhead();
    void add(std::shared_ptr<FeedSet> set);

  private:
    void run();
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<std::weak_ptr<FeedSet>> sets_;
    bool stop_ = false;
    std::thread thread_;
};

} // namespace loopmind::graph
