// Bounce in place, track by track.
#include "engine/mixdown/hosted.h"

#include "engine/files/audio_writer.h"
#include "engine/mixdown/split.h"
#include "engine/mixdown/stages.h"
#include "engine/session/automation_target.h"
#include "engine/session/schema.h"
#include "proto/base/sha256.h"

#include <algorithm>
#include <set>

namespace loopmind::mixdown {
namespace {

namespace fs = std::filesystem;
namespace ids = session::ids;

std::string place_of(const HostedInsert& one) {
    return (one.track == session::kMasterId ? one.track : "tracks." + one.track) + ".inserts." + one.insert;
}

/// A track's sound in a file.
struct Bounce {
    FoundMedia media;
    std::int64_t frames = 0; ///< of the file
    std::int64_t heard = 0;  ///< up to its last sound
    graph::LinearReport report;
};

class Bouncer {
  public:
    Bouncer(session::Session& session, const HostedOptions& options) : session_(session), options_(options) {}

    Result<HostedBounce> run() {
        const auto hosted = hosted_inserts(session_);
        const auto parts = split(session_, options_.plugins);
        if (!parts) return parts.error();
        std::set<std::string> staged, bounces;
        for (const TrackPart& part : parts->tracks)
            staged.insert(part.id);
        const auto heard = audible_tracks(session_, options_.plugins);
        if (!heard) return heard.error();
        for (const HostedInsert& one : hosted) {
            if (staged.contains(one.track)) continue;
            if (one.track == session::kMasterId || heard->contains(one.track)) return cannot(one);
        }
        // All are rendered before the first is replaced: a track may be the key of another.
        std::vector<std::pair<std::string, Bounce>> done;
        for (const HostedInsert& one : hosted) {
            if (!staged.contains(one.track) || !bounces.insert(one.track).second) continue;
            if (options_.on_track) options_.on_track(one);
            auto bounce = render(one.track);
            if (!bounce) return bounce.error();
            done.emplace_back(one.track, std::move(*bounce));
        }
        HostedBounce out;
        for (auto& [track, bounce] : done) {
            replace(*session_.track(track), bounce);
            out.media.push_back(bounce.media);
            for (std::size_t i = 0; i < bounce.report.faulty_inserts.size(); ++i) {
                out.faulty_inserts.push_back(bounce.report.faulty_inserts[i]);
                out.fault_reasons.push_back(bounce.report.fault_reasons[i]);
            }
        }
        for (const HostedInsert& one : hosted)
            if (!staged.contains(one.track)) remove_plugins(*session_.track(one.track));
        return out;
    }

  private:
    static Error cannot(const HostedInsert& one) {
        return {
            ErrorCode::kInvalidArgument, place_of(one),
            "its plug-in " + one.uri +
                " is not on a track of its own: a bus, the master or a track whose key is a bus is mixed on "
                "the farm, where plug-ins are not run",
            "render in this process (`--here`), or bypass it by removing the insert"};
    }

    Result<Bounce> render(const std::string& track) {
        StageInputs inputs;
        inputs.document = session_.to_json();
        inputs.media = options_.media;
        inputs.scratch = options_.scratch;
        inputs.cancelled = options_.cancelled;
        inputs.plugins = options_.plugins;
        const auto stage = Stage::track(std::move(inputs), track);
        if (!stage) return stage.error();
        Bounce out;
        out.media.id = "hosted-" + track;
        out.media.file = options_.scratch / ("hosted-" + base::sha256_hex(track) + ".wav");
        files::WriterSettings settings;
        settings.sample_rate = stage->sample_rate();
        settings.sample_format = files::SampleFormat::kFloat32;
        auto writer = files::AudioWriter::create(out.media.file, settings);
        if (!writer) return writer.error();
        Status written;
        const std::int64_t latency = stage->latency();
        const auto report = stage->run({}, [&](std::int64_t first, auto left, auto right) {
            const auto skip = static_cast<std::size_t>(
                std::clamp<std::int64_t>(latency - first, 0, static_cast<std::int64_t>(left.size())));
            const std::span<const float> planes[2] = {left.subspan(skip), right.subspan(skip)};
            if (planes[0].empty()) return true;
            for (std::size_t i = planes[0].size(); i-- > 0;)
                if (planes[0][i] != 0 || planes[1][i] != 0) {
                    out.heard = out.frames + static_cast<std::int64_t>(i) + 1;
                    break;
                }
            out.frames += static_cast<std::int64_t>(planes[0].size());
            written = (*writer)->write(planes);
            return written.ok();
        });
        if (!written) return written.error();
        if (!report) return report.error();
        if (auto ended = (*writer)->finish(); !ended) return ended.error();
        const auto digest = base::sha256_file(out.media.file);
        if (!digest) return digest.error();
        out.media.sha256 = digest->sha256;
        out.media.size = digest->size;
        out.report = *report;
        return out;
    }

