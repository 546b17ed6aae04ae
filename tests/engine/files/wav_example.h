// Audio and WAV bytes that several tests use.
#pragma once

#include "engine/files/wav.h"

#include <cmath>
#include <string>
#include <vector>

namespace loopmind::files {

/// `frames` of a tone; the second channel turns the phase.
inline std::vector<std::vector<float>> tone(std::size_t frames, double step = 0.05) {
    std::vector<std::vector<float>> out(2, std::vector<float>(frames));
    for (std::size_t i = 0; i < frames; ++i) {
        out[0][i] = static_cast<float>(0.7 * std::sin(step * static_cast<double>(i)));
        out[1][i] = static_cast<float>(0.6 * std::cos(step * static_cast<double>(i)));
    }
    return out;
}

/// All bytes of a 24-bit WAV, written in blocks of `block` frames.
inline std::string wav_bytes(const std::vector<std::vector<float>>& audio, int rate = 48000,
                             std::size_t block = 1000, int channels = 2) {
    std::string bytes;
    const auto frames = static_cast<std::int64_t>(audio[0].size());
    auto writer = StreamingWavWriter::create(rate, channels, frames, [&](std::span<const std::byte> part) {
        bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
        return Status();
    });
    if (!writer) return {};
    const std::span<const float> left = audio[0], right = audio[1];
    for (std::size_t at = 0; at < left.size(); at += block) {
        const std::size_t count = std::min(block, left.size() - at);
        if (!writer->write(left.subspan(at, count), right.subspan(at, count))) return {};
    }
    return writer->finish() ? bytes : std::string();
}

inline std::span<const std::byte> as_bytes(const std::string& text) {
    return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

inline void put_little(std::string& out, std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i)
        out += static_cast<char>(value >> (8 * i) & 0xFF);
}

/// A WAV of any kind: raw sample bytes behind a format chunk, with `before` standing between.
inline std::string raw_wav(int tag, int channels, int rate, int bits, const std::string& data,
                           const std::string& before = {}) {
    std::string out = "RIFF";
    put_little(out, 36 + before.size() + data.size(), 4);
    out += "WAVEfmt ";
    put_little(out, 16, 4);
    put_little(out, static_cast<std::uint64_t>(tag), 2);
    put_little(out, static_cast<std::uint64_t>(channels), 2);
    put_little(out, static_cast<std::uint64_t>(rate), 4);
    put_little(out, static_cast<std::uint64_t>(rate * channels * bits / 8), 4);
    put_little(out, static_cast<std::uint64_t>(channels * bits / 8), 2);
    put_little(out, static_cast<std::uint64_t>(bits), 2);
    out += before + "data";
    put_little(out, data.size(), 4);
    return out + data;
}

} // namespace loopmind::files
