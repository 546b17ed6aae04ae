// Impulse responses of spaces, computed from a few numbers: a room, a hall, a plate and a spring.
#pragma once

#include <vector>

namespace loopmind::effects {

enum class Space { kRoom, kHall, kPlate, kSpring };
constexpr int kSpaces = 4;

struct SpaceSettings {
    Space space = Space::kHall;
    double decay_seconds = 2; ///< time in which the middle frequencies fall by 60 dB
    double size = 1;          ///< scales distances (room, hall) or lengths (plate, spring); 0.3..2
    double brightness = 0.5;  ///< 0..1: how long the treble lasts against the middle
};

struct StereoResponse {
    std::vector<float> left, right;
};

/// The same settings and rate give the same samples. Each side has an energy of 1, so a steady noise comes
/// out about as loud as it went in; the end is faded at about -75 dB. Room and hall: image sources of a
/// shoebox (Allen and Berkley 1979) up to the third order, then noise whose four bands decay at their own
/// speed. Plate: such noise from the first moment, its onset dispersed by all-passes, treble first. Spring:
/// loops of stretched all-passes (Välimäki, Parker, Abel, "Parametric spring reverberation effect", 2010),
/// two springs a side.
StereoResponse make_response(const SpaceSettings& settings, double rate);

} // namespace loopmind::effects
