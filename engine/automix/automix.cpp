// The order of things: listen, tell roles, shape, place, balance, bring to loudness, apply.
#include "engine/automix/automix.h"

#include "engine/automix/decide.h"
#include "engine/automix/decision.h"
#include "engine/automix/listener.h"
#include "engine/automix/own_inserts.h"
#include "engine/automix/wishes.h"
#include "engine/session/edits_tracks.h"
#include "engine/session/history.h"
#include "engine/session/session.h"

#include <algorithm>
#include <limits>

namespace loopmind::automix {
namespace {

constexpr double kMasteredLufs = -14, kPremasterLufs = -23;
constexpr double kHighestPeakDb = -1; ///< of the mix ahead of the master inserts
constexpr int kRounds = 6;            ///< of the search for the level
constexpr double kNear = 0.02;        ///< LU

Error bad(const std::string& field, const std::string& message, const std::string& hint) {
    return {ErrorCode::kInvalidArgument, field, message, hint};
}

std::string shown(const session::Track& track) {
    return track.name().empty() ? track.id() : track.name();
}

bool has_lane(const session::Track& track, const char* target) {
    const auto lane = track.lane(target);
    return lane && lane->plays() && !lane->points().empty();
}

/// One run.
class Mixer {
  public:
    Mixer(const session::Session& session, const graph::MediaLibrary& media, const Options& options)
        : session_(session), options_(options), wishes_(wishes_of(session)), genre_(generic_target()) {
        settings_.media = once(media);
        settings_.preparer = std::make_shared<graph::MediaPreparer>(options.scratch);
        settings_.threads = options.threads;
        settings_.cancelled = options.cancelled;
        settings_.plugins = options.plugins;
        settings_.on_fault = [this](const std::string& insert, const std::string& reason) {
            note_fault(insert, reason);
        };
    }

    Result<Mix> run() {
        if (Status good = check(); !good) return good.error();
        auto before = Listener::open(session_, settings_);
        if (!before) return before.error();
        gather(*before);
        if (Status heard = listen(*before); !heard) return heard.error();
        if (Status shaped = shape(); !shaped) return shaped.error();
        if (options_.pans)
            decide_pans(channels_);
        else
            for (Channel& channel : channels_)
                channel.after.pan = channel.before.pan;
        choose_loudness();
        decide_levels(channels_, level_of_held(channels_).value_or(first_level()));
        if (Status settled = settle(); !settled) return settled.error();
        explain(channels_, genre_, mix_.report);
        progress(1);
        return std::move(mix_);
    }

  private:
    Status check() {
        Report& report = mix_.report;
        report.genre_from = !options_.genre.empty() ? "option" : wishes_.genre.empty() ? "none" : "session";
        const std::string name = !options_.genre.empty() ? options_.genre : wishes_.genre;
        if (!name.empty()) {
            const auto found = genre_target(name);
            if (!found) {
                std::string all;
                for (const std::string& one : genre_names())
                    all += (all.empty() ? "" : ", ") + one;
                return bad("genre", "\"" + name + "\" is none that the mix knows", "use one of " + all);
            }
            genre_ = *found;
        }
        report.genre = genre_.name();
        for (const std::string& id : options_.keep)
            if (!session_.track(id))
                return bad("keep", "the session has no track \"" + id + "\"", "name tracks by their ids");
        if (options_.lufs && !(*options_.lufs >= -60 && *options_.lufs <= -6))
            return bad("lufs", "is out of range",
                       "use -60 to -6; the master brings the mix to its final loudness");
        return {};
    }

    void note(const session::Track& track, const std::string& why) {
        mix_.report.notes.push_back({track.id(), shown(track) + ": " + why});
    }

    /// Once for each insert: tracks are rendered several times.
    void note_fault(const std::string& insert, const std::string& reason) {
        if (!faults_.insert(insert).second) return;
        mix_.report.notes.push_back(
            {insert.substr(0, insert.find('/')),
             insert + " was bypassed while listening: " + reason + "; the mix is decided without it"});
    }

    /// Faders of the buses between a track and the master.
    double path_db(const graph::GraphSpec& spec, const session::Track& track) const {
        double out = 0;
        std::string to = track.output();
        for (std::size_t hops = 0; hops < spec.tracks.size() && to != session::kMasterId; ++hops) {
            const auto bus = session_.track(to);
            if (!bus) break;
            out += bus->gain_db() + group_db(*bus);
            to = bus->output();
        }
        return out;
    }
    double group_db(const session::Track& track) const {
        const auto group = session_.group(track.group());
        return group ? group->gain_db() : 0;
    }

