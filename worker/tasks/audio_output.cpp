// Streaming WAV outputs.
#include "worker/tasks/audio_output.h"

#include <algorithm>

namespace loopmind::tasks {
namespace {

constexpr std::size_t kPieceFrames = 1 << 15;
constexpr std::int64_t kFrameBytes = 6; // 24-bit stereo

} // namespace

Result<AudioOutput> AudioOutput::open(TaskContext& context, const std::string& role, int sample_rate,
                                      std::int64_t total_frames) {
    const auto total = static_cast<std::uint64_t>(files::kWavHeaderBytes + total_frames * kFrameBytes);
    auto stream = context.output(role, total);
    if (!stream) return stream.error();
    auto writer = files::StreamingWavWriter::create(
        sample_rate, 2, total_frames,
        [out = *stream](std::span<const std::byte> bytes) { return out->append(bytes); });
    if (!writer) return writer.error();
    return AudioOutput(std::move(*writer));
}

Status AudioOutput::write_all(std::span<const float> left, std::span<const float> right) {
    for (std::size_t at = 0; at < left.size(); at += kPieceFrames) {
        const auto count = std::min(kPieceFrames, left.size() - at);
        if (auto status = writer_.write(left.subspan(at, count), right.subspan(at, count)); !status)
            return status;
    }
    return {};
}

} // namespace loopmind::tasks
