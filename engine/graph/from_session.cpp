// Turns beats into frames and repeats looped patterns.
#include "engine/graph/from_session.h"

#include "engine/session/session.h"

#include <algorithm>
#include <cmath>
#include <map>

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
        spec.sidechain = insert.sidechain();
        spec.uri = insert.uri();
        spec.state = insert.plugin_state();
        for (const std::string& name : insert.param_names()) {
            const double value = insert.param(name, std::nan(""));
            if (std::isfinite(value)) spec.params[name] = value; // texts are for people and newer versions
        }
        out.push_back(std::move(spec));
    }
    return out;
}

PanLaw pan_law_from(session::PanLaw law) {
    switch (law) {
    case session::PanLaw::kConstantPowerMinus3:
        return PanLaw::kConstantPowerCut;
    case session::PanLaw::kLinear:
        return PanLaw::kLinear;
    case session::PanLaw::kBalance:
        return PanLaw::kBalance;
    case session::PanLaw::kConstantPower:
        break;
    }
    return PanLaw::kConstantPower;
}

FadeCurve curve_from(session::FadeCurve curve) {
    switch (curve) {
    case session::FadeCurve::kEqualPower:
        return FadeCurve::kEqualPower;
    case session::FadeCurve::kSCurve:
        return FadeCurve::kSCurve;
    case session::FadeCurve::kExponential:
        return FadeCurve::kExponential;
    case session::FadeCurve::kLogarithmic:
        return FadeCurve::kLogarithmic;
    case session::FadeCurve::kLinear:
        break;
    }
    return FadeCurve::kLinear;
}

PointShape shape_from(session::AutomationShape shape) {
    if (shape == session::AutomationShape::kHold) return PointShape::kHold;
    return shape == session::AutomationShape::kCurve ? PointShape::kCurve : PointShape::kLinear;
}

/// Reads a session with what is looked up often at hand.
class SpecReader {
  public:
    explicit SpecReader(const session::Session& session)
        : session_(session), tempo_(session.tempo_map()), rate_(session.sample_rate()) {
        for (const session::Pattern& pattern : session.patterns())
            patterns_.emplace(pattern.id(), pattern);
        for (const session::Media& media : session.media())
            media_.emplace(media.id(), media);
    }

    Result<GraphSpec> run() {
        GraphSpec out;
        out.sample_rate = rate_;
        out.tempo = session_.tempo();
        out.total_frames = session_.total_frames();
        out.pan_law = pan_law_from(session_.pan_law());
        if (!tempo_.constant()) {
            out.tempo_map.push_back({0, tempo_.tempo_at(0), false});
            for (const session::TempoPoint& point : session_.tempo_points()) {
                const double bpm = point.start > 0 ? point.tempo : tempo_.tempo_at(0);
                out.tempo_map.push_back({frames_at(point.start), bpm, point.ramp});
            }
        }
        for (const auto& [id, media] : media_) {
            if (media.kind() == "audio") out.media.push_back({media.id(), media.file(), media.sha256()});
        }
        for (const session::Group& group : session_.groups())
            out.groups.push_back({group.id(), group.gain_db(), group.mute(), group.solo()});
        for (const session::Track& track : session_.tracks()) {
            if (Status status = add_track(track, out); !status.ok()) return status.error();
        }
        const session::Track master = session_.master();
        out.master = inserts_of(master);
        out.master_gain_db = master.gain_db();
        out.master_pan = master.pan();
        out.master_mute = master.mute();
        out.master_automation = lanes_of(master);
        return out;
    }

  private:
    std::int64_t frames_at(double beats) const { return std::llround(tempo_.seconds_at(beats) * rate_); }

    std::vector<LaneSpec> lanes_of(const session::Track& track) const {
        std::vector<LaneSpec> out;
        for (const session::AutomationLane& lane : track.automation()) {
            if (!lane.plays()) continue;
            LaneSpec spec;
            spec.target = lane.target();
            for (const session::AutomationPoint& point : lane.points())
                spec.points.push_back(
                    {frames_at(point.beat), point.value, shape_from(point.shape), point.tension});
            if (!spec.points.empty()) out.push_back(std::move(spec));
        }
        return out;
    }