    /// Names of the tracks that a track keys.
    std::string keyed_by(const session::Track& key) const {
        for (const session::Track& track : session_.tracks())
            for (const session::Insert& insert : track.inserts())
                if (insert.sidechain() == key.id() && track.id() != key.id()) return shown(track);
        return "";
    }

    /// Every track that sounds becomes a channel; the others a note.
    void gather(const Listener& before) {
        for (const session::Track& track : session_.tracks()) {
            if (track.type() != session::TrackType::kAudio && track.type() != session::TrackType::kMidi)
                continue;
            const auto group = session_.group(track.group());
            if (has_lane(track, "mute") ? false : track.mute() || (group && group->mute())) {
                note(track, "left alone: it is muted");
                continue;
            }
            const int index = before.plan().node_of(track.id());
            if (index < 0 || before.plan().node(index).segments.empty()) {
                note(track, "left alone: it has no audio to play");
                continue;
            }
            if (!before.audible(track.id())) {
                note(track, "left alone: nothing of it reaches the master");
                continue;
            }
            channels_.push_back(channel_of(before, track));
        }
    }

    Channel channel_of(const Listener& before, const session::Track& track) {
        Channel out;
        out.id = track.id();
        out.name = shown(track);
        out.law = before.spec().pan_law;
        out.group_db = group_db(track);
        out.path_db = path_db(before.spec(), track);
        const OwnInserts own = own_inserts(track);
        out.before = {track.gain_db(), track.pan(), own.shape};
        out.after = out.before;
        const bool gain_lane = has_lane(track, "gain_db"), pan_lane = has_lane(track, "pan");
        out.baked = gain_lane || pan_lane || has_lane(track, "mute") || !before.alone(track.id());
        out.held = gain_lane || options_.keep.contains(track.id());
        if (options_.keep.contains(track.id()))
            note(track, "left alone, as asked");
        else if (gain_lane)
            note(track, "left alone: its fader is automated");
        else if (pan_lane)
            note(track, "keeps its place and its inserts: its pan is automated");
        const std::string keyed = keyed_by(track);
        const bool shapeable = !out.held && !out.baked && keyed.empty();
        out.may_pan = options_.pans && !out.held && !out.baked;
        out.may_tilt = options_.tilt && shapeable && own.eq_free;
        out.may_compress = options_.compression && shapeable && own.compressor_free;
        out.displaced = own.displaced && out.may_tilt && out.may_compress;
        if (!out.held && !keyed.empty() && (options_.tilt || options_.compression))
            note(track, "gets no inserts: " + keyed + " listens to it");
        if (!out.held)
            for (const session::Send& send : track.sends())
                if (send.pre_fader())
                    note(track, "keeps the level of its send ahead of the fader to " + send.to());
        return out;
    }

    /// All features, and how loud the mix is.
    Status listen(const Listener& before) {
        std::set<std::string> stems;
        std::set<std::pair<std::string, std::string>> without;
        for (const Channel& channel : channels_) {
            if (channel.baked) stems.insert(channel.id);
            if (channel.may_tilt) without.insert({channel.id, kEqId});
            if (channel.may_compress) without.insert({channel.id, kCompressorId});
        }
        std::map<std::string, Features> baked;
        const auto premaster = before.mix(false, stems, &baked);
        if (!premaster) return premaster.error();
        mix_.report.lufs_before = mix_.report.lufs_after = premaster->lufs;
        mix_.report.peak_after_db = premaster->peak_db;
        progress(0.1);
        auto raw = Listener::open(session_, settings_, without);
        if (!raw) return raw.error();
        raw_ = std::move(*raw);
        std::vector<Channel> sounding;
        for (std::size_t i = 0; i < channels_.size(); ++i) {
            Channel& channel = channels_[i];
            if (channel.baked) {
                channel.raw = std::move(baked[channel.id]);
            } else {
                auto features = raw_->track(channel.id, {});
                if (!features) return features.error();
                channel.raw = std::move(*features);
                const Shape dropped = dropped_of(channel);
                if (!(dropped == Shape())) {
                    auto was = before.track(channel.id, {});
                    if (!was) return was.error();
                    channel.was = std::move(*was);
                    channel.has_was = true;
                }
            }
            progress(0.1 + 0.3 * static_cast<double>(i + 1) / static_cast<double>(channels_.size()));
            const session::Track track = *session_.track(channel.id);
            if (!channel.raw.finite) {
                note(track, "left alone: it gives values that are no numbers");
                continue;
            }
            if (channel.raw.silent()) {
                note(track, "left alone: it is silent");
                continue;
            }
            tell_role(channel, track);
            sounding.push_back(std::move(channel));
        }
        channels_ = std::move(sounding);
        return {};
    }

