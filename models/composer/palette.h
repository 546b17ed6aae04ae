// Which instrument plays a stem, how it is coloured and how loud it stands in the mix.
#pragma once

#include "models/composer/draft.h"

#include <string>

namespace loopmind::composer {

/// A stem without notes: id, role, name, instrument, tone, level, pan, width and sends.
StemPlan dress_stem(const Context& context, const std::string& role);
/// True when the request's instrument_focus is this role.
bool is_focus(const Request& request, const std::string& role);

} // namespace loopmind::composer
