// MIDI of a stem.
#include "worker/tasks/stem_midi.h"

#include "engine/files/midi.h"

namespace loopmind::tasks {

Result<std::string> stem_midi(const request::Params& params, const composer::Plan& plan,
                              const composer::StemPlan& stem) {
    files::MidiSong song;
    song.title = stem.name;
    song.tempo = plan.tempo;
    song.meter_numerator = plan.beats_per_bar;
    song.meter_denominator = 4;
    song.key = params.key;
    song.length = plan.total_beats();
    for (const auto& section : plan.sections) {
        song.markers.push_back({static_cast<double>(section.start_bar) * plan.beats_per_bar, section.name});
    }
    files::MidiTrack track;
    track.name = stem.name;
    track.channel = stem.midi_channel;
    track.program = stem.instrument.program;
    // A drum kit is chosen by channel 10; bank 128 is SoundFont's way to say so.
    track.bank = stem.instrument.bank < 128 ? stem.instrument.bank : 0;
    track.notes.reserve(stem.notes.size());
    for (const auto& note : stem.notes)
        track.notes.push_back({note.start, note.length, note.pitch, note.velocity});
    song.tracks.push_back(std::move(track));
    return files::write_midi(song);
}

} // namespace loopmind::tasks
