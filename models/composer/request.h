// The resolved request as the composer reads it: checked, typed, in musical terms.
#pragma once

#include "models/composer/plan.h"
#include "proto/base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace loopmind::composer {

struct SectionRequest {
    std::string name;
    int bars = 0;
};

struct Request {
    std::string genre;
    double mood = 0.5, energy = 0.5, complexity = 0.5, humanize = 0.5; ///< 0..1
    double tempo = 120;
    Key key;
    int beats_per_bar = 4;
    int bars = 8;
    std::string focus = "Balanced";
    std::string texture = "Clean";
    std::vector<std::string> fx;
    std::vector<SectionRequest> sections;
    std::vector<std::string> stems;
    int variations = 1;
    std::uint64_t seed = 0;
};

/// Parses canonical resolved parameters; the first missing or ill-typed field is the error.
Result<Request> parse_request(const std::string& resolved_json);

} // namespace loopmind::composer
