// The interface of every effect: named parameters with units, smoothing, and results that block sizes cannot
// change.
#pragma once

#include <atomic>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loopmind::effects {

/// How a control or a random draw walks through a range.
enum class Scale { kLinear, kLogarithmic, kSwitch };

/// One parameter as users and session files see it.
struct ParameterInfo {
    const char* name; ///< snake_case, unique in the effect; the key in session files
    const char* unit; ///< "dB", "Hz", "s", "beats", "ratio", "switch", "bpm" or "" for a plain number
    float minimum;
    float maximum;
    float initial;                ///< the default
    const char* meaning;          ///< one line for people
    Scale scale = Scale::kLinear; ///< kLogarithmic needs minimum > 0; kSwitch takes whole numbers only
    /// Where a randomised value may lie and still be musical; both equal: randomising leaves it alone.
    float random_low = 0;
    float random_high = 0;
};

/// A stereo effect.
///
/// Work is cut into ticks of kTick frames counted from the last reset(), whatever the caller's blocks are:
/// parameters are read and smoothed at ticks only, so the samples do not depend on the block size.
/// Threads: prepare() and reset() while nobody processes; process() and follow() on the audio thread (no
/// allocation, lock or wait); set() and target() from any thread.
class Effect {
  public:
    static constexpr int kTick = 32;

    virtual ~Effect() = default;
    Effect(const Effect&) = delete;
    Effect& operator=(const Effect&) = delete;

    /// Name in session files and in the registry, e.g. "reverb".
    virtual std::string_view type() const = 0;
    std::span<const ParameterInfo> parameters() const { return infos_; }
    /// Index of a parameter, -1 when there is none of that name.
    int parameter_index(std::string_view name) const;
    /// Sets where a parameter goes, clamped to its range; switches are rounded and jump, the others glide.
    /// False for an unknown name or a value that is not finite.
    bool set(std::string_view name, double value);
    bool set(int index, double value);
    float target(int index) const {
        return targets_[static_cast<size_t>(index)].load(std::memory_order_relaxed);
    }

    /// Automation: the parameter stands at `value` (clamped) at the end of the tick that begins next, without
    /// smoothing. Between two ticks set() goes on from there. Audio thread, when a tick begins.
    void follow(int index, float value) noexcept;

    /// Allocates for `rate` (8000..384000 Hz) and resets. `max_block` is a hint; any block size may follow.
    void prepare(double rate, int max_block);
    /// Processes in place. `key_left` and `key_right` are the side-chain input of an effect that takes_key(),
    /// of the same length; null: the effect listens to its own input.
    void process(float* left, float* right, int frames, const float* key_left = nullptr,
                 const float* key_right = nullptr) noexcept;
    /// Silences all memory; parameters jump to where they were set.
    void reset() noexcept;

    /// Whether the effect listens to a side-chain input.
    virtual bool takes_key() const { return false; }
    /// Frames by which the output lags, constant after prepare().
    virtual int latency() const { return 0; }
    /// Seconds until the response to an impulse has fallen below about -96 dB, at the parameters set now.
    virtual double tail_seconds() const { return 0; }
    /// Whether the effect can do no more (a hosted plug-in whose process died): what it gives from now on is
    /// not to be played. Real-time safe; after process().
    virtual bool failed() const noexcept { return false; }
    /// Why it failed, for people: "its plug-in ... crashed (SIGABRT)"; "" when it has not. Message thread,
    /// any time.
    virtual std::string failure() const { return {}; }

  protected:
    explicit Effect(std::span<const ParameterInfo> infos);

    virtual void on_prepare(double rate) = 0;
    virtual void on_reset() noexcept = 0;
    /// A tick begins: value(i) is where the parameter stands at its end, previous(i) where it stood at its
    /// start.
    virtual void on_tick(bool moved) noexcept {}
    /// Whether run() also takes several whole ticks at once (at most kMostFrames) while no parameter moves;
    /// the samples must be those of one tick after the other.
    virtual bool takes_ticks() const noexcept { return false; }
    static constexpr int kMostFrames = 256;
    /// At most one tick: `phase` is the first frame's place in it, phase + frames <= kTick.
    virtual void run(float* left, float* right, int frames, int phase) noexcept = 0;

    float value(int index) const { return values_[static_cast<size_t>(index)]; }
    float previous(int index) const { return previous_[static_cast<size_t>(index)]; }
    double rate() const { return rate_; }
    /// Side-chain input of this run(), as long as its frames; null when there is none.
    const float* key_left() const { return key_left_; }
    const float* key_right() const { return key_right_; }

  private:
    void advance_parameters() noexcept;
    int frames_at_once(int left) const noexcept;

    std::span<const ParameterInfo> infos_;
    std::vector<std::atomic<float>> targets_; ///< as many as infos_; so are all below
    std::vector<float> values_;
    std::vector<float> previous_;
    std::vector<char> followed_;       ///< jumps to its target at the next tick
    std::atomic<bool> changed_{false}; ///< some target was set since the last tick
    const float* key_left_ = nullptr;
    const float* key_right_ = nullptr;
    double rate_ = 48000;
    float smoothing_ = 1;
    int phase_ = 0;
    bool fresh_ = true;
    bool settled_ = false; ///< all values and previous values stand at their targets
};

} // namespace loopmind::effects
