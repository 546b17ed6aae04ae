// Which samples the engine gives.
#pragma once

namespace loopmind::graph {

/// Grows whenever the same session gives other samples, be it in their last bit: graph, effects, media
/// conversion. Part of every worker's fingerprint and so of every recipe: what an older engine rendered is
/// not mixed with this one's.
inline constexpr int kSoundRevision = 2;

} // namespace loopmind::graph
