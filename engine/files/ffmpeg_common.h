// FFmpeg's libraries on a ByteSource; for the files of this folder only.
#pragma once

#include "engine/files/byte_source.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

#include <memory>
#include <optional>

namespace loopmind::files {

/// A demuxer over a ByteSource. FFmpeg opens nothing else: no protocol is allowed but these bytes.
class FfmpegInput {
  public:
    FfmpegInput() = default;
    ~FfmpegInput();
    FfmpegInput(const FfmpegInput&) = delete;
    FfmpegInput& operator=(const FfmpegInput&) = delete;

    /// `demuxer` is FFmpeg's name, e.g. "mov". 0 or FFmpeg's error code. `source` must outlive this.
    int open(ByteSource& source, const char* demuxer);
    AVFormatContext* get() { return context_; }
    /// What the source said when reading failed.
    const std::optional<Error>& source_error() const { return error_; }

  private:
    static int read(void* self, std::uint8_t* out, int count);
    static std::int64_t seek(void* self, std::int64_t offset, int whence);

    ByteSource* source_ = nullptr;
    std::int64_t position_ = 0;
    std::optional<Error> error_;
    AVIOContext* io_ = nullptr;
    AVFormatContext* context_ = nullptr;
};

/// FFmpeg's words for its error code.
std::string ffmpeg_message(int code);

} // namespace loopmind::files
