// Edits of clips. Each checks everything first and then changes all or nothing.
#pragma once

#include "engine/session/session.h"
#include "proto/base/result.h"

#include <string>

/// Every edit of the document: message thread; `undo` may be null; errors name the place
/// ("tracks.drums.gain_db") and leave the document as it was. invalid_argument: a value outside the schema;
/// not_found: an id or index that the session does not have. timeline[] follows when History ends the
/// gesture, or by sync_timeline().
namespace loopmind::session::edit {

/// A clip of a track, by ids.
struct ClipRef {
    std::string track;
    std::string clip;
};

/// Fades of a clip, in beats.
struct ClipFades {
    double in = 0;
    double out = 0;
    FadeCurve in_curve = FadeCurve::kLinear;
    FadeCurve out_curve = FadeCurve::kLinear;
};

/// The pattern must be there and the length more than 0; buses and the master hold no clips.
Result<Clip> add_clip(Session& session, const std::string& track, const std::string& pattern, double start,
                      double length, bool loop, juce::UndoManager* undo = nullptr);
Status remove_clip(Session& session, const ClipRef& clip, juce::UndoManager* undo = nullptr);
/// To another start and, when `to_track` is not empty, another track, where it may get another id.
Result<ClipRef> move_clip(Session& session, const ClipRef& clip, double start,
                          const std::string& to_track = {}, juce::UndoManager* undo = nullptr);
/// A copy at another place, of the same pattern.
Result<ClipRef> duplicate_clip(Session& session, const ClipRef& clip, double start,
                               const std::string& to_track = {}, juce::UndoManager* undo = nullptr);
/// Cuts at a beat inside the clip: the clip ends there, the one returned goes on as it would have. A fade
/// stays with its end.
Result<ClipRef> split_clip(Session& session, const ClipRef& clip, double beat,
                           juce::UndoManager* undo = nullptr);
/// Moves an edge; what sounds in between stays where it is. The start of a clip that does not loop cannot go
/// ahead of its pattern's.
Status trim_clip_start(Session& session, const ClipRef& clip, double start,
                       juce::UndoManager* undo = nullptr);
Status trim_clip_end(Session& session, const ClipRef& clip, double end, juce::UndoManager* undo = nullptr);
/// Together at most as long as the clip.
Status set_clip_fades(Session& session, const ClipRef& clip, const ClipFades& fades,
                      juce::UndoManager* undo = nullptr);
Status set_clip_gain(Session& session, const ClipRef& clip, double db, juce::UndoManager* undo = nullptr);
Status set_clip_offset(Session& session, const ClipRef& clip, double beats,
                       juce::UndoManager* undo = nullptr);
Status set_clip_loop(Session& session, const ClipRef& clip, bool on, juce::UndoManager* undo = nullptr);
Status set_clip_mute(Session& session, const ClipRef& clip, bool on, juce::UndoManager* undo = nullptr);
/// Turns round the stretch of the pattern that the clip plays: the offset is set so that it stays the same.
Status set_clip_reverse(Session& session, const ClipRef& clip, bool on, juce::UndoManager* undo = nullptr);
/// Duration ratio 0.125..8. The clip's length and its offset scale along, so that it plays the same part.
Status set_clip_stretch(Session& session, const ClipRef& clip, double ratio,
                        juce::UndoManager* undo = nullptr);
Status set_clip_pitch(Session& session, const ClipRef& clip, double semitones,
                      juce::UndoManager* undo = nullptr);
Status set_clip_pattern(Session& session, const ClipRef& clip, const std::string& pattern,
                        juce::UndoManager* undo = nullptr);

/// Beats of one round of a pattern as a clip plays it, stretched; 0 when not known.
double round_beats(const Session& session, const Clip& clip);

} // namespace loopmind::session::edit
