// One track, bus or the master while it plays: clips or inputs, inserts, fader.
#pragma once

#include "engine/graph/clip_reader.h"
#include "engine/graph/fader.h"
#include "engine/graph/insert_chain.h"
#include "engine/graph/render_plan.h"

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace loopmind::graph {

class NodePlayer;

/// What all nodes of a chunk share.
struct ChunkContext {
    const RenderPlan* plan = nullptr;
    const Timeline* timeline = nullptr;
    std::int64_t running = 0;                           ///< of the chunk's first frame
    int frames = 0;                                     ///< whole quanta
    std::span<const std::unique_ptr<NodePlayer>> nodes; ///< those of the plan, the master last
    /// Live: the clips of the stretch before a jump go on under this timeline and fade out; null: none.
    const Timeline* fading_timeline = nullptr;
    int fade_at = 0;               ///< frames of the fade that are over
    int fade_frames = 0;           ///< its length
    bool live = false;             ///< media that is not in memory comes from feeds or not at all
    bool stopped = false;          ///< no clips sound, tails ring on
    bool fading_from_stop = false; ///< before the jump no clips sounded
};

/// Gives a live player the clips of a track that were read ahead. Audio thread.
class ClipFeed {
  public:
    virtual ~ClipFeed() = default;
    /// Adds the quantum that begins at `running`, or nothing (silence) when it is not there.
    virtual void add(const Timeline& timeline, std::int64_t running, float* left, float* right) noexcept = 0;
};

/// The state of one node. Memory of what others may still ask for lies ahead of each chunk, so inputs with a
/// delay read it where it is. Threads: made on the message thread; render() by one thread at a time.
class NodePlayer {
  public:
    enum class Part {
        kWhole,
        kInputs, ///< a master without inserts and fader: the premaster
        kNone,   ///< silent, nobody listens
    };
    /// `stream` (may be null) gives the signal before the fader instead of clips and inserts. `inherits`: it
    /// will inherit() before it plays, so that plug-ins need not be started again.
    static Result<std::unique_ptr<NodePlayer>> make(const RenderPlan& plan, int index, int chunk, Part part,
                                                    std::unique_ptr<MediaReader> stream,
                                                    bool inherits = false);

    void reset() noexcept;
    void render(const ChunkContext& context);

    /// The chunk, or what lies `delay` frames before it: behind the inserts, before the fader.
    const float* pre_left(int delay = 0) const { return pre_[0].data() + plan_->longest_pre - delay; }
    const float* pre_right(int delay = 0) const { return pre_[1].data() + plan_->longest_pre - delay; }
    /// The same behind the fader.
    const float* post_left(int delay = 0) const { return post_[0].data() + plan_->longest_post - delay; }
    const float* post_right(int delay = 0) const { return post_[1].data() + plan_->longest_post - delay; }

    const PlanNode& plan() const { return *plan_; }
    InsertChain& chain() { return chain_; }
    const InsertChain& chain() const { return chain_; }
    Fader& fader() { return fader_; }
    ClipReader& clips() { return clips_; }
    /// What went wrong with media or stream; the first error.
    const Status& status() const { return stream_ ? stream_status_ : clips_.status(); }

    /// Live changes, on the processing thread; they take one quantum.
    void set_input(int input, float level) noexcept;
    void set_open(int input, bool open) noexcept;
    /// All inputs from `source` take its lanes no more: a hand moved its mute.
    void drop_mute_lane(int input) noexcept;
    /// Live: where clips come from that are not in memory; null: nowhere.
    void set_feed(ClipFeed* feed) noexcept { feed_ = feed; }
    ClipFeed* feed() const { return feed_; }
    /// Live: what fades out while the clips fade in: those of the plan before (null: its own) and their feed.
    void set_old_clips(ClipReader* clips, ClipFeed* feed) noexcept {
        old_clips_ = clips;
        old_feed_ = feed;
    }
    /// Takes over sound and gains of a node of the plan before, whose inserts are the same. `inputs[i]` is
    /// the input of `before` that input i continues, -1: it is new and rises. Audio thread; nothing is
    /// allocated or freed.
    void inherit(NodePlayer& before, std::span<const int> inputs) noexcept;
    /// Input i is new and rises during the next quantum.
    void enter(int input) noexcept;

  private:
    struct Input {
        float wanted = 1; ///< level, sign and open
        float level = 1;
        float sign = 1;
        float now = 1;
        bool open = true;
        bool entering = false;
        LaneReader level_lane, mute_lane;
        void target() noexcept { wanted = open ? level * sign : 0.0f; }
    };
    NodePlayer() = default;
    void render_clips(const ChunkContext& context);
    void add_clips(const ChunkContext& context, const Timeline& timeline, ClipReader& reader, ClipFeed* feed,
                   float* left, float* right);
    void render_inputs(const ChunkContext& context) noexcept;
    void add_input(const ChunkContext& context, const PlanInput& plan, Input& input, int at) noexcept;
    void render_inserts(const ChunkContext& context) noexcept;
    void read_stream(const ChunkContext& context);
    bool over(const ChunkContext& context, int at) const noexcept;
    float* pre(int channel) { return pre_[channel].data() + plan_->longest_pre; }
    float* post(int channel) { return post_[channel].data() + plan_->longest_post; }

    const PlanNode* plan_ = nullptr;
    Part part_ = Part::kWhole;
    int chunk_ = kQuantum;
    int last_frames_ = 0; ///< of the chunk before, whose end becomes the past
    ClipReader clips_;
    ClipFeed* feed_ = nullptr;
    ClipReader* old_clips_ = nullptr;
    ClipFeed* old_feed_ = nullptr;
    std::unique_ptr<MediaReader> stream_;
    Status stream_status_;
    InsertChain chain_;
    std::vector<InsertChain::Key> keys_; ///< one an insert when some insert has a key
    std::vector<Input> inputs_;
    Fader fader_;
    std::array<std::vector<float>, 2> pre_, post_;
};

} // namespace loopmind::graph
