// What the benchmark runs: our effects at work, and their likes in juce::dsp.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace loopmind::bench {

inline constexpr double kRate = 48000;
inline constexpr int kBlock = 512;

/// Processes one block in place.
using Process = std::function<void(float* left, float* right, int frames)>;

/// Our effect with everything switched on that it usually does; empty for an unknown type.
Process our_effect(std::string_view type);
/// The same work by juce::dsp; empty where it has no like. `what` becomes the peer's name.
Process juce_peer(std::string_view type, std::string& what);

/// 4-band EQ, then compressor: the insert chain of the mixdown benchmark.
Process our_chain();
Process juce_chain();

} // namespace loopmind::bench
