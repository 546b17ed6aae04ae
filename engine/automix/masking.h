// How much of a track is covered by the others, and by which. JUCE-free.
#pragma once

#include "engine/automix/features.h"

#include <vector>

namespace loopmind::automix {

/// Share of each cell in the loudness of the whole signal: power^0.3 of a third-octave band (Stevens' power
/// law), in rows within 30 dB of the signal's mean row, in bands within 40 dB of the strongest of their row.
/// The sum is 1, or 0 for silence. Gains do not change it.
std::vector<float> loudness_weights(const Features& features);

/// A track as the others hear it.
struct MaskingTrack {
    const Features* features = nullptr;
    double gain = 1; ///< linear, of its fader and everything behind it
};

struct Masked {
    double share = 0;    ///< of the track's loudness that the others cover, 0..1
    int by = -1;         ///< index of the track that covers most of it; -1 none
    double by_share = 0; ///< its part of what covers it, 0..1
};

/// Masking between tracks that play together. The excitation of a track is its band powers spread to the
/// neighbours: 10 dB per Bark upwards, 25 dB per Bark downwards (Schroeder, Atal and Hall, JASA 66, 1979;
/// Bark after Traunmueller, JASA 88, 1990). A cell is covered when its power is more than 6 dB below the sum
/// of the others' excitations, and counts in part within 6 dB of that edge. Rows are taken to be aligned:
/// latencies of inserts (milliseconds) are not made up for.
/// `every`: only each such row is looked at, from the first on, for a quick estimate. In sessions of many
/// tracks the naming of the one that covers most looks at fewer rows by itself.
std::vector<Masked> masking(const std::vector<MaskingTrack>& tracks, std::size_t every = 1);

/// Rows to leave out so that an estimate looks at some millions of cells.
std::size_t quick_rows(const std::vector<MaskingTrack>& tracks);

} // namespace loopmind::automix
