// The whole graph in one process, then the exports.
#include "client/farm/mixdown_here.h"

#include "engine/mixdown/exports.h"
#include "proto/base/durable_file.h"
#include "proto/base/sha256.h"

#include <map>

namespace loopmind::farm {

namespace fs = std::filesystem;

Result<MixdownHere> mix_down_here(const MixdownWish& wish, const MixdownJob& job, const fs::path& scratch,
                                  int threads, const std::function<void(double)>& progress,
                                  const std::function<bool()>& cancelled) {
    std::map<std::string, fs::path> media;
    for (const MixdownJob::File& file : job.media)
        media[file.blob.sha256()] = file.path;
    mixdown::StageInputs inputs;
    inputs.document = job.documents.front();
    inputs.media = [&media](const std::string& sha256) -> Result<fs::path> {
        const auto found = media.find(sha256);
        if (found != media.end()) return found->second;
        return Error{ErrorCode::kNotFound, "media", "blob " + sha256 + " is not part of the job", ""};
    };
    inputs.scratch = scratch;
    inputs.cancelled = cancelled;
    inputs.plugins = job.plugins;
    const auto stage = mixdown::Stage::whole(std::move(inputs), threads);
    if (!stage) return stage.error();
    const auto request = request::parse_mixdown(job.params_json);
    if (!request) return request.error();
    mixdown::ExportSettings settings;
    for (const request::MixdownExport& one : wish.exports) {
        auto format = mixdown::export_format(one.format, one.bits, one.kbps);
        if (!format) return format.error();
        settings.formats.push_back(*format);
    }
    settings.stems = wish.stems;
    settings.lufs = wish.lufs;
    settings.ceiling_db = wish.ceiling_db;
    settings.tags = mixdown::mix_tags(*stage, request->name, wish.tags);
    const auto report = mixdown::write_exports(*stage, settings, scratch, {}, progress);
    if (!report) return report.error();

    MixdownHere out;
    out.job.set_job_id("here");
    out.job.set_kind(v1::JOB_KIND_MIXDOWN);
    out.job.set_state(v1::JOB_STATE_DONE);
    out.job.set_prompt(request->name);
    out.job.set_resolved_json(job.params_json);
    v1::TaskInfo& sum = *out.job.add_tasks();
    sum.set_kind(v1::TASK_KIND_SUM);
    sum.set_state(v1::TASK_STATE_DONE);
    std::map<std::string, fs::path> files;
    const auto add = [&](const std::string& role, const fs::path& file) -> Status {
        const auto digest = base::sha256_file(file);
        if (!digest) return digest.error();
        v1::Artifact& output = *sum.add_outputs();
        output.set_role(role);
        output.mutable_blob()->set_sha256(digest->sha256);
        output.mutable_blob()->set_size(digest->size);
        files[digest->sha256] = file;
        return {};
    };
    for (const mixdown::ExportedFile& file : report->files)
        if (Status added = add(file.role, file.file); !added.ok()) return added.error();
    const fs::path text = scratch / "report.json";
    if (Status written = base::write_durably(text, mixdown::report_json(*report)); !written.ok())
        return written.error();
    if (Status added = add("report", text); !added.ok()) return added.error();
    out.find_blob = [files](const std::string& sha256) -> std::optional<fs::path> {
        const auto found = files.find(sha256);
        if (found == files.end()) return std::nullopt;
        return found->second;
    };
    return out;
}

} // namespace loopmind::farm
