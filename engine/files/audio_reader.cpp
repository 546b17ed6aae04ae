// Looks at the first bytes, picks the backend, checks what every backend is asked for.
#include "engine/files/audio_reader.h"

#include "engine/files/audio_backends.h"
#include "engine/files/wav.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace loopmind::files {
namespace {

constexpr std::size_t kSniffBytes = 8192;

int byte_at(std::span<const std::byte> bytes, std::size_t i) {
    return i < bytes.size() ? std::to_integer<int>(bytes[i]) : 0;
}

bool starts(std::span<const std::byte> bytes, std::size_t at, std::string_view text) {
    return at <= bytes.size() && bytes.size() - at >= text.size() &&
           std::memcmp(bytes.data() + at, text.data(), text.size()) == 0;
}

/// Bytes of an MPEG audio layer III frame whose header stands at `at`; 0 when there is none.
std::size_t mp3_frame(std::span<const std::byte> bytes, std::size_t at) {
    const int second = byte_at(bytes, at + 1), third = byte_at(bytes, at + 2);
    if (byte_at(bytes, at) != 0xFF || (second & 0xE0) != 0xE0) return 0;
    const int version = second >> 3 & 3, layer = second >> 1 & 3; // version 3: MPEG-1, 2: MPEG-2, 0: 2.5
    const int bitrate = third >> 4, rate = third >> 2 & 3;
    if (version == 1 || layer != 1 || bitrate == 0 || bitrate == 15 || rate == 3) return 0;
    static constexpr int kMpeg1[] = {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320};
    static constexpr int kMpeg2[] = {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160};
    static constexpr int kRates[] = {44100, 48000, 32000};
    const bool first = version == 3;
    const int hertz = kRates[rate] >> (first ? 0 : version == 2 ? 1 : 2);
    const int samples = first ? 144 : 72;
    return static_cast<std::size_t>(samples * 1000 * (first ? kMpeg1 : kMpeg2)[bitrate] / hertz +
                                    (third >> 1 & 1));
}

/// Bytes of an ADTS frame at `at`; 0 when there is none.
std::size_t adts_frame(std::span<const std::byte> bytes, std::size_t at) {
    if (byte_at(bytes, at) != 0xFF || (byte_at(bytes, at + 1) & 0xF6) != 0xF0) return 0;
    const int size =
        (byte_at(bytes, at + 3) & 3) << 11 | byte_at(bytes, at + 4) << 3 | byte_at(bytes, at + 5) >> 5;
    return size > 7 ? static_cast<std::size_t>(size) : 0;
}

/// True when a frame begins at `at` and, as far as the bytes reach, another follows it.
template <typename Frame> bool frames_follow(std::span<const std::byte> bytes, std::size_t at, Frame frame) {
    const std::size_t size = frame(bytes, at);
    if (size == 0) return false;
    return at + size + 8 > bytes.size() || frame(bytes, at + size) != 0;
}

class WavAdapter final : public AudioReader {
  public:
    WavAdapter(WavReader reader, const std::string& name) : AudioReader(name), reader_(std::move(reader)) {
        const WavInfo& wav = reader_.info();
        info_.format = AudioFormat::kWav;
        info_.codec =
            (is_integer(wav.format) ? "PCM " : "float ") + std::to_string(bits_of(wav.format)) + " bit";
        info_.sample_rate = wav.sample_rate;
        info_.channels = wav.channels;
        info_.frames = wav.frames;
        info_.sample_format = wav.format;
        info_.channel_mask = wav.channel_mask;
    }

  private:
    Status decode(std::int64_t first, Planes planes) override { return reader_.read(first, planes); }
    WavReader reader_;
};

} // namespace

std::span<const int> vorbis_order(int channels) {
    // Vorbis I specification 4.3.9 (Opus family 1 is the same): the n-th coded channel belongs at this place
    // of L R C LFE Lb Rb Ls Rs, or of the shorter WAVE orders.
    static constexpr std::array<int, 3> k3{0, 2, 1};                // L C R
    static constexpr std::array<int, 5> k5{0, 2, 1, 3, 4};          // L C R Ls Rs
    static constexpr std::array<int, 6> k6{0, 2, 1, 4, 5, 3};       // L C R Ls Rs LFE
    static constexpr std::array<int, 7> k7{0, 2, 1, 5, 6, 4, 3};    // L C R Ls Rs Cs LFE
    static constexpr std::array<int, 8> k8{0, 2, 1, 6, 7, 4, 5, 3}; // L C R Ls Rs Lb Rb LFE
    switch (channels) {
    case 3:
        return k3;
    case 5:
        return k5;
    case 6:
        return k6;
    case 7:
        return k7;
    case 8:
        return k8;
    default:
        return {};
    }
}

Result<std::unique_ptr<AudioReader>> open_wav(std::unique_ptr<ByteSource> source) {
    const std::string name = source->name();
    Result<WavReader> reader = WavReader::from_source(std::move(source));
    if (!reader) return reader.error();
    return std::unique_ptr<AudioReader>(std::make_unique<WavAdapter>(std::move(*reader), name));
}

