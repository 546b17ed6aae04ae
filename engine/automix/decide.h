// The decisions: tilt and compression of a track, places of all, levels of all. Each from measures alone, so
// that the same signals give the same decisions wherever faders stand. Private to automix.
#pragma once

#include "engine/automix/channel.h"
#include "proto/base/result.h"

#include <functional>
#include <optional>
#include <vector>

namespace loopmind::automix {

/// The tilt, -4..4 dB in steps of 0.1, that brings the slope of the spectrum to the nearer end of the role's
/// range; 0 inside of it, or when there is too little spectrum to tell.
double decide_tilt(const Features& raw, const RoleTarget& target);

/// Gives the features of the track through a shape.
using Try = std::function<Result<Features>(const Shape&)>;

/// A compressor for peaks that stand more than 1 dB too high over the loudness. Its threshold is searched by
/// listening (four times at most), at most 18 dB below the peaks; none when it would not lower them by half a
/// decibel. `shape` comes with its tilt; `features` are those through what is returned, when it was listened
/// to.
Result<Shape> decide_compression(const Features& tilted, Shape shape, const RoleTarget& target,
                                 const Try& listen, Features* features);

/// Pans of all channels that may move, into `after.pan`. Roles of the middle are brought there when they
/// stand too far out. Roles of the sides keep a place that they have; those that stand in the middle go to
/// sides in turn so that the mix does not lean; when it would lean all the same, all of them are placed anew.
void decide_pans(std::vector<Channel>& channels);

/// Relative levels: `wanted_lu` and `relief_lu` of all channels. A role that plays on several tracks at once
/// shares its loudness among them. The foreground is freed from masking: step by step, at most 1.5 LU up, and
/// 1.5 LU down for what covers it from the background.
/// `level` is where the reference is expected, for the masking by held tracks.
void decide_levels(std::vector<Channel>& channels, double level);

/// Gains for a reference level: `after.gain_db` so that every channel that may move has `level + wanted_lu`
/// behind its fader and its buses, limited to -48..24 dB.
void set_gains(std::vector<Channel>& channels, double level);

/// Leaves faders that are within 0.05 dB of their new place. Last of all: the search for the level must not
/// depend on where faders stood, or the next run would end elsewhere.
void keep_near(std::vector<Channel>& channels);

/// The reference level that held channels ask for: the mean of theirs, those that count most in the mix
/// first. Nullopt when they carry less than a fifth of the mix: an automated texture does not set the level
/// of all.
std::optional<double> level_of_held(const std::vector<Channel>& channels);

inline constexpr double kLeastGainDb = -48, kMostGainDb = 24;

} // namespace loopmind::automix
