// Everything that plays chords: comping, pads, arpeggios and choirs.
#pragma once

#include "models/composer/draft.h"

#include <vector>

namespace loopmind::composer {

std::vector<Draft> write_comping(const Context& context, const Passage& passage, double center);
std::vector<Draft> write_pad(const Context& context, const Passage& passage, double center);
std::vector<Draft> write_arp(const Context& context, const Passage& passage, double center);
/// Two upper voices in long tones.
std::vector<Draft> write_choir(const Context& context, const Passage& passage, double center);

} // namespace loopmind::composer
