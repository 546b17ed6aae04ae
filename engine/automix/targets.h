// What a genre wants of each role: loudness, tilt, dynamics, place. JUCE-free.
#pragma once

#include "engine/automix/roles.h"

#include <string>
#include <string_view>
#include <vector>

namespace loopmind::automix {

/// The wishes for one role. The numbers of loudness are measured from the composer's own balance of each
/// genre (gated loudness of its stems against the reference role's, several seeds and energies), so that a
/// generated project is near its target as it is delivered.
struct RoleTarget {
    double lu = 0;           ///< loudness against the reference role
    double slope_low = -12;  ///< dB per octave: the spectrum may fall so much ...
    double slope_high = 6;   ///< ... and rise so much
    double crest_db = 20;    ///< most that peaks stand over the loudness
    double ratio = 2;        ///< of the compressor that brings a higher crest down
    double side = 0;         ///< how far from the middle the role is placed; 0: in the middle
    double side_most = 0.15; ///< farther out than this it is brought back
    bool foreground = false; ///< to be heard clearly: others make room for it
    double masked_most = 1;  ///< share of its loudness that others may cover, of the foreground
};

/// The wishes of a genre.
class GenreTarget {
  public:
    struct Row;
    explicit GenreTarget(const Row& row) : row_(&row) {}
    std::string name() const; ///< as requests write it; "generic"
    /// The role that loudness is counted against, where the session has it.
    Role reference() const;
    /// `energy` 0..1 of the request: less of it turns the bass up against the drums, as the composer does.
    RoleTarget role(Role role, double energy = 0.5) const;

  private:
    const Row* row_;
};

/// The fourteen genres, then "generic".
std::vector<std::string> genre_names();
/// By name, upper and lower case alike; nullopt for a name that is none.
std::optional<GenreTarget> genre_target(std::string_view name);
GenreTarget generic_target();

} // namespace loopmind::automix
