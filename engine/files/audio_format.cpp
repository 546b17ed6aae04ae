// Names and limits of the formats.
#include "engine/files/audio_format.h"

#include "engine/files/key_signature.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>

namespace loopmind::files {
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

} // namespace

int bits_of(SampleFormat format) {
    switch (format) {
    case SampleFormat::kInt8:
        return 8;
    case SampleFormat::kInt16:
        return 16;
    case SampleFormat::kInt24:
        return 24;
    case SampleFormat::kInt32:
    case SampleFormat::kFloat32:
        return 32;
    case SampleFormat::kFloat64:
        return 64;
    }
    return 0;
}

std::string_view format_name(AudioFormat format) {
    switch (format) {
    case AudioFormat::kWav:
        return "wav";
    case AudioFormat::kAiff:
        return "aiff";
    case AudioFormat::kFlac:
        return "flac";
    case AudioFormat::kVorbis:
        return "ogg";
    case AudioFormat::kOpus:
        return "opus";
    case AudioFormat::kMp3:
        return "mp3";
    case AudioFormat::kAac:
        return "m4a";
    }
    return "";
}

std::optional<AudioFormat> format_from_name(std::string_view name) {
    static const std::pair<std::string_view, AudioFormat> kNames[] = {
        {"wav", AudioFormat::kWav},    {"wave", AudioFormat::kWav},      {"bwf", AudioFormat::kWav},
        {"rf64", AudioFormat::kWav},   {"aiff", AudioFormat::kAiff},     {"aif", AudioFormat::kAiff},
        {"aifc", AudioFormat::kAiff},  {"flac", AudioFormat::kFlac},     {"ogg", AudioFormat::kVorbis},
        {"oga", AudioFormat::kVorbis}, {"vorbis", AudioFormat::kVorbis}, {"opus", AudioFormat::kOpus},
        {"mp3", AudioFormat::kMp3},    {"m4a", AudioFormat::kAac},       {"aac", AudioFormat::kAac},
        {"mp4", AudioFormat::kAac}};
    const std::string wanted = lower(name);
    for (const auto& [text, format] : kNames)
        if (text == wanted) return format;
    return std::nullopt;
}

std::optional<AudioFormat> format_from_path(const std::filesystem::path& path) {
    const std::string extension = path.extension().string();
    return extension.size() < 2 ? std::nullopt : format_from_name(std::string_view(extension).substr(1));
}

bool is_lossless(AudioFormat format) {
    return format == AudioFormat::kWav || format == AudioFormat::kAiff || format == AudioFormat::kFlac;
}

std::string short_key(std::string_view key) {
    const auto signature = key_signature(key);
    if (!signature) return {};
    const std::size_t space = key.find(' ');
    const std::string mode = lower(key.substr(space + 1));
    const bool minor = signature->minor || mode == "dorian" || mode == "phrygian" || mode == "locrian";
    return std::string(key.substr(0, space)) + (minor ? "m" : "");
}

std::string long_key(std::string_view key) {
    const bool minor = key.size() > 1 && key.back() == 'm';
    const std::string name =
        std::string(key.substr(0, key.size() - (minor ? 1 : 0))) + (minor ? " minor" : " major");
    return key_signature(name) ? name : std::string(key);
}

std::string bpm_text(double bpm) {
    if (!(bpm > 0) || !std::isfinite(bpm)) return {};
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%.3f", bpm);
    std::string text = buffer;
    while (text.back() == '0')
        text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text;
}

const FormatLimits& format_limits(AudioFormat format) {
    using S = SampleFormat;
    // Rates: MPEG-1, 2 and 2.5 layer III; Opus always codes 48 kHz; AAC's table of sampling frequencies
    // without 7350 Hz, which the encoder lacks.
    static const FormatLimits wav{
        768000, kMaxChannels, {}, {S::kInt24, S::kInt16, S::kInt8, S::kInt32, S::kFloat32, S::kFloat64}};
    static const FormatLimits aiff{
        768000, kMaxChannels, {}, {S::kInt24, S::kInt16, S::kInt8, S::kInt32, S::kFloat32, S::kFloat64}};
    static const FormatLimits flac{655350, 8, {}, {S::kInt24, S::kInt16, S::kInt8}};
    static const FormatLimits vorbis{192000, 8, {}, {S::kFloat32}};
    static const FormatLimits opus{48000, 8, {48000}, {S::kFloat32}};
    static const FormatLimits mp3{
        48000, 2, {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}, {S::kFloat32}};
    static const FormatLimits aac{
        96000,
        8,
        {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000},
        {S::kFloat32}};
    switch (format) {
    case AudioFormat::kWav:
        return wav;
    case AudioFormat::kAiff:
        return aiff;
    case AudioFormat::kFlac:
        return flac;
    case AudioFormat::kVorbis:
        return vorbis;
    case AudioFormat::kOpus:
        return opus;
    case AudioFormat::kMp3:
        return mp3;
    case AudioFormat::kAac:
        return aac;
    }
    return wav;
}

int nearest_rate(AudioFormat format, int rate) {
    const FormatLimits& limits = format_limits(format);
    if (limits.rates.empty()) return std::clamp(rate, 1000, limits.highest_rate);
    const auto at = std::lower_bound(limits.rates.begin(), limits.rates.end(), rate);
    return at == limits.rates.end() ? limits.rates.back() : *at;
}

} // namespace loopmind::files
