// The effect types and parameter names that documents use, shared by session and effects. JUCE-free.
#pragma once

namespace loopmind::session {

/// Effect types of inserts. A parameter that an insert does not name has the effect's own default.
namespace effect {
inline constexpr const char* kGain = "gain"; ///< param::kGainDb
inline constexpr const char* kEq = "eq";     ///< param::kAmount, band parameters (see eq_band)
inline constexpr const char* kReverb =
    "reverb";                                  ///< param::kWet, kDry, kDecaySeconds, kPredelayMs, kDampingHz
inline constexpr const char* kDelay = "delay"; ///< param::kWet, kDry, kBeats, kFeedback, kToneHz, kPingPong
inline constexpr const char* kDrive = "drive"; ///< param::kAmount
inline constexpr const char* kLimiter = "limiter"; ///< param::kCeilingDb, kLookaheadMs, kReleaseMs
/// A plug-in of others: the insert's `uri` names it, its params go by the symbols of its control inputs.
inline constexpr const char* kLv2 = "lv2";
} // namespace effect

/// Parameter names with unit and range.
namespace param {
inline constexpr const char* kGainDb = "gain_db"; ///< dB, -144..48
inline constexpr const char* kAmount =
    "amount";                              ///< 0 no effect .. 1 full (drive depth; scale of all EQ gains)
inline constexpr const char* kWet = "wet"; ///< linear gain of the effect sound, 0..1
inline constexpr const char* kDry = "dry"; ///< linear gain of the input, 0..1; 0 on a send bus
inline constexpr const char* kDecaySeconds = "decay_s";     ///< RT60 in seconds, 0.1..20
inline constexpr const char* kPredelayMs = "predelay_ms";   ///< milliseconds, 0..250
inline constexpr const char* kDampingHz = "damping_hz";     ///< Hz, 500..20000
inline constexpr const char* kBeats = "beats";              ///< delay time in quarter-note beats, 0.0625..4
inline constexpr const char* kFeedback = "feedback";        ///< 0..0.95
inline constexpr const char* kToneHz = "tone_hz";           ///< Hz, low-pass in the feedback path, 500..20000
inline constexpr const char* kPingPong = "ping_pong";       ///< 0 or 1
inline constexpr const char* kCeilingDb = "ceiling_db";     ///< dBTP, -24..0
inline constexpr const char* kLookaheadMs = "lookahead_ms"; ///< milliseconds, 0.5..20
inline constexpr const char* kReleaseMs = "release_ms";     ///< milliseconds, 1..2000
} // namespace param

/// An EQ has bands 1..8: band 1 is a low shelf, 2..7 are peaks, 8 is a high shelf. Parameters of band N are
/// "bandN_db" (-24..24, default 0: flat), "bandN_hz" (20..20000) and "bandN_q" (0.1..20).
inline constexpr int kEqBands = 8;

/// How a track's pan turns into two gains; theta = (pan + 1) * pi / 4.
enum class PanLaw {
    kConstantPower,       ///< sqrt(2) * (cos theta, sin theta): unity in the middle, +3 dB at the sides
    kConstantPowerMinus3, ///< (cos theta, sin theta): -3 dB in the middle, unity at the sides
    kLinear,              ///< ((1 - pan) / 2, (1 + pan) / 2): -6 dB in the middle
    kBalance,             ///< (min(1, 1 - pan), min(1, 1 + pan)): only the far side goes down
};

/// Ids that built sessions use for the tracks every session can have.
inline constexpr const char* kMasterId = "master";
inline constexpr const char* kReverbBusId = "bus-reverb";
inline constexpr const char* kDelayBusId = "bus-delay";

} // namespace loopmind::session
