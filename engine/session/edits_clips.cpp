// Clips: placed, cut, bent.
#include "engine/session/edits_clips.h"

#include "engine/session/edit_tools.h"
#include "engine/session/json_text.h"

#include <algorithm>
#include <cmath>

namespace loopmind::session::edit {
namespace {

/// A clip with its track and where it stands, for errors.
struct Found {
    Track track;
    Clip clip;
    std::string place;
};

Result<Found> find(const Session& session, const ClipRef& ref) {
    const Result<Clip> clip = find_clip(session, ref.track, ref.clip);
    if (!clip) return clip.error();
    const Track track = *session.track(ref.track);
    return Found{track, *clip, place_of(track, ids::clips, ref.clip)};
}

Status set_one(Session& session, const ClipRef& ref, const char* field, const juce::var& value,
               juce::UndoManager* undo) {
    const Result<Found> found = find(session, ref);
    if (!found) return found.error();
    return set_fields(found->clip.state, {{field, value}}, found->place, undo);
}

Result<Track> holder_of_clips(const Session& session, const std::string& id) {
    Result<Track> track = find_track(session, id);
    if (track && (track->type() == TrackType::kBus || track->type() == TrackType::kMaster))
        return bad(place_of(*track) + ".clips", "cannot be: a bus and the master hold no clips",
                   "put the clip on an audio, MIDI or video track");
    return track;
}

juce::String new_clip_id(const juce::ValueTree& holder) {
    return unique_id(holder, "clip-" + juce::String(holder.getNumChildren() + 1));
}

/// Fades that a new length cuts: each keeps what is left, the fade-in first.
void fit_fades(juce::ValueTree clip, double length, juce::UndoManager* undo) {
    const double in = clip.getProperty("fade_in", 0.0), out = clip.getProperty("fade_out", 0.0);
    const double new_in = std::min(in, length), new_out = std::min(out, length - new_in);
    if (new_in != in) clip.setProperty("fade_in", new_in, undo);
    if (new_out != out) clip.setProperty("fade_out", new_out, undo);
}

} // namespace

double round_beats(const Session& session, const Clip& clip) {
    const std::optional<Pattern> pattern = session.pattern(clip.pattern());
    if (!pattern) return 0;
    if (pattern->length() > 0) return pattern->length() * clip.stretch();
    const std::optional<Media> media = session.media(pattern->audio());
    if (!media || media->frames() <= 0 || media->sample_rate() <= 0) return 0;
    return static_cast<double>(media->frames()) / media->sample_rate() * session.tempo() / 60.0 *
           clip.stretch();
}

Result<Clip> add_clip(Session& session, const std::string& track, const std::string& pattern, double start,
                      double length, bool loop, juce::UndoManager* undo) {
    const Result<Track> owner = holder_of_clips(session, track);
    if (!owner) return owner.error();
    if (const Result<Pattern> known = find_pattern(session, pattern); !known) return known.error();
    const std::string place = place_of(*owner) + ".clips";
    if (Status good = check_length(length, place); !good) return good.error();
    juce::ValueTree holder = owner->state.getChildWithName(ids::clips);
    juce::ValueTree clip(ids::clip, {{ids::id, new_clip_id(holder)},
                                     {ids::pattern_id, to_juce(pattern)},
                                     {ids::start, start},
                                     {ids::length, length},
                                     {ids::offset, 0.0},
                                     {"gain_db", 0.0},
                                     {"loop", loop}});
    if (Status good = check_fields(clip, place); !good) return good.error();
    Track there = *owner;
    there.state.getOrCreateChildWithName(ids::clips, undo).appendChild(clip, undo);
    return Clip(clip);
}

Status remove_clip(Session& session, const ClipRef& ref, juce::UndoManager* undo) {
    const Result<Found> found = find(session, ref);
    if (!found) return found.error();
    found->clip.state.getParent().removeChild(found->clip.state, undo);
    return {};
}

Result<ClipRef> move_clip(Session& session, const ClipRef& ref, double start, const std::string& to_track,
                          juce::UndoManager* undo) {
    const Result<Found> found = find(session, ref);
    if (!found) return found.error();
    if (Status good = check_field(ids::clip, ids::start, start, found->place); !good) return good.error();
    juce::ValueTree clip = found->clip.state;
    if (to_track.empty() || to_track == ref.track) {
        clip.setProperty(ids::start, start, undo);
        return ref;
    }
    Result<Track> target = holder_of_clips(session, to_track);
    if (!target) return target.error();
    juce::ValueTree holder = target->state.getOrCreateChildWithName(ids::clips, undo);
    clip.getParent().removeChild(clip, undo);
    if (holder.getChildWithProperty(ids::id, clip[ids::id]).isValid())
        clip.setProperty(ids::id, new_clip_id(holder), undo);
    clip.setProperty(ids::start, start, undo);
    holder.appendChild(clip, undo);
    return ClipRef{to_track, Clip(clip).id()};
}

Result<ClipRef> duplicate_clip(Session& session, const ClipRef& ref, double start,
                               const std::string& to_track, juce::UndoManager* undo) {
    const Result<Found> found = find(session, ref);
    if (!found) return found.error();
    if (Status good = check_field(ids::clip, ids::start, start, found->place); !good) return good.error();
    Result<Track> target = holder_of_clips(session, to_track.empty() ? ref.track : to_track);
    if (!target) return target.error();
    juce::ValueTree holder = target->state.getOrCreateChildWithName(ids::clips, undo);
    juce::ValueTree copy = found->clip.state.createCopy();
    copy.setProperty(ids::id, new_clip_id(holder), nullptr);
    copy.setProperty(ids::start, start, nullptr);
    holder.appendChild(copy, undo);
    return ClipRef{target->id(), Clip(copy).id()};
}

Result<ClipRef> split_clip(Session& session, const ClipRef& ref, double beat, juce::UndoManager* undo) {
    const Result<Found> found = find(session, ref);
    if (!found) return found.error();
    const Clip& clip = found->clip;
    const double left = beat - clip.start(), right = clip.end() - beat;
    if (!(left > 0 && right > 0))
        return bad(found->place, "has nothing to split at beat " + json_number(beat),
                   "it goes from " + json_number(clip.start()) + " to " + json_number(clip.end()));
    if (Status good = check_field(ids::clip, ids::offset, clip.offset() + left, found->place); !good)
        return good.error();
    juce::ValueTree first = clip.state, holder = first.getParent(), second = first.createCopy();
    second.setProperty(ids::id, new_clip_id(holder), nullptr);
    second.setProperty(ids::start, beat, nullptr);
    second.setProperty(ids::length, right, nullptr);
    second.setProperty(ids::offset, clip.offset() + left, nullptr);
    if (second.hasProperty("fade_in")) second.setProperty("fade_in", 0.0, nullptr);
    fit_fades(second, right, nullptr);
    first.setProperty(ids::length, left, undo);
    if (first.hasProperty("fade_out")) first.setProperty("fade_out", 0.0, undo);
    fit_fades(first, left, undo);
    holder.addChild(second, holder.indexOf(first) + 1, undo);
    return ClipRef{ref.track, Clip(second).id()};
}

Status trim_clip_start(Session& session, const ClipRef& ref, double start, juce::UndoManager* undo) {
    const Result<Found> found = find(session, ref);
    if (!found) return found.error();
    const Clip& clip = found->clip;
    const double length = clip.end() - start;
    if (Status good = check_length(length, found->place); !good) return good;
    double offset = clip.offset() + (start - clip.start());
    const double round = clip.loop() ? round_beats(session, clip) : 0;
    if (offset < 0 && round > 0) offset = std::max(0.0, offset + std::ceil(-offset / round) * round);
    if (offset < 0)
        return bad(found->place + ".start", "lies ahead of its pattern's start",
                   "the earliest is beat " + json_number(clip.start() - clip.offset()));
    if (Status set =
            set_fields(clip.state, {{ids::start, start}, {ids::length, length}, {ids::offset, offset}},
                       found->place, undo);
        !set)
        return set;
    fit_fades(clip.state, length, undo);
    return {};
}

Status trim_clip_end(Session& session, const ClipRef& ref, double end, juce::UndoManager* undo) {
    const Result<Found> found = find(session, ref);
    if (!found) return found.error();
    const double length = end - found->clip.start();
    if (Status good = check_length(length, found->place); !good) return good;
    if (Status set = set_fields(found->clip.state, {{ids::length, length}}, found->place, undo); !set)
        return set;
    fit_fades(found->clip.state, length, undo);
    return {};
}

Status set_clip_fades(Session& session, const ClipRef& ref, const ClipFades& fades, juce::UndoManager* undo) {
    const Result<Found> found = find(session, ref);
    if (!found) return found.error();
    if (fades.in + fades.out > found->clip.length() * (1 + 1e-12))
        return bad(found->place + ".fade_in",
                   "and fade_out are longer than the clip: " + json_number(fades.in + fades.out),
                   "it has " + json_number(found->clip.length()) + " beats");
    return set_fields(found->clip.state,
                      {{"fade_in", fades.in},
                       {"fade_out", fades.out},
                       {"fade_in_curve", word_of(kFadeCurves, fades.in_curve)},
                       {"fade_out_curve", word_of(kFadeCurves, fades.out_curve)}},
                      found->place, undo);
}

Status set_clip_gain(Session& session, const ClipRef& ref, double db, juce::UndoManager* undo) {
    return set_one(session, ref, "gain_db", db, undo);
}
Status set_clip_offset(Session& session, const ClipRef& ref, double beats, juce::UndoManager* undo) {
    return set_one(session, ref, "offset", beats, undo);
}
Status set_clip_loop(Session& session, const ClipRef& ref, bool on, juce::UndoManager* undo) {
    return set_one(session, ref, "loop", on, undo);
}
Status set_clip_mute(Session& session, const ClipRef& ref, bool on, juce::UndoManager* undo) {
    return set_one(session, ref, "mute", on, undo);
}
Status set_clip_pitch(Session& session, const ClipRef& ref, double semitones, juce::UndoManager* undo) {
    return set_one(session, ref, "pitch", semitones, undo);
}

Status set_clip_reverse(Session& session, const ClipRef& ref, bool on, juce::UndoManager* undo) {
    const Result<Found> found = find(session, ref);
    if (!found) return found.error();
    const Clip& clip = found->clip;
    if (clip.reverse() == on) return {};
    // Of a round of P beats the part [offset, offset + length) stands at P - offset - length when turned.
    double offset = clip.offset();
    const double round = round_beats(session, clip), turned = round - offset - clip.length();
    if (round > 0) offset = clip.loop() ? turned - std::floor(turned / round) * round : std::max(0.0, turned);
    return set_fields(clip.state, {{"reverse", on}, {ids::offset, offset}}, found->place, undo);
}

Status set_clip_stretch(Session& session, const ClipRef& ref, double ratio, juce::UndoManager* undo) {
    const Result<Found> found = find(session, ref);
    if (!found) return found.error();
    if (Status good = check_field(ids::clip, "stretch", ratio, found->place); !good) return good;
    const Clip& clip = found->clip;
    const double factor = ratio / clip.stretch();
    if (Status set = set_fields(clip.state,
                                {{"stretch", ratio},
                                 {ids::length, clip.length() * factor},
                                 {ids::offset, clip.offset() * factor}},
                                found->place, undo);
        !set)
        return set;
    fit_fades(clip.state, clip.length(), undo);
    return {};
}

Status set_clip_pattern(Session& session, const ClipRef& ref, const std::string& pattern,
                        juce::UndoManager* undo) {
    if (const Result<Pattern> known = find_pattern(session, pattern); !known) return known.error();
    return set_one(session, ref, "pattern", to_juce(pattern), undo);
}

} // namespace loopmind::session::edit
