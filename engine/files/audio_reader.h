// One reader for all audio files: WAV, AIFF, FLAC, Ogg Vorbis, Opus, MP3, AAC and ALAC in M4A, AAC in ADTS.
//
// WAV is read by WavReader (sizes of 64 bits, every size checked, no library between). libsndfile reads AIFF,
// FLAC and Opus: it is kept well, fuzzed upstream, seeks to the sample and trims what Opus' pre-skip says. Its
// Vorbis seeks miss by parts of a block, so Vorbis is read by the reference library, libvorbisfile; MP3 is
// read by libmpg123, which cuts what the LAME tag says. FFmpeg's libavformat and libavcodec read what is left: AAC and ALAC, and the tags
// of every format, since they know ID3, Vorbis comments, INFO and iTunes atoms alike.
#pragma once

#include "engine/files/audio_format.h"
#include "engine/files/byte_source.h"

#include <filesystem>
#include <memory>
#include <span>

namespace loopmind::files {

/// Planar buffers, one span per channel of the file, all of one length.
using Planes = std::span<const std::span<float>>;

struct ReaderOptions {
    bool with_tags = true; ///< false leaves info().tags empty and saves a second look at the file
};

/// Decodes one file to float, at its own rate, channels in WAVE order (L R C LFE Lb Rb Ls Rs ...) whatever
/// the format's own order is. Integer samples are scaled by 2^(bits-1); float samples come as they are, over
/// full scale too. Frame counts are exact and seeks land on the sample: read() of any range gives what one
/// read from the start gives there (AAC with noise substitution is the exception: its noise differs).
///
/// Files from outside are hostile: sizes are checked here, but codecs are large programs, so decode what you
/// do not trust in the limited process of media_child.h. One thread per object.
class AudioReader {
  public:
    /// Errors name the path: not_found, permission_denied; invalid_argument (no audio format that is read
    /// here, or a codec that is not), data_corrupt (damaged or truncated).
    static Result<std::unique_ptr<AudioReader>> open(const std::filesystem::path& path,
                                                     const ReaderOptions& options = {});
    /// The bytes must outlive the reader; `name` stands in errors.
    static Result<std::unique_ptr<AudioReader>> from_bytes(std::span<const std::byte> bytes,
                                                           const std::string& name = "audio",
                                                           const ReaderOptions& options = {});
    static Result<std::unique_ptr<AudioReader>> from_source(std::unique_ptr<ByteSource> source,
                                                            const ReaderOptions& options = {});
    virtual ~AudioReader() = default;

    const AudioInfo& info() const { return info_; }
    /// Fills frames first .. first + planes[0].size(). Needs info().channels spans of one length;
    /// invalid_argument beyond the end, data_corrupt where the file is damaged.
    Status read(std::int64_t first, Planes planes);

  protected:
    explicit AudioReader(std::string name) : name_(std::move(name)) {}
    /// `planes` are checked: right count, equal length, inside the file.
    virtual Status decode(std::int64_t first, Planes planes) = 0;
    Error corrupt(const std::string& message, const std::string& hint = {}) const {
        return {ErrorCode::kDataCorrupt, name_, message, hint};
    }

    std::string name_;
    AudioInfo info_;
};

/// What kind of file the bytes begin; invalid_argument ("is no audio file that is read here") for others.
Result<AudioFormat> sniff_format(ByteSource& source);

} // namespace loopmind::files