    /// What of the shape that a channel had is left out of its raw features.
    static Shape dropped_of(const Channel& channel) {
        Shape out;
        if (channel.may_tilt) out.tilt_db = channel.before.shape.tilt_db;
        if (channel.may_compress) {
            out.threshold_db = channel.before.shape.threshold_db;
            out.ratio = channel.before.shape.ratio;
        }
        return out;
    }

    void tell_role(Channel& channel, const session::Track& track) {
        if (const auto told = told_role(session_, track)) {
            channel.role = told->role;
            channel.role_from = told->source;
        } else {
            channel.role = heard_role(channel.raw);
            channel.role_from = "sound";
        }
        channel.target = target_for(genre_, channel.role, wishes_);
    }

    /// Own EQ and compressor of every channel, and how it sounds with them.
    Status shape() {
        for (std::size_t i = 0; i < channels_.size(); ++i) {
            Channel& channel = channels_[i];
            Shape fresh; // what the mix adds to the raw signal
            if (channel.may_tilt) fresh.tilt_db = decide_tilt(channel.raw, channel.target);
            const Try listen = [&](const Shape& shape) { return raw_->track(channel.id, shape); };
            Features tilted;
            bool heard = false;
            if (fresh.tilt_db != 0) {
                auto features = listen(fresh);
                if (!features) return features.error();
                tilted = std::move(*features);
                heard = true;
            }
            if (channel.may_compress) {
                Features through;
                auto made =
                    decide_compression(heard ? tilted : channel.raw, fresh, channel.target, listen, &through);
                if (!made) return made.error();
                if (made->threshold_db != 0) {
                    fresh = *made;
                    tilted = std::move(through);
                    heard = true;
                }
            }
            if (heard) {
                channel.now = std::move(tilted);
                channel.has_now = true;
            }
            if (channel.may_tilt) channel.after.shape.tilt_db = fresh.tilt_db;
            if (channel.may_compress) {
                channel.after.shape.threshold_db = fresh.threshold_db;
                channel.after.shape.ratio = fresh.ratio;
            }
            progress(0.4 + 0.3 * static_cast<double>(i + 1) / static_cast<double>(channels_.size()));
        }
        return {};
    }

    /// Whether the master chain turns the mix up into a limiter, as built sessions do.
    bool mastered() const {
        const session::Track master = session_.master();
        bool up = false, limited = false;
        for (const session::Insert& insert : master.inserts()) {
            if (insert.bypass()) continue;
            up = up ||
                 (insert.effect() == session::effect::kGain && insert.param(session::param::kGainDb, 0) > 0);
            limited = limited || insert.effect() == session::effect::kLimiter;
        }
        return up && limited && !master.mute() && master.gain_db() > -60;
    }

    Result<MixLoudness> measure(const session::Session& session, bool master) const {
        auto listener = Listener::open(session, settings_);
        if (!listener) return listener.error();
        auto mix = listener->mix(master, {}, nullptr);
        if (mix && master) mix->lufs -= session.master().gain_db();
        return mix;
    }

    void make_edits() {
        mix_.edits.clear();
        for (const Channel& channel : channels_) {
            TrackEdit edit;
            edit.track = channel.id;
            const Shape &was = channel.before.shape, &is = channel.after.shape;
            if (channel.after.gain_db != channel.before.gain_db) edit.gain_db = channel.after.gain_db;
            if (channel.after.pan != channel.before.pan) edit.pan = channel.after.pan;
            edit.set_tilt = is.tilt_db != was.tilt_db || channel.displaced;
            edit.tilt_db = is.tilt_db;
            edit.set_compressor =
                is.threshold_db != was.threshold_db || is.ratio != was.ratio || channel.displaced;
            edit.threshold_db = is.threshold_db;
            edit.ratio = is.ratio;
            if (edit.gain_db || edit.pan || edit.set_tilt || edit.set_compressor) mix_.edits.push_back(edit);
        }
    }

    /// The mix as it would be now.
    Result<MixLoudness> trial(bool master) {
        make_edits();
        session::Session trial = session_.clone();
        if (Status applied = apply(trial, nullptr, mix_); !applied) return applied.error();
        return measure(trial, master);
    }

    void choose_loudness() {
        Report& report = mix_.report;
        report.mastered = !options_.lufs && mastered();
        report.lufs_wanted = options_.lufs.value_or(report.mastered ? kMasteredLufs : kPremasterLufs);
    }

