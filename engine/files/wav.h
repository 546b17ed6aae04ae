// WAV in and out: a 24-bit writer whose header is final from the first byte, and a reader for hostile files.
#pragma once

#include "engine/files/audio_format.h"
#include "engine/files/byte_source.h"
#include "proto/base/result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loopmind::files {

/// Bytes of the header that StreamingWavWriter sends first.
inline constexpr std::int64_t kWavHeaderBytes = 44;

/// Takes bytes in order; an error ends the writing and is passed on.
using ByteSink = std::function<Status(std::span<const std::byte>)>;

/// Writes 24-bit little-endian PCM to a sink. The 44-byte header holds the final sizes, so every prefix of
/// the output is a prefix of the whole file. Equal samples give equal bytes: x * 2^23 rounded to nearest
/// (halves up), clamped to the 24-bit range, NaN as 0. One thread at a time.
class StreamingWavWriter {
  public:
    /// `channels` 1 or 2; `total_frames` is promised in the header. Errors: invalid_argument for a rate
    /// outside 8000..384000 or a length that WAV's 32-bit sizes cannot hold.
    static Result<StreamingWavWriter> create(int sample_rate, int channels, std::int64_t total_frames,
                                             ByteSink sink);

    /// Appends frames; both spans of the same length (`right` is ignored for mono). The header goes out with
    /// the first call, also with an empty one.
    Status write(std::span<const float> left, std::span<const float> right);
    /// Checks that every promised frame was written.
    Status finish();

    std::int64_t frames_written() const { return frames_; }
    std::int64_t bytes_written() const { return bytes_; } ///< given to the sink, header included
    std::int64_t total_bytes() const { return kWavHeaderBytes + data_bytes_; }
    bool clipped() const { return clipped_; } ///< a sample beyond full scale was clamped

  private:
    StreamingWavWriter(int sample_rate, int channels, std::int64_t total_frames, ByteSink sink);
    Status send(std::span<const std::byte> bytes);
    Status send_header();

    int sample_rate_;
    int channels_;
    std::int64_t total_frames_;
    std::int64_t data_bytes_;
    ByteSink sink_;
    std::int64_t frames_ = 0;
    std::int64_t bytes_ = 0;
    bool clipped_ = false;
    std::vector<std::byte> buffer_;
};

/// What a WAV file says about itself, checked against its real size.
struct WavInfo {
    int sample_rate = 0; ///< Hz, 1000..768000
    int channels = 0;    ///< 1..64
    SampleFormat format = SampleFormat::kInt24;
    std::int64_t frames = 0;
    std::int64_t data_offset = 0; ///< bytes from the file's start to the first sample
    std::int64_t data_bytes = 0;
    int frame_bytes = 0;
    std::uint32_t channel_mask = 0; ///< speaker bits of an extensible format chunk, 0 when not said
    bool large = false;             ///< RF64 or BW64: sizes of 64 bits
    std::string fmt_chunk;          ///< body of the fmt chunk as it stands
};

/// Planar audio in memory; integer formats are scaled to +-1.
struct WavAudio {
    WavInfo info;
    std::vector<std::vector<float>> channels;
};

/// Reads PCM of 8, 16, 24 and 32 bits and float of 32 and 64 bits, 1 to 64 channels, in RIFF, RF64 and BW64
/// files (EBU Tech 3306, ITU-R BS.2088). No size in the file is trusted: a file that is shorter than it says
/// is data_corrupt ("truncated"), what cannot be read is named. Reading is thread-safe per object only.
class WavReader {
  public:
    static Result<WavReader> open(const std::filesystem::path& path);
    /// Reads a file held in memory; `bytes` must outlive the reader. `name` stands in errors.
    static Result<WavReader> from_bytes(std::span<const std::byte> bytes, const std::string& name = "wav");
    static Result<WavReader> from_source(std::unique_ptr<ByteSource> source);
    WavReader(WavReader&&) noexcept;
    WavReader& operator=(WavReader&&) noexcept;
    ~WavReader();

    const WavInfo& info() const { return info_; }
    /// Frames first .. first + left.size(); `right` (same length or empty) gets channel 2, or channel 1 of
    /// mono.
    Status read(std::int64_t first, std::span<float> left, std::span<float> right);
    /// The same for every channel: one span per channel, all of one length; an empty span skips its channel.
    Status read(std::int64_t first, std::span<const std::span<float>> channels);
    /// Raw bytes of the data chunk from `offset` on.
    Status read_raw(std::int64_t offset, std::span<std::byte> out);

  private:
    struct LargeSizes;
    explicit WavReader(std::unique_ptr<ByteSource> source);
    Status parse();
    Status parse_fmt(std::int64_t at, std::int64_t size);
    Status parse_ds64(std::int64_t at, std::int64_t size, LargeSizes& sizes);
    Status take_data(std::int64_t at, std::int64_t stated, bool unknown);
    Status fetch(std::int64_t first, std::int64_t wanted);
    void convert(std::int64_t from, std::span<const std::span<float>> channels, std::size_t at,
                 std::size_t count) const;

    std::unique_ptr<ByteSource> source_;
    WavInfo info_;
    std::vector<std::byte> buffer_; ///< frames buffer_first_ .. + buffer_frames_ as they lie in the file
    std::int64_t buffer_first_ = 0;
    std::int64_t buffer_frames_ = 0;
};

/// Reads a whole mono or stereo file. resource_exhausted above `max_frames`.
Result<WavAudio> read_wav(const std::filesystem::path& path, std::int64_t max_frames = std::int64_t{1} << 28);
Result<WavAudio> decode_wav(std::span<const std::byte> bytes, const std::string& name = "wav",
                            std::int64_t max_frames = std::int64_t{1} << 28);

} // namespace loopmind::files
