// Stereo audio as bare 32-bit floats: prepared media and the streams between the stages of a mixdown.
#pragma once

#include "engine/graph/media_source.h"

#include <cstdio>
#include <filesystem>
#include <memory>

namespace loopmind::graph {

/// File layout: frames of left and right as 32-bit IEEE floats, little-endian, interleaved, no header.
inline constexpr std::int64_t kRawFrameBytes = 8;

/// Opens such a file. data_corrupt when its size is no whole number of frames; not_found.
Result<std::shared_ptr<const Media>> open_raw_media(const std::filesystem::path& path, int sample_rate,
                                                    std::string content = "");

/// Writes such a file in order. Move-only; the destructor closes.
class RawWriter {
  public:
    static Result<RawWriter> create(const std::filesystem::path& path);
    Status write(std::span<const float> left, std::span<const float> right);
    /// Flushes; the file is whole only after this.
    Status finish();

  private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    std::unique_ptr<std::FILE, Close> file_;
    std::string name_;
    std::vector<float> buffer_;
};

} // namespace loopmind::graph
