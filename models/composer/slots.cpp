// Ranks the sixteenths of a bar by how much the genre's figures use them and gives them gates in that order.
#include "models/composer/slots.h"

#include <algorithm>

namespace loopmind::composer {
namespace {

void count_use(const char* steps, int steps_per_bar, double weight, std::vector<double>& use) {
    for (int i = 0; steps[i] != '\0'; ++i) {
        const char c = steps[i];
        const double core = c == 'X' ? 1.5 : c == 'x' ? 1.0 : c == 'o' ? 0.6 : c == '.' ? 0.0 : 0.25;
        use[static_cast<std::size_t>(i % steps_per_bar)] += weight * core;
    }
}

std::vector<double> genre_use(const Context& context) {
    const GenreStyle& style = context.style;
    const int steps = context.steps_per_bar;
    const bool waltz = context.request.beats_per_bar == 3;
    std::vector<double> use(static_cast<std::size_t>(steps), 0.0);
    const auto groove = [&](const Groove& lanes) {
        for (const Lane& lane : lanes)
            count_use(lane.steps, steps, lane.pitch <= 40 ? 1.0 : 0.4, use);
    };
    if (waltz) groove(style.waltz);
    for (const Groove& lanes : style.grooves) {
        if (!waltz) groove(lanes);
    }
    for (const BassFigure& figure : waltz ? style.bass_waltz : style.bass)
        count_use(figure.steps, steps, 0.7, use);
    for (const CompFigure& figure : waltz ? style.comps_waltz : style.comps)
        count_use(figure.steps, steps, 0.7, use);
    return use;
}

} // namespace

Slots::Slots(const Context& context) : stream_(context.root.fork("slots")) {
    const auto steps = static_cast<std::size_t>(context.steps_per_bar);
    kind_.assign(steps, Kind::kFree);
    low_.assign(steps, 0);
    high_.assign(steps, 0);
    std::vector<double> use = genre_use(context);
    for (std::size_t i = 0; i < steps; ++i)
        use[i] += 1.2 * stream_.unit(i);
    const auto ranked = [&](std::size_t first, std::size_t stride) {
        std::vector<std::size_t> order;
        for (std::size_t i = first; i < steps; i += stride)
            order.push_back(i);
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return use[a] > use[b]; });
        return order;
    };
    const auto eighths = ranked(2, 4);
    for (std::size_t rank = 1; rank < eighths.size(); ++rank) { // the most used one is always open
        kind_[eighths[rank]] = Kind::kEnergy;
        low_[eighths[rank]] = static_cast<double>(rank - 1) * 0.25 + 0.01;
        high_[eighths[rank]] = static_cast<double>(rank) * 0.25 - 0.01;
    }
    const auto sixteenths = ranked(1, 2);
    const double share = 2.0 / static_cast<double>(sixteenths.size());
    for (std::size_t rank = 0; rank < sixteenths.size(); ++rank) {
        const std::size_t step = sixteenths[rank];
        kind_[step] = rank % 2 == 0 ? Kind::kEnergy : Kind::kComplexity;
        low_[step] = static_cast<double>(rank / 2) * share + 0.01;
        high_[step] = static_cast<double>(rank / 2 + 1) * share - 0.01;
    }
}

double Slots::gate(int bar, int step) const {
    const auto i = static_cast<std::size_t>(step);
    // The four bars of a cycle open in a seeded rotation, a quarter of the range apart.
    const int turn = (bar + static_cast<int>(stream_.fork(step).bits(0) & 3)) % 4;
    return low_[i] + (high_[i] - low_[i]) * (turn + 0.5) / 4;
}

double Slots::energy_gate(int bar, int step) const {
    return kind_[static_cast<std::size_t>(step)] == Kind::kEnergy ? gate(bar, step) : 0;
}

double Slots::complexity_gate(int bar, int step) const {
    return by_complexity(step) ? gate(bar, step) : 0;
}

bool Slots::open(int bar, int step, double energy, double complexity) const {
    return energy >= energy_gate(bar, step) && complexity >= complexity_gate(bar, step);
}

} // namespace loopmind::composer
