// Brings any audio file to what the graph plays: stereo float at the session's rate.
#pragma once

#include "engine/files/audio_reader.h"
#include "engine/graph/media_source.h"

#include <functional>

namespace loopmind::files {

struct LoadLimits {
    std::int64_t max_frames = std::int64_t{1} << 31; ///< after conversion; 12 h at 48 kHz, 16 GiB of memory
};

/// Receives stereo audio in order, from frame 0 on; an error ends the loading and is passed on.
using StereoBlocks = std::function<Status(std::span<const float> left, std::span<const float> right)>;

/// Reads a whole file as stereo at `sample_rate`: mono on both sides, more channels by ITU-R BS.775
/// (downmix.h), rate by soxr with exact length (resampled_frames). `begin` hears the number of frames first.
/// Errors name the source once: what AudioReader says; data_corrupt for samples that are no numbers;
/// resource_exhausted above the limit.
Status stream_media(std::unique_ptr<ByteSource> source, int sample_rate,
                    const std::function<Status(std::int64_t frames)>& begin, const StereoBlocks& blocks,
                    const LoadLimits& limits = {});

using LoadedMedia = std::shared_ptr<const graph::StereoBuffer>;

/// The same into memory. Thread-safe.
Result<LoadedMedia> load_media(const std::filesystem::path& path, int sample_rate,
                               const LoadLimits& limits = {});
Result<LoadedMedia> load_media(std::unique_ptr<ByteSource> source, int sample_rate,
                               const LoadLimits& limits = {});

/// Loads one file; load_media or load_media_contained bound to its options.
using MediaLoad = std::function<Result<LoadedMedia>(const std::filesystem::path& path, int sample_rate)>;
/// Path of a blob by its SHA-256, or an error.
using BlobPath = std::function<Result<std::filesystem::path>(const std::string& sha256)>;

/// The graph's media source over a project's folder: an entry's blob where `blob` knows it, else its file
/// relative to `folder`. A path that leaves the folder is refused unless it is absolute and
/// `outside_allowed` (the desktop, where a person picked it). Every error names the entry and its file:
/// "media 'kick': Kick.wav: is truncated ..." with a hint to relink it.
graph::MediaSource media_source(std::filesystem::path folder, int sample_rate, MediaLoad load,
                                BlobPath blob = {}, bool outside_allowed = false);

} // namespace loopmind::files
