// The writer's promises: tags, equal bytes, dither, nothing half-written, refusals that say what to do.
#include "engine/files/wav.h"
#include "tests/engine/files/audio_example.h"
#include "tests/engine/files/test_folder.h"
#include "tests/engine/files/wav_example.h"

#include <gtest/gtest.h>

#include <random>
#include <sys/mount.h>
#include <unistd.h>

namespace loopmind::files {
namespace {

constexpr AudioFormat kAll[] = {AudioFormat::kWav,    AudioFormat::kAiff, AudioFormat::kFlac,
                                AudioFormat::kVorbis, AudioFormat::kOpus, AudioFormat::kMp3,
                                AudioFormat::kAac};

AudioTags example_tags() {
    AudioTags tags;
    tags.title = "Rainy Night – Réprise";
    tags.artist = "Ünïcode & Friends";
    tags.album = "Farm";
    tags.genre = "LoFi";
    tags.comment = "made of loops";
    tags.isrc = "DE-ABC-26-00001";
    tags.key = "F# minor";
    tags.copyright = "CC0-1.0";
    tags.software = "LoopMind Farm test";
    tags.bpm = 92.5;
    return tags;
}

TEST(AudioWriter, TagsComeBackFromEveryFormat) {
    const TestFolder folder;
    for (const AudioFormat format : kAll) {
        const auto path = folder / ("t." + std::string(format_name(format)));
        WriterSettings settings;
        settings.format = format;
        settings.tags = example_tags();
        ASSERT_TRUE(write_audio(path, views(tones(2, 6000, 48000)), settings).ok());
        auto reader = AudioReader::open(path);
        ASSERT_TRUE(reader.ok()) << reader.error().text();
        const AudioTags& got = (*reader)->info().tags;
        const std::string name(format_name(format));
        EXPECT_EQ(got.title, settings.tags.title) << name;
        EXPECT_EQ(got.artist, settings.tags.artist) << name;
        EXPECT_EQ(got.genre, settings.tags.genre) << name;
        EXPECT_EQ(got.comment, settings.tags.comment) << name;
        EXPECT_EQ(got.isrc, "DEABC2600001") << name;
        EXPECT_EQ(got.key, "F# minor") << name;
        EXPECT_EQ(got.bpm, 92.5) << name;
        // Another program's view.
        const auto probe =
            run_program("ffprobe -v error -show_entries format_tags:stream_tags '" + path.string() + "'");
        EXPECT_EQ(probe.exit_code, 0) << name << probe.output;
        EXPECT_NE(probe.output.find(settings.tags.title), std::string::npos) << name << probe.output;
        if (format == AudioFormat::kWav) continue; // ffmpeg 5.1 passes the id3 chunk of WAV over
        EXPECT_NE(probe.output.find("DEABC2600001"), std::string::npos) << name << probe.output;
    }
}

TEST(AudioWriter, EqualInputGivesEqualBytesInAnyBlocks) {
    const TestFolder folder;
    const Audio in = tones(2, 30011, 44100);
    for (const AudioFormat format : kAll) {
        std::string first;
        for (const std::size_t block : {30011u, 1000u, 7u}) {
            if (block == 7 && !is_lossless(format)) continue;
            WriterSettings settings;
            settings.format = format;
            settings.sample_rate = nearest_rate(format, 44100);
            settings.sample_format = SampleFormat::kInt16;
            settings.tags = example_tags();
            const auto path = folder / "b.bin";
            auto writer = AudioWriter::create(path, settings);
            ASSERT_TRUE(writer.ok()) << writer.error().text();
            for (std::size_t at = 0; at < in[0].size(); at += block) {
                const std::size_t count = std::min(block, in[0].size() - at);
                const std::span<const float> planes[] = {std::span(in[0]).subspan(at, count),
                                                         std::span(in[1]).subspan(at, count)};
                ASSERT_TRUE((*writer)->write(planes).ok());
            }
            ASSERT_TRUE((*writer)->finish().ok());
            if (first.empty())
                first = bytes_of(path);
            else
                EXPECT_EQ(first == bytes_of(path), true) << format_name(format) << " " << block;
        }
    }
}

TEST(AudioWriter, RoundsAsTheStreamingWriterDoes) {
    const TestFolder folder;
    const Audio in = tones(2, 5000, 48000, 1.2);
    WriterSettings settings;
    settings.dither = Dither::kNone;
    ASSERT_TRUE(write_audio(folder / "a.wav", views(in), settings).ok());
    const std::string bytes = wav_bytes(in);
    const auto ours = decode_wav(as_bytes(bytes));
    EXPECT_EQ(*read_whole(folder / "a.wav"), ours->channels);
}

TEST(AudioWriter, LeavesNothingHalfWritten) {
    const TestFolder folder;
    const auto path = folder / "old.flac";
    std::ofstream(path) << "old";
    {
        WriterSettings settings;
        settings.format = AudioFormat::kFlac;
        auto writer = AudioWriter::create(path, settings);
        ASSERT_TRUE(writer.ok());
        ASSERT_TRUE((*writer)->write(views(tones(2, 100000, 48000))).ok());
    }
    EXPECT_EQ(bytes_of(path), "old");
    int files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path()))
        ++files;
    EXPECT_EQ(files, 1);
    WriterSettings settings;
    EXPECT_EQ(write_audio(folder / "none" / "x.wav", views(tones(2, 10, 48000)), settings).error().code,
              ErrorCode::kNotFound);
}

