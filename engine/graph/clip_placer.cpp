// Checks clips, finds their audio and prepares it.
#include "engine/graph/clip_placer.h"

#include "engine/graph/exact_math.h"

#include <algorithm>
#include <utility>

namespace loopmind::graph {

namespace {

Error invalid(std::string field, std::string message, std::string hint) {
    return Error{ErrorCode::kInvalidArgument, std::move(field), std::move(message), std::move(hint)};
}

Segment segment_of(const ClipSpec& clip, std::shared_ptr<const Media> audio) {
    Segment out;
    out.start = clip.start;
    out.end = clip.end;
    out.media_offset = clip.media_offset;
    out.gain = exact_gain(clip.gain_db);
    const bool own = clip.fade_from == 0 && clip.fade_to == 0;
    out.fade_from = own ? clip.start : clip.fade_from;
    out.fade_to = own ? clip.end : clip.fade_to;
    out.fade_in = clip.fade_in;
    out.fade_out = clip.fade_out;
    out.fade_in_curve = clip.fade_in_curve;
    out.fade_out_curve = clip.fade_out_curve;
    if (clip.reverse) out.turned = clip.reverse_frames > 0 ? clip.reverse_frames : audio->frames();
    out.audio = std::move(audio);
    return out;
}

} // namespace

ClipPlacer::ClipPlacer(const GraphSpec& spec, const MediaLibrary& library, MediaPreparer* preparer,
                       bool leave_out_missing)
    : spec_(spec), library_(library), preparer_(preparer), leave_out_missing_(leave_out_missing) {
    for (const MediaRef& ref : spec.media)
        refs_.emplace(ref.id, &ref);
}

Result<std::vector<Segment>> ClipPlacer::segments_of(const TrackSpec& track) {
    std::vector<Segment> out;
    out.reserve(track.clips.size());
    const std::string field = "tracks." + track.id + ".clips";
    for (const ClipSpec& clip : track.clips) {
        if (clip.end <= clip.start)
            return invalid(field, "a clip has no length", "make it longer or remove it");
        if (clip.media_offset < 0) return invalid(field, "a clip starts before its media", "move its offset");
        if (clip.fade_in < 0 || clip.fade_out < 0)
            return invalid(field, "a clip has a fade of negative length", "give it a length of 0 or more");
        auto audio = audio_of(clip, field);
        if (!audio.ok()) {
            if (!may_leave_out(audio.error())) return audio.error();
            missing_.emplace(clip.media, audio.error());
            continue;
        }
        out.push_back(segment_of(clip, std::move(*audio)));
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const Segment& a, const Segment& b) { return a.start < b.start; });
    return out;
}

std::vector<Error> ClipPlacer::missing() const {
    std::vector<Error> out;
    for (const auto& [id, error] : missing_)
        out.push_back(error);
    return out;
}

bool ClipPlacer::may_leave_out(const Error& error) const {
    return leave_out_missing_ &&
           (error.code == ErrorCode::kNotFound || error.code == ErrorCode::kDataCorrupt);
}

Result<std::shared_ptr<const Media>> ClipPlacer::found(const std::string& id, const std::string& field) {
    auto& media = media_[id];
    if (media) return media;
    const auto ref = refs_.find(id);
    if (ref == refs_.end()) {
        return invalid(field, "refers to media \"" + id + "\", which the session does not have",
                       "add the media or remove the clip");
    }
    auto result = library_(*ref->second);
    if (!result.ok()) return result.error();
    if (!*result)
        return Error{ErrorCode::kNotFound, "media." + id, "is missing", "relink it or remove its clips"};
    if ((*result)->sample_rate() != spec_.sample_rate) {
        return invalid("media." + id,
                       "is at " + std::to_string((*result)->sample_rate()) + " Hz, the session at " +
                           std::to_string(spec_.sample_rate),
                       "convert it to the session's rate when importing");
    }
    media = std::move(*result);
    return media;
}

Result<std::shared_ptr<const Media>> ClipPlacer::audio_of(const ClipSpec& clip, const std::string& field) {
    auto media = found(clip.media, field);
    if (!media.ok() || (clip.stretch == 1 && clip.pitch == 0)) return media;
    auto& ready = prepared_[{clip.media, clip.stretch, clip.pitch}];
    if (ready) return ready;
    if (!preparer_)
        return invalid(field, "a clip is stretched or pitched, which nothing here can prepare",
                       "render it with a media preparer");
    auto result = preparer_->prepare(std::move(*media), clip.stretch, clip.pitch);
    if (!result.ok()) {
        Error error = result.error();
        if (error.code == ErrorCode::kInvalidArgument) error.field = field + "." + error.field;
        return error;
    }
    ready = std::move(*result);
    return ready;
}

} // namespace loopmind::graph
