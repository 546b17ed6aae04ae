// Tells what a mixdown left.
#pragma once

#include "client/cli/invocation.h"
#include "client/farm/mixdown_delivery.h"

namespace loopmind::cli {

/// Prints what lies where, how loud it is and what was bypassed. `seconds` is left out when negative.
void tell_mixdown(const Console& console, const v1::JobInfo& job, const farm::DeliveredMixdown& mixdown,
                  double seconds);

} // namespace loopmind::cli
