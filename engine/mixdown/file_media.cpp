// Streams WAV through its reader; files of other formats or rates are converted first.
#include "engine/mixdown/file_media.h"

#include "engine/files/audio_reader.h"
#include "engine/files/downmix.h"
#include "engine/files/media_child.h"
#include "engine/graph/raw_media.h"

#include <algorithm>
#include <vector>

namespace loopmind::mixdown {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kBlock = 1 << 15;

/// People know the medium, not the blob.
Error of_medium(Error error, const std::string& name) {
    error.field = name;
    if (error.code == ErrorCode::kInvalidArgument) error.code = ErrorCode::kDataCorrupt;
    return error;
}

/// Reads a file as stereo, at its own rate.
class StereoReader final : public graph::MediaReader {
  public:
    static Result<std::unique_ptr<StereoReader>> open(const fs::path& file, const std::string& name) {
        auto reader = files::AudioReader::open(file, {.with_tags = false});
        if (!reader) return of_medium(reader.error(), name);
        auto shares = files::stereo_shares((*reader)->info().channels, (*reader)->info().channel_mask);
        if (!shares) return of_medium(shares.error(), name);
        return std::unique_ptr<StereoReader>(new StereoReader(std::move(*reader), std::move(*shares)));
    }
    const files::AudioInfo& info() const { return reader_->info(); }

    Status read(std::int64_t first, std::span<float> left, std::span<float> right) override {
        const auto known = static_cast<std::size_t>(
            std::clamp<std::int64_t>(info().frames - first, 0, static_cast<std::int64_t>(left.size())));
        for (std::size_t at = 0; at < known; at += kBlock) {
            const std::size_t count = std::min(kBlock, known - at);
            if (auto status = read_block(first + static_cast<std::int64_t>(at), left.subspan(at, count),
                                         right.subspan(at, count));
                !status)
                return status;
        }
        std::fill(left.begin() + static_cast<std::ptrdiff_t>(known), left.end(), 0.0f);
        std::fill(right.begin() + static_cast<std::ptrdiff_t>(known), right.end(), 0.0f);
        return {};
    }

  private:
    StereoReader(std::unique_ptr<files::AudioReader> reader, std::vector<files::StereoShare> shares)
        : reader_(std::move(reader)), shares_(std::move(shares)), planes_(shares_.size()) {}

    Status read_block(std::int64_t first, std::span<float> left, std::span<float> right) {
        const std::span<float> stereo[2] = {left, right};
        if (shares_.size() == 2 && shares_[0] == files::StereoShare{1, 0} &&
            shares_[1] == files::StereoShare{0, 1})
            return reader_->read(first, stereo);
        std::vector<std::span<float>> planes;
        std::vector<std::span<const float>> sources;
        for (auto& plane : planes_) {
            plane.resize(std::max(plane.size(), left.size()));
            planes.emplace_back(plane.data(), left.size());
            sources.emplace_back(plane.data(), left.size());
        }
        if (auto status = reader_->read(first, planes); !status) return status;
        files::mix_to_stereo(sources, shares_, left, right);
        return {};
    }

    std::unique_ptr<files::AudioReader> reader_;
    std::vector<files::StereoShare> shares_;
    std::vector<std::vector<float>> planes_;
};

class FileMedia final : public graph::Media {
  public:
    FileMedia(fs::path file, std::string name, std::string content, std::int64_t frames, int sample_rate)
        : file_(std::move(file)), name_(std::move(name)), content_(std::move(content)), frames_(frames),
          sample_rate_(sample_rate) {}
    int sample_rate() const override { return sample_rate_; }
    std::int64_t frames() const override { return frames_; }
    std::string content() const override { return content_; }
    Result<std::unique_ptr<graph::MediaReader>> open() const override {
        auto reader = StereoReader::open(file_, name_);
        if (!reader) return reader.error();
        return std::unique_ptr<graph::MediaReader>(std::move(*reader));
    }

  private:
    const fs::path file_;
    const std::string name_, content_;
    const std::int64_t frames_;
    const int sample_rate_;
};

/// Writes the file at the session's rate as bare floats.
Status convert(const fs::path& file, const std::string& name, bool contained, int sample_rate,
               const fs::path& target) {
    const fs::path part = target.string() + ".part";
    auto writer = graph::RawWriter::create(part);
    if (!writer) return writer.error();
    const auto begin = [](std::int64_t) { return Status(); };
    const auto blocks = [&writer](auto left, auto right) { return writer->write(left, right); };
    Status status;
    if (contained) {
        status = files::stream_media_contained(file, sample_rate, begin, blocks);
    } else {
        auto source = files::open_bytes(file);
        if (!source) return source.error();
        status = files::stream_media(std::move(*source), sample_rate, begin, blocks);
    }
    if (status) status = writer->finish();
    if (!status) return of_medium(status.error(), name);
    std::error_code failed;
    fs::rename(part, target, failed);
    if (failed)
        return Error{ErrorCode::kUnavailable, target.string(), "cannot be put in place: " + failed.message(),
                     ""};
    return {};
}

} // namespace

Result<std::shared_ptr<const graph::Media>> open_file_media(const fs::path& file, const std::string& name,
                                                            const std::string& content, int sample_rate,
                                                            const fs::path& scratch) {
    auto source = files::open_bytes(file);
    if (!source) return of_medium(source.error(), name);
    const auto format = files::sniff_format(**source);
    if (!format) return of_medium(format.error(), name);
    const bool contained = files::needs_contained_decoder(*format);
    if (!contained) {
        auto reader = StereoReader::open(file, name);
        if (!reader) return reader.error();
        const auto& info = (*reader)->info();
        if (info.sample_rate == sample_rate)
            return std::shared_ptr<const graph::Media>(
                std::make_shared<FileMedia>(file, name, content, info.frames, sample_rate));
    }
    const std::string converted = content + "-" + std::to_string(sample_rate);
    const fs::path target = scratch / (converted + ".f32");
    if (auto status = convert(file, name, contained, sample_rate, target); !status) return status.error();
    return graph::open_raw_media(target, sample_rate, converted);
}

} // namespace loopmind::mixdown
