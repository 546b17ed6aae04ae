// From what the person set to every field: explicit fields, then prompt words, then the genre's defaults.
#include "proto/request/params.h"

#include "proto/base/sha256.h"
#include "proto/request/catalogue.h"
#include "proto/request/key.h"
#include "proto/request/nearest.h"
#include "proto/request/prompt_words.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace loopmind::request {
namespace {

// Two decimals: a slider's resolution, and the same number on every machine whatever the sums were.
double control(double base, double shift) {
    return std::round(std::clamp(base + shift, 0.0, 1.0) * 100) / 100;
}

/// First 53 bits of a SHA-256, so that it is exact in a JSON number.
std::uint64_t hash53(std::string_view text) {
    return std::stoull(base::sha256_hex(text).substr(0, 14), nullptr, 16) >> 3;
}

std::string default_key(const Params& params) {
    static constexpr std::array kTonics = {"C", "D", "E", "F", "G", "A", "Bb"};
    const auto tonic = kTonics[hash53(params.prompt + "\n" + params.genre) % kTonics.size()];
    return std::string(tonic) + (params.mood < 0.55 ? " minor" : " major");
}

std::vector<std::string> in_list_order(std::vector<std::string> names,
                                       const std::vector<std::string>& order) {
    std::sort(names.begin(), names.end(), [&](const auto& a, const auto& b) {
        return std::find(order.begin(), order.end(), a) < std::find(order.begin(), order.end(), b);
    });
    return names;
}

std::vector<std::string> default_stems(const Request& request, const PromptHints& hints, const Genre& genre) {
    std::vector<std::string> stems = genre.stems;
    for (const auto& wanted : hints.with_stems)
        if (std::find(stems.begin(), stems.end(), wanted) == stems.end()) stems.push_back(wanted);
    std::erase_if(stems, [&](const std::string& stem) {
        const auto& refused = hints.without_stems;
        return std::find(refused.begin(), refused.end(), stem) != refused.end();
    });
    if (request.stem_count) {
        for (const auto& role : stem_roles())
            if (std::find(stems.begin(), stems.end(), role) == stems.end()) stems.push_back(role);
        stems.resize(*request.stem_count);
    }
    if (stems.empty()) stems.push_back("melody");
    return stems;
}

Status resolve_form(const Request& request, const PromptHints& hints, Params& params) {
    if (request.sections) {
        int bars = 0;
        for (const auto& section : *request.sections)
            bars += section.bars;
        if (request.bars && *request.bars != bars)
            return Error{ErrorCode::kInvalidArgument, "bars",
                         std::to_string(*request.bars) + " differs from the sections' sum of " +
                             std::to_string(bars),
                         "leave bars out, or make the sections add up to it"};
        if (bars > kBarsMax)
            return Error{ErrorCode::kInvalidArgument, "sections",
                         "last " + std::to_string(bars) + " bars together",
                         "use at most " + std::to_string(kBarsMax)};
        params.sections = *request.sections;
        params.bars = bars;
    } else {
        params.bars = request.bars.value_or(hints.bars.value_or(8));
        params.sections = {{"Hook", params.bars}};
    }
    const double seconds = params.bars * params.beats_per_bar() * 60.0 / params.tempo;
    if (seconds > kSecondsMax)
        return Error{ErrorCode::kInvalidArgument, "bars",
                     std::to_string(params.bars) + " bars at this tempo last " +
                         std::to_string(static_cast<int>(seconds)) + " seconds",
                     "use at most " + std::to_string(static_cast<int>(kSecondsMax)) + " seconds"};
    return {};
}

} // namespace

Result<Params> resolve(const Request& request, std::uint64_t drawn_seed) {
    const bool says_something =
        request.prompt && request.prompt->find_first_not_of(" \t\r\n") != std::string::npos;
    Request rest = request;
    rest.prompt.reset();
    if (!says_something && request_json(rest) == "{}")
        return Error{ErrorCode::kInvalidArgument, "prompt", "the request is empty",
                     "say what you want to hear, e.g. \"Dreamy lofi with vinyl crackle\""};
    Params params;
    params.prompt = request.prompt.value_or("");
    const PromptHints hints = read_prompt(params.prompt);
    const Genre& genre = *find_genre(request.genre.value_or(hints.genre.value_or("LoFi")));
    params.genre = genre.name;
    params.mood = request.mood.value_or(control(genre.mood, hints.mood));
    params.energy = request.energy.value_or(control(genre.energy, hints.energy));
    params.complexity = request.complexity.value_or(control(genre.complexity, hints.complexity));
    params.humanize = request.humanize.value_or(control(genre.humanize, hints.humanize));
    params.tempo = request.tempo.value_or(
        hints.tempo.value_or(std::clamp(std::round(genre.tempo * hints.tempo_factor), kTempoMin, kTempoMax)));
    params.meter = request.meter.value_or(hints.meter.value_or("4/4"));
    params.texture = request.texture.value_or(hints.texture.value_or(genre.texture));
    params.instrument_focus = request.instrument_focus.value_or(hints.instrument_focus.value_or("Balanced"));
    params.key = request.key.value_or(hints.key.value_or(default_key(params)));
    params.fx = request.fx.value_or(hints.fx.empty() ? genre.fx : in_list_order(hints.fx, effects()));
    params.stems = request.stems.value_or(default_stems(request, hints, genre));
    params.video_sync = request.video_sync.value_or(false);
    params.print_fx = request.print_fx.value_or(false);
    params.variations = request.variations.value_or(1);
    params.sample_rate = request.sample_rate.value_or(48000);
    params.engine = request.engine.value_or("loopmind");
    if (auto status = resolve_form(request, hints, params); !status) return status.error();
    if (request.random_seed)
        params.seed = drawn_seed % (kSeedMax + 1);
    else if (request.seed)
        params.seed = *request.seed;
    else
        params.seed = hash53(canonical_json(params));
    return params;
}

Result<Params> params_from_json(std::string_view json) {
    auto request = parse_request(json);
    if (!request) return request.error();
    return resolve(*request, 0);
}

std::int64_t total_frames(const Params& params) {
    const double beats = static_cast<double>(params.bars) * params.beats_per_bar();
    return std::llround(beats * 60.0 / params.tempo * params.sample_rate);
}

} // namespace loopmind::request
