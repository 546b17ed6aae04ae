// The streaming writer and the reader agree with each other, with the format, and with other programs.
#include "engine/files/wav.h"

#include "proto/base/durable_file.h"
#include "tests/engine/files/run_program.h"
#include "tests/engine/files/test_folder.h"
#include "tests/engine/files/wav_example.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <random>

namespace loopmind::files {
namespace {

TEST(WavWriter, HeaderIsFinalFromTheFirstByte) {
    const std::string bytes = wav_bytes(tone(5000));
    ASSERT_EQ(bytes.size(), 44u + 5000 * 6);
    std::string expected = "RIFF";
    put_little(expected, 36 + 30000, 4);
    expected += "WAVEfmt ";
    for (const auto& [value, size] :
         {std::pair{16, 4}, {1, 2}, {2, 2}, {48000, 4}, {288000, 4}, {6, 2}, {24, 2}})
        put_little(expected, static_cast<std::uint64_t>(value), size);
    expected += "data";
    put_little(expected, 30000, 4);
    EXPECT_EQ(bytes.substr(0, 44), expected);
}

TEST(WavWriter, BlockSizeDoesNotChangeTheBytes) {
    const std::string whole = wav_bytes(tone(20001), 44100, 20001);
    ASSERT_FALSE(whole.empty());
    for (std::size_t block : {1u, 64u, 8191u, 8192u, 8193u})
        EXPECT_EQ(wav_bytes(tone(20001), 44100, block), whole);
}

TEST(WavWriter, RoundsToNearestAndClamps) {
    const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> in = {
        0, 1, -1, 2, -2, inf, -inf, nan, 1.4f / 8388608, 1.5f / 8388608, -1.5f / 8388608, 0.5f};
    const std::string bytes = wav_bytes({in, in});
    const auto audio = decode_wav(as_bytes(bytes));
    ASSERT_TRUE(audio.ok());
    std::vector<int> values;
    for (float x : audio->channels[1])
        values.push_back(static_cast<int>(std::lround(x * 8388608.0)));
    EXPECT_EQ(values, (std::vector<int>{0, 8388607, -8388608, 8388607, -8388608, 8388607, -8388608, 0, 1, 2,
                                        -1, 4194304}));
}

TEST(WavWriter, SaysWhenItClipped) {
    auto writer = StreamingWavWriter::create(48000, 2, 2, [](auto) { return Status(); });
    ASSERT_TRUE(writer.ok());
    const std::vector<float> quiet =
                                 {
                                     -1,
                                 },
                             loud = {1.01f};
    ASSERT_TRUE(writer->write(quiet, quiet).ok());
    EXPECT_FALSE(writer->clipped());
    ASSERT_TRUE(writer->write(loud, loud).ok());
    EXPECT_TRUE(writer->clipped());
    EXPECT_TRUE(writer->finish().ok());
    EXPECT_EQ(writer->bytes_written(), 44 + 12);
    EXPECT_EQ(writer->total_bytes(), 44 + 12);
}

TEST(WavWriter, KeepsItsPromise) {
    const std::vector<float> two(2), three(3);
    auto writer = StreamingWavWriter::create(48000, 2, 2, [](auto) { return Status(); });
    EXPECT_FALSE(writer->write(three, three).ok());
    EXPECT_FALSE(writer->write(two, three).ok());
    EXPECT_FALSE(writer->finish().ok());
    EXPECT_FALSE(StreamingWavWriter::create(48000, 3, 2, nullptr).ok());
    EXPECT_FALSE(StreamingWavWriter::create(100, 2, 2, nullptr).ok());
    EXPECT_FALSE(StreamingWavWriter::create(48000, 2, -1, nullptr).ok());
    EXPECT_FALSE(StreamingWavWriter::create(48000, 2, std::int64_t{1} << 40, nullptr).ok());
}

TEST(WavWriter, PassesTheSinksErrorOn) {
    auto writer = StreamingWavWriter::create(48000, 2, 100, [](auto bytes) {
        return bytes.size() == 44 ? Status()
                                  : Status(Error{ErrorCode::kResourceExhausted, "disk", "is full", {}});
    });
    const std::vector<float> block(100);
    const Status written = writer->write(block, block);
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().field, "disk");
    EXPECT_EQ(writer->bytes_written(), 44);
}

TEST(WavWriter, PadsOddMono) {
    const std::string bytes = wav_bytes(tone(3), 48000, 100, 1);
    EXPECT_EQ(bytes.size(), 44u + 9 + 1);
    const auto audio = decode_wav(as_bytes(bytes));
    ASSERT_TRUE(audio.ok());
    EXPECT_EQ(audio->info.frames, 3);
    EXPECT_EQ(audio->channels.size(), 1u);
}

TEST(WavReader, ReadsEveryFormat) {
    std::string data;
    for (int value : {0, 16384, -32768, 32767})
        put_little(data, static_cast<std::uint64_t>(value), 2);
    auto audio = decode_wav(as_bytes(raw_wav(1, 2, 44100, 16, data)));
    ASSERT_TRUE(audio.ok()) << audio.error().text();
    EXPECT_EQ(audio->channels[0], (std::vector<float>{0, -1}));
    EXPECT_EQ(audio->channels[1], (std::vector<float>{0.5f, 32767 / 32768.0f}));

    data.clear();
    for (std::int64_t value : {std::int64_t{1} << 30, -(std::int64_t{1} << 31)})
        put_little(data, static_cast<std::uint64_t>(value), 4);
    audio = decode_wav(as_bytes(raw_wav(1, 1, 44100, 32, data)));
    ASSERT_TRUE(audio.ok());
    EXPECT_EQ(audio->channels[0], (std::vector<float>{0.5f, -1}));

    data.clear();
    for (float value : {0.25f, -3.5f})
        put_little(data, std::bit_cast<std::uint32_t>(value), 4);
    audio = decode_wav(as_bytes(raw_wav(3, 1, 96000, 32, data)));
    ASSERT_TRUE(audio.ok());
    EXPECT_EQ(audio->channels[0], (std::vector<float>{0.25f, -3.5f}));
    EXPECT_EQ(audio->info.sample_rate, 96000);
}

TEST(WavReader, ReadsWhatOtherProgramsWrite) {
    const TestFolder folder;
    for (const auto& [options, format] :
         {std::pair{"-b 16", SampleFormat::kInt16}, std::pair{"-b 24", SampleFormat::kInt24},
          std::pair{"-b 32", SampleFormat::kInt32},
          std::pair{"-e floating-point -b 32", SampleFormat::kFloat32}}) {
        const auto path = folder / "sox.wav";
        const auto made = run_program("sox -R -n -r 44100 -c 2 " + std::string(options) + " " +
                                      path.string() + " synth 0.1 sine 440 gain -6");
        ASSERT_EQ(made.exit_code, 0) << made.output;
        const auto audio = read_wav(path);
        ASSERT_TRUE(audio.ok()) << audio.error().text();
        EXPECT_EQ(audio->info.format, format);
        EXPECT_EQ(audio->info.frames, 4410);
        float peak = 0;
        for (float x : audio->channels[1])
            peak = std::max(peak, std::abs(x));
        EXPECT_NEAR(peak, 0.501f, 0.002f);
    }
    const auto piped =
        run_program("ffmpeg -v error -y -f lavfi -i sine=duration=0.1:sample_rate=48000 -f wav - > " +
                    (folder / "pipe.wav").string()); // sizes of 0xFFFFFFFF
    ASSERT_EQ(piped.exit_code, 0) << piped.output;
    const auto audio = read_wav(folder / "pipe.wav");
    ASSERT_TRUE(audio.ok()) << audio.error().text();
    EXPECT_EQ(audio->info.frames, 4800);
}

TEST(WavReader, ReadsAnywhere) {
    const auto audio = tone(20000);
    const std::string bytes = wav_bytes(audio);
    auto reader = WavReader::from_bytes(as_bytes(bytes));
    ASSERT_TRUE(reader.ok());
    std::vector<float> left(9000), right(9000);
    ASSERT_TRUE(reader->read(11000, left, right).ok());
    for (std::size_t i = 0; i < left.size(); ++i) {
        ASSERT_NEAR(left[i], audio[0][11000 + i], 1e-6f);
        ASSERT_NEAR(right[i], audio[1][11000 + i], 1e-6f);
    }
    EXPECT_FALSE(reader->read(11001, left, right).ok());
    EXPECT_FALSE(reader->read(-1, left, right).ok());
    EXPECT_EQ(reader->info().data_offset, 44);
}

/// Every 24-bit value that `data` holds, by the format's definition.
std::vector<float> by_definition(const std::string& data, std::size_t channel) {
    std::vector<float> out;
    for (std::size_t at = 3 * channel; at + 3 <= data.size(); at += 6) {
        const auto byte = [&](std::size_t i) {
            return static_cast<int>(static_cast<unsigned char>(data[at + i]));
        };
        const int whole = byte(0) + 256 * byte(1) + 65536 * byte(2);
        out.push_back(static_cast<float>(whole < (1 << 23) ? whole : whole - (1 << 24)) / 8388608.0f);
    }
    return out;
}

TEST(WavReader, PiecesOfAnySizeGiveTheSameSamples) {
    std::mt19937 random(5);
    std::string data(6 * 30011, '\0'); // several buffers, and no whole number of registers
    for (char& byte : data)
        byte = static_cast<char>(random());
    const std::string bytes = raw_wav(1, 2, 48000, 24, data);
    const std::vector<float> expected[2] = {by_definition(data, 0), by_definition(data, 1)};
    const std::int64_t frames = static_cast<std::int64_t>(expected[0].size());
    for (std::int64_t step : {1, 7, 256, 2048, 5461, 30011}) {
        auto reader = WavReader::from_bytes(as_bytes(bytes));
        ASSERT_TRUE(reader.ok());
        std::vector<float> left(expected[0].size()), right(left.size());
        for (std::int64_t at = 0; at < frames; at += step) {
            const auto count = static_cast<std::size_t>(std::min(step, frames - at));
            const auto from = static_cast<std::size_t>(at);
            ASSERT_TRUE(reader->read(at, std::span(left).subspan(from, count),
                                     std::span(right).subspan(from, count)));
        }
        EXPECT_EQ(left, expected[0]) << step;
        EXPECT_EQ(right, expected[1]) << step;
    }
    auto reader = WavReader::from_bytes(as_bytes(bytes));
    ASSERT_TRUE(reader.ok());
    for (int turn = 0; turn < 500; ++turn) { // to and fro, one channel alone at times
        const auto first = static_cast<std::int64_t>(random()) % frames;
        const auto count = static_cast<std::size_t>(std::min<std::int64_t>(random() % 9000, frames - first));
        std::vector<float> left(count), right(turn % 3 == 0 ? 0 : count);
        ASSERT_TRUE(reader->read(first, left, right));
        ASSERT_TRUE(std::equal(left.begin(), left.end(), expected[0].begin() + first))
            << first << " " << count;
        ASSERT_TRUE(std::equal(right.begin(), right.end(), expected[1].begin() + first))
            << first << " " << count;
    }
}

} // namespace
} // namespace loopmind::files
