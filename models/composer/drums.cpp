// Plays a groove bar by bar, adds seeded ghosts, fills at phrase ends and a crash at section starts.
#include "models/composer/drums.h"

#include "models/composer/form.h"

#include <algorithm>

namespace loopmind::composer {
namespace {

bool is_backbone(int pitch) {
    return pitch >= 35 && pitch <= 40 && pitch != 37;
}

void play_groove(const Context& context, const Passage& passage, const Groove& groove, const Stream& stream,
                 const char* role, bool arranged, std::vector<Draft>& out) {
    for (int bar = 0; bar < passage.pattern_bars; ++bar) {
        const double fraction = bar * context.bar_beats / passage.pattern_beats;
        for (std::size_t lane = 0; lane < groove.size(); ++lane) {
            const bool backbone = is_backbone(groove[lane].pitch);
            if (arranged && !sounds_in(passage.section.name, role, fraction, backbone)) continue;
            const Stream draw = stream.fork(static_cast<std::int64_t>(lane));
            for (const Step& step : steps_of_bar(groove[lane].steps, context.steps_per_bar, bar, draw)) {
                out.push_back({bar * context.bar_beats + step.index * 0.25, 0.2, groove[lane].pitch,
                               static_cast<double>(groove[lane].velocity), step.level, step.energy_gate,
                               step.complexity_gate});
            }
        }
    }
}

/// The quietest instrument of a groove that is not kick or snare: it marks the moments that open.
const Lane& ticking_lane(const Groove& groove) {
    const Lane* softest = nullptr;
    for (const Lane& lane : groove) {
        if (!is_backbone(lane.pitch) && (!softest || lane.velocity < softest->velocity)) softest = &lane;
    }
    return softest ? *softest : groove.front();
}

/// A stroke on every slot that energy or complexity may open: ticks for energy, ghosts for complexity.
void mark_slots(const Context& context, const Passage& passage, const Groove& groove, const Slots& slots,
                const Stream& stream, std::vector<Draft>& out) {
    const Lane& tick = ticking_lane(groove);
    const bool snare =
        std::any_of(groove.begin(), groove.end(), [](const Lane& lane) { return lane.pitch == 38; });
    for (int bar = 0; bar < passage.pattern_bars; ++bar) {
        for (int step = 0; step < context.steps_per_bar; ++step) {
            if (!slots.gated(step)) continue;
            const bool ghost = slots.by_complexity(step);
            const bool on_snare = ghost && snare && stream.unit(static_cast<std::uint64_t>(step)) < 0.5;
            out.push_back({bar * context.bar_beats + step * 0.25, 0.15, on_snare ? 38 : tick.pitch,
                           on_snare ? 84.0 : tick.velocity + 4.0, ghost ? 0.5 : 0.7});
        }
    }
}

/// Off-beat strokes down the toms (or on the snare) in the last beats of a phrase.
void add_fill(const Context& context, const Passage& passage, int bar, const Stream& draw,
              std::vector<Draft>& out) {
    static constexpr int kToms[] = {50, 50, 48, 47, 47, 45, 43, 41};
    const bool closing = bar == passage.pattern_bars - 1;
    const bool toms = draw.unit(0) < 0.5;
    const int length = closing ? 8 : 4;
    for (int i = 0; i < length; ++i) {
        const int step = context.steps_per_bar - length + i;
        const double gate = 0.05 + 0.9 * draw.unit(static_cast<std::uint64_t>(10 + i));
        const bool on_beat = step % 4 == 0;
        if (on_beat) continue;
        const int pitch = toms ? kToms[i * 8 / length] : i % 4 == 3 ? 40 : 38;
        out.push_back({bar * context.bar_beats + step * 0.25, 0.2, pitch, 88.0 + i, 0.7 + 0.03 * i,
                       0.15 * draw.unit(static_cast<std::uint64_t>(30 + i)), gate});
    }
}

} // namespace

std::vector<Draft> write_drums(const Context& context, const Passage& passage, const Slots& slots,
                               bool arranged) {
    std::vector<Draft> out;
    const GenreStyle& style = context.style;
    const bool waltz = context.request.beats_per_bar == 3;
    const int count = static_cast<int>(style.grooves.size());
    const int choice =
        (context.root.fork("groove").below(0, count) + (passage.material_index == 2 ? 1 : 0)) % count;
    const Groove& groove = waltz ? style.waltz : style.grooves[static_cast<std::size_t>(choice)];
    const Stream stream = passage.stream.fork("drums");
    play_groove(context, passage, groove, stream, "drums", arranged, out);
    mark_slots(context, passage, groove, slots, context.root.fork("ghosts"), out);
    if (style.fills) {
        for (int bar = 0; bar < passage.pattern_bars; ++bar) {
            if (bar % 4 != 3 && bar != passage.pattern_bars - 1) continue;
            const Stream& source = passage.section.variant > 0 ? passage.variant_stream : stream;
            add_fill(context, passage, bar, source.fork("fills").fork(bar % 8), out);
        }
        if (passage.section.density >= 0.9) {
            out.push_back({0, 1.5, 49, 100, 0.8, 0.35 + 0.3 * stream.unit(1), 0});
        }
    }
    return out;
}

std::vector<Draft> write_percussion(const Context& context, const Passage& passage, const Slots& slots,
                                    bool arranged) {
    std::vector<Draft> out;
    const GenreStyle& style = context.style;
    const bool waltz = context.request.beats_per_bar == 3;
    const int choice = context.root.fork("percussion").below(0, static_cast<int>(style.percussion.size()));
    const Groove& groove =
        waltz ? style.percussion_waltz : style.percussion[static_cast<std::size_t>(choice)];
    const Stream stream = passage.stream.fork("percussion");
    play_groove(context, passage, groove, stream, "percussion", arranged, out);
    mark_slots(context, passage, groove, slots, context.root.fork("ghosts"), out);
    for (Draft& draft : out)
        draft.force = 40 + draft.force; // tables are written soft; hand percussion speaks up
    return out;
}

} // namespace loopmind::composer
