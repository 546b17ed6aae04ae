// Synth or SoundFont, per stem.
#include "worker/tasks/stem_source.h"

namespace loopmind::tasks {
namespace {

instruments::Part part_of(const composer::Plan& plan, const composer::StemPlan& stem) {
    instruments::Part part;
    part.bank = stem.instrument.bank;
    part.program = stem.instrument.program;
    part.tempo = plan.tempo;
    part.level_db = stem.level_db;
    part.pan = stem.pan;
    part.width = stem.width;
    part.tone = {stem.tone.brightness, stem.tone.warmth, stem.tone.drive,
                 stem.tone.air,        stem.tone.age,    stem.tone.punch};
    part.notes.reserve(stem.notes.size());
    for (const auto& note : stem.notes)
        part.notes.push_back({note.start, note.length, note.pitch, note.velocity});
    return part;
}

} // namespace

Status render_stem(const Models& models, const composer::Plan& plan, const composer::StemPlan& stem,
                   int sample_rate, std::int64_t total_frames, const synth::Sink& sink) {
    if (stem.instrument.engine == "synth" && models.synth->has_patch(stem.instrument.patch)) {
        return models.synth->render(plan, stem, {sample_rate, total_frames, plan.seed}, sink);
    }
    if (stem.instrument.engine == "soundfont") {
        return models.soundfont->render(part_of(plan, stem), {sample_rate, total_frames}, sink);
    }
    return Error{ErrorCode::kInternal, "stems." + stem.id + ".instrument",
                 "this worker has no engine \"" + stem.instrument.engine + "\" with a sound \"" +
                     stem.instrument.patch + "\"",
                 "install the same version everywhere"};
}

} // namespace loopmind::tasks
