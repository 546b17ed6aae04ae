// Renders once, measures, then writes all formats side by side.
#include "engine/mixdown/exports.h"

#include "engine/files/audio_writer.h"
#include "engine/files/normalise.h"
#include "engine/files/resampler.h"
#include "engine/graph/raw_media.h"
#include "engine/metering/loudness.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace loopmind::mixdown {
namespace {

namespace fs = std::filesystem;

constexpr double kRenderShare = 0.7; // of the progress; the rest is measuring and writing

/// One file being written, at the rate its format takes.
class Export {
  public:
    static Result<Export> create(const ExportFormat& format, const fs::path& file, int sample_rate,
                                 const files::AudioTags& tags) {
        files::WriterSettings settings;
        settings.format = format.format;
        settings.sample_rate = files::nearest_rate(format.format, sample_rate);
        settings.channels = 2;
        settings.bitrate_kbps = format.kbps;
        settings.tags = tags;
        if (files::is_lossless(format.format))
            settings.sample_format = format.bits == 16   ? files::SampleFormat::kInt16
                                     : format.bits == 32 ? files::SampleFormat::kFloat32
                                                         : files::SampleFormat::kInt24;
        Export out;
        auto writer = files::AudioWriter::create(file, settings);
        if (!writer) return writer.error();
        out.writer_ = std::move(*writer);
        if (settings.sample_rate != sample_rate) {
            auto resampler = files::Resampler::create(sample_rate, settings.sample_rate, 2);
            if (!resampler) return resampler.error();
            out.resampler_ = std::make_unique<files::Resampler>(std::move(*resampler));
        }
        return out;
    }
    Status write(std::span<const float> left, std::span<const float> right) {
        const std::span<const float> in[2] = {left, right};
        if (!resampler_) return writer_->write(in);
        if (auto status = resampler_->add(in, converted_); !status) return status;
        return write_converted();
    }
    Status finish() {
        if (resampler_) {
            if (auto status = resampler_->finish(converted_); !status) return status;
            if (auto status = write_converted(); !status) return status;
        }
        const auto report = writer_->finish();
        return report ? Status() : Status(report.error());
    }

  private:
    Status write_converted() {
        const std::span<const float> in[2] = {converted_[0], converted_[1]};
        auto status = writer_->write(in);
        converted_[0].clear();
        converted_[1].clear();
        return status;
    }
    std::unique_ptr<files::AudioWriter> writer_;
    std::unique_ptr<files::Resampler> resampler_;
    std::vector<std::vector<float>> converted_ = std::vector<std::vector<float>>(2);
};

/// A float file that goes away with its owner.
class Scratch {
  public:
    explicit Scratch(fs::path file) : file_(std::move(file)) {}
    ~Scratch() {
        std::error_code ignored;
        fs::remove(file_, ignored);
    }
    const fs::path& path() const { return file_; }

  private:
    fs::path file_;
};

/// All formats of one stem while the sum runs.
struct Stem {
    std::size_t index = 0;
    std::vector<Export> exports;
};

class Exporter {
  public:
    Exporter(const Stage& stage, const ExportSettings& settings, const fs::path& folder,
             const graph::AudioSink& preview, const ExportProgress& progress)
        : stage_(stage), settings_(settings), folder_(folder), preview_(preview), progress_(progress) {}

    Result<ExportReport> run() {
        const Scratch mix(folder_ / "mix.f32");
        if (auto status = open_stems(); !status) return status.error();
        if (auto status = render(mix.path()); !status) return status.error();
        auto media = graph::open_raw_media(mix.path(), stage_.sample_rate());
        if (!media) return media.error();
        if (auto status = write(**media); !status) return status.error();
        tell(1);
        return std::move(report_);
    }

  private:
    void tell(double share) const {
        if (progress_) progress_(share);
    }

    fs::path file_of(const std::string& role, std::size_t format) {
        return folder_ / (role + "." + std::string(files::format_name(settings_.formats[format].format)));
    }

    Result<std::vector<Export>> open_all(const std::string& role_start, const std::string& track,
                                         const files::AudioTags& tags) {
        std::vector<Export> out;
        for (std::size_t i = 0; i < settings_.formats.size(); ++i) {
            const std::string role = role_start + std::to_string(i);
            auto one = Export::create(settings_.formats[i], file_of(role, i), stage_.sample_rate(), tags);
            if (!one) return one.error();
            out.push_back(std::move(*one));
            report_.files.push_back({role, track, i, file_of(role, i)});
        }
        return out;
    }

    Status open_stems() {
        if (!settings_.stems) return {};
        const auto tracks = stage_.stem_tracks();
        for (std::size_t i = 0; i < tracks.size(); ++i) {
            files::AudioTags tags = settings_.tags;
            tags.title += (tags.title.empty() ? "" : " - ") + tracks[i];
            auto exports = open_all("stem-" + std::to_string(i) + "-", tracks[i], tags);
            if (!exports) return exports.error();
            stems_[tracks[i]] = {i, std::move(*exports)};
        }
        return {};
    }