    /// Sets gains so that the mix has its loudness, and its peaks stay below full scale ahead of the master.
    Status search_level(double level) {
        Report& report = mix_.report;
        std::optional<MixLoudness> premaster;
        for (int round = 0; round < kRounds; ++round) {
            set_gains(channels_, level);
            const auto heard = trial(report.mastered);
            if (!heard) return heard.error();
            if (!report.mastered) premaster = *heard;
            progress(0.7 + 0.04 * round);
            const double off = report.lufs_wanted - heard->lufs;
            if (!std::isfinite(off) || std::abs(off) < kNear || round + 1 == kRounds) break;
            level += std::clamp(off, -20.0, 20.0);
        }
        if (!premaster) {
            const auto heard = trial(false);
            if (!heard) return heard.error();
            premaster = *heard;
        }
        if (!(premaster->peak_db > kHighestPeakDb)) return {};
        set_gains(channels_, level - (premaster->peak_db - kHighestPeakDb));
        report.notes.push_back({"", "The mix is turned down so that its peaks stay below " +
                                        std::to_string(static_cast<int>(kHighestPeakDb)) +
                                        " dBFS ahead of the master."});
        return {};
    }

    /// Brings the balanced mix to its loudness.
    Status settle() {
        Report& report = mix_.report;
        if (report.mastered) {
            const auto before = measure(session_, true);
            if (!before) return before.error();
            report.mastered_before = report.mastered_after = before->lufs;
        }
        const bool free =
            std::any_of(channels_.begin(), channels_.end(), [](const Channel& c) { return !c.held; });
        if (!free) return {};
        const auto held = level_of_held(channels_);
        report.around_kept = held.has_value();
        if (held) {
            set_gains(channels_, *held);
        } else if (Status found = search_level(first_level()); !found) {
            return found;
        }
        keep_near(channels_);
        const auto premaster = trial(false);
        if (!premaster) return premaster.error();
        report.lufs_after = premaster->lufs;
        report.peak_after_db = premaster->peak_db;
        if (!report.mastered) return {};
        const auto after = trial(true);
        if (!after) return after.error();
        report.mastered_after = after->lufs;
        return {};
    }

    /// The reference level at which unrelated signals would sum up to the loudness that is wanted.
    double first_level() const {
        double sum = 0, lufs = mix_.report.lufs_wanted;
        for (const Channel& channel : channels_)
            sum += std::pow(10.0, channel.target.lu / 10);
        if (mix_.report.mastered)
            for (const session::Insert& insert : session_.master().inserts())
                if (insert.effect() == session::effect::kGain && !insert.bypass())
                    lufs -= std::clamp(insert.param(session::param::kGainDb, 0), 0.0, 30.0);
        return lufs - 10 * std::log10(std::max(sum, 1e-9));
    }

    void progress(double share) const {
        if (options_.progress) options_.progress(share);
    }

    const session::Session& session_;
    const Options& options_;
    Wishes wishes_;
    GenreTarget genre_;
    Listener::Settings settings_;
    std::optional<Listener> raw_;
    std::vector<Channel> channels_;
    std::set<std::string> faults_; ///< "track/insert", noted already
    Mix mix_;
};

Status apply_edits(session::Session& session, const Mix& mix, juce::UndoManager* undo) {
    for (const TrackEdit& edit : mix.edits) {
        if (edit.gain_db)
            if (Status set = session::edit::set_gain(session, edit.track, *edit.gain_db, undo); !set)
                return set;
        if (edit.pan)
            if (Status set = session::edit::set_pan(session, edit.track, *edit.pan, undo); !set) return set;
        const Shape shape{edit.tilt_db, edit.threshold_db, edit.ratio};
        if (Status set = set_shape(session, edit.track, shape, edit.set_tilt, edit.set_compressor, undo);
            !set)
            return set;
    }
    return {};
}

} // namespace

Result<Mix> decide(const session::Session& session, const graph::MediaLibrary& media,
                   const Options& options) {
    return Mixer(session, media, options).run();
}

Status apply(session::Session& session, session::History* history, const Mix& mix) {
    if (mix.edits.empty()) return {};
    if (!history) return apply_edits(session, mix, nullptr);
    return history->perform("AI mix",
                            [&](juce::UndoManager* undo) { return apply_edits(session, mix, undo); });
}

Result<Report> mix(session::Session& session, session::History* history, const graph::MediaLibrary& media,
                   const Options& options) {
    auto made = decide(session, media, options);
    if (!made) return made.error();
    if (Status applied = apply(session, history, *made); !applied) return applied.error();
    return std::move(made->report);
}

} // namespace loopmind::automix
