// The words of choice fields, in the order of their enums. Private to engine/session.
#pragma once

#include <juce_core/juce_core.h>

#include <cstddef>

namespace loopmind::session {

inline constexpr const char* kTrackTypes[] = {"audio", "midi", "bus", "master", "video"};
inline constexpr const char* kPanLaws[] = {"constant_power", "constant_power_-3db", "linear", "balance"};
inline constexpr const char* kFadeCurves[] = {"linear", "equal_power", "s_curve", "exponential",
                                              "logarithmic"};
inline constexpr const char* kAutomationModes[] = {"off", "read", "write", "latch"};
inline constexpr const char* kAutomationShapes[] = {"linear", "hold", "curve"};

/// The enum of a word; `unknown` for one of a newer version.
template <typename Enum, std::size_t N>
Enum choice_of(const char* const (&words)[N], const juce::String& text, Enum unknown) {
    for (std::size_t i = 0; i < N; ++i) {
        if (text == words[i]) return static_cast<Enum>(i);
    }
    return unknown;
}

template <typename Enum, std::size_t N> const char* word_of(const char* const (&words)[N], Enum value) {
    return words[static_cast<std::size_t>(value)];
}

} // namespace loopmind::session