TEST(AudioWriter, SaysThatTheDiskIsFull) {
    const TestFolder folder;
    const auto disk = folder / "disk";
    std::filesystem::create_directories(disk);
    if (::mount("none", disk.c_str(), "tmpfs", 0, "size=65536") != 0)
        GTEST_SKIP() << "no right to mount a small disk";
    Audio noise = tones(2, 48000 * 8, 48000);
    std::mt19937 random(1);
    for (auto& plane : noise)
        for (float& x : plane)
            x = static_cast<float>(static_cast<double>(random()) / 4294967296.0 - 0.5);
    for (const AudioFormat format : kAll) {
        WriterSettings settings;
        settings.format = format;
        const auto result = write_audio(disk / "x", views(noise), settings);
        ASSERT_FALSE(result.ok()) << format_name(format);
        EXPECT_EQ(result.error().code, ErrorCode::kResourceExhausted)
            << format_name(format) << result.error().text();
        EXPECT_NE(result.error().text().find("free disk space"), std::string::npos) << result.error().text();
        EXPECT_TRUE(std::filesystem::is_empty(disk)) << format_name(format);
    }
    ::umount(disk.c_str());
}

TEST(AudioWriter, RefusesWhatAFormatLacks) {
    const TestFolder folder;
    const auto error = [&](AudioFormat format, int rate, int channels) {
        WriterSettings settings;
        settings.format = format;
        settings.sample_rate = rate;
        settings.channels = channels;
        auto writer = AudioWriter::create(folder / "x", settings);
        return writer.ok() ? std::string("accepted") : writer.error().text();
    };
    EXPECT_NE(error(AudioFormat::kMp3, 96000, 2).find("convert to 48000 Hz"), std::string::npos);
    EXPECT_NE(error(AudioFormat::kMp3, 9000, 2).find("convert to 11025 Hz"), std::string::npos);
    EXPECT_NE(error(AudioFormat::kOpus, 44100, 2).find("convert to 48000 Hz"), std::string::npos);
    EXPECT_NE(error(AudioFormat::kMp3, 48000, 6).find("mix down"), std::string::npos);
    EXPECT_NE(error(AudioFormat::kFlac, 48000, 9).find("1 to 8"), std::string::npos);
    EXPECT_NE(error(AudioFormat::kWav, 48000, 65).find("1 to 64"), std::string::npos);
    EXPECT_NE(error(AudioFormat::kWav, 500, 2).find("convert to 1000 Hz"), std::string::npos);
    WriterSettings settings;
    settings.format = AudioFormat::kFlac;
    settings.sample_format = SampleFormat::kFloat32;
    EXPECT_EQ(AudioWriter::create(folder / "x", settings).error().field, "sample_format");
}

TEST(AudioWriter, LargeFilesBecomeRf64) {
    const TestFolder folder;
    const auto path = folder / "large.wav";
    const Audio in = tones(2, 3001, 48000);
    WriterSettings settings;
    settings.sample_format = SampleFormat::kFloat32;
    settings.rf64_above = 1000;
    ASSERT_TRUE(write_audio(path, views(in), settings).ok());
    EXPECT_EQ(bytes_of(path).substr(0, 4), "RF64");
    EXPECT_EQ(*read_whole(path), in);
    EXPECT_EQ(ffmpeg_decodes(path, 2), in);
}

