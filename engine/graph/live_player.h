// Plays a session while it is edited: plans handed over without locks, transport, live changes, meters.
#pragma once

#include "engine/graph/graph_spec.h"
#include "engine/graph/insert_chain.h"
#include "engine/graph/live_engine.h"
#include "engine/graph/read_ahead.h"
#include "engine/graph/render_plan.h"
#include "engine/graph/spsc_queue.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace loopmind::graph {

struct LiveOptions {
    double read_ahead_seconds = 2.0; ///< of media that is not in memory, for each such track
    double prefill_seconds = 0.25;   ///< read on the message thread before playing starts there
};

/// One message thread, one audio thread.
///
/// The audio thread allocates nothing, locks nothing and waits for nothing: plans, starts and changes come
/// through one queue in order, what is worn out goes back through another and is freed on the message thread.
/// Played from time 0 the output is bit for bit that of render_linear, late by latency(); a later start fades
/// in.
///
/// A new plan takes over the effects of every track whose inserts are the same, with their tails; its clips
/// are cross-faded with those of the plan before, and connections that come or go are faded, all within about
/// 6 ms. The same fade smooths seeks. The session ends where the app says: the player plays on in silence.
///
/// Media that is not in memory is read ahead by a thread; where it comes late there is silence and
/// underruns() counts.
class LivePlayer {
  public:
    explicit LivePlayer(LiveOptions options = {});
    ~LivePlayer(); ///< the audio thread must have stopped calling process()
    LivePlayer(const LivePlayer&) = delete;
    LivePlayer& operator=(const LivePlayer&) = delete;

    // Message thread. Positions are session frames.

    /// Plays `plan` from the next quantum on (when playing with streamed media: from a moment that was read
    /// ahead). Errors: those of GraphPlayer::make; the old plan plays on.
    Status set_plan(std::shared_ptr<const RenderPlan> plan);
    void play(); ///< from where it stands; resets all effects, as an offline render starts
    void stop(); ///< tails ring out
    void seek(std::int64_t frame);
    void set_loop(std::int64_t start,
                  std::int64_t end); ///< end <= start: no loop. Counts once playing is ahead of end
    bool playing() const { return playing_; }
    /// The frame that is heard now, latency taken off.
    std::int64_t position() const { return position_.load(std::memory_order_relaxed); }
    int latency() const; ///< frames from session time to the output

    /// Single changes without a new plan. Smoothed; they take the place of a lane until the next plan. False
    /// when there is no such track, send, insert or parameter. "master" names the master.
    bool set_gain_db(const std::string& track, double gain_db);
    bool set_pan(const std::string& track, double pan);
    bool set_send_level(const std::string& track, int send, double level);
    bool set_parameter(const std::string& track, const std::string& insert, const std::string& parameter,
                       double value);
    bool set_bypass(const std::string& track, const std::string& insert, bool bypass);
    /// Everything of the console at once, after mute, solo or groups moved: faders, pans, send levels and
    /// what is open. False when tracks or sends are not those of the plan (then a new plan is needed).
    bool set_console(const GraphSpec& spec);

    struct Peak {
        float left = 0, right = 0;
    };
    /// Highest level behind the fader since it was last asked; "master" is what goes out.
    Peak take_peak(const std::string& track);
    /// Moves what was put out since the last call into the spans, oldest first; returns the frames. Keeps
    /// about 0.7 s.
    int take_output(std::span<float> left, std::span<float> right);
    long underruns() const { return underruns_.load(std::memory_order_relaxed); }
    /// "track/insert" of those bypassed for giving something not finite or for failing.
    std::vector<std::string> faulty_inserts();
    /// The same with reasons; `insert` is "track/insert".
    std::vector<InsertFault> faults();
    /// Frees what the audio thread gave back and hands on what did not fit its queue. Call it now and then (a
    /// timer); every other call does so as well.
    void collect();

    // Audio thread.

    /// Overwrites both channels with what follows; silence without a plan.
    void process(float* left, float* right, int frames) noexcept;

