// What the stores throw inside and never let out.
#pragma once

#include "proto/base/result.h"

namespace loopmind::store {

/// Thrown inside a store only; its public functions turn it into a Result.
struct SqlFailure {
    Error error;
};

} // namespace loopmind::store
