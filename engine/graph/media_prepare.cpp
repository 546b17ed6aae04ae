// Runs Rubber Band over a media entry block by block, into memory or into a file.
#include "engine/graph/media_prepare.h"

#include "engine/graph/raw_media.h"

#include <rubberband/RubberBandStretcher.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <system_error>

namespace loopmind::graph {

namespace {

using RubberBand::RubberBandStretcher;
constexpr size_t kBlock = 4096;
/// Part of every key: another library or other options give other samples.
const std::string kRecipe = "rubberband-3-finer-together";

using Take = std::function<Status(std::span<const float>, std::span<const float>)>;

/// Hands out exactly `frames` frames whatever the stretcher gives: it may be off by a few at the end.
class Exactly {
  public:
    Exactly(std::int64_t frames, Take take) : left_(frames), take_(std::move(take)) {}
    Status give(std::span<const float> left, std::span<const float> right) {
        const auto count =
            static_cast<size_t>(std::min<std::int64_t>(left_, static_cast<std::int64_t>(left.size())));
        left_ -= static_cast<std::int64_t>(count);
        return count == 0 ? Status{} : take_(left.first(count), right.first(count));
    }
    Status fill_up() {
        const std::vector<float> silence(kBlock);
        while (left_ > 0) {
            if (Status status = give(silence, silence); !status.ok()) return status;
        }
        return {};
    }

  private:
    std::int64_t left_;
    Take take_;
};

Status stretch_into(const Media& media, double stretch, double pitch, std::int64_t result_frames, Take take) {
    auto reader = media.open();
    if (!reader.ok()) return reader.error();
    RubberBandStretcher stretcher(
        static_cast<size_t>(media.sample_rate()), 2,
        RubberBandStretcher::OptionProcessOffline | RubberBandStretcher::OptionEngineFiner |
            RubberBandStretcher::OptionThreadingNever | RubberBandStretcher::OptionChannelsTogether,
        stretch, std::pow(2.0, pitch / 12.0));
    const std::int64_t total = media.frames();
    stretcher.setExpectedInputDuration(static_cast<size_t>(total));
    stretcher.setMaxProcessSize(kBlock);
    std::vector<float> left(kBlock), right(kBlock);
    const float* in[2] = {left.data(), right.data()};
    auto walk = [&](auto&& give) -> Status {
        for (std::int64_t at = 0; at < total; at += static_cast<std::int64_t>(kBlock)) {
            const auto count = static_cast<size_t>(std::min<std::int64_t>(kBlock, total - at));
            if (Status status = (*reader)->read(at, {left.data(), count}, {right.data(), count});
                !status.ok())
                return status;
            if (Status status = give(count, at + static_cast<std::int64_t>(count) >= total); !status.ok())
                return status;
        }
        return {};
    };
    Status status = walk([&](size_t count, bool last) -> Status {
        stretcher.study(in, count, last);
        return {};
    });
    if (!status.ok()) return status;
    Exactly exactly(result_frames, std::move(take));
    std::vector<float> out_left(kBlock), out_right(kBlock);
    auto drain = [&]() -> Status {
        for (int ready = stretcher.available(); ready > 0; ready = stretcher.available()) {
            float* out[2] = {out_left.data(), out_right.data()};
            const size_t got = stretcher.retrieve(out, std::min(kBlock, static_cast<size_t>(ready)));
            if (Status given = exactly.give({out_left.data(), got}, {out_right.data(), got}); !given.ok())
                return given;
            if (got == 0) break;
        }
        return {};
    };
    status = walk([&](size_t count, bool last) -> Status {
        stretcher.process(in, count, last);
        return drain();
    });
    if (!status.ok()) return status;
    if (status = drain(); !status.ok()) return status;
    return exactly.fill_up();
}

Result<std::shared_ptr<const Media>> stretch_in_memory(const Media& media, double stretch, double pitch,
                                                       std::int64_t frames, const std::string& key) {
    auto out = std::make_shared<StereoBuffer>();
    out->sample_rate = media.sample_rate();
    out->left.reserve(static_cast<size_t>(frames));
    out->right.reserve(static_cast<size_t>(frames));
    Status status = stretch_into(media, stretch, pitch, frames, [&](auto left, auto right) -> Status {
        out->left.insert(out->left.end(), left.begin(), left.end());
        out->right.insert(out->right.end(), right.begin(), right.end());
        return {};
    });
    if (!status.ok()) return status.error();
    return memory_media(std::move(out), key);
}

Result<std::shared_ptr<const Media>> stretch_to_file(const Media& media, double stretch, double pitch,
                                                     std::int64_t frames, const std::string& key,
                                                     const std::filesystem::path& folder) {
    const auto path = folder / (key + ".f32");
    std::error_code failure;
    if (std::filesystem::file_size(path, failure) == static_cast<std::uintmax_t>(frames * kRawFrameBytes) &&
        !failure)
        return open_raw_media(path, media.sample_rate(), key);
    std::filesystem::create_directories(folder, failure);
    // Written beside and renamed: a file of the final name is whole, also with two programs at work.
    const auto partial =
        folder / (key + "." + std::to_string(reinterpret_cast<std::uintptr_t>(&media)) + ".part");
    auto writer = RawWriter::create(partial);
    if (!writer.ok()) return writer.error();
    Status status = stretch_into(media, stretch, pitch, frames,
                                 [&](auto left, auto right) { return writer->write(left, right); });
    if (status.ok()) status = writer->finish();
    if (status.ok()) {
        std::filesystem::rename(partial, path, failure);
        if (failure)
            status = Error{ErrorCode::kUnavailable, path.string(), "cannot be written: " + failure.message(),
                           "check the folder"};
    }
    if (!status.ok()) {
        std::filesystem::remove(partial, failure);
        return status.error();
    }
    return open_raw_media(path, media.sample_rate(), key);
}

} // namespace

MediaPreparer::MediaPreparer(std::filesystem::path folder) : folder_(std::move(folder)) {}

Result<std::shared_ptr<const Media>> MediaPreparer::prepare(std::shared_ptr<const Media> media,
                                                            double stretch, double pitch) {
    if (!(stretch >= 0.1 && stretch <= 10.0)) {
        return Error{ErrorCode::kInvalidArgument, "stretch", "is outside 0.1..10",
                     "choose a ratio in this range"};
    }
    if (!(pitch >= -24.0 && pitch <= 24.0)) {
        return Error{ErrorCode::kInvalidArgument, "pitch", "is outside -24..24 semitones",
                     "choose a pitch in this range"};
    }
    if ((stretch == 1 && pitch == 0) || media->frames() == 0) return media;
    const auto frames =
        static_cast<std::int64_t>(std::llround(static_cast<double>(media->frames()) * stretch));
    char numbers[96];
    std::snprintf(numbers, sizeof numbers, "-%.17g-%.17g-%d-%lld", stretch, pitch, media->sample_rate(),
                  static_cast<long long>(media->frames()));
    // Without a content hash the audio is known by its object, for as long as that lives.
    const bool hashed = !media->content().empty();
    const std::string key =
        kRecipe + "-" +
        (hashed ? media->content() : std::to_string(reinterpret_cast<std::uintptr_t>(media.get()))) + numbers;
    const std::lock_guard lock(mutex_); // one at a time: the same media is wanted by many clips
    if (auto known = known_[key].lock(); known && hashed) return known;
    auto out = folder_.empty() || !hashed ? stretch_in_memory(*media, stretch, pitch, frames, key)
                                          : stretch_to_file(*media, stretch, pitch, frames, key, folder_);
    if (out.ok()) known_[key] = *out;
    return out;
}

} // namespace loopmind::graph
