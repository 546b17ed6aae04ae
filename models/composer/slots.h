// Which sixteenths of a bar a variation uses at all: one grid of gates that every stem shares, so the band
// locks together and each step of energy or complexity opens new moments instead of doubling old ones.
#pragma once

#include "models/composer/draft.h"

#include <vector>

namespace loopmind::composer {

/// Beats are always open. Off-beat eighths open one after another with energy. Of the other sixteenths every
/// second one opens with energy, the rest with complexity; those that the genre's figures use most come
/// first.
class Slots {
  public:
    explicit Slots(const Context& context);

    /// What opens a step of a pattern bar; gates are staggered over a four-bar cycle.
    double energy_gate(int bar, int step) const;
    double complexity_gate(int bar, int step) const;
    bool open(int bar, int step, double energy, double complexity) const;
    /// True when the step is opened by a control at all (false on beats).
    bool gated(int step) const { return kind_[static_cast<std::size_t>(step)] != Kind::kFree; }
    bool by_complexity(int step) const { return kind_[static_cast<std::size_t>(step)] == Kind::kComplexity; }

  private:
    enum class Kind { kFree, kEnergy, kComplexity };
    double gate(int bar, int step) const;

    Stream stream_;
    std::vector<Kind> kind_;
    std::vector<double> low_, high_; ///< range that the gate of a step is staggered in
};

} // namespace loopmind::composer
