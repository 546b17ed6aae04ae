// The engine's side of a plug-in that runs in a process of its own.
#pragma once

#include "engine/plugins/plugin_child.h"
#include "engine/plugins/plugin_info.h"
#include "engine/plugins/shared_audio.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace loopmind::plugins {

struct ProcessOptions {
    std::filesystem::path program;
    bool offline = true;     ///< the plug-in may take its time, and wait() waits
    int load_seconds = 30;   ///< to be ready
    int answer_seconds = 10; ///< offline: for one block of audio; and for its state
    std::int64_t memory_bytes = std::int64_t{4} << 30;
};

/// What a plug-in is loaded with.
struct PluginSetup {
    double rate = 48000;
    std::string state;
    std::map<std::string, double> params; ///< by symbol, after the state
};

/// A child with one plug-in.
///
/// Threads: started, asked for its state and destroyed on the message thread; one other thread writes blocks
/// into block() and posts them. A thread of its own ("plugin-watch") learns of the child's end.
class PluginProcess {
  public:
    /// Blocks until the plug-in is ready. Errors: it cannot be loaded, crashes, or takes too long.
    static Result<std::unique_ptr<PluginProcess>> start(const PluginInfo& info, const PluginSetup& setup,
                                                        const ProcessOptions& options);
    ~PluginProcess(); ///< ends the child
    PluginProcess(const PluginProcess&) = delete;
    PluginProcess& operator=(const PluginProcess&) = delete;

    int latency() const { return latency_; }
    /// Values of the parameters after loading, by their place in the description.
    const std::vector<float>& values() const { return values_; }

    // Real-time safe, one thread.

    /// Number of the next block to be posted.
    std::uint32_t posted() const noexcept { return posted_; }
    /// The memory of the next block, null when all are under way.
    SharedBlock* next_block() noexcept;
    float* tick(SharedBlock* block, int tick) noexcept { return tick_values(block, tick, values_.size()); }
    void post() noexcept;
    /// Whether block `number` is finished; its memory is valid until kSlots more are posted.
    bool finished(std::uint32_t number) const noexcept;
    const SharedBlock* block(std::uint32_t number) const noexcept;
    /// The child has ended, or was given up.
    bool dead() const noexcept { return dead_.load(std::memory_order_acquire); }
    /// Ends the child; the first reason counts. Takes a lock: not on an audio thread.
    void give_up(const std::string& why);

    /// Offline only: waits until block `number` is finished. False when the child died or took too long; then
    /// it is given up.
    bool wait(std::uint32_t number) noexcept;

    /// Why it is dead, for people; "" while it lives.
    std::string why() const;
    /// What the plug-in wants to find again. Errors: it does not answer.
    Result<std::string> save_state();

  private:
    PluginProcess() = default;
    Status set_up(const PluginInfo& info, const PluginSetup& setup);
    void watch();
    void bury(const std::string& why);

    ProcessOptions options_;
    PluginChild child_;
    SharedHead* head_ = nullptr;
    std::size_t bytes_ = 0;
    int latency_ = 0;
    std::vector<float> values_;
    std::uint32_t posted_ = 0;
    std::atomic<bool> dead_{false};
    std::atomic<bool> ending_{false}; ///< by the destructor: nothing to report
    mutable std::mutex mutex_;        ///< why_
    std::string why_;
    std::thread watcher_;
};

} // namespace loopmind::plugins
