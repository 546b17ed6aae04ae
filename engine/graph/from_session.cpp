// Turns beats into frames and repeats looped patterns.
#include "engine/graph/from_session.h"

#include "engine/session/session.h"

#include <algorithm>
#include <cmath>

namespace loopmind::graph {

namespace {

constexpr std::int64_t kMaxSegments = 100000;

std::vector<InsertSpec> inserts_of(const session::Track& track) {
    std::vector<InsertSpec> out;
    for (const session::Insert& insert : track.inserts()) {
        InsertSpec spec;
        spec.id = insert.id();
        spec.effect = insert.effect();
        spec.bypass = insert.bypass();
        for (const std::string& name : insert.param_names()) {
            const double value = insert.param(name, std::nan(""));
            if (std::isfinite(value)) spec.params[name] = value; // texts are for people and newer versions
        }
        out.push_back(std::move(spec));
    }
    return out;
}

/// Length in frames of one round of a pattern.
double round_beats(const session::Pattern& pattern, const session::Session& session) {
    if (pattern.length() > 0) return pattern.length();
    const auto media = session.media(pattern.audio());
    if (!media || media->frames() <= 0 || media->sample_rate() <= 0) return 0;
    return static_cast<double>(media->frames()) / media->sample_rate() * session.tempo() / 60.0;
}

Status add_clip(const session::Clip& clip, const session::Track& track, const session::Session& session,
                TrackSpec& out) {
    const std::string field = "tracks." + track.id() + ".clips." + clip.id();
    const auto pattern = session.pattern(clip.pattern());
    if (!pattern) {
        return Error{ErrorCode::kInvalidArgument, field,
                     "refers to pattern \"" + clip.pattern() + "\", which the session does not have",
                     "add the pattern or remove the clip"};
    }
    if (pattern->audio().empty()) return {};
    if (!(clip.length() > 0)) {
        return Error{ErrorCode::kInvalidArgument, field, "has no length", "make it longer or remove it"};
    }
    if (pattern->tempo() > 0 && std::abs(pattern->tempo() / session.tempo() - 1.0) > 1e-6) {
        return Error{ErrorCode::kInvalidArgument, "patterns." + pattern->id() + ".tempo",
                     "differs from the session's and the graph does not stretch time",
                     "generate the pattern at the session's tempo"};
    }
    const double end = clip.start() + clip.length();
    const double round = clip.loop() ? round_beats(*pattern, session) : 0;
    auto push = [&](double from, double to, double offset) {
        ClipSpec spec;
        spec.media = pattern->audio();
        spec.start = session.frames_at(from);
        spec.end = session.frames_at(to);
        spec.media_offset = session.frames_at(offset);
        spec.gain_db = clip.gain_db();
        if (spec.end > spec.start) out.clips.push_back(spec);
    };
    if (round <= 0) {
        push(clip.start(), end, clip.offset());
        return {};
    }
    const double offset = std::fmod(clip.offset(), round);
    const double first = clip.start() - offset; // where the round that is playing at the clip's start began
    if ((end - first) / round > static_cast<double>(kMaxSegments)) {
        return Error{ErrorCode::kInvalidArgument, field, "repeats its pattern more than 100000 times",
                     "use a longer pattern or a shorter clip"};
    }
    for (std::int64_t k = 0;; ++k) {
        const double begin = first + static_cast<double>(k) * round;
        if (begin >= end) return {};
        const double from = std::max(begin, clip.start());
        push(from, std::min(begin + round, end), from - begin);
    }
}

} // namespace

Result<GraphSpec> graph_spec_from(const session::Session& session) {
    GraphSpec out;
    out.sample_rate = session.sample_rate();
    out.tempo = session.tempo();
    out.total_frames = session.total_frames();
    for (const session::Media& media : session.media()) {
        if (media.kind() == "audio") out.media.push_back({media.id(), media.file(), media.sha256()});
    }
    for (const session::Track& track : session.tracks()) {
        const auto type = track.type();
        if (type == session::TrackType::kMaster || type == session::TrackType::kVideo ||
            type == session::TrackType::kOther) {
            continue;
        }
        TrackSpec spec;
        spec.id = track.id();
        spec.bus = type == session::TrackType::kBus;
        spec.gain_db = track.gain_db();
        spec.pan = track.pan();
        spec.mute = track.mute();
        spec.solo = track.solo();
        spec.output = track.output() == session::kMasterId ? "" : track.output();
        spec.inserts = inserts_of(track);
        for (const session::Send& send : track.sends()) {
            spec.sends.push_back({send.to(), send.level(), send.pre_fader()});
        }
        if (!spec.bus) {
            for (const session::Clip& clip : track.clips()) {
                if (clip.mute()) continue;
                if (Status status = add_clip(clip, track, session, spec); !status.ok()) return status.error();
            }
        }
        out.tracks.push_back(std::move(spec));
    }
    const session::Track master = session.master();
    out.master = inserts_of(master);
    out.master_gain_db = master.gain_db();
    return out;
}

} // namespace loopmind::graph
