// Validation, resolution, graph and recipes of a submitted job.
#include "coordinator/service/submission.h"

#include <algorithm>

#include "coordinator/core/task_graph.h"
#include "proto/base/sha256.h"
#include "proto/request/mixdown.h"
#include "proto/request/params.h"
#include "proto/request/task_spec.h"

namespace loopmind::service {
namespace {

constexpr std::size_t kMaxSupersedeKey = 128;

bool is_job_id(const std::string& id) {
    return id.size() == 32 && std::all_of(id.begin(), id.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

request::SpecKind spec_kind(core::TaskKind kind) {
    switch (kind) {
    case core::TaskKind::kCompose:
        return request::SpecKind::kCompose;
    case core::TaskKind::kRender:
        return request::SpecKind::kRender;
    case core::TaskKind::kFinish:
        return request::SpecKind::kFinish;
    case core::TaskKind::kPreview:
        return request::SpecKind::kPreview;
    case core::TaskKind::kTrack:
        return request::SpecKind::kTrack;
    case core::TaskKind::kSum:
        return request::SpecKind::kSum;
    }
    return request::SpecKind::kCompose;
}

/// Parameters of music: resolved, with the tasks of a generate or preview job.
Status fill_music(core::JobRecord& job, const std::string& params_json,
                  const std::function<std::uint64_t()>& draw_seed) {
    const auto parsed = request::parse_request(params_json);
    if (!parsed.ok()) return parsed.error();
    const auto params = request::resolve(*parsed, draw_seed());
    if (!params.ok()) return params.error();
    job.prompt = params->prompt;
    job.resolved_json = request::canonical_json(*params);
    job.tasks = job.kind == core::JobKind::kPreview
                    ? core::preview_tasks()
                    : core::generate_tasks({params->stems, static_cast<std::uint32_t>(params->variations)});
    for (core::TaskRecord& task : job.tasks) {
        request::TaskSpec spec{spec_kind(task.kind), *params, task.stem, static_cast<int>(task.variation)};
        task.spec_json = request::spec_json(spec);
    }
    return {};
}

/// A mixdown: its tasks, and the blobs that the tenant must have put.
Status fill_mixdown(store::NewJob& made, const std::string& params_json) {
    const auto mixdown = request::parse_mixdown(params_json);
    if (!mixdown.ok()) return mixdown.error();
    core::JobRecord& job = made.job;
    job.prompt = mixdown->name;
    job.resolved_json = request::canonical_json(*mixdown);
    const auto tasks = request::mixdown_tasks(*mixdown);
    std::vector<core::MixdownShape> shape;
    for (const request::MixdownTask& task : tasks)
        shape.push_back({task.track, task.needs});
    job.tasks = core::mixdown_tasks(shape);
    for (std::size_t i = 0; i < tasks.size(); ++i)
        job.tasks[i].spec_json = tasks[i].spec_json;
    for (const request::BlobName& blob : request::blobs_of(*mixdown))
        made.required.push_back({"media", blob.sha256, blob.size});
    return {};
}

} // namespace

Result<Submission> make_submission(const v1::SubmitJob& request, const std::string& tenant,
                                   const std::string& owner, const std::set<std::string>& fingerprints,
                                   const std::function<std::uint64_t()>& draw_seed, std::uint64_t now_ms) {
    if (!is_job_id(request.job_id()))
        return Error{ErrorCode::kInvalidArgument, "job_id", "a job id is 32 lower-case hexadecimal digits",
                     "draw 16 random bytes and write them in hexadecimal"};
    if (request.kind() != v1::JOB_KIND_GENERATE && request.kind() != v1::JOB_KIND_PREVIEW &&
        request.kind() != v1::JOB_KIND_MIXDOWN)
        return Error{ErrorCode::kInvalidArgument, "kind",
                     "this coordinator makes generate, preview and mixdown jobs only",
                     "update the coordinator, or ask for one of these"};
    if (request.supersede_key().size() > kMaxSupersedeKey)
        return Error{ErrorCode::kInvalidArgument, "supersede_key", "the key has more than 128 bytes",
                     "name the control, e.g. \"energy\""};
    Submission made;
    core::JobRecord& job = made.job.job;
    job.tenant = tenant;
    job.owner = owner;
    job.job_id = request.job_id();
    job.kind = static_cast<core::JobKind>(request.kind());
    job.request_digest = base::sha256_hex(std::to_string(request.kind()) + "\n" + request.params_json());
    job.supersede_key = request.supersede_key();
    job.created_ms = now_ms;
    const Status filled = job.kind == core::JobKind::kMixdown
                              ? fill_mixdown(made.job, request.params_json())
                              : fill_music(job, request.params_json(), draw_seed);
    if (!filled) return filled.error();
    if (job.kind != core::JobKind::kPreview) {
        for (const std::string& fingerprint : fingerprints) {
            store::RecipeSet set{fingerprint, {}};
            for (const core::TaskRecord& task : job.tasks)
                set.recipes.push_back(request::recipe_hash(task.spec_json, fingerprint));
            made.job.candidates.push_back(std::move(set));
        }
    }
    return made;
}

} // namespace loopmind::service
