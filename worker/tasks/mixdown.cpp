// Mixdown: one track before its fader, and the sum of all with every export.
#include "engine/graph/raw_media.h"
#include "engine/mixdown/exports.h"
#include "engine/mixdown/stages.h"
#include "proto/base/durable_file.h"
#include "worker/tasks/audio_output.h"
#include "worker/tasks/executors.h"

#include <algorithm>
#include <bit>
#include <fstream>
#include <vector>

namespace loopmind::tasks {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kDocumentMax = 256u << 20;
constexpr std::size_t kPiece = 1 << 18;

/// Inputs of a stage by the roles of the task.
Result<mixdown::StageInputs> inputs_of(TaskContext& context) {
    mixdown::StageInputs out;
    const auto document = context.input(request::kSessionRole);
    if (!document) return document.error();
    auto text = base::read_file(document->path, kDocumentMax);
    if (!text) return text.error();
    out.document = std::move(*text);
    const auto path_of = [&context](const std::string& role) -> Result<fs::path> {
        const auto input = context.input(role);
        if (!input) return input.error();
        return input->path;
    };
    out.media = [path_of](const std::string& sha256) { return path_of(request::media_role(sha256)); };
    out.stream = [path_of](const std::string& track) { return path_of(request::track_role(track)); };
    auto scratch = context.scratch();
    if (!scratch) return scratch.error();
    out.scratch = *scratch;
    out.cancelled = [&context] { return context.cancelled(); };
    return out;
}

Status put_text(TaskContext& context, const std::string& role, const std::string& text) {
    auto output = context.output(role, text.size());
    if (!output) return output.error();
    return (*output)->append(std::as_bytes(std::span(text)));
}

class Track final : public Executor {
  public:
    Status run(TaskContext& context) override {
        auto inputs = inputs_of(context);
        if (!inputs) return inputs.error();
        const auto stage = mixdown::Stage::track(std::move(*inputs), context.spec().mixdown->track);
        if (!stage) return stage.error();
        const auto frames = static_cast<std::uint64_t>(stage->frames());
        auto output = context.output("track", frames * graph::kRawFrameBytes);
        if (!output) return output.error();
        Status written;
        std::vector<float> interleaved;
        const auto report = stage->run({}, [&](std::int64_t first, auto left, auto right) {
            interleaved.resize(2 * left.size());
            for (std::size_t i = 0; i < left.size(); ++i) {
                interleaved[2 * i] = left[i];
                interleaved[2 * i + 1] = right[i];
            }
            static_assert(std::endian::native == std::endian::little);
            written = (*output)->append(std::as_bytes(std::span(interleaved)));
            context.progress(static_cast<double>(first + static_cast<std::int64_t>(left.size())) /
                             static_cast<double>(std::max<std::uint64_t>(frames, 1)));
            return written.ok();
        });
        if (!written) return written;
        if (!report) return report.error();
        if (report->faulty_inserts.empty()) return {};
        return put_text(context, "faults", mixdown::faults_json(*report));
    }
};

Result<mixdown::ExportSettings> settings_of(const request::MixdownSpec& spec, const mixdown::Stage& stage) {
    mixdown::ExportSettings out;
    for (const request::MixdownExport& one : spec.exports) {
        auto format = mixdown::export_format(one.format, one.bits, one.kbps);
        if (!format) return format.error();
        out.formats.push_back(*format);
    }
    out.stems = spec.stems;
    out.lufs = spec.lufs;
    out.ceiling_db = spec.ceiling_db;
    out.tags = mixdown::mix_tags(stage, spec.name, spec.tags);
    return out;
}

Status put_file(TaskContext& context, const std::string& role, const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return Error{ErrorCode::kUnavailable, file.string(), "cannot be read again", ""};
    auto output = context.output(role, fs::file_size(file));
    if (!output) return output.error();
    std::vector<char> piece(kPiece);
    while (in) {
        in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        const auto got = static_cast<std::size_t>(in.gcount());
        if (got == 0) break;
        if (auto status = (*output)->append(std::as_bytes(std::span(piece.data(), got))); !status)
            return status;
    }
    if (in.bad()) return Error{ErrorCode::kUnavailable, file.string(), "cannot be read to its end", ""};
    return {};
}

class Sum final : public Executor {
  public:
    Status run(TaskContext& context) override {
        const request::MixdownSpec& spec = *context.spec().mixdown;
        auto inputs = inputs_of(context);
        if (!inputs) return inputs.error();
        const fs::path folder = inputs->scratch;
        const auto stage = mixdown::Stage::sum(std::move(*inputs));
        if (!stage) return stage.error();
        const auto settings = settings_of(spec, *stage);
        if (!settings) return settings.error();
        // The mix is heard while it is summed. A WAV of this kind ends at 4 GiB: longer ones are not
        // streamed.
        auto heard = AudioOutput::open(context, "audio", stage->sample_rate(), stage->frames());
        if (!heard && heard.error().code != ErrorCode::kInvalidArgument) return heard.error();
        Status streamed;
        const auto report = mixdown::write_exports(
            *stage, *settings, folder,
            [&](std::int64_t, auto left, auto right) {
                if (context.cancelled())
                    streamed = Error{ErrorCode::kCancelled, "", "the mixdown was cancelled", ""};
                else if (heard)
                    streamed = heard->write(left, right);
                return streamed.ok();
            },
            [&](double share) { context.progress(0.95 * share); });
        if (!streamed) return streamed;
        if (!report) return report.error();
        if (heard)
            if (auto status = heard->finish(); !status) return status;
        for (const mixdown::ExportedFile& file : report->files)
            if (auto status = put_file(context, file.role, file.file); !status) return status;
        return put_text(context, "report", mixdown::report_json(*report));
    }
};

} // namespace

std::unique_ptr<Executor> make_track_executor() {
    return std::make_unique<Track>();
}

std::unique_ptr<Executor> make_sum_executor() {
    return std::make_unique<Sum>();
}

} // namespace loopmind::tasks
