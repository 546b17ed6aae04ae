// Drums and percussion: genre grooves with ghost notes, fills and crashes.
#pragma once

#include "models/composer/draft.h"
#include "models/composer/slots.h"

#include <vector>

namespace loopmind::composer {

std::vector<Draft> write_drums(const Context& context, const Passage& passage, const Slots& slots,
                               bool arranged);
std::vector<Draft> write_percussion(const Context& context, const Passage& passage, const Slots& slots,
                                    bool arranged);

} // namespace loopmind::composer
