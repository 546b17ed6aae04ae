// What a track plays in the mix: told by the session, by its names, or by its sound.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace loopmind::session {
class Session;
class Track;
} // namespace loopmind::session

namespace loopmind::automix {

struct Features;

/// The stems of the composer, and the parts of a drum kit that is spread over tracks.
enum class Role {
    kDrums,
    kKick,
    kSnare,
    kHats,
    kPercussion,
    kBass,
    kChords,
    kMelody,
    kPad,
    kArp,
    kTexture,
    kVocals,    ///< choirs, chops, backing voices
    kLeadVocal, ///< the voice that the song is about
};
inline constexpr int kRoles = 13;

/// "drums", "kick", ... as files and people write it.
const char* role_name(Role role);
std::optional<Role> role_of_name(std::string_view name);

struct RoleGuess {
    Role role = Role::kChords;
    std::string source; ///< "role", "name", "program" or "sound": what told it
};

/// The role by what the session says: the track's own role, that of its patterns, words of the names of track
/// and patterns, the General MIDI program. Nullopt when none of these says anything.
std::optional<RoleGuess> told_role(const session::Session& session, const session::Track& track);

/// The role by the sound: where its energy lies, and how far it falls between its notes.
Role heard_role(const Features& features);

} // namespace loopmind::automix
