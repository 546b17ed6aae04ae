// Tilt, compression, places, levels.
#include "engine/automix/decide.h"

#include "engine/automix/masking.h"
#include "engine/automix/own_inserts.h"

#include <algorithm>
#include <numbers>
#include <optional>

namespace loopmind::automix {
namespace {

constexpr double kMostTiltDb = 4;
constexpr double kDeepestThresholdDb = 18;
constexpr double kLean = 0.12;   ///< of the whole mix, as a position
constexpr double kPlaced = 0.05; ///< farther out than this a track has a side
constexpr double kLeastHeldShare = 0.2;
constexpr double kSameGainDb = 0.05;
constexpr double kReliefStep = 0.25; ///< LU
constexpr double kMostRelief = 1.5;

double rounded(double value, double step) {
    const double out = std::round(value / step) * step;
    return std::round(out * 1e6) / 1e6 + 0.0; // no -0, no 0.30000000000000004
}

/// The pan that brings a signal to a position; within the law's reach.
double pan_for(const Channel& channel, double wanted) {
    double low = -1, high = 1;
    for (int i = 0; i < 40; ++i) {
        const double middle = 0.5 * (low + high);
        const graph::PanGains gains = graph::pan_gains(channel.law, middle);
        (position(channel.raw, gains.left, gains.right) < wanted ? low : high) = middle;
    }
    return std::clamp(rounded(0.5 * (low + high), 0.01), -1.0, 1.0);
}

double position_at(const Channel& channel, double pan) {
    const graph::PanGains gains = graph::pan_gains(channel.law, pan);
    return channel.baked ? position(channel.raw) : position(channel.raw, gains.left, gains.right);
}

double weight_of(const Channel& channel) {
    return std::pow(10.0, channel.target.lu / 10);
}

/// Where the whole mix stands, by the energies that its roles are meant to have.
double lean_of(const std::vector<Channel>& channels) {
    double sum = 0, all = 0;
    for (const Channel& channel : channels) {
        sum += weight_of(channel) * position_at(channel, channel.after.pan);
        all += weight_of(channel);
    }
    return all > 0 ? sum / all : 0;
}

/// Sends tracks to sides in turn, the heaviest first, each to where the others lean from.
void place(std::vector<Channel>& channels, const std::vector<std::size_t>& moving) {
    std::vector<std::size_t> order = moving;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return weight_of(channels[a]) > weight_of(channels[b]);
    });
    double sum = 0;
    for (std::size_t i = 0; i < channels.size(); ++i)
        if (std::find(order.begin(), order.end(), i) == order.end())
            sum += weight_of(channels[i]) * position_at(channels[i], channels[i].after.pan);
    for (const std::size_t i : order) {
        Channel& channel = channels[i];
        // What was recorded or rendered to a side goes there again when nothing speaks against it.
        const double own = position(channel.raw);
        const double side =
            std::abs(sum) > 1e-6 + 0.02 * weight_of(channel) ? (sum > 0 ? -1 : 1) : (own < 0 ? -1 : 1);
        channel.after.pan = pan_for(channel, side * channel.target.side);
        sum += weight_of(channel) * position_at(channel, channel.after.pan);
    }
}

bool plays(const Features& features, std::size_t row) {
    const std::size_t bands = features.bands();
    for (std::size_t b = 0; row < features.rows() && b < bands; ++b)
        if (features.weights[row * bands + b] > 0) return true;
    return false;
}

/// How many tracks of the role play where this one plays, itself among them.
double players(const std::vector<Channel>& channels, const Channel& channel) {
    double rows = 0, together = 0;
    const Features& mine = channel.features_after();
    for (std::size_t row = 0; row < mine.rows(); ++row) {
        if (!plays(mine, row)) continue;
        ++rows;
        for (const Channel& other : channels)
            if (other.role == channel.role && plays(other.features_after(), row)) ++together;
    }
    return rows > 0 ? together / rows : 1;
}

} // namespace

double decide_tilt(const Features& raw, const RoleTarget& target) {
    const std::vector<double> levels = mean_spectrum(raw);
    const Slope slope = slope_of(raw.centres, levels);
    if (!slope.known) return 0;
    const double wanted = std::clamp(slope.db_per_octave, target.slope_low, target.slope_high);
    if (wanted == slope.db_per_octave) return 0;
    const auto tilted = [&](double tilt) {
        std::vector<double> out = levels;
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] += tilt_db_at(tilt, raw.sample_rate, raw.centres[i]);
        return slope_of(raw.centres, out).db_per_octave;
    };
    double low = 0, high = wanted > slope.db_per_octave ? kMostTiltDb : -kMostTiltDb;
    if (std::abs(tilted(high) - slope.db_per_octave) <= std::abs(wanted - slope.db_per_octave)) return high;
    for (int i = 0; i < 12; ++i) {
        const double middle = 0.5 * (low + high);
        (std::abs(tilted(middle) - slope.db_per_octave) < std::abs(wanted - slope.db_per_octave) ? low
                                                                                                 : high) =
            middle;
    }
    const double tilt = rounded(high, 0.1);
    return std::abs(tilt) < 0.3 ? 0 : tilt; // nobody hears less
}

