// One step for each version that changed more than adding fields.
#include "engine/session/migrate.h"

#include "engine/session/trees.h"

namespace loopmind::session {
namespace {

/// Ids of one list: later ones that stand for a second time get a number.
void part_ids(juce::ValueTree holder) {
    for (int i = 0; i < holder.getNumChildren(); ++i) {
        juce::ValueTree child = holder.getChild(i);
        const juce::String id = child[ids::id].toString();
        if (id.isEmpty()) continue; // reading gives one
        if (holder.indexOf(holder.getChildWithProperty(ids::id, id)) < i)
            child.setProperty(ids::id, unique_id(holder, id), nullptr);
    }
}

/// 1.1 names inserts and clips by their ids (automation, undo): 1.0 let two of a track share one.
void part_ids_of_tracks(juce::ValueTree& session) {
    for (const juce::ValueTree& track : session.getChildWithName(ids::tracks)) {
        part_ids(track.getChildWithName(ids::inserts));
        part_ids(track.getChildWithName(ids::clips));
    }
}

struct Step {
    int to; ///< minor version that it reaches
    void (*apply)(juce::ValueTree& session);
};

constexpr Step kSteps[] = {{1, part_ids_of_tracks}};

} // namespace

void migrate(juce::ValueTree& session, int from) {
    for (const Step& step : kSteps) {
        if (from < step.to) step.apply(session);
    }
}

} // namespace loopmind::session
