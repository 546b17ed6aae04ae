// Rules that turn resolved request parameters into a symbolic plan: harmony, grooves, bass, melody, form.
#pragma once

#include "models/composer/plan.h"
#include "proto/base/result.h"

#include <string>

namespace loopmind::composer {

/// Composes every variation of a request.
/// `resolved_json` is the canonical resolved parameter object of proto/request (every field present).
/// Deterministic: the same text gives the same composition on every machine (integer and fixed-order
/// arithmetic only). Thread-safe. Errors name the field that is missing or out of range.
Result<Composition> compose(const std::string& resolved_json);

/// Version of the rules; part of each recipe. Changes whenever compose() may answer differently.
const char* composer_version();

} // namespace loopmind::composer
