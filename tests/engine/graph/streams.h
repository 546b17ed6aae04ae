// Media and folders for tests: audio that is only given out piece by piece, and counts how.
#pragma once

#include "engine/graph/media_source.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include <unistd.h>

namespace loopmind::graph::test {

/// What readers of streamed media did.
struct ReadLog {
    std::atomic<long> opened{0};
    std::atomic<long> reads{0};
    std::atomic<long> jumps{0}; ///< reads that did not go on where the last one ended
    std::atomic<std::int64_t> longest{0};
};

/// A buffer that plays hard to get: no buffer(), only readers. Fails from `fails_at` on when >= 0.
class StreamedMedia final : public Media {
  public:
    explicit StreamedMedia(std::shared_ptr<const StereoBuffer> audio, std::shared_ptr<ReadLog> log = nullptr,
                           std::int64_t fails_at = -1, std::string content = "")
        : audio_(std::move(audio)), log_(log ? std::move(log) : std::make_shared<ReadLog>()),
          fails_at_(fails_at), content_(std::move(content)) {}
    int sample_rate() const override { return audio_->sample_rate; }
    std::int64_t frames() const override { return audio_->frames(); }
    std::string content() const override { return content_; }
    Result<std::unique_ptr<MediaReader>> open() const override {
        ++log_->opened;
        return std::unique_ptr<MediaReader>(std::make_unique<Reader>(*this));
    }

  private:
    class Reader final : public MediaReader {
      public:
        explicit Reader(const StreamedMedia& media) : media_(media) {}
        Status read(std::int64_t first, std::span<float> left, std::span<float> right) override {
            const auto wanted = static_cast<std::int64_t>(left.size());
            ++media_.log_->reads;
            if (next_ >= 0 && first != next_) ++media_.log_->jumps;
            next_ = first + wanted;
            media_.log_->longest = std::max(media_.log_->longest.load(), wanted);
            if (media_.fails_at_ >= 0 && first + wanted > media_.fails_at_)
                return Error{ErrorCode::kDataCorrupt, "media.broken", "is truncated", "import it again"};
            const std::int64_t count = std::clamp<std::int64_t>(media_.frames() - first, 0, wanted);
            std::copy_n(media_.audio_->left.begin() + first, count, left.begin());
            std::copy_n(media_.audio_->right.begin() + first, count, right.begin());
            std::fill(left.begin() + count, left.end(), 0.0f);
            std::fill(right.begin() + count, right.end(), 0.0f);
            return {};
        }

      private:
        const StreamedMedia& media_;
        std::int64_t next_ = -1;
    };
    std::shared_ptr<const StereoBuffer> audio_;
    std::shared_ptr<ReadLog> log_;
    std::int64_t fails_at_;
    std::string content_;
};

/// A new folder that goes with the object.
struct Folder {
    std::filesystem::path path;
    explicit Folder(const std::string& name)
        : path(std::filesystem::temp_directory_path() /
               ("graph-test-" + name + "-" + std::to_string(getpid()))) {
        std::filesystem::remove_all(path);
        std::filesystem::create_directories(path);
    }
    ~Folder() { std::filesystem::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
};

} // namespace loopmind::graph::test
