// Request parameters of a generation: what the person set, what it resolves to, and its canonical form.
#pragma once

#include "proto/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loopmind::request {

inline constexpr int kParamsSchema = 1;
inline constexpr double kTempoMin = 40, kTempoMax = 240; ///< quarter notes per minute
inline constexpr int kBarsMax = 256;
inline constexpr int kVariationsMax = 8;
inline constexpr std::uint64_t kSeedMax = std::uint64_t{1} << 53; ///< JSON numbers are exact up to here
inline constexpr std::size_t kPromptMax = 2000;                   ///< bytes of UTF-8
inline constexpr double kSecondsMax = 600;          ///< longest request; bounds a worker's memory
inline constexpr std::size_t kJsonMax = 256 * 1024; ///< bytes of a parameter document

struct SectionSpec {
    std::string name; ///< Intro Verse Hook Bridge Outro
    int bars = 0;
    bool operator==(const SectionSpec&) const = default;
};

/// What the person wrote: unset members are open and filled by resolve().
struct Request {
    std::optional<std::string> prompt, genre, key, instrument_focus, texture, engine, meter;
    std::optional<double> mood, energy, tempo, complexity, humanize;
    std::optional<std::vector<std::string>> fx, stems;
    std::optional<std::size_t> stem_count; ///< "stems": 4 instead of a list
    std::optional<std::vector<SectionSpec>> sections;
    std::optional<bool> video_sync, print_fx;
    std::optional<int> bars, variations, sample_rate;
    std::optional<std::uint64_t> seed;
    bool random_seed = false; ///< "seed": "random"
};

/// Every field of a request, checked and in canonical spelling.
struct Params {
    std::string prompt, genre, key, instrument_focus, texture, engine, meter;
    double mood = 0, energy = 0, tempo = 0, complexity = 0, humanize = 0;
    std::vector<std::string> fx, stems;
    std::vector<SectionSpec> sections;
    bool video_sync = false, print_fx = false;
    int bars = 0, variations = 1, sample_rate = 48000;
    std::uint64_t seed = 0;

    int beats_per_bar() const { return meter == "3/4" ? 3 : 4; } ///< quarter notes
};

/// Reads a parameter object. Unknown fields, wrong types and bad values are errors that name the field;
/// text that is no JSON is an error with line and column. Accepts what canonical_json() writes.
Result<Request> parse_request(std::string_view json);

/// JSON object of the fields that are set; parse_request() reads it back. `extra_seed` replaces "random".
std::string request_json(const Request& request);

/// Fills what is open: explicit fields win, then words of the prompt, then the genre's defaults.
/// `drawn_seed` is used when the request says "random"; a seed left open is the hash of the canonical
/// request.
Result<Params> resolve(const Request& request, std::uint64_t drawn_seed);

/// Sorted keys, no white space, shortest round-trip numbers: equal parameters give equal bytes.
std::string canonical_json(const Params& params);

/// parse_request and resolve in one step, for text that canonical_json() wrote.
Result<Params> params_from_json(std::string_view json);

/// Exact length of the loop: round(bars * beats * 60 / tempo * rate), half away from zero.
std::int64_t total_frames(const Params& params);

} // namespace loopmind::request