    Status render(const fs::path& file) {
        auto writer = graph::RawWriter::create(file);
        if (!writer) return writer.error();
        Status written;
        graph::LinearOptions options;
        if (settings_.stems)
            options.stems = [&](const std::string& track, std::int64_t, auto left, auto right) {
                const auto stem = stems_.find(track);
                if (stem == stems_.end()) return true; // a bus
                for (Export& one : stem->second.exports)
                    if (written = one.write(left, right); !written) return false;
                return true;
            };
        const double all = static_cast<double>(std::max<std::int64_t>(stage_.frames(), 1));
        const auto report = stage_.run(options, [&](std::int64_t first, auto left, auto right) {
            if (written = writer->write(left, right); !written) return false;
            tell(kRenderShare * static_cast<double>(first + static_cast<std::int64_t>(left.size())) / all);
            return !preview_ || preview_(first, left, right);
        });
        if (!written) return written;
        if (!report) return report.error();
        report_.frames = report->frames;
        report_.sample_rate = stage_.sample_rate();
        report_.faulty_inserts = report->faulty_inserts;
        report_.fault_reasons = report->fault_reasons;
        for (auto& [track, stem] : stems_)
            for (Export& one : stem.exports)
                if (auto status = one.finish(); !status) return status;
        return writer->finish();
    }

    Status write(const graph::Media& mix) {
        auto reader = mix.open();
        if (!reader) return reader.error();
        const auto read = [&](std::int64_t first, std::span<float> left, std::span<float> right) -> Status {
            if (stage_.cancelled()) return Error{ErrorCode::kCancelled, "", "the mixdown was cancelled", ""};
            return (*reader)->read(first, left, right);
        };
        files::LoudnessPlan plan; // as it is
        if (settings_.lufs) {
            auto planned =
                files::plan_loudness(read, mix.frames(), mix.sample_rate(),
                                     {.lufs = *settings_.lufs, .ceiling_db = settings_.ceiling_db});
            if (!planned) return planned.error();
            plan = *planned;
        }
        report_.gain_db = plan.gain_db;
        tell(0.85);
        auto exports = open_all("export-", "", settings_.tags);
        if (!exports) return exports.error();
        auto meter = metering::LoudnessMeter::create(mix.sample_rate());
        if (!meter) return meter.error();
        auto status = files::render_loudness(read, mix.frames(), mix.sample_rate(), plan,
                                             [&](auto left, auto right) -> Status {
                                                 meter->add(left, right);
                                                 for (Export& one : *exports)
                                                     if (auto written = one.write(left, right); !written)
                                                         return written;
                                                 return {};
                                             });
        if (!status) return status;
        for (Export& one : *exports)
            if (auto written = one.finish(); !written) return written;
        const auto loudness = meter->read();
        report_.lufs = loudness.integrated_lufs;
        report_.true_peak_db = loudness.true_peak_db;
        return {};
    }

    const Stage& stage_;
    const ExportSettings& settings_;
    const fs::path folder_;
    const graph::AudioSink& preview_;
    const ExportProgress& progress_;
    std::map<std::string, Stem> stems_;
    ExportReport report_;
};

} // namespace

Result<ExportFormat> export_format(const std::string& format, int bits, int kbps) {
    const auto known = files::format_from_name(format);
    if (!known) return Error{ErrorCode::kInvalidArgument, "exports", "no writer is called " + format, ""};
    return ExportFormat{*known, bits, kbps};
}

files::AudioTags mix_tags(const Stage& stage, const std::string& name,
                          const std::map<std::string, std::string>& given) {
    const auto tag = [&](const char* key) {
        const auto found = given.find(key);
        return found == given.end() ? std::string() : found->second;
    };
    files::AudioTags tags;
    tags.title = tag("title").empty() ? name : tag("title");
    tags.artist = tag("artist");
    tags.isrc = tag("isrc");
    tags.genre = tag("genre");
    tags.comment = tag("comment");
    tags.key = stage.key();
    tags.bpm = stage.tempo();
    tags.software = "LoopMind Farm " LOOPMIND_VERSION;
    return tags;
}

std::string report_json(const ExportReport& report) {
    const auto finite = [](double value) {
        return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
    };
    nlohmann::json out = {{"frames", report.frames},
                          {"sample_rate", report.sample_rate},
                          {"gain_db", report.gain_db},
                          {"lufs", finite(report.lufs)},
                          {"true_peak_db", finite(report.true_peak_db)},
                          {"faulty_inserts", report.faulty_inserts},
                          {"fault_reasons", report.fault_reasons},
                          {"files", nlohmann::json::array()}};
    for (const ExportedFile& file : report.files) {
        nlohmann::json item = {{"role", file.role}};
        if (!file.track.empty()) item["track"] = file.track;
        out["files"].push_back(std::move(item));
    }
    return out.dump();
}

std::string faults_json(const graph::LinearReport& report) {
    return nlohmann::json{{"faulty_inserts", report.faulty_inserts}, {"fault_reasons", report.fault_reasons}}
        .dump();
}

Result<ExportReport> write_exports(const Stage& stage, const ExportSettings& settings, const fs::path& folder,
                                   const graph::AudioSink& preview, const ExportProgress& progress) {
    return Exporter(stage, settings, folder, preview, progress).run();
}

} // namespace loopmind::mixdown