    Status add_track(const session::Track& track, GraphSpec& out) const {
        const auto type = track.type();
        if (type == session::TrackType::kMaster || type == session::TrackType::kVideo ||
            type == session::TrackType::kOther)
            return {};
        TrackSpec spec;
        spec.id = track.id();
        spec.bus = type == session::TrackType::kBus;
        spec.gain_db = track.gain_db();
        spec.pan = track.pan();
        spec.mute = track.mute();
        spec.solo = track.solo();
        spec.phase_invert = track.phase_invert();
        spec.group = track.group();
        spec.output = track.output() == session::kMasterId ? "" : track.output();
        spec.inserts = inserts_of(track);
        spec.automation = lanes_of(track);
        for (const session::Send& send : track.sends())
            spec.sends.push_back({send.to(), send.level(), send.pre_fader()});
        for (const session::Clip& clip : track.clips()) {
            if (clip.mute() || spec.bus) continue;
            if (Status status = add_clip(clip, track, spec); !status.ok()) return status;
        }
        out.tracks.push_back(std::move(spec));
        return {};
    }

    /// Beats of one round of a pattern as the clip plays it; 0 when it is not known.
    double round_beats(const session::Pattern& pattern, const session::Clip& clip) const {
        if (pattern.length() > 0) return pattern.length() * clip.stretch();
        const auto media = media_.find(pattern.audio());
        if (media == media_.end() || media->second.frames() <= 0 || media->second.sample_rate() <= 0)
            return 0;
        const double tempo = pattern.tempo() > 0 ? pattern.tempo() : tempo_.tempo_at(clip.start());
        return static_cast<double>(media->second.frames()) / media->second.sample_rate() * tempo / 60.0 *
               clip.stretch();
    }

    /// What all rounds of a clip share. Audio of another tempo is stretched to the one at the clip's start.
    ClipSpec base_of(const session::Clip& clip, const session::Pattern& pattern) const {
        const double end = clip.start() + clip.length();
        ClipSpec out;
        out.media = pattern.audio();
        out.gain_db = clip.gain_db();
        out.fade_from = frames_at(clip.start());
        out.fade_to = frames_at(end);
        if (clip.fade_in() > 0) out.fade_in = frames_at(clip.start() + clip.fade_in()) - out.fade_from;
        if (clip.fade_out() > 0) out.fade_out = out.fade_to - frames_at(end - clip.fade_out());
        out.fade_in_curve = curve_from(clip.fade_in_curve());
        out.fade_out_curve = curve_from(clip.fade_out_curve());
        out.reverse = clip.reverse();
        out.pitch = clip.pitch();
        out.stretch = clip.stretch();
        const double tempo = tempo_.tempo_at(clip.start());
        if (pattern.tempo() > 0 && std::abs(pattern.tempo() / tempo - 1.0) > 1e-6)
            out.stretch *= pattern.tempo() / tempo;
        return out;
    }

    Status add_clip(const session::Clip& clip, const session::Track& track, TrackSpec& out) const {
        const std::string field = "tracks." + track.id() + ".clips." + clip.id();
        const auto found = patterns_.find(clip.pattern());
        if (found == patterns_.end()) {
            return Error{ErrorCode::kInvalidArgument, field,
                         "refers to pattern \"" + clip.pattern() + "\", which the session does not have",
                         "add the pattern or remove the clip"};
        }
        const session::Pattern& pattern = found->second;
        if (pattern.audio().empty()) return {};
        if (!(clip.length() > 0))
            return Error{ErrorCode::kInvalidArgument, field, "has no length", "make it longer or remove it"};
        const ClipSpec base = base_of(clip, pattern);
        const double end = clip.start() + clip.length();
        const double known_round = round_beats(pattern, clip);
        // Media runs in seconds: what lies `beats` into it is that far at the tempo of the clip's start.
        auto into = [&](double beats) {
            return std::llround(beats * 60.0 / tempo_.tempo_at(clip.start()) * rate_);
        };
        auto push = [&](double from, double to, double offset) {
            ClipSpec spec = base;
            spec.start = frames_at(from);
            spec.end = frames_at(to);
            spec.media_offset = into(offset);
            if (spec.reverse && known_round > 0 && (clip.loop() || pattern.length() > 0))
                spec.reverse_frames = into(known_round);
            if (spec.end > spec.start) out.clips.push_back(spec);
        };
        const double round = clip.loop() ? known_round : 0;
        if (round <= 0) {
            push(clip.start(), end, clip.offset());
            return {};
        }
        const double offset = std::fmod(clip.offset(), round);
        const double first = clip.start() - offset; // where the round that plays at the clip's start began
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

    const session::Session& session_;
    session::TempoMap tempo_;
    int rate_;
    std::map<std::string, session::Pattern> patterns_;
    std::map<std::string, session::Media> media_;
};

} // namespace

Result<GraphSpec> graph_spec_from(const session::Session& session) {
    return SpecReader(session).run();
}

} // namespace loopmind::graph