TEST(AudioWriter, FilesOfTenHoursAreReadToTheirEnd) {
    // An RF64 header, then 10 h of 8 channels at 48 kHz, 24 bit (41 GB): holes, but for the last frame.
    const TestFolder folder;
    const auto path = folder / "ten.wav";
    constexpr std::int64_t kFrames = std::int64_t{36000} * 48000, kData = kFrames * 24;
    std::string head = "RF64\xff\xff\xff\xffWAVEds64";
    put_little(head, 28, 4);
    put_little(head, static_cast<std::uint64_t>(kData + 72), 8);
    put_little(head, static_cast<std::uint64_t>(kData), 8);
    put_little(head, static_cast<std::uint64_t>(kFrames), 8);
    put_little(head, 0, 4);
    head += raw_wav(1, 8, 48000, 24, "").substr(12, 24) + "data\xff\xff\xff\xff";
    const auto begin = static_cast<std::int64_t>(head.size());
    std::ofstream(path, std::ios::binary) << head;
    std::error_code code;
    std::filesystem::resize_file(path, static_cast<std::uintmax_t>(begin + kData), code);
    if (code) GTEST_SKIP() << "this file system takes no file of 41 GB";
    {
        std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
        file.seekp(begin + kData - 24);
        file.write(std::string(24, '\x40').data(), 24);
    }
    auto reader = AudioReader::open(path);
    ASSERT_TRUE(reader.ok()) << reader.error().text();
    EXPECT_EQ((*reader)->info().frames, kFrames);
    const auto end = read_range(**reader, kFrames - 2, 2);
    ASSERT_TRUE(end.ok()) << end.error().text();
    EXPECT_EQ((*end)[7], (std::vector<float>{0, 0x404040 / 8388608.0f}));
}

TEST(Dither, LeavesSourcesAloneThatFit) {
    Audio in = tones(2, 5000, 48000);
    for (auto& plane : in)
        for (float& x : plane)
            x = std::floor(x * 32768.0f) / 32768.0f;
    for (const Dither kind : {Dither::kTpdf, Dither::kShaped}) {
        Quantiser quantiser(16, 2, 48000, kind);
        std::vector<std::int32_t> out;
        quantiser.run(views(in), out);
        EXPECT_FALSE(quantiser.dithered());
        for (std::size_t i = 0; i < in[0].size(); ++i)
            ASSERT_EQ(out[2 * i], static_cast<std::int32_t>(in[0][i] * 32768.0f));
    }
}

TEST(Dither, ErrorIsNoiseOfConstantPowerWhateverTheSignal) {
    // TPDF dither makes mean and variance of the total error independent of the signal: 0 and 1/4 step^2
    // (1/12 of rounding and 2/12 of dither).
    for (const double level : {0.1, 0.5, 0.9, 1.3, 20.2}) {
        const Audio in(1, std::vector<float>(400000, static_cast<float>(level / 32768)));
        Quantiser quantiser(16, 1, 48000, Dither::kTpdf);
        std::vector<std::int32_t> out;
        quantiser.run(views(in), out);
        double mean = 0, square = 0;
        for (const std::int32_t value : out) {
            const double error = value - double(in[0][0]) * 32768;
            mean += error;
            square += error * error;
        }
        mean /= 400000;
        EXPECT_NEAR(mean, 0, 0.005) << level;
        EXPECT_NEAR(square / 400000 - mean * mean, 0.25, 0.005) << level;
    }
}

TEST(Dither, ShapingMovesNoiseOutOfTheMiddle) {
    // Power of the error in 2..5 kHz, where hearing is keenest, by a filter bank of Goertzel sums.
    const auto noise_power = [](Dither kind) {
        const Audio in = tones(1, 1 << 16, 44100, 0.01);
        Quantiser quantiser(16, 1, 44100, kind);
        std::vector<std::int32_t> out;
        quantiser.run(views(in), out);
        double power = 0;
        for (double hertz = 2010; hertz < 5000; hertz += 97) {
            double re = 0, im = 0;
            for (std::size_t i = 0; i < out.size(); ++i) {
                const double error = out[i] - double(in[0][i]) * 32768;
                const double window =
                    0.5 - 0.5 * std::cos(2 * std::numbers::pi * double(i) / double(out.size()));
                re += window * error * std::cos(2 * std::numbers::pi * hertz * double(i) / 44100);
                im += window * error * std::sin(2 * std::numbers::pi * hertz * double(i) / 44100);
            }
            power += re * re + im * im;
        }
        return 10 * std::log10(power);
    };
    const double gain = noise_power(Dither::kTpdf) - noise_power(Dither::kShaped);
    RecordProperty("shaping_gain_db", std::to_string(gain));
    EXPECT_GT(gain, 10);
}

} // namespace
} // namespace loopmind::files
