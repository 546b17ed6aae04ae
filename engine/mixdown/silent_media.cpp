// Silence of the right length.
#include "engine/mixdown/silent_media.h"

#include "engine/files/resampler.h"
#include "engine/session/session.h"

#include <algorithm>
#include <map>
#include <string>

namespace loopmind::mixdown {
namespace {

class SilentReader final : public graph::MediaReader {
  public:
    Status read(std::int64_t, std::span<float> left, std::span<float> right) override {
        std::fill(left.begin(), left.end(), 0.0f);
        std::fill(right.begin(), right.end(), 0.0f);
        return {};
    }
};

class Silent final : public graph::Media {
  public:
    Silent(std::int64_t frames, int sample_rate) : frames_(frames), sample_rate_(sample_rate) {}
    int sample_rate() const override { return sample_rate_; }
    std::int64_t frames() const override { return frames_; }
    Result<std::unique_ptr<graph::MediaReader>> open() const override {
        return std::unique_ptr<graph::MediaReader>(std::make_unique<SilentReader>());
    }

  private:
    std::int64_t frames_;
    int sample_rate_;
};

} // namespace

std::shared_ptr<const graph::Media> silent_media(std::int64_t frames, int sample_rate) {
    return std::make_shared<Silent>(frames, sample_rate);
}

graph::MediaLibrary silent_library(const session::Session& session) {
    struct Length {
        std::int64_t frames = 0;
        int sample_rate = 0;
    };
    std::map<std::string, Length> lengths;
    for (const session::Media& media : session.media())
        lengths[media.id()] = {media.frames(), media.sample_rate()};
    return [lengths, rate = session.sample_rate()](
               const graph::MediaRef& ref) -> Result<std::shared_ptr<const graph::Media>> {
        const auto found = lengths.find(ref.id);
        if (found == lengths.end() || found->second.frames <= 0 || found->second.sample_rate <= 0)
            return Error{ErrorCode::kInvalidArgument, "media." + ref.id, "has no known length",
                         "relink it, so that its file is read again"};
        return silent_media(files::resampled_frames(found->second.frames, found->second.sample_rate, rate),
                            rate);
    };
}

void leave_unstretched(graph::TrackSpec& track) {
    for (graph::ClipSpec& clip : track.clips) {
        clip.stretch = 1;
        clip.pitch = 0;
    }
}

} // namespace loopmind::mixdown
