// A plan made ready to play, and how it goes on from the plan before. Private to the live player.
#pragma once

#include "engine/graph/graph_player.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace loopmind::graph {

class FeedSet;

/// Made and freed on the message thread, played by the audio thread.
struct LiveEngine {
    /// A node that takes over another's sound.
    struct Heir {
        int before = -1;         ///< node of the plan before; -1: it starts anew
        std::vector<int> inputs; ///< see NodePlayer::inherit
    };
    struct Meter {
        std::atomic<float> left{0}, right{0};
    };
    std::unique_ptr<GraphPlayer> player;
    std::vector<Heir> heirs;                    ///< by node, the master last
    std::vector<std::pair<int, int>> leaving;   ///< node and input of the plan before that nothing continues
    std::vector<std::unique_ptr<Meter>> meters; ///< by node, the master last
    std::int64_t tail_frames = 0;               ///< after which a stopped player is silent

    /// Errors: those of GraphPlayer::make. `before` may be null.
    static Result<std::unique_ptr<LiveEngine>> make(std::shared_ptr<const RenderPlan> plan,
                                                    const LiveEngine* before);
    /// Moves effects, gains and memory out of the engine before. Audio thread, nothing is allocated.
    void inherit(LiveEngine& before) noexcept;

  private:
    void match(const RenderPlan& plan, const RenderPlan& before);
};

enum class LiveKind {
    kStart, ///< play from `frame`; with an engine: that one, from now on
    kStop,  ///< stand at `frame`
    kPlan,  ///< `engine` takes over; with feeds: at running frame `running`
    kLoop,  ///< `timeline` from now on; with feeds: at running frame `running`
    kGain,
    kPan,
    kScale, ///< of the fader group
    kLevel,
    kOpen,
    kParameter,
    kBypass,
};

/// One entry of the queue to the audio thread.
struct LiveCommand {
    LiveKind kind = LiveKind::kStop;
    LiveEngine* engine = nullptr;
    FeedSet* feeds = nullptr;
    Timeline timeline;        ///< of kStart: shift is the session frame to start at
    std::int64_t running = 0; ///< when; 0: at once
    long serial = 0;
    bool reset = false; ///< of kStart: from stop
    int node = 0;
    int index = 0;
    int parameter = 0;
    double value = 0;
};

} // namespace loopmind::graph
