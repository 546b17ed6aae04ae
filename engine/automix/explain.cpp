// Numbers and lines for what was decided.
#include "engine/automix/decide.h"
#include "engine/automix/decision.h"
#include "engine/automix/masking.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace loopmind::automix {
namespace {

using Kind = Figure::Kind;

std::string number(double value, int digits, bool sign = false) {
    char text[64];
    std::snprintf(text, sizeof text, sign ? "%+.*f" : "%.*f", digits, value);
    std::string out = text;
    if (out.find_first_not_of("+-0.") == std::string::npos && out.front() == '-') out.erase(0, 1); // "-0.0"
    return out;
}
std::string db(double value) {
    return number(value, 1, true) + " dB";
}
std::string lufs(double value) {
    return number(value, 1) + " LUFS";
}
std::string percent(double share) {
    return number(100 * share, 0) + " %";
}

/// "3.5 LU below", "at the level of".
std::string against(double lu) {
    if (std::abs(lu) < 0.05) return "as loud as";
    return number(std::abs(lu), 1) + " LU " + (lu < 0 ? "below" : "above");
}

/// "0.20 right", "in the middle".
std::string place(double position) {
    if (std::abs(position) < 0.005) return "in the middle";
    return number(100 * std::abs(position), 0) + " % " + (position < 0 ? "left" : "right");
}

std::string genre_said(const GenreTarget& genre) {
    return genre.name() == "generic" ? "a balanced mix" : genre.name();
}

std::vector<Masked> masked_of(const std::vector<Channel>& channels, bool after) {
    std::vector<MaskingTrack> tracks;
    for (const Channel& channel : channels) {
        const Features& features = after ? channel.features_after() : channel.features_before();
        tracks.push_back({&features, channel.power_gain(features, after ? channel.after : channel.before)});
    }
    return masking(tracks);
}

/// Writes the changes of one channel.
class Explainer {
  public:
    Explainer(const std::vector<Channel>& channels, const GenreTarget& genre, Report& report)
        : channels_(channels), genre_(genre), report_(report), reference_(reference_of(channels, genre)),
          masked_before_(masked_of(channels, false)), masked_after_(masked_of(channels, true)) {}

    void run() {
        if (reference_ >= 0) report_.reference = at(reference_).id;
        for (std::size_t i = 0; i < channels_.size(); ++i) {
            add_track(i);
            const Channel& channel = channels_[i];
            if (channel.after.gain_db != channel.before.gain_db) gain(i);
            if (channel.after.pan != channel.before.pan) pan(channel);
            if (channel.after.shape.tilt_db != channel.before.shape.tilt_db) tilt(channel);
            if (channel.after.shape.threshold_db != channel.before.shape.threshold_db ||
                channel.after.shape.ratio != channel.before.shape.ratio)
                compression(channel);
        }
    }

  private:
    const Channel& at(int index) const { return channels_[static_cast<std::size_t>(index)]; }

    void add_track(std::size_t i) {
        const Channel& channel = channels_[i];
        TrackFigures out;
        out.id = channel.id;
        out.name = channel.name;
        out.role = role_name(channel.role);
        out.role_from = channel.role_from;
        out.mixed = !channel.held;
        out.lufs_before = channel.lufs_before();
        out.lufs_after = channel.lufs_after();
        out.wanted_lu = channel.wanted_lu - (reference_ >= 0 ? at(reference_).wanted_lu : 0);
        out.relief_lu = channel.relief_lu - (reference_ >= 0 ? at(reference_).relief_lu : 0);
        out.masked_before = masked_before_[i].share;
        out.masked_after = masked_after_[i].share;
        if (masked_after_[i].by >= 0) out.masked_by = at(masked_after_[i].by).id;
        report_.tracks.push_back(std::move(out));
    }

    static Change change(const Channel& channel, Change::What what, double before, double after,
                         const char* unit) {
        Change out;
        out.track = channel.id;
        out.name = channel.name;
        out.what = what;
        out.before = before;
        out.after = after;
        out.unit = unit;
        return out;
    }

