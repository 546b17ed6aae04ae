// Signals, and what other programs make of audio files, for the tests of readers and writers.
#pragma once

#include "engine/files/audio_reader.h"
#include "engine/files/audio_writer.h"
#include "tests/engine/files/run_program.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <string>
#include <vector>

namespace loopmind::files {

using Audio = std::vector<std::vector<float>>;

inline std::vector<std::span<const float>> views(const Audio& audio) {
    return {audio.begin(), audio.end()};
}

/// One tone per channel, high enough that an offset of a single frame ruins the likeness; the LFE of 5.1 and
/// 7.1 gets 50 Hz, since lossy formats code nothing else there.
inline Audio tones(int channels, std::int64_t frames, int rate, double level = 0.3) {
    Audio out(static_cast<std::size_t>(channels), std::vector<float>(static_cast<std::size_t>(frames)));
    for (std::size_t c = 0; c < out.size(); ++c) {
        const bool lfe = c == 3 && (channels == 6 || channels == 8);
        const double hertz = lfe ? 50.0 : std::min(rate / 10.0, 2500.0) + 130.0 * static_cast<double>(c);
        for (std::size_t i = 0; i < out[c].size(); ++i)
            out[c][i] = static_cast<float>(
                level * std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / rate + 0.3));
    }
    return out;
}

/// Signal to error in dB over frames first .. last - 1 of one channel; 200 when equal.
inline double likeness(const std::vector<float>& wanted, const std::vector<float>& got, std::size_t first,
                       std::size_t last) {
    double signal = 0, error = 0;
    for (std::size_t i = first; i < last; ++i) {
        const double difference = double(wanted[i]) - got[i];
        signal += double(wanted[i]) * wanted[i];
        error += difference * difference;
    }
    return error == 0 ? 200 : 10 * std::log10(signal / error);
}

inline double worst_likeness(const Audio& wanted, const Audio& got, std::size_t edge = 0) {
    double worst = 200;
    for (std::size_t c = 0; c < wanted.size(); ++c)
        worst = std::min(worst, likeness(wanted[c], got[c], edge, wanted[c].size() - edge));
    return worst;
}

inline Result<Audio> read_range(AudioReader& reader, std::int64_t first, std::int64_t frames) {
    Audio out(static_cast<std::size_t>(reader.info().channels),
              std::vector<float>(static_cast<std::size_t>(frames)));
    std::vector<std::span<float>> planes(out.begin(), out.end());
    if (Status read = reader.read(first, planes); !read) return read.error();
    return out;
}

inline Result<Audio> read_whole(const std::filesystem::path& path) {
    auto reader = AudioReader::open(path);
    if (!reader) return reader.error();
    return read_range(**reader, 0, (*reader)->info().frames);
}

/// What ffmpeg decodes from a file, as float.
inline Audio ffmpeg_decodes(const std::filesystem::path& path, int channels) {
    const std::string raw = path.string() + ".f32";
    const ProgramResult run =
        run_program("ffmpeg -v error -y -i '" + path.string() + "' -f f32le -c:a pcm_f32le '" + raw + "'");
    Audio out(static_cast<std::size_t>(channels));
    if (run.exit_code != 0) return out;
    std::ifstream file(raw, std::ios::binary);
    std::vector<float> frame(static_cast<std::size_t>(channels));
    while (file.read(reinterpret_cast<char*>(frame.data()), static_cast<std::streamsize>(frame.size() * 4)))
        for (std::size_t c = 0; c < frame.size(); ++c)
            out[c].push_back(frame[c]);
    std::filesystem::remove(raw);
    return out;
}

inline std::string bytes_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline bool installed(const std::string& program) {
    return run_program("command -v " + program).exit_code == 0;
}

} // namespace loopmind::files
