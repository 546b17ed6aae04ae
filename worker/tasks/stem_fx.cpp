// Sessions from plans.
#include "worker/tasks/stem_fx.h"

#include "engine/graph/render_session.h"

#include <memory>

namespace loopmind::tasks {

session::SessionRecipe recipe_head(const request::Params& params, const composer::Plan& plan) {
    session::SessionRecipe recipe;
    recipe.tempo = params.tempo;
    recipe.meter = params.meter;
    recipe.bars = params.bars;
    recipe.key = params.key;
    recipe.sample_rate = params.sample_rate;
    for (const auto& section : plan.sections)
        recipe.sections.push_back({section.name, section.bars, section.material, section.variant});
    recipe.fx = session::default_fx(params.fx);
    recipe.print_fx = params.print_fx;
    recipe.video_sync = params.video_sync;
    recipe.params_json = request::canonical_json(params);
    recipe.seed = plan.seed;
    return recipe;
}

session::StemTrack track_of(const composer::StemPlan& stem) {
    session::StemTrack track;
    track.id = stem.id;
    track.name = stem.name;
    track.role = stem.role;
    track.reverb_send = stem.reverb_send;
    track.delay_send = stem.delay_send;
    track.program = stem.instrument.program;
    track.midi_channel = stem.midi_channel;
    return track;
}

Status print_fx(const request::Params& params, const composer::Plan& plan, const composer::StemPlan& stem,
                graph::StereoBuffer& audio, const std::function<bool()>& cancelled) {
    auto recipe = recipe_head(params, plan);
    recipe.print_fx = false;
    auto track = track_of(stem);
    track.audio.sha256 =
        std::string(64, '0'); // never looked up: the media source below knows one buffer only
    track.audio.frames = audio.frames();
    track.audio.sample_rate = audio.sample_rate;
    track.audio.channels = 2;
    recipe.stems.push_back(std::move(track));
    const auto document = session::build_session_json(recipe);
    if (!document) return document.error();
    auto dry = std::make_shared<const graph::StereoBuffer>(std::move(audio));
    graph::RenderSessionOptions options;
    options.total_frames = dry->frames();
    options.settle = false; // the limiter stands in the chain, below its ceiling it changes nothing
    options.cancelled = cancelled;
    auto rendered = graph::render_session(
        *document,
        [&](const graph::MediaRef&) -> Result<std::shared_ptr<const graph::StereoBuffer>> { return dry; },
        options);
    if (!rendered) return rendered.error();
    audio = std::move(rendered->mix);
    return {};
}

} // namespace loopmind::tasks
