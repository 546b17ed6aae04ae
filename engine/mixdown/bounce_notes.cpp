// Clips of notes, unrolled in seconds and played into 32-bit float WAV files.
#include "engine/mixdown/bounce_notes.h"

#include "engine/files/audio_writer.h"
#include "engine/files/midi.h"
#include "engine/instruments/soundfont.h"
#include "engine/session/project.h"
#include "engine/session/schema.h"
#include "engine/session/tempo_map.h"
#include "proto/base/durable_file.h"

#include <algorithm>
#include <cmath>

namespace loopmind::mixdown {
namespace {

namespace fs = std::filesystem;
namespace ids = session::ids;

constexpr std::size_t kMaxNotes = 1'000'000;
constexpr std::size_t kMaxMidiBytes = std::size_t{64} << 20;
constexpr int kDrumChannel = 10;

/// Notes of a pattern with the instrument that plays them.
struct Material {
    std::vector<session::Note> notes;
    int program = 0;
    int channel = 1;
    double length = 0; ///< beats
};

Result<Material> material_of(const session::Session& session, const session::Pattern& pattern,
                             const fs::path& folder) {
    Material out{pattern.notes(), pattern.program(), pattern.midi_channel(), pattern.length()};
    if (out.notes.empty() && !pattern.midi().empty()) {
        const auto media = session.media(pattern.midi());
        if (!media)
            return Error{ErrorCode::kNotFound, "media." + pattern.midi(), "is not in the session", ""};
        const auto path = session::media_path(folder, media->file());
        if (!path) return path.error();
        const auto bytes = base::read_file(*path, kMaxMidiBytes);
        if (!bytes) return bytes.error();
        const auto song = files::read_midi(*bytes, media->file());
        if (!song) return song.error();
        for (const files::MidiTrack& track : song->tracks) {
            for (const files::MidiNote& note : track.notes)
                out.notes.push_back({note.start, note.length, note.pitch, note.velocity});
            if (track.notes.empty()) continue;
            out.channel = track.channel;
            if (track.program >= 0) out.program = track.program;
        }
        if (out.length <= 0) out.length = song->length;
    }
    for (const session::Note& note : out.notes)
        out.length = pattern.length() > 0 ? out.length : std::max(out.length, note.start + note.length);
    return out;
}

/// Where the notes of a clip sound, in seconds from the clip's start.
Result<std::vector<instruments::PartNote>> unroll(const Material& material, const session::Clip& clip,
                                                  const session::TempoMap& tempo) {
    std::vector<instruments::PartNote> out;
    const double round = material.length * clip.stretch();
    const double origin = tempo.seconds_at(clip.start());
    const double offset = clip.loop() ? std::fmod(clip.offset(), round) : clip.offset();
    for (std::int64_t k = 0;; ++k) {
        const double begin = static_cast<double>(k) * round - offset; // beats from the clip's start
        if (begin >= clip.length() || (k > 0 && !clip.loop())) return out;
        for (const session::Note& note : material.notes) {
            const double start = clip.reverse() ? material.length - note.start - note.length : note.start;
            const double from = begin + start * clip.stretch();
            const double round_end = clip.loop() ? begin + round : clip.length();
            const double to = std::min({from + note.length * clip.stretch(), round_end, clip.length()});
            if (start < 0 || from < 0 || to <= from) continue; // what began ahead of the clip is not heard
            const int pitch = note.pitch + static_cast<int>(std::lround(clip.pitch()));
            if (pitch < 0 || pitch > 127) continue;
            if (out.size() == kMaxNotes)
                return Error{ErrorCode::kInvalidArgument, "", "plays more than a million notes",
                             "make its pattern longer or the clip shorter"};
            const double first = tempo.seconds_at(clip.start() + from) - origin;
            const double last = tempo.seconds_at(clip.start() + to) - origin;
            out.push_back({first, last - first, pitch, note.velocity});
        }
    }
}

class Bouncer {
  public:
    Bouncer(session::Session& session, const BounceOptions& options)
        : session_(session), options_(options), tempo_(session.tempo_map()) {}

