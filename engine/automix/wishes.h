// What the session says of itself: genre, energy and focus of its last generation. Private to automix.
#pragma once

#include "engine/automix/targets.h"

#include <string>

namespace loopmind::session {
class Session;
}

namespace loopmind::automix {

struct Wishes {
    std::string genre; ///< "" not told, or no genre that we know
    double energy = 0.5;
    std::string focus = "balanced"; ///< lower case
};
Wishes wishes_of(const session::Session& session);

/// The target of a role with energy and focus: what is in focus is 4.5 LU nearer, as the composer has it.
RoleTarget target_for(const GenreTarget& genre, Role role, const Wishes& wishes);

} // namespace loopmind::automix
