// Draws edits of every kind for a session, with arguments that fit it most of the time.
#pragma once

#include "engine/session/session.h"
#include "proto/base/result.h"

#include <functional>
#include <random>
#include <string>
#include <vector>

namespace loopmind::session {

/// One kind of edit with drawn arguments.
struct RandomEdit {
    const char* name;
    std::function<Status(Session& session, std::mt19937& random, juce::UndoManager* undo)> run;
};

/// All kinds, each once.
const std::vector<RandomEdit>& random_edits();

} // namespace loopmind::session
