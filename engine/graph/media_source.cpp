// Media that is in memory.
#include "engine/graph/media_source.h"

#include <algorithm>

namespace loopmind::graph {

namespace {

class MemoryReader final : public MediaReader {
  public:
    explicit MemoryReader(std::shared_ptr<const StereoBuffer> audio) : audio_(std::move(audio)) {}
    Status read(std::int64_t first, std::span<float> left, std::span<float> right) override {
        const auto wanted = static_cast<std::int64_t>(left.size());
        const std::int64_t count = std::clamp<std::int64_t>(audio_->frames() - first, 0, wanted);
        std::copy_n(audio_->left.begin() + first, count, left.begin());
        std::copy_n(audio_->right.begin() + first, count, right.begin());
        std::fill(left.begin() + count, left.end(), 0.0f);
        std::fill(right.begin() + count, right.end(), 0.0f);
        return {};
    }

  private:
    std::shared_ptr<const StereoBuffer> audio_;
};

class MemoryMedia final : public Media {
  public:
    MemoryMedia(std::shared_ptr<const StereoBuffer> audio, std::string content)
        : audio_(std::move(audio)), content_(std::move(content)) {}
    int sample_rate() const override { return audio_->sample_rate; }
    std::int64_t frames() const override { return audio_->frames(); }
    const StereoBuffer* buffer() const override { return audio_.get(); }
    Result<std::unique_ptr<MediaReader>> open() const override {
        return std::unique_ptr<MediaReader>(std::make_unique<MemoryReader>(audio_));
    }
    std::string content() const override { return content_; }

  private:
    std::shared_ptr<const StereoBuffer> audio_;
    std::string content_;
};

} // namespace

std::shared_ptr<const Media> memory_media(std::shared_ptr<const StereoBuffer> audio, std::string content) {
    return std::make_shared<MemoryMedia>(std::move(audio), std::move(content));
}

MediaLibrary memory_library(MediaSource source) {
    return [source = std::move(source)](const MediaRef& ref) -> Result<std::shared_ptr<const Media>> {
        auto audio = source(ref);
        if (!audio.ok()) return audio.error();
        if (!*audio || (*audio)->left.size() != (*audio)->right.size()) {
            return Error{ErrorCode::kDataCorrupt, "media." + ref.id, "has channels of different length",
                         "render or import it again"};
        }
        return memory_media(std::move(*audio), ref.sha256);
    };
}

} // namespace loopmind::graph