    Result<Bounced> run() {
        for (const session::Track& track : session_.tracks()) {
            const auto type = track.type();
            if (type != session::TrackType::kAudio && type != session::TrackType::kMidi) continue;
            std::string played;
            for (const session::Clip& clip : track.clips()) {
                if (clip.mute() || !(clip.length() > 0)) continue;
                const auto pattern = session_.pattern(clip.pattern());
                if (!pattern || !pattern->audio().empty()) continue;
                if (Status done = bounce(track, clip, *pattern, played); !done) {
                    Error error = done.error();
                    error.field = "tracks." + track.id() + ".clips." + clip.id() +
                                  (error.field.empty() ? "" : ": " + error.field);
                    if (!options_.skip_missing || error.code == ErrorCode::kCancelled) return error;
                    out_.skipped.push_back(error.field + " " + error.message); // and stays silent
                }
            }
            if (!played.empty())
                out_.tracks.push_back("track \"" + (track.name().empty() ? track.id() : track.name()) +
                                      "\" has notes without audio: played by " + played +
                                      " of the General MIDI SoundFont");
        }
        return std::move(out_);
    }

  private:
    Status bounce(const session::Track& track, const session::Clip& clip, const session::Pattern& pattern,
                  std::string& played) {
        const auto material = material_of(session_, pattern, options_.folder);
        if (!material) return material.error();
        if (material->notes.empty() || !(material->length > 0)) return {};
        auto notes = unroll(*material, clip, tempo_);
        if (!notes) return notes.error();
        if (notes->empty()) return {};
        if (!font_) {
            auto font = instruments::SoundFont::load(
                options_.soundfont.empty() ? instruments::kDefaultSoundFont : options_.soundfont.string());
            if (!font) return font.error();
            font_ = *font;
        }
        instruments::Part part;
        const bool drums = material->channel == kDrumChannel;
        part.bank = drums ? 128 : 0;
        part.program = material->program;
        part.tempo = 60; // a beat is a second: the tempo map is in the notes already
        part.notes = std::move(*notes);
        played = (drums ? "drum kit " : "program ") + std::to_string(part.program + 1);

        const double begin = tempo_.seconds_at(clip.start()), end = tempo_.seconds_at(clip.end());
        const auto rate = session_.sample_rate();
        const auto heard = std::llround((end - begin + kBounceTail) * rate);
        const std::string id = free_id();
        const fs::path file = options_.scratch / (id + ".wav");
        if (Status written = play(part, heard, file); !written) return written;
        return place(clip, id, file,
                     clip.fade_out() > 0 ? clip.length() : tempo_.beats_at(end + kBounceTail) - clip.start());
    }

    std::string free_id() {
        for (;;) {
            std::string id = "bounce-" + std::to_string(++bounces_);
            if (!session_.media(id) && !session_.pattern(id)) return id;
        }
    }

    Status play(const instruments::Part& part, std::int64_t frames, const fs::path& file) {
        files::WriterSettings settings;
        settings.sample_rate = session_.sample_rate();
        settings.sample_format = files::SampleFormat::kFloat32;
        auto writer = files::AudioWriter::create(file, settings);
        if (!writer) return writer.error();
        Status written;
        const Status rendered =
            font_->render(part, {session_.sample_rate(), frames}, [&](std::int64_t, auto left, auto right) {
                const std::span<const float> planes[] = {left, right};
                written = (*writer)->write(planes);
                return written.ok() && !(options_.cancelled && options_.cancelled());
            });
        if (!written) return written;
        if (!rendered) return rendered;
        if (auto finished = (*writer)->finish(); !finished) return finished.error();
        return {};
    }

    /// Gives the clip a pattern that is the audio; everything that moved notes has been played.
    Status place(const session::Clip& clip, const std::string& id, const fs::path& file, double length) {
        const session::Media media(
            juce::ValueTree(ids::media, {{"id", juce::String(id)}, {"kind", "audio"}}));
        auto found = describe_file(media, file, options_.hash_content);
        if (!found) return found.error();
        juce::ValueTree root = session_.state();
        root.getOrCreateChildWithName(ids::media_list, nullptr).appendChild(media.state, nullptr);
        root.getOrCreateChildWithName(ids::patterns, nullptr)
            .appendChild(
                juce::ValueTree(ids::pattern, {{"id", juce::String(id)}, {"audio", juce::String(id)}}),
                nullptr);
        juce::ValueTree state = clip.state;
        state.setProperty("pattern", juce::String(id), nullptr);
        state.setProperty("length", length, nullptr);
        for (const char* name : {"offset", "loop", "reverse", "stretch", "pitch"})
            state.removeProperty(name, nullptr);
        out_.media.push_back(std::move(*found));
        return {};
    }

    session::Session& session_;
    const BounceOptions& options_;
    session::TempoMap tempo_;
    std::shared_ptr<instruments::SoundFont> font_;
    int bounces_ = 0;
    Bounced out_;
};

} // namespace

Result<Bounced> bounce_notes(session::Session& session, const BounceOptions& options) {
    return Bouncer(session, options).run();
}

} // namespace loopmind::mixdown
