// One writer for all audio files: WAV (RF64 above 4 GiB), AIFF, FLAC, Ogg Vorbis, Opus, MP3, AAC in M4A.
//
// WAV and AIFF are written here; libFLAC, libvorbisenc, libopusenc and LAME are the reference encoders of
// their formats; AAC comes from FFmpeg's own encoder (Debian has no freer one that is better).
#pragma once

#include "engine/files/audio_format.h"
#include "engine/files/dither.h"
#include "proto/base/result.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <span>

namespace loopmind::files {

struct WriterSettings {
    AudioFormat format = AudioFormat::kWav;
    int sample_rate = 48000;
    int channels = 2; ///< WAVE order: L R C LFE Lb Rb Ls Rs ...
    /// WAV and AIFF: any; FLAC: 8, 16 or 24 bit; ignored by lossy formats. Not set: 24 bit.
    std::optional<SampleFormat> sample_format;
    Dither dither = Dither::kTpdf; ///< for whole numbers of up to 24 bits; see Quantiser
    std::uint64_t dither_seed = 0;
    /// Lossy formats: kbit/s for all channels together; 0: MP3 V0, Vorbis q6, Opus and AAC 96 per channel.
    int bitrate_kbps = 0;
    std::int64_t rf64_above = 0xFFFFFFFF; ///< WAV: RF64 once the RIFF size passes this; 0: always
    AudioTags tags;
};

struct WriteReport {
    std::int64_t frames = 0;
    std::int64_t bytes = 0;
    bool clipped = false;  ///< whole numbers: a sample beyond full scale was clamped
    bool dithered = false; ///< a sample did not fit the bits
    int delay = 0;         ///< frames of encoder delay that the file tells readers to cut
};

/// Writes beside `path` and puts the file in place when it is whole and durable: on an error, and when the
/// writer is destroyed unfinished, nothing is left and an old file stays. Lossless formats give equal bytes
/// for equal input: no dates, no random serials; Ogg serials are fixed too. One thread per object.
class AudioWriter {
  public:
    /// Errors: invalid_argument naming the setting (a rate or channel count that the format lacks, with what
    /// it takes), not_found or permission_denied for the folder, resource_exhausted.
    static Result<std::unique_ptr<AudioWriter>> create(const std::filesystem::path& path,
                                                       const WriterSettings& settings);
    virtual ~AudioWriter() = default;
    /// Appends frames: one span per channel, all of one length. resource_exhausted when the disk is full.
    virtual Status write(std::span<const std::span<const float>> planes) = 0;
    /// Ends the file. Nothing may be written after it.
    virtual Result<WriteReport> finish() = 0;
};

/// Writes a whole buffer.
Result<WriteReport> write_audio(const std::filesystem::path& path,
                                std::span<const std::span<const float>> planes,
                                const WriterSettings& settings);

} // namespace loopmind::files