    void gain(std::size_t i) {
        const Channel& channel = channels_[i];
        Change out =
            change(channel, Change::What::kGain, channel.before.gain_db, channel.after.gain_db, "dB");
        const double was = channel.lufs_before(), is = channel.lufs_after();
        out.figures = {{"lufs_before", was, "LUFS", channel.id}, {"lufs_after", is, "LUFS", channel.id}};
        out.line = channel.name + ": " + db(out.after - out.before) + ": it measured " + lufs(was) + "; ";
        if (static_cast<int>(i) == reference_) {
            out.line += "the others are set against it, at " + lufs(is) + " now";
            add_mix(out);
        } else if (reference_ >= 0) {
            const Channel& reference = at(reference_);
            const double wanted =
                (channel.wanted_lu - channel.relief_lu) - (reference.wanted_lu - reference.relief_lu);
            out.figures.push_back({"wanted", wanted, "LU", channel.id, Kind::kTarget});
            out.figures.push_back({"lufs_after", reference.lufs_after(), "LUFS", reference.id});
            out.line += genre_said(genre_) + " wants its " + role_said(channel) + " " + against(wanted) +
                        " " + reference.name + " (" + lufs(reference.lufs_after()) + ")";
            add_path(out, channel, reference);
        }
        add_masking(out, i);
        const double limit = out.after <= kLeastGainDb  ? kLeastGainDb
                             : out.after >= kMostGainDb ? kMostGainDb
                                                        : 0;
        if (limit != 0) out.line += ". Its fader ends at " + db(limit);
        out.line += ".";
        report_.changes.push_back(std::move(out));
    }

    static std::string role_said(const Channel& channel) {
        return channel.role == Role::kLeadVocal ? "lead vocal" : role_name(channel.role);
    }

    void add_mix(Change& out) const {
        if (report_.around_kept) return;
        if (report_.mastered) {
            out.figures.push_back({"mastered_before", report_.mastered_before, "LUFS", ""});
            out.figures.push_back({"mastered_after", report_.mastered_after, "LUFS", ""});
        } else {
            out.figures.push_back({"lufs_before", report_.lufs_before, "LUFS", ""});
            out.figures.push_back({"lufs_after", report_.lufs_after, "LUFS", ""});
        }
        out.figures.push_back({"mix_wanted", report_.lufs_wanted, "LUFS", "", Kind::kTarget});
        out.line += ", where the mix has " +
                    lufs(report_.mastered ? report_.mastered_after : report_.lufs_after) +
                    (report_.mastered ? " behind the master (" : " ahead of the master (") +
                    number(report_.mastered ? report_.mastered_before : report_.lufs_before, 1) + " before)";
    }

    void add_path(Change& out, const Channel& channel, const Channel& reference) const {
        const double differs = channel.path_db - reference.path_db;
        if (std::abs(differs) < 0.05) return;
        out.figures.push_back({"buses", differs, "dB", channel.id, Kind::kSetting});
        out.line += ", with " + db(differs) + " that buses add to it";
    }

    void add_masking(Change& out, std::size_t i) const {
        const Channel& channel = channels_[i];
        const Masked &before = masked_before_[i], &after = masked_after_[i];
        out.figures.push_back({"masked_before", before.share, "ratio", channel.id});
        out.figures.push_back({"masked_after", after.share, "ratio", channel.id});
        // Against the reference, as the wish is: when that one goes up, all others go down.
        const double relief = channel.relief_lu - (reference_ >= 0 ? at(reference_).relief_lu : 0);
        if (relief == 0) return;
        out.figures.push_back({"relief", relief, "LU", channel.id, Kind::kSetting});
        const std::string lu = number(std::abs(relief), 2) + " LU ";
        if (relief < 0) {
            out.line += "; " + lu + "down to make room for what is masked";
        } else {
            out.figures.push_back(
                {"masked_most", channel.target.masked_most, "ratio", channel.id, Kind::kTarget});
            out.line += "; " + lu + "up because much of it is masked" +
                        (after.by >= 0 ? ", most by " + at(after.by).name : "") + ": " +
                        percent(before.share) + " before, " + percent(after.share) + " now, at most " +
                        percent(channel.target.masked_most) + " should be";
        }
    }