    juce::ValueTree add_to(const juce::Identifier& list, const juce::Identifier& type) {
        juce::ValueTree made(type);
        session_.state().getOrCreateChildWithName(list, nullptr).appendChild(made, nullptr);
        return made;
    }

    /// The file in place of clips and inserts.
    void replace(session::Track track, const Bounce& bounce) {
        const auto set = [](juce::ValueTree node, const char* name, const juce::var& value) {
            node.setProperty(name, value, nullptr);
        };
        const juce::String name = juce::String::fromUTF8(bounce.media.id.c_str());
        juce::ValueTree media = add_to(ids::media_list, ids::media);
        set(media, "id", name);
        set(media, "kind", "audio");
        set(media, "sha256", juce::String(bounce.media.sha256));
        set(media, "size", static_cast<juce::int64>(bounce.media.size));
        set(media, "frames", static_cast<juce::int64>(bounce.frames));
        set(media, "sample_rate", session_.sample_rate());
        set(media, "channels", 2);
        juce::ValueTree pattern = add_to(ids::patterns, ids::pattern);
        set(pattern, "id", name);
        set(pattern, "audio", name);
        track.state.getChildWithName(ids::clips).removeAllChildren(nullptr);
        track.state.getChildWithName(ids::inserts).removeAllChildren(nullptr);
        juce::ValueTree lanes = track.state.getChildWithName(ids::automation);
        for (int i = lanes.getNumChildren(); --i >= 0;) {
            const auto target =
                session::parse_automation_target(lanes.getChild(i)["target"].toString().toStdString());
            if (target && target->kind == session::AutomationTarget::Kind::kInsert)
                lanes.removeChild(i, nullptr);
        }
        track.set_phase_invert(false); // it is in the file
        const double seconds = static_cast<double>(bounce.heard) / session_.sample_rate();
        if (bounce.heard > 0)
            track.add_clip(bounce.media.id, 0, session_.tempo_map().beats_at(seconds), false);
    }

    static void remove_plugins(session::Track track) {
        juce::ValueTree inserts = track.state.getChildWithName(ids::inserts);
        for (int i = inserts.getNumChildren(); --i >= 0;)
            if (session::Insert(inserts.getChild(i)).effect() == graph::kLv2) inserts.removeChild(i, nullptr);
    }

    session::Session& session_;
    const HostedOptions& options_;
};

} // namespace

std::vector<HostedInsert> hosted_inserts(const session::Session& session) {
    std::vector<HostedInsert> out;
    for (const session::Track& track : session.tracks())
        for (const session::Insert& insert : track.inserts())
            if (insert.effect() == graph::kLv2)
                out.push_back({track.type() == session::TrackType::kMaster ? session::kMasterId : track.id(),
                               insert.id(), insert.uri()});
    return out;
}

Status check_hosted_inserts(const session::Session& session,
                            const std::shared_ptr<graph::InsertFactory>& plugins) {
    for (const HostedInsert& one : hosted_inserts(session)) {
        const auto made = plugins->make({one.uri, "", {}, graph::InsertFactory::Use::kPlan});
        if (made.ok()) continue;
        Error error = made.error();
        error.field = place_of(one);
        return error;
    }
    return {};
}

Result<HostedBounce> bounce_hosted_tracks(session::Session& session, const HostedOptions& options) {
    return Bouncer(session, options).run();
}

} // namespace loopmind::mixdown
