// Reader, downmix, resampler in a row.
#include "engine/files/media_loader.h"

#include "engine/files/downmix.h"
#include "engine/files/resampler.h"
#include "proto/base/sha256.h"

#include <algorithm>
#include <cmath>
#include <new>

namespace loopmind::files {
namespace {

constexpr std::size_t kBlockFrames = 32768;

Error too_long(const std::string& name) {
    return {ErrorCode::kResourceExhausted, name, "is longer than this program loads at once",
            "cut it into shorter files"};
}

bool all_numbers(std::span<const float> samples) {
    return std::all_of(samples.begin(), samples.end(), [](float x) { return std::isfinite(x); });
}

} // namespace

Status stream_media(std::unique_ptr<ByteSource> source, int sample_rate,
                    const std::function<Status(std::int64_t)>& begin, const StereoBlocks& blocks,
                    const LoadLimits& limits) {
    const std::string name = source->name();
    Result<std::unique_ptr<AudioReader>> reader =
        AudioReader::from_source(std::move(source), {.with_tags = false});
    if (!reader) return reader.error();
    const AudioInfo& info = (*reader)->info();
    const auto named = [&name](Error error) {
        error.field = name + ": " + error.field;
        return error;
    };
    const auto shares = stereo_shares(info.channels, info.channel_mask);
    if (!shares) return named(shares.error());
    if (info.frames > limits.max_frames) return too_long(name);
    const std::int64_t frames = resampled_frames(info.frames, info.sample_rate, sample_rate);
    if (frames > limits.max_frames) return too_long(name);
    Result<Resampler> resampler = Resampler::create(info.sample_rate, sample_rate, 2);
    if (!resampler) return named(resampler.error());
    if (Status begun = begin(frames); !begun) return begun;

    const auto channels = static_cast<std::size_t>(info.channels);
    std::vector<std::vector<float>> in(channels, std::vector<float>(kBlockFrames)), out(2);
    std::vector<float> left(kBlockFrames), right(kBlockFrames);
    const auto pass_on = [&]() -> Status {
        const Status passed = out[0].empty() ? Status() : blocks(out[0], out[1]);
        out[0].clear();
        out[1].clear();
        return passed;
    };
    for (std::int64_t at = 0; at < info.frames;) {
        const auto count = static_cast<std::size_t>(std::min<std::int64_t>(kBlockFrames, info.frames - at));
        std::vector<std::span<float>> planes;
        std::vector<std::span<const float>> views;
        for (std::vector<float>& plane : in) {
            planes.emplace_back(plane.data(), count);
            views.emplace_back(plane.data(), count);
        }
        if (Status read = (*reader)->read(at, planes); !read) return read;
        for (const auto& view : views)
            if (!all_numbers(view))
                return Error{ErrorCode::kDataCorrupt, name,
                             "holds samples that are no numbers near frame " + std::to_string(at),
                             "export it again"};
        const std::span<float> l(left.data(), count), r(right.data(), count);
        mix_to_stereo(views, *shares, l, r);
        const std::span<const float> both[] = {l, r};
        if (Status added = resampler->add(both, out); !added) return named(added.error());
        if (Status passed = pass_on(); !passed) return passed;
        at += static_cast<std::int64_t>(count);
    }
    if (Status finished = resampler->finish(out); !finished) return named(finished.error());
    return pass_on();
}

Result<LoadedMedia> load_media(std::unique_ptr<ByteSource> source, int sample_rate,
                               const LoadLimits& limits) {
    const std::string name = source->name();
    const auto buffer = std::make_shared<graph::StereoBuffer>();
    buffer->sample_rate = sample_rate;
    try {
        const Status loaded = stream_media(
            std::move(source), sample_rate,
            [&](std::int64_t frames) {
                buffer->left.reserve(static_cast<std::size_t>(frames));
                buffer->right.reserve(static_cast<std::size_t>(frames));
                return Status();
            },
            [&](std::span<const float> left, std::span<const float> right) {
                buffer->left.insert(buffer->left.end(), left.begin(), left.end());
                buffer->right.insert(buffer->right.end(), right.begin(), right.end());
                return Status();
            },
            limits);
        if (!loaded) return loaded.error();
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::kResourceExhausted, name, "needs more memory than there is",
                     "close other programs"};
    }
    return LoadedMedia(buffer);
}

Result<LoadedMedia> load_media(const std::filesystem::path& path, int sample_rate, const LoadLimits& limits) {
    Result<std::unique_ptr<ByteSource>> source = open_bytes(path);
    if (!source) return source.error();
    return load_media(std::move(*source), sample_rate, limits);
}

graph::MediaSource media_source(std::filesystem::path folder, int sample_rate, MediaLoad load, BlobPath blob,
                                bool outside_allowed) {
    return [folder = std::move(folder), sample_rate, load = std::move(load), blob = std::move(blob),
            outside_allowed](const graph::MediaRef& ref) -> Result<LoadedMedia> {
        const auto named = [&ref](Error error) {
            error.field = "media '" + ref.id + "': " + (error.field.empty() ? ref.file : error.field);
            if (error.hint.empty()) error.hint = "link it to another file, or leave it out of the render";
            return error;
        };
        if (blob && base::is_sha256_hex(ref.sha256)) {
            const Result<std::filesystem::path> path = blob(ref.sha256);
            if (path) {
                Result<LoadedMedia> loaded = load(*path, sample_rate);
                if (loaded) return loaded;
                Error error = loaded.error();
                if (!ref.file.empty()) error.field = ref.file; // a person knows the file, not the blob
                return named(std::move(error));
            }
            if (ref.file.empty()) return named(path.error());
        }
        if (ref.file.empty()) return named(Error{ErrorCode::kNotFound, "", "is not linked to a file", {}});
        const std::filesystem::path file(ref.file);
        const std::filesystem::path inside = file.lexically_normal();
        const bool leaves = file.is_absolute() || (!inside.empty() && *inside.begin() == "..");
        if (leaves && !(outside_allowed && file.is_absolute()))
            return named(Error{ErrorCode::kInvalidArgument, ref.file, "lies outside the project's folder",
                               "collect the project's files first"});
        Result<LoadedMedia> loaded = load(file.is_absolute() ? file : folder / file, sample_rate);
        return loaded ? std::move(loaded) : Result<LoadedMedia>(named(loaded.error()));
    };
}

} // namespace loopmind::files
