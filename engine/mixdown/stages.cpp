// Plans with the media that a stage plays, and silence in place of all others.
#include "engine/mixdown/stages.h"

#include "engine/graph/from_session.h"
#include "engine/graph/raw_media.h"
#include "engine/mixdown/file_media.h"
#include "engine/mixdown/silent_media.h"
#include "engine/session/session.h"

#include <algorithm>
#include <set>

namespace loopmind::mixdown {
namespace {

std::set<std::string> media_of(const graph::GraphSpec& spec, const std::set<std::string>& tracks) {
    std::set<std::string> out;
    for (const graph::TrackSpec& track : spec.tracks)
        if (tracks.contains(track.id))
            for (const graph::ClipSpec& clip : track.clips)
                out.insert(clip.media);
    return out;
}

/// The track and, where their streams are not given, what its inserts listen to, all the way. Keys that no
/// insert takes are read for nothing; the graph knows which.
void add_played(const graph::GraphSpec& spec, const std::string& track, bool with_keys,
                std::set<std::string>& out) {
    if (track.empty() || !out.insert(track).second || !with_keys) return;
    for (const graph::TrackSpec& one : spec.tracks)
        if (one.id == track)
            for (const graph::InsertSpec& insert : one.inserts)
                add_played(spec, insert.sidechain, true, out);
}

} // namespace

Result<Stage> Stage::track(StageInputs inputs, const std::string& track) {
    return make(Kind::kTrack, std::move(inputs), track);
}
Result<Stage> Stage::sum(StageInputs inputs) {
    return make(Kind::kSum, std::move(inputs), "");
}
Result<Stage> Stage::whole(StageInputs inputs, int threads) {
    auto stage = make(Kind::kWhole, std::move(inputs), "");
    if (stage) stage->threads_ = threads;
    return stage;
}

Result<Stage> Stage::make(Kind kind, StageInputs inputs, const std::string& track) {
    const auto session = session::Session::from_json(inputs.document);
    if (!session) return session.error();
    auto spec = graph::graph_spec_from(*session);
    if (!spec) return spec.error();

    spec->plugins = inputs.plugins;

    Stage out;
    out.kind_ = kind;
    out.track_ = track;
    out.key_ = session->key();
    out.inputs_ = std::move(inputs);
    out.preparer_ = std::make_shared<graph::MediaPreparer>(out.inputs_.scratch);
    const graph::MediaLibrary silent = silent_library(*session);

    std::set<std::string> played; // tracks whose media are read here
    for (const graph::TrackSpec& one : spec->tracks)
        played.insert(one.id);
    if (kind == Kind::kTrack) {
        played.clear();
        add_played(*spec, track, !out.inputs_.stream, played);
    }
    if (kind == Kind::kSum) {
        graph::GraphSpec routing = *spec;
        std::for_each(routing.tracks.begin(), routing.tracks.end(), leave_unstretched);
        const auto plan = graph::make_render_plan(routing, silent, nullptr);
        if (!plan) return plan.error();
        for (const std::string& staged : graph::stage_tracks(**plan))
            played.erase(staged);
    }
    // Media of tracks that are not played here keep their length and lose their sound.
    for (graph::TrackSpec& one : spec->tracks)
        if (!played.contains(one.id)) leave_unstretched(one);

    const auto wanted = media_of(*spec, played);
    const auto library = [&](const graph::MediaRef& ref) -> Result<std::shared_ptr<const graph::Media>> {
        if (!wanted.contains(ref.id)) return silent(ref);
        auto file = out.inputs_.media(ref.sha256);
        if (!file) return file.error();
        return open_file_media(*file, "media." + ref.id, ref.sha256, spec->sample_rate, out.inputs_.scratch);
    };
    auto plan = graph::make_render_plan(*spec, library, out.preparer_.get());
    if (!plan) return plan.error();
    out.plan_ = std::move(*plan);
    return out;
}

std::int64_t Stage::frames() const {
    return kind_ == Kind::kTrack ? graph::stream_frames(*plan_, track_) : graph::linear_frames(*plan_);
}

int Stage::latency() const {
    return kind_ == Kind::kTrack ? plan_->node(plan_->node_of(track_)).latency : 0;
}

std::vector<std::string> Stage::stem_tracks() const {
    std::vector<std::string> out;
    for (const graph::PlanNode& node : plan_->nodes)
        if (node.audible && !node.bus) out.push_back(node.id);
    return out;
}

Result<graph::LinearReport> Stage::run(graph::LinearOptions options, const graph::AudioSink& sink) const {
    if (!options.cancelled) options.cancelled = inputs_.cancelled;
    if (kind_ == Kind::kWhole) options.threads = threads_;
    const graph::StreamSource streams =
        [this](const std::string& track) -> Result<std::unique_ptr<graph::MediaReader>> {
        auto file = inputs_.stream(track);
        if (!file) return file.error();
        auto media = graph::open_raw_media(*file, plan_->sample_rate);
        if (!media) return media.error();
        return (*media)->open();
    };
    switch (kind_) {
    case Kind::kTrack:
        return graph::render_track(plan_, track_, inputs_.stream ? streams : graph::StreamSource(), options,
                                   sink);
    case Kind::kSum:
        return graph::render_sum(plan_, streams, options, sink);
    case Kind::kWhole:
        break;
    }
    return graph::render_linear(plan_, options, sink);
}

} // namespace loopmind::mixdown
