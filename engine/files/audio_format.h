// What audio files are and say: formats, sample kinds, tags, channel orders and the limits of each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loopmind::files {

/// Containers with their codec, as people name them.
enum class AudioFormat { kWav, kAiff, kFlac, kVorbis, kOpus, kMp3, kAac };

/// How samples are stored; lossy formats decode to kFloat32.
enum class SampleFormat { kInt8, kInt16, kInt24, kInt32, kFloat32, kFloat64 };

/// 8, 16, 24, 32 or 64.
int bits_of(SampleFormat format);
inline bool is_integer(SampleFormat format) {
    return format != SampleFormat::kFloat32 && format != SampleFormat::kFloat64;
}

/// "wav", "aiff", "flac", "ogg", "opus", "mp3", "m4a": the name on command lines and the usual extension.
std::string_view format_name(AudioFormat format);
/// By name, case-insensitively; also "aif", "aifc", "oga", "vorbis", "aac", "mp4", "wave".
std::optional<AudioFormat> format_from_name(std::string_view name);
/// By the extension of a path.
std::optional<AudioFormat> format_from_path(const std::filesystem::path& path);
/// True for WAV, AIFF and FLAC.
bool is_lossless(AudioFormat format);

/// Texts in UTF-8; empty ones are not written.
struct AudioTags {
    std::string title;
    std::string artist;
    std::string album;
    std::string genre;
    std::string comment;
    std::string isrc;      ///< "CC-XXX-YY-NNNNN" or without dashes
    std::string key;       ///< "A minor", "F# major", "D dorian"
    std::string copyright; ///< or licence
    std::string software;  ///< "LoopMind Farm 0.1.0"
    double bpm = 0;        ///< quarter notes per minute; 0: not said
    bool operator==(const AudioTags&) const = default;
};

/// "A minor" as tags spell it: "Am", "F#", "Ebm"; "" when it is no key of key_signature(). Modes with a minor
/// third are written as minor, the others as major: the tags know no more.
std::string short_key(std::string_view key);
/// "Am" -> "A minor", "F#" -> "F# major"; other texts come back as they are.
std::string long_key(std::string_view key);
/// "120", "92.5": up to three decimals, no trailing zeros; "" for 0.
std::string bpm_text(double bpm);

/// What a file says about itself, checked where it can be checked.
struct AudioInfo {
    AudioFormat format = AudioFormat::kWav;
    std::string codec;       ///< for people: "PCM 24 bit", "FLAC 16 bit", "MPEG layer III"
    int sample_rate = 0;     ///< Hz of what read() gives (Opus: 48000 or a rate that its decoder offers)
    int channels = 0;        ///< 1..64
    std::int64_t frames = 0; ///< exact; encoder delay and padding are not counted
    SampleFormat sample_format = SampleFormat::kFloat32; ///< as stored
    std::uint32_t channel_mask = 0; ///< WAVE_FORMAT_EXTENSIBLE speaker bits; 0: the usual order of that count
    AudioTags tags;
};

/// What a writer can do.
struct FormatLimits {
    int highest_rate; ///< Hz
    int most_channels;
    std::vector<int> rates;                   ///< the only ones; empty: any from 1000 to highest_rate
    std::vector<SampleFormat> sample_formats; ///< the first is the usual one
};
const FormatLimits& format_limits(AudioFormat format);
/// The rate to convert to before writing: `rate` itself where the format takes it, else the lowest allowed
/// one above it, else the highest.
int nearest_rate(AudioFormat format, int rate);

/// Largest number of frames that any reader accepts: 2^40, 265 days at 48 kHz.
inline constexpr std::int64_t kMaxFrames = std::int64_t{1} << 40;
inline constexpr int kMaxChannels = 64;

} // namespace loopmind::files