  private:
    struct Snapshot { ///< what the audio thread last told of its transport
        Timeline timeline;
        std::int64_t running = 0;
        long serial = 0;
    };
    void push(const LiveCommand& command);
    void start_at(std::int64_t frame, LiveEngine* engine);
    std::shared_ptr<FeedSet> make_feeds(const std::shared_ptr<const RenderPlan>& plan,
                                        const Timeline& timeline);
    Snapshot snapshot() const;
    bool settled(Snapshot& out) const;
    std::int64_t place() const;
    int node_of(const std::string& track) const;
    Timeline from(std::int64_t frame) const;
    bool to_consumers(int node, int send, LiveCommand command);
    bool find_insert(const std::string& track, const std::string& insert, LiveCommand& command) const;

    void take_commands() noexcept;
    bool ready(const LiveCommand& command) noexcept;
    void apply(const LiveCommand& command) noexcept;
    void take_start(const LiveCommand& command) noexcept;
    void take_engine(LiveEngine* next) noexcept;
    void take_stop(const LiveCommand& command) noexcept;
    void take_loop(const LiveCommand& command) noexcept;
    void take_feeds(FeedSet* feeds, std::int64_t running) noexcept;
    void begin_fade(const Timeline& before, bool from_stop) noexcept;
    bool end_fade() noexcept;
    void render_quantum() noexcept;
    void meter() noexcept;
    void publish() noexcept;

    // Message side.
    LiveOptions options_;
    std::vector<std::unique_ptr<LiveEngine>>
        engines_; ///< all that the audio thread may hold; the last is newest
    std::vector<std::shared_ptr<FeedSet>> feed_sets_; ///< likewise
    std::deque<LiveCommand> waiting_;                 ///< did not fit the queue
    std::vector<InsertFault> faulty_;
    bool playing_ = false;
    std::int64_t start_ = 0; ///< where the last start or stop put it
    std::int64_t loop_start_ = 0, loop_end_ = 0;
    long serial_ = 0; ///< of the last command that moved the transport

    // Between them.
    std::unique_ptr<SpscQueue<LiveCommand>> commands_;
    struct Returned {
        LiveEngine* engine = nullptr;
        FeedSet* feeds = nullptr;
    };
    SpscQueue<Returned> returned_{256};
    struct Fault {
        LiveEngine* engine = nullptr;
        int node = 0;
        int insert = 0;
        const effects::Effect* effect = nullptr;
    };
    SpscQueue<Fault> faults_{256};
    std::atomic<std::int64_t> position_{0};
    std::atomic<long> underruns_{0};
    std::array<std::atomic<std::int64_t>, 8> told_{}; ///< the Snapshot, guarded by told_version_
    std::atomic<unsigned> told_version_{0};
    struct Frame {
        float left = 0, right = 0;
    };
    SpscQueue<Frame> output_{32768};

    // Audio side.
    LiveEngine* engine_ = nullptr;
    LiveEngine* old_engine_ = nullptr; ///< while its clips fade out
    FeedSet* feeds_ = nullptr;
    FeedSet* old_feeds_ = nullptr;
    Timeline timeline_{0, 0, 0, false, true};
    Timeline old_timeline_;
    std::int64_t running_ = 0;
    long heard_serial_ = 0;
    bool plays_ = false;
    bool leaving_closed_ = false; ///< connections that the waiting plan lacks have faded
    bool ramped_down_ = false;    ///< the output has faded for a start from scratch
    bool ramp_down_ = false;
    bool timeline_fades_ = false; ///< the fade is from old_timeline_
    bool from_stop_ = false;      ///< the fade is from silence
    int fade_at_ = 0, fade_frames_ = 0;
    float loudest_ = 0; ///< of the last quantum
    std::int64_t quiet_frames_ = 0;
    int left_over_ = 0;
    std::array<float, kQuantum> out_left_{}, out_right_{};

    ReadAhead read_ahead_; ///< last: its thread ends before what it may use
};

} // namespace loopmind::graph
