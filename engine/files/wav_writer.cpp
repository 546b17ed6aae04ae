// The streaming 24-bit writer.
#include "engine/files/wav.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace loopmind::files {
namespace {

constexpr int kBytesPerSample = 3;
constexpr std::int64_t kMaxData = 0xFFFFFFFFLL - 36 - 1; // RIFF size is 32 bits
constexpr std::size_t kBlockFrames = 8192;

void put(std::byte* out, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i)
        out[i] = static_cast<std::byte>(value >> (8 * i) & 0xFF);
}

} // namespace

Result<StreamingWavWriter> StreamingWavWriter::create(int sample_rate, int channels,
                                                      std::int64_t total_frames, ByteSink sink) {
    if (sample_rate < 8000 || sample_rate > 384000)
        return Error{ErrorCode::kInvalidArgument, "sample_rate", "must be 8000 to 384000 Hz", {}};
    if (channels != 1 && channels != 2)
        return Error{ErrorCode::kInvalidArgument, "channels", "must be 1 or 2", {}};
    if (total_frames < 0 || total_frames > kMaxData / kBytesPerSample / channels)
        return Error{ErrorCode::kInvalidArgument, "total_frames", "does not fit into a WAV file of 4 GiB",
                     "render a shorter piece"};
    return StreamingWavWriter(sample_rate, channels, total_frames, std::move(sink));
}

StreamingWavWriter::StreamingWavWriter(int sample_rate, int channels, std::int64_t total_frames,
                                       ByteSink sink)
    : sample_rate_(sample_rate), channels_(channels), total_frames_(total_frames),
      data_bytes_(total_frames * kBytesPerSample * channels), sink_(std::move(sink)) {}

Status StreamingWavWriter::send(std::span<const std::byte> bytes) {
    if (Status sent = sink_(bytes); !sent) return sent;
    bytes_ += static_cast<std::int64_t>(bytes.size());
    return {};
}

Status StreamingWavWriter::send_header() {
    // An odd data chunk is padded to even length; the pad counts in the RIFF size only.
    const std::int64_t padded = data_bytes_ + (data_bytes_ & 1);
    std::array<std::byte, kWavHeaderBytes> header{};
    std::memcpy(header.data(), "RIFF", 4);
    put(&header[4], static_cast<std::uint32_t>(36 + padded), 4);
    std::memcpy(&header[8], "WAVEfmt ", 8);
    put(&header[16], 16, 4);
    put(&header[20], 1, 2); // integer PCM
    put(&header[22], static_cast<std::uint32_t>(channels_), 2);
    put(&header[24], static_cast<std::uint32_t>(sample_rate_), 4);
    put(&header[28], static_cast<std::uint32_t>(sample_rate_ * channels_ * kBytesPerSample), 4);
    put(&header[32], static_cast<std::uint32_t>(channels_ * kBytesPerSample), 2);
    put(&header[34], 8 * kBytesPerSample, 2);
    std::memcpy(&header[36], "data", 4);
    put(&header[40], static_cast<std::uint32_t>(data_bytes_), 4);
    return send(header);
}

Status StreamingWavWriter::write(std::span<const float> left, std::span<const float> right) {
    if (bytes_ == 0) {
        if (Status sent = send_header(); !sent) return sent;
    }
    const std::size_t frames = left.size();
    if (channels_ == 2 && right.size() != frames)
        return Error{ErrorCode::kInternal, "wav", "left and right differ in length", {}};
    if (static_cast<std::int64_t>(frames) > total_frames_ - frames_)
        return Error{ErrorCode::kInternal, "wav", "more frames were written than the header promised", {}};
    const auto sample = [this](std::byte* out, float value) {
        const double scaled =
            std::isnan(value) ? 0.0 : std::floor(static_cast<double>(value) * 8388608.0 + 0.5);
        const double held = scaled > 8388607.0 ? 8388607.0 : scaled < -8388608.0 ? -8388608.0 : scaled;
        clipped_ = clipped_ || held != scaled;
        put(out, static_cast<std::uint32_t>(static_cast<std::int32_t>(held)), kBytesPerSample);
    };
    const std::size_t step = static_cast<std::size_t>(channels_) * kBytesPerSample;
    for (std::size_t done = 0; done < frames;) {
        const std::size_t count = std::min(kBlockFrames, frames - done);
        buffer_.resize(count * step);
        std::byte* out = buffer_.data();
        for (std::size_t i = 0; i < count; ++i, out += step) {
            sample(out, left[done + i]);
            if (channels_ == 2) sample(out + kBytesPerSample, right[done + i]);
        }
        if (Status sent = send(buffer_); !sent) return sent;
        done += count;
        frames_ += static_cast<std::int64_t>(count);
    }
    return {};
}

Status StreamingWavWriter::finish() {
    if (bytes_ == 0) {
        if (Status sent = send_header(); !sent) return sent;
    }
    if (frames_ != total_frames_) {
        return Error{ErrorCode::kInternal,
                     "wav",
                     std::to_string(frames_) + " of " + std::to_string(total_frames_) +
                         " promised frames were written",
                     {}};
    }
    if (data_bytes_ & 1) {
        const std::byte pad{0};
        if (Status sent = send({&pad, 1}); !sent) return sent;
    }
    return {};
}

} // namespace loopmind::files
