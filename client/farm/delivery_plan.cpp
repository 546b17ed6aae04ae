// Which blob of a job becomes which file of a delivery.
#include "client/farm/delivery_plan.h"

#include "client/farm/file_names.h"
#include "proto/base/sha256.h"

#include <algorithm>
#include <cstdio>
#include <set>

namespace loopmind::farm {

namespace {

const v1::BlobRef* output(const v1::JobInfo& job, v1::TaskKind kind, int variation, const std::string& stem,
                          const std::string& role) {
    for (const v1::TaskInfo& task : job.tasks()) {
        if (task.kind() != kind || static_cast<int>(task.variation()) != variation || task.stem() != stem)
            continue;
        for (const v1::Artifact& artifact : task.outputs())
            if (artifact.role() == role) return &artifact.blob();
    }
    return nullptr;
}

Result<v1::BlobRef> blob_of(const v1::JobInfo& job, v1::TaskKind kind, int variation, const std::string& stem,
                            const std::string& role) {
    const v1::BlobRef* found = output(job, kind, variation, stem, role);
    const std::string what =
        (stem.empty() ? role : role + " of " + stem) + ", variation " + std::to_string(variation + 1);
    if (!found)
        return Error{ErrorCode::kDataCorrupt, "job " + job.job_id(), "has no " + what,
                     "ask for it again: `loopmind retry`"};
    if (!base::is_sha256_hex(found->sha256()))
        return Error{ErrorCode::kDataCorrupt, "job " + job.job_id(), "names no valid blob as " + what,
                     "update the coordinator"};
    return *found;
}

} // namespace

std::string PlannedStem::file_name() const {
    char prefix[16];
    std::snprintf(prefix, sizeof prefix, "%02d-", number);
    return prefix + file_name_from(id, "stem");
}

Result<DeliveryPlan> plan_delivery(const v1::JobInfo& job) {
    DeliveryPlan plan;
    auto params = request::params_from_json(job.resolved_json());
    if (!params.ok()) return params.error();
    plan.params = *params;
    plan.params_json = request::canonical_json(plan.params);
    plan.name = file_name_from(plan.params.prompt, file_name_from(plan.params.genre, "loop"));
    for (int variation = 0; variation < plan.params.variations; ++variation) {
        PlannedVariation planned;
        planned.variation = variation;
        if (plan.params.variations > 1) planned.folder = "variation-" + std::to_string(variation + 1) + "/";
        for (const std::string& id : plan.params.stems) {
            PlannedStem stem;
            stem.id = id;
            stem.number = static_cast<int>(planned.stems.size()) + 1;
            auto audio = blob_of(job, v1::TASK_KIND_RENDER, variation, id, "audio");
            if (!audio.ok()) return audio.error();
            auto midi = blob_of(job, v1::TASK_KIND_RENDER, variation, id, "midi");
            if (!midi.ok()) return midi.error();
            stem.audio = *audio;
            stem.midi = *midi;
            planned.stems.push_back(std::move(stem));
        }
        const std::pair<const char*, v1::BlobRef*> rest[] = {
            {"mix", &planned.mix}, {"premaster", &planned.premaster}, {"session", &planned.session}};
        for (const auto& [role, target] : rest) {
            auto blob = blob_of(job, v1::TASK_KIND_FINISH, variation, "", role);
            if (!blob.ok()) return blob.error();
            *target = *blob;
        }
        plan.variations.push_back(std::move(planned));
    }
    return plan;
}

Result<std::vector<v1::BlobRef>> blobs_to_deliver(const v1::JobInfo& job) {
    auto plan = plan_delivery(job);
    if (!plan.ok()) return plan.error();
    std::vector<v1::BlobRef> blobs;
    std::set<std::string> seen;
    const auto add = [&](const v1::BlobRef& blob) {
        if (seen.insert(blob.sha256()).second) blobs.push_back(blob);
    };
    for (const PlannedVariation& variation : plan->variations) {
        for (const PlannedStem& stem : variation.stems) {
            add(stem.audio);
            add(stem.midi);
        }
        add(variation.mix);
        add(variation.premaster);
        add(variation.session);
    }
    return blobs;
}

} // namespace loopmind::farm
