// Audio of a task on its way out: a 24-bit stereo WAV whose header comes first.
#pragma once

#include "engine/files/wav.h"
#include "proto/base/result.h"
#include "worker/tasks/executor.h"

#include <cstdint>
#include <span>
#include <string>

namespace loopmind::tasks {

/// Opens the output `role` and writes the WAV's header. Used on the executor's thread.
class AudioOutput {
  public:
    static Result<AudioOutput> open(TaskContext& context, const std::string& role, int sample_rate,
                                    std::int64_t total_frames);
    Status write(std::span<const float> left, std::span<const float> right) {
        return writer_.write(left, right);
    }
    /// Writes a whole buffer in pieces, so that it streams.
    Status write_all(std::span<const float> left, std::span<const float> right);
    Status finish() { return writer_.finish(); }

  private:
    explicit AudioOutput(files::StreamingWavWriter writer) : writer_(std::move(writer)) {}
    files::StreamingWavWriter writer_;
};

} // namespace loopmind::tasks
