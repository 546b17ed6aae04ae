// A stem's notes as a Standard MIDI File.
#pragma once

#include "models/composer/plan.h"
#include "proto/base/result.h"
#include "proto/request/params.h"

#include <string>

namespace loopmind::tasks {

/// Type 1 file with tempo, meter, key signature, section markers and one track. Same plan, same bytes.
Result<std::string> stem_midi(const request::Params& params, const composer::Plan& plan,
                              const composer::StemPlan& stem);

} // namespace loopmind::tasks
