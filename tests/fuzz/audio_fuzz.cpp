// Fuzz target: the readers of all audio formats and of their tags, on files from anywhere.
#include "engine/files/audio_reader.h"
#include "engine/files/audio_writer.h"
#include "proto/base/random_id.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace loopmind;

namespace {

/// Reads some frames from the start, then some from the middle.
void play(files::AudioReader& reader) {
    const files::AudioInfo& info = reader.info();
    if (info.channels < 1 || info.channels > files::kMaxChannels || info.frames < 0) std::abort();
    const std::int64_t count = std::min<std::int64_t>(info.frames, 8192);
    std::vector<std::vector<float>> audio(static_cast<std::size_t>(info.channels),
                                          std::vector<float>(static_cast<std::size_t>(count)));
    const std::vector<std::span<float>> planes(audio.begin(), audio.end());
    for (const std::int64_t first : {std::int64_t{0}, (info.frames - count) / 2, info.frames - count})
        if (const Status read = reader.read(first, planes); !read && read.error().message.empty())
            std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto reader = files::AudioReader::from_bytes(std::as_bytes(std::span(data, size)), "fuzz");
    if (!reader.ok() && (reader.error().message.empty() || reader.error().field.empty())) std::abort();
    if (reader.ok()) play(**reader);
    return 0;
}

std::vector<std::string> fuzz_seeds() {
    const auto folder = std::filesystem::temp_directory_path() / ("loopmind-fuzz-" + base::random_hex(6));
    std::filesystem::create_directories(folder);
    std::vector<std::string> seeds;
    std::vector<std::vector<float>> audio(2, std::vector<float>(3000));
    for (std::size_t i = 0; i < audio[0].size(); ++i)
        audio[0][i] = audio[1][i] = static_cast<float>(0.3 * std::sin(0.05 * static_cast<double>(i)));
    using Format = files::AudioFormat;
    for (const Format format : {Format::kWav, Format::kAiff, Format::kFlac, Format::kVorbis, Format::kOpus,
                                Format::kMp3, Format::kAac}) {
        for (const bool tagged : {false, true}) {
            files::WriterSettings settings;
            settings.format = format;
            settings.sample_format = tagged && format != Format::kFlac ? files::SampleFormat::kFloat32
                                                                       : files::SampleFormat::kInt16;
            if (tagged) {
                settings.tags.title = "Fuzz \xC3\xBC";
                settings.tags.isrc = "DEABC2600001";
                settings.tags.key = "A minor";
                settings.tags.bpm = 120.5;
            }
            const auto path = folder / "seed";
            const std::vector<std::span<const float>> planes(audio.begin(), audio.end());
            if (!files::write_audio(path, planes, settings)) std::abort();
            std::ifstream file(path, std::ios::binary);
            seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
        }
    }
    std::string large = seeds[0]; // the same as RF64
    large.replace(0, 4, "RF64");
    large.replace(12, 4, "ds64");
    seeds.push_back(large);
    std::filesystem::remove_all(folder);
    return seeds;
}
