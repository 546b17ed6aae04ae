// A reader per clip over files::WavReader.
#include "engine/graph/wav_media.h"

#include "engine/files/wav.h"

#include <algorithm>

namespace loopmind::graph {

namespace {

class WavMediaReader final : public MediaReader {
  public:
    explicit WavMediaReader(files::WavReader reader) : reader_(std::move(reader)) {}
    Status read(std::int64_t first, std::span<float> left, std::span<float> right) override {
        const auto wanted = static_cast<std::int64_t>(left.size());
        const auto count =
            static_cast<size_t>(std::clamp<std::int64_t>(reader_.info().frames - first, 0, wanted));
        std::fill(left.begin() + static_cast<std::ptrdiff_t>(count), left.end(), 0.0f);
        std::fill(right.begin() + static_cast<std::ptrdiff_t>(count), right.end(), 0.0f);
        return count == 0 ? Status{} : reader_.read(first, left.first(count), right.first(count));
    }

  private:
    files::WavReader reader_;
};

class WavMedia final : public Media {
  public:
    WavMedia(std::filesystem::path path, int rate, std::int64_t frames, std::string content)
        : path_(std::move(path)), rate_(rate), frames_(frames), content_(std::move(content)) {}
    int sample_rate() const override { return rate_; }
    std::int64_t frames() const override { return frames_; }
    std::string content() const override { return content_; }
    Result<std::unique_ptr<MediaReader>> open() const override {
        auto reader = files::WavReader::open(path_);
        if (!reader.ok()) return reader.error();
        return std::unique_ptr<MediaReader>(std::make_unique<WavMediaReader>(std::move(*reader)));
    }

  private:
    std::filesystem::path path_;
    int rate_;
    std::int64_t frames_;
    std::string content_;
};

} // namespace

Result<std::shared_ptr<const Media>> open_wav_media(const std::filesystem::path& path, std::string content) {
    auto reader = files::WavReader::open(path);
    if (!reader.ok()) return reader.error();
    return std::shared_ptr<const Media>(std::make_shared<WavMedia>(
        path, reader->info().sample_rate, reader->info().frames, std::move(content)));
}

} // namespace loopmind::graph