Result<Shape> decide_compression(const Features& tilted, Shape shape, const RoleTarget& target,
                                 const Try& listen, Features* features) {
    const double excess = tilted.crest_db() - target.crest_db;
    if (!(excess > 1)) return shape;
    const double peak = tilted.peak_db(), deepest = std::max(-59.0, peak - kDeepestThresholdDb);
    // A static curve takes (peak - threshold) (1 - 1 / ratio) from the peaks.
    double depth = std::min(peak - deepest, excess / (1 - 1 / target.ratio));
    const Shape plain = shape;
    shape.ratio = target.ratio;
    double crest = tilted.crest_db(), previous_depth = 0, previous_crest = crest;
    Features heard;
    for (int round = 0; round < 4; ++round) {
        shape.threshold_db = std::min(-0.1, rounded(peak - depth, 0.1));
        auto result = listen(shape);
        if (!result) return result.error();
        heard = std::move(*result);
        crest = heard.crest_db();
        const double off = crest - target.crest_db;
        if (std::abs(off) < 0.4 || (off > 0 && depth >= peak - deepest - 0.05)) break;
        const double per_db = (previous_crest - crest) / std::max(0.1, depth - previous_depth);
        const double next = depth + off / std::clamp(per_db, 0.15, 1.0);
        if (depth > previous_depth) previous_depth = depth, previous_crest = crest;
        if (round < 3) depth = std::clamp(next, 0.5, peak - deepest);
    }
    if (tilted.crest_db() - crest < 0.5) return plain;
    *features = std::move(heard);
    return shape;
}

void decide_pans(std::vector<Channel>& channels) {
    std::vector<std::size_t> sides, moving;
    for (std::size_t i = 0; i < channels.size(); ++i) {
        Channel& channel = channels[i];
        channel.after.pan = channel.before.pan;
        if (channel.target.side > 0 && !channel.held && channel.may_pan) sides.push_back(i);
    }
    for (std::size_t i = 0; i < channels.size(); ++i) {
        Channel& channel = channels[i];
        if (channel.held || !channel.may_pan) continue;
        const double now = position_at(channel, channel.after.pan);
        if (channel.target.side <= 0) {
            if (std::abs(now) > channel.target.side_most) channel.after.pan = pan_for(channel, 0);
            continue;
        }
        if (std::abs(now) > channel.target.side_most || (std::abs(now) < kPlaced && sides.size() > 1))
            moving.push_back(i);
    }
    place(channels, moving);
    if (std::abs(lean_of(channels)) <= kLean) return;
    for (Channel& channel : channels)
        if (!channel.held && channel.may_pan && channel.target.side <= 0 &&
            std::abs(position_at(channel, channel.after.pan)) > kPlaced)
            channel.after.pan = pan_for(channel, 0);
    place(channels, sides);
}

void decide_levels(std::vector<Channel>& channels, double reference) {
    for (Channel& channel : channels) {
        channel.relief_lu = 0;
        channel.wanted_lu = channel.target.lu - 10 * std::log10(std::max(1.0, players(channels, channel)));
    }
    std::vector<double> level(channels.size()); // of the features through pan and buses, the fader at 0
    std::vector<MaskingTrack> tracks(channels.size());
    for (std::size_t i = 0; i < channels.size(); ++i) {
        Setting setting = channels[i].after;
        setting.gain_db = channels[i].held ? channels[i].before.gain_db : 0;
        level[i] = channels[i].lufs(channels[i].features_after(), setting) + channels[i].path_db;
        tracks[i].features = &channels[i].features_after();
        tracks[i].gain = channels[i].power_gain(channels[i].features_after(), setting);
    }
    const std::vector<MaskingTrack> at_zero = tracks;
    const std::size_t every = quick_rows(tracks);
    for (int round = 0; round < 24; ++round) {
        for (std::size_t i = 0; i < channels.size(); ++i) {
            if (channels[i].held) continue;
            const double gain = reference + channels[i].wanted_lu + channels[i].relief_lu - level[i];
            tracks[i].gain = at_zero[i].gain * std::pow(10.0, gain / 20);
        }
        const std::vector<Masked> masked = masking(tracks, every);
        std::vector<double> step(channels.size(), 0);
        for (std::size_t i = 0; i < channels.size(); ++i) {
            const Channel& channel = channels[i];
            if (!channel.target.foreground || masked[i].share <= channel.target.masked_most) continue;
            step[i] = kReliefStep;
            const auto by = static_cast<std::size_t>(std::max(0, masked[i].by));
            if (masked[i].by >= 0 && !channels[by].target.foreground && step[by] == 0)
                step[by] = -kReliefStep;
        }
        bool moved = false;
        for (std::size_t i = 0; i < channels.size(); ++i) {
            if (channels[i].held) continue;
            const double next = std::clamp(channels[i].relief_lu + step[i], -kMostRelief, kMostRelief);
            moved = moved || next != channels[i].relief_lu;
            channels[i].relief_lu = next;
        }
        if (!moved) break;
    }
    for (Channel& channel : channels)
        channel.wanted_lu += channel.relief_lu;
}

void set_gains(std::vector<Channel>& channels, double level) {
    for (Channel& channel : channels) {
        channel.after.gain_db = channel.before.gain_db;
        if (channel.held) continue;
        Setting flat = channel.after;
        flat.gain_db = 0;
        const double at_zero = channel.lufs(channel.features_after(), flat) + channel.path_db;
        channel.after.gain_db =
            std::clamp(rounded(level + channel.wanted_lu - at_zero, 0.01), kLeastGainDb, kMostGainDb);
    }
}

void keep_near(std::vector<Channel>& channels) {
    for (Channel& channel : channels)
        if (std::abs(channel.after.gain_db - channel.before.gain_db) < kSameGainDb)
            channel.after.gain_db = channel.before.gain_db;
}

std::optional<double> level_of_held(const std::vector<Channel>& channels) {
    double sum = 0, held = 0, all = 0;
    for (const Channel& channel : channels) {
        all += weight_of(channel);
        if (!channel.held) continue;
        sum += weight_of(channel) * (channel.lufs_before() + channel.path_db - channel.target.lu);
        held += weight_of(channel);
    }
    if (held <= 0 || held < kLeastHeldShare * all) return std::nullopt;
    return sum / held;
}

} // namespace loopmind::automix