Result<AudioFormat> sniff_format(ByteSource& source) {
    std::vector<std::byte> bytes(
        static_cast<std::size_t>(std::min<std::int64_t>(source.size(), kSniffBytes)));
    if (Status read = source.read(0, bytes); !read) return read.error();
    if (starts(bytes, 0, "ID3") && bytes.size() >= 10) {
        // The tag's size has seven bits a byte; look behind it.
        std::int64_t behind = 10;
        for (int i = 0; i < 4; ++i)
            behind += static_cast<std::int64_t>(byte_at(bytes, 6 + static_cast<std::size_t>(i)) & 0x7F)
                      << (7 * (3 - i));
        if (behind >= source.size()) return source.corrupt("holds tags and no sound");
        bytes.resize(static_cast<std::size_t>(std::min<std::int64_t>(source.size() - behind, kSniffBytes)));
        if (Status read = source.read(behind, bytes); !read) return read.error();
        if (starts(bytes, 0, "fLaC")) return AudioFormat::kFlac;
        if (frames_follow(bytes, 0, adts_frame)) return AudioFormat::kAac;
        return AudioFormat::kMp3; // padding may stand before the first frame
    }
    if ((starts(bytes, 0, "RIFF") || starts(bytes, 0, "RF64") || starts(bytes, 0, "BW64")) &&
        starts(bytes, 8, "WAVE"))
        return AudioFormat::kWav;
    if (starts(bytes, 0, "FORM") && (starts(bytes, 8, "AIFF") || starts(bytes, 8, "AIFC")))
        return AudioFormat::kAiff;
    if (starts(bytes, 0, "fLaC")) return AudioFormat::kFlac;
    if (starts(bytes, 0, "OggS")) {
        // The first page holds the codec's header alone: 27 bytes, the lacing values, then its name.
        const std::size_t body = 27 + static_cast<std::size_t>(byte_at(bytes, 26));
        if (starts(bytes, body, "\x01vorbis")) return AudioFormat::kVorbis;
        if (starts(bytes, body, "OpusHead")) return AudioFormat::kOpus;
        return Error{ErrorCode::kInvalidArgument, source.name(), "is an Ogg file of an unread codec",
                     "give Vorbis or Opus, or FLAC without Ogg around it"};
    }
    if (starts(bytes, 4, "ftyp")) return AudioFormat::kAac;
    for (std::size_t at = 0; at + 8 < bytes.size(); ++at) {
        if (frames_follow(bytes, at, adts_frame)) return AudioFormat::kAac;
        if (frames_follow(bytes, at, mp3_frame) && (at == 0 || at + mp3_frame(bytes, at) + 8 <= bytes.size()))
            return AudioFormat::kMp3;
    }
    return Error{ErrorCode::kInvalidArgument, source.name(), "is no audio file that is read here",
                 "give WAV, AIFF, FLAC, Ogg Vorbis, Opus, MP3 or AAC/M4A"};
}

Result<std::unique_ptr<AudioReader>> AudioReader::open(const std::filesystem::path& path,
                                                       const ReaderOptions& options) {
    Result<std::unique_ptr<ByteSource>> source = open_bytes(path);
    if (!source) return source.error();
    return from_source(std::move(*source), options);
}

Result<std::unique_ptr<AudioReader>> AudioReader::from_bytes(std::span<const std::byte> bytes,
                                                             const std::string& name,
                                                             const ReaderOptions& options) {
    return from_source(memory_bytes(bytes, name), options);
}

Result<std::unique_ptr<AudioReader>> AudioReader::from_source(std::unique_ptr<ByteSource> source,
                                                              const ReaderOptions& options) {
    const Result<AudioFormat> format = sniff_format(*source);
    if (!format) return format.error();
    AudioTags tags;
    if (options.with_tags) tags = read_tags(*source, *format);
    Result<std::unique_ptr<AudioReader>> reader =
        *format == AudioFormat::kWav      ? open_wav(std::move(source))
        : *format == AudioFormat::kAac    ? open_ffmpeg(std::move(source))
        : *format == AudioFormat::kVorbis ? open_vorbis(std::move(source))
        : *format == AudioFormat::kMp3    ? open_mp3(std::move(source))
                                          : open_sndfile(std::move(source), *format);
    if (reader) (*reader)->info_.tags = std::move(tags);
    return reader;
}

Status AudioReader::read(std::int64_t first, Planes planes) {
    if (planes.size() != static_cast<std::size_t>(info_.channels))
        return Error{ErrorCode::kInvalidArgument,
                     name_,
                     "has " + std::to_string(info_.channels) + " channels, " + std::to_string(planes.size()) +
                         " were asked for",
                     {}};
    const std::size_t frames = planes.front().size();
    for (const std::span<float>& plane : planes)
        if (plane.size() != frames)
            return Error{
                ErrorCode::kInvalidArgument, name_, "was read into buffers of different lengths", {}};
    if (first < 0 || first > info_.frames || static_cast<std::int64_t>(frames) > info_.frames - first)
        return Error{ErrorCode::kInvalidArgument, name_, "was read beyond its end", {}};
    return frames == 0 ? Status() : decode(first, planes);
}

} // namespace loopmind::files
