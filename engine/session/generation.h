// Puts a generation into a session; shared by build and project.
#pragma once

#include "engine/session/build.h"
#include "engine/session/project.h"
#include "engine/session/session.h"

namespace loopmind::session {

/// Ranges and ids of a recipe.
Status check_recipe(const SessionRecipe& recipe);

/// A session with the recipe's head (tempo, meter, key, ...), no bars filled and its layer still missing.
Session session_for(const SessionRecipe& recipe);

/// Adds media, patterns, layer and, by `placement`, tracks and clips. The recipe was checked and fits.
/// `first`: the session has no music yet; clips start at 0 and the session takes the recipe's length.
void add_to_session(Session& session, const SessionRecipe& recipe, Placement placement, bool first);

} // namespace loopmind::session