    void pan(const Channel& channel) {
        Change out = change(channel, Change::What::kPan, channel.before.pan, channel.after.pan, "pan");
        const auto was_gains = channel.gains(channel.before), is_gains = channel.gains(channel.after);
        const double was = position(channel.features_before(), was_gains.left, was_gains.right);
        const double is = position(channel.features_after(), is_gains.left, is_gains.right);
        const double side = channel.target.side;
        out.figures = {{"position_before", was, "position", channel.id},
                       {"position_after", is, "position", channel.id},
                       {"side_wanted", side, "position", channel.id, Kind::kTarget}};
        out.line =
            channel.name + ": pan " + number(out.before, 2) + " to " + number(out.after, 2) + ": it stood " +
            place(was) + "; " + genre_said(genre_) + " puts its " + role_said(channel) + " " +
            (side > 0 ? number(100 * side, 0) + " % to a side, in turn with others" : "in the middle") +
            "; it is " + place(is) + " now.";
        report_.changes.push_back(std::move(out));
    }

    void tilt(const Channel& channel) {
        Change out = change(channel, Change::What::kTilt, channel.before.shape.tilt_db,
                            channel.after.shape.tilt_db, "dB");
        const auto slope = [](const Features& features) {
            return slope_of(features.centres, mean_spectrum(features)).db_per_octave;
        };
        const double without = slope(channel.raw), is = slope(channel.features_after());
        out.figures = {{"slope_without", without, "dB/octave", channel.id},
                       {"slope_after", is, "dB/octave", channel.id},
                       {"slope_low", channel.target.slope_low, "dB/octave", channel.id, Kind::kTarget},
                       {"slope_high", channel.target.slope_high, "dB/octave", channel.id, Kind::kTarget}};
        out.line = channel.name + ": tilt " + db(out.before) + " to " + db(out.after) +
                   ": its spectrum goes " + number(without, 1, true) + " dB per octave; " +
                   genre_said(genre_) + " has its " + role_said(channel) + " between " +
                   number(channel.target.slope_low, 1, true) + " and " +
                   number(channel.target.slope_high, 1, true) + "; now " + number(is, 1, true) + ".";
        report_.changes.push_back(std::move(out));
    }

    void compression(const Channel& channel) {
        Change out = change(channel, Change::What::kCompression, channel.before.shape.threshold_db,
                            channel.after.shape.threshold_db, "dBFS");
        const double without = channel.raw.crest_db(), is = channel.features_after().crest_db();
        out.figures = {{"crest_without", without, "dB", channel.id},
                       {"crest_after", is, "dB", channel.id},
                       {"crest_wanted", channel.target.crest_db, "dB", channel.id, Kind::kTarget},
                       {"ratio", channel.after.shape.ratio, "ratio", channel.id, Kind::kSetting}};
        const bool on = channel.after.shape.threshold_db != 0;
        out.line = channel.name +
                   (on ? ": compressor " + number(channel.after.shape.ratio, 1) + ":1 from " +
                             number(out.after, 1) + " dBFS: "
                       : ": compressor taken out: ") +
                   "its peaks stand " + number(without, 1) + " dB over its loudness; " + genre_said(genre_) +
                   " wants its " + role_said(channel) + " at " + number(channel.target.crest_db, 1) +
                   " dB at most; now " + number(is, 1) + " dB.";
        report_.changes.push_back(std::move(out));
    }

    const std::vector<Channel>& channels_;
    const GenreTarget& genre_;
    Report& report_;
    int reference_;
    std::vector<Masked> masked_before_, masked_after_;
};

} // namespace

int reference_of(const std::vector<Channel>& channels, const GenreTarget& genre) {
    const Role order[] = {genre.reference(), Role::kDrums, Role::kKick,       Role::kSnare,  Role::kLeadVocal,
                          Role::kMelody,     Role::kBass,  Role::kChords,     Role::kPad,    Role::kArp,
                          Role::kVocals,     Role::kHats,  Role::kPercussion, Role::kTexture};
    for (const Role role : order)
        for (std::size_t i = 0; i < channels.size(); ++i)
            if (channels[i].role == role) return static_cast<int>(i);
    return -1;
}

void explain(const std::vector<Channel>& channels, const GenreTarget& genre, Report& report) {
    Explainer(channels, genre, report).run();
}

} // namespace loopmind::automix
