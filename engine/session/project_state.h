// What a Project holds, and how its media get other files. Private to engine/session.
#pragma once

#include "engine/session/project.h"
#include "engine/session/session.h"
#include "engine/session/trees.h"

namespace loopmind::session {

struct Project::State {
    Session session;
};

/// Points a medium at a file, and the timeline[] entries that named the old one.
inline void point_at(Session& session, Media media, const std::string& file) {
    const juce::String to = to_juce(file);
    const juce::String from = to_juce(media.file().empty() ? "sha256:" + media.sha256() : media.file());
    media.state.setProperty(ids::file, to, nullptr);
    for (juce::ValueTree entry : session.state().getChildWithName(ids::timeline)) {
        if (entry[ids::file].toString() == from) entry.setProperty(ids::file, to, nullptr);
    }
}

} // namespace loopmind::session
