// Virtual time, chance and trace: all that a run of the virtual farm depends on besides its seed.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "coordinator/core/records.h"

namespace loopmind::sim {

using core::Millis;

/// Things to come, in the order of their times; equal times in the order in which they were asked for.
class Timeline {
  public:
    Timeline(std::uint64_t seed, bool traced) : random_(seed), traced_(traced) {}

    Millis now() const { return now_; }
    void at(Millis time, std::function<void()> act) { coming_.emplace(std::max(time, now_), std::move(act)); }
    void after(Millis delay, std::function<void()> act) { at(now_ + delay, std::move(act)); }
    /// Does the next thing. False when it would come after `end`.
    bool step(Millis end);

    /// 0 .. n - 1
    int pick(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
    bool chance(int percent) { return pick(100) < percent; }
    Millis between(int least, int most) { return Millis(least + pick(most - least + 1)); }
    /// Mostly short, seldom long.
    Millis delay() { return chance(95) ? between(1, 40) : between(40, 3000); }

    template <typename Words> void trace(Words&& words) {
        if (traced_) lines_.push_back(std::to_string(now_.count()) + " " + words());
    }
    const std::vector<std::string>& lines() const { return lines_; }

  private:
    Millis now_{1000};
    std::multimap<Millis, std::function<void()>> coming_;
    std::mt19937_64 random_;
    bool traced_;
    std::vector<std::string> lines_;
};

/// A process: what it plans dies with it, and waits while it is stopped by a signal.
class Process {
  public:
    explicit Process(Timeline& time) : time_(time) {}
    virtual ~Process() = default;

    bool up() const { return up_; }
    bool stopped() const { return time_.now() < stopped_until_; }
    void stop_until(Millis time) { stopped_until_ = std::max(stopped_until_, time); }
    /// Runs in the process, if this life of it lasts so long.
    void later(Millis delay, std::function<void()> act);

  protected:
    void begin_life() {
        ++life_;
        up_ = true;
        stopped_until_ = Millis{0};
    }
    void end_life() {
        ++life_;
        up_ = false;
    }
    Timeline& time_;

  private:
    void run(std::uint64_t life, const std::function<void()>& act);

    std::uint64_t life_ = 0;
    bool up_ = false;
    Millis stopped_until_{0};
};

} // namespace loopmind::sim
