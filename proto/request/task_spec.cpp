// Specs and recipe hashes.
#include "proto/request/task_spec.h"

#include "proto/base/sha256.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace loopmind::request {
namespace {
using Json = nlohmann::json;
constexpr std::array<std::pair<SpecKind, const char*>, 6> kKinds = {{{SpecKind::kCompose, "compose"},
                                                                     {SpecKind::kRender, "render"},
                                                                     {SpecKind::kFinish, "finish"},
                                                                     {SpecKind::kPreview, "preview"},
                                                                     {SpecKind::kTrack, "track"},
                                                                     {SpecKind::kSum, "sum"}}};

Error bad(std::string field, std::string message) {
    return {ErrorCode::kInvalidArgument, "spec." + std::move(field), std::move(message), {}};
}
} // namespace

std::string spec_json(const TaskSpec& spec) {
    Json out = {{"params", Json::parse(canonical_json(spec.params))}};
    for (const auto& [kind, name] : kKinds)
        if (kind == spec.kind) out["kind"] = name;
    if (spec.kind == SpecKind::kRender) out["stem"] = spec.stem;
    if (spec.kind == SpecKind::kRender || spec.kind == SpecKind::kFinish) out["variation"] = spec.variation;
    return out.dump();
}

Result<TaskSpec> parse_spec(std::string_view text) {
    const Json document = Json::parse(text, nullptr, false);
    if (!document.is_object()) return bad("", "is no JSON object");
    TaskSpec spec;
    const auto kind = std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& entry) {
        return document.contains("kind") && document["kind"] == entry.second;
    });
    if (kind == kKinds.end()) return bad("kind", "is missing or not known");
    spec.kind = kind->first;
    if (spec.kind == SpecKind::kTrack || spec.kind == SpecKind::kSum) {
        auto mixdown = parse_mixdown_spec(text);
        if (!mixdown) return mixdown.error();
        spec.mixdown = std::move(*mixdown);
        return spec;
    }
    if (!document.contains("params") || !document["params"].is_object()) return bad("params", "is missing");
    auto params = params_from_json(document["params"].dump());
    if (!params) return params.error();
    spec.params = std::move(*params);
    if (spec.kind == SpecKind::kRender) {
        if (!document.contains("stem") || !document["stem"].is_string()) return bad("stem", "is missing");
        spec.stem = document["stem"].get<std::string>();
        const auto& stems = spec.params.stems;
        if (std::find(stems.begin(), stems.end(), spec.stem) == stems.end())
            return bad("stem", "'" + spec.stem + "' is not a stem of the request");
    }
    if (spec.kind == SpecKind::kRender || spec.kind == SpecKind::kFinish) {
        const Json variation = document.value("variation", Json());
        if (!variation.is_number_unsigned() ||
            variation.get<std::uint64_t>() >= static_cast<std::uint64_t>(spec.params.variations))
            return bad("variation", "is missing or out of range");
        spec.variation = variation.get<int>();
    }
    return spec;
}

std::string recipe_hash(std::string_view spec, std::string_view fingerprint) {
    return base::sha256_hex(std::string(spec) + "\n" + std::string(fingerprint));
}

} // namespace loopmind::request
