// Checks the settings, picks the encoder, puts the file in place.
#include "engine/files/audio_writer.h"

#include "engine/files/encoder.h"

#include <algorithm>

namespace loopmind::files {
namespace {

Status check(const WriterSettings& settings) {
    const FormatLimits& limits = format_limits(settings.format);
    const std::string name(format_name(settings.format));
    if (settings.channels < 1 || settings.channels > limits.most_channels)
        return Error{ErrorCode::kInvalidArgument, "channels",
                     "is " + std::to_string(settings.channels) + ", " + name + " takes 1 to " +
                         std::to_string(limits.most_channels),
                     "mix down first"};
    const int nearest = nearest_rate(settings.format, settings.sample_rate);
    if (nearest != settings.sample_rate)
        return Error{ErrorCode::kInvalidArgument, "sample_rate",
                     "is " + std::to_string(settings.sample_rate) + " Hz, which " + name + " does not have",
                     "convert to " + std::to_string(nearest) + " Hz first"};
    if (settings.sample_format && is_lossless(settings.format)) {
        const auto& known = limits.sample_formats;
        if (std::find(known.begin(), known.end(), *settings.sample_format) == known.end())
            return Error{ErrorCode::kInvalidArgument, "sample_format",
                         "is nothing that " + name + " stores here", "give 16 or 24 bit, or write WAV"};
    }
    if (settings.bitrate_kbps < 0 || settings.bitrate_kbps > 4096)
        return Error{ErrorCode::kInvalidArgument, "bitrate", "must be 0 (by quality) to 4096 kbit/s", {}};
    return {};
}

std::unique_ptr<Encoder> make_encoder(PartFile& file, const WriterSettings& settings) {
    switch (settings.format) {
    case AudioFormat::kWav:
        return wav_encoder(file, settings);
    case AudioFormat::kAiff:
        return aiff_encoder(file, settings);
    case AudioFormat::kFlac:
        return flac_encoder(file, settings);
    case AudioFormat::kVorbis:
        return vorbis_encoder(file, settings);
    case AudioFormat::kOpus:
        return opus_encoder(file, settings);
    case AudioFormat::kMp3:
        return mp3_encoder(file, settings);
    case AudioFormat::kAac:
        return aac_encoder(file, settings);
    }
    return nullptr;
}

class FileWriter final : public AudioWriter {
  public:
    FileWriter(const std::filesystem::path& path, const WriterSettings& settings)
        : settings_(settings), file_(path) {}

    Status start() {
        if (Status opened = file_.status(); !opened) return opened;
        encoder_ = make_encoder(file_, settings_);
        if (Status started = encoder_->start(); !started) return started;
        return file_.status();
    }

    Status write(std::span<const std::span<const float>> planes) override {
        if (planes.size() != static_cast<std::size_t>(settings_.channels))
            return Error{
                ErrorCode::kInternal, file_.target().string(), "was given a wrong number of channels", {}};
        for (const auto& plane : planes)
            if (plane.size() != planes.front().size())
                return Error{ErrorCode::kInternal,
                             file_.target().string(),
                             "was given channels of different lengths",
                             {}};
        if (done_) return Error{ErrorCode::kInternal, file_.target().string(), "is finished already", {}};
        if (planes.front().empty()) return {};
        frames_ += static_cast<std::int64_t>(planes.front().size());
        if (Status written = encoder_->write(planes); !written) return written;
        return file_.status();
    }

    Result<WriteReport> finish() override {
        if (done_) return Error{ErrorCode::kInternal, file_.target().string(), "is finished already", {}};
        done_ = true;
        if (Status finished = encoder_->finish(); !finished) return finished.error();
        WriteReport report;
        report.frames = frames_;
        report.bytes = file_.size();
        encoder_->report(report);
        if (Status kept = file_.keep(); !kept) return kept.error();
        return report;
    }

  private:
    WriterSettings settings_;
    PartFile file_;
    std::unique_ptr<Encoder> encoder_;
    std::int64_t frames_ = 0;
    bool done_ = false;
};

} // namespace

Result<std::unique_ptr<AudioWriter>> AudioWriter::create(const std::filesystem::path& path,
                                                         const WriterSettings& settings) {
    if (Status good = check(settings); !good) return good.error();
    auto writer = std::make_unique<FileWriter>(path, settings);
    if (Status started = writer->start(); !started) return started.error();
    return std::unique_ptr<AudioWriter>(std::move(writer));
}

Result<WriteReport> write_audio(const std::filesystem::path& path,
                                std::span<const std::span<const float>> planes,
                                const WriterSettings& settings) {
    auto writer = AudioWriter::create(path, settings);
    if (!writer) return writer.error();
    if (Status written = (*writer)->write(planes); !written) return written.error();
    return (*writer)->finish();
}

} // namespace loopmind::files
