// Notes become audio before a session is cut: a mixdown plays files only.
#pragma once

#include "engine/mixdown/describe.h"
#include "engine/session/session.h"
#include "proto/base/result.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace loopmind::mixdown {

struct BounceOptions {
    std::filesystem::path folder;    ///< of the project file: linked MIDI files lie below it
    std::filesystem::path scratch;   ///< an existing folder for the audio; keep it as long as the media
    std::filesystem::path soundfont; ///< General MIDI; empty: Debian's
    bool skip_missing = false;       ///< clips that cannot be played are left out instead of refused
    std::function<bool()> cancelled;
    bool hash_content = true; ///< as in DescribeOptions
};

struct Bounced {
    std::vector<FoundMedia> media;    ///< new in the session, and described
    std::vector<std::string> tracks;  ///< a sentence for each track whose notes were played here
    std::vector<std::string> skipped; ///< "tracks.keys.clips.c1: why", with skip_missing
};

/// Plays every audible clip whose pattern has notes (inline or a MIDI file) and no audio with a General MIDI
/// SoundFont (engine/instruments), and gives the clip a pattern with that audio. Notes follow the tempo map,
/// transposition and stretch move notes, not sound; a note is cut where its clip ends and rings on for at
/// most kBounceTail seconds, unless the clip fades out. Channel 10 is the drum kit. Equal notes give equal
/// bytes on one machine; made once by the client, they are equal on every worker. Errors name track and clip:
/// no SoundFont or program (with the package to install), a MIDI file missing or damaged, more than a million
/// notes, cancelled, disk full.
Result<Bounced> bounce_notes(session::Session& session, const BounceOptions& options);

inline constexpr double kBounceTail = 5.0; ///< seconds

} // namespace loopmind::mixdown
