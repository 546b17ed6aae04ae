// Every format, rate, depth and channel count: what was written comes back, here and in other programs.
#include "tests/engine/files/audio_example.h"
#include "tests/engine/files/test_folder.h"

#include <gtest/gtest.h>

#include <random>

namespace loopmind::files {
namespace {

constexpr int kRates[] = {8000, 11025, 22050, 44100, 48000, 88200, 96000, 192000};
constexpr int kChannels[] = {1, 2, 3, 5, 6, 8};

const char* extension(AudioFormat format) {
    return format_name(format).data();
}

TEST(AudioRoundTrip, LosslessFormatsGiveBackEverySample) {
    const TestFolder folder;
    for (const AudioFormat format : {AudioFormat::kWav, AudioFormat::kAiff, AudioFormat::kFlac}) {
        for (const SampleFormat sample : format_limits(format).sample_formats) {
            for (const int rate : kRates) {
                for (const int channels : kChannels) {
                    const std::string what = std::string(format_name(format)) + " " +
                                             std::to_string(bits_of(sample)) + " " + std::to_string(rate) +
                                             " " + std::to_string(channels);
                    const auto path = folder / (std::string("x.") + extension(format));
                    const Audio in = tones(channels, 1237, rate);
                    WriterSettings settings;
                    settings.format = format;
                    settings.sample_rate = rate;
                    settings.channels = channels;
                    settings.sample_format = sample;
                    settings.dither = Dither::kNone;
                    const auto written = write_audio(path, views(in), settings);
                    ASSERT_TRUE(written.ok()) << what << " " << written.error().text();
                    auto reader = AudioReader::open(path);
                    ASSERT_TRUE(reader.ok()) << what << " " << reader.error().text();
                    const AudioInfo& info = (*reader)->info();
                    EXPECT_EQ(info.format, format) << what;
                    EXPECT_EQ(info.sample_rate, rate) << what;
                    EXPECT_EQ(info.channels, channels) << what;
                    EXPECT_EQ(info.frames, 1237) << what;
                    EXPECT_EQ(info.sample_format, sample) << what;
                    const auto out = read_range(**reader, 0, 1237);
                    ASSERT_TRUE(out.ok()) << what << " " << out.error().text();
                    const double step =
                        is_integer(sample) ? std::ldexp(1.0, 1 - std::min(bits_of(sample), 24)) : 0;
                    for (std::size_t c = 0; c < in.size(); ++c)
                        for (std::size_t i = 0; i < in[c].size(); ++i)
                            ASSERT_LE(std::abs(double(in[c][i]) - (*out)[c][i]), step / 2)
                                << what << " " << c << " " << i;
                }
            }
        }
    }
}

TEST(AudioRoundTrip, OtherProgramsReadLosslessFilesBitForBit) {
    const TestFolder folder;
    int turn = 0; // every depth and every channel count, not every pair: each is a run of ffmpeg
    for (const AudioFormat format : {AudioFormat::kWav, AudioFormat::kAiff, AudioFormat::kFlac}) {
        for (const SampleFormat sample : format_limits(format).sample_formats) {
            static constexpr int kCounts[] = {1, 2, 6, 3, 8, 5};
            {
                const int channels = kCounts[turn++ % 6];
                const int rate = channels == 1 ? 192000 : channels == 2 ? 11025 : 48000;
                const std::string what = std::string(format_name(format)) + " " +
                                         std::to_string(bits_of(sample)) + " " + std::to_string(channels);
                const auto path = folder / (std::string("x.") + extension(format));
                WriterSettings settings;
                settings.format = format;
                settings.sample_rate = rate;
                settings.channels = channels;
                settings.sample_format = sample;
                ASSERT_TRUE(write_audio(path, views(tones(channels, 3001, rate)), settings).ok()) << what;
                const auto ours = read_whole(path);
                ASSERT_TRUE(ours.ok()) << what;
                EXPECT_EQ(ffmpeg_decodes(path, channels), *ours) << what;
            }
        }
    }
}

struct Lossy {
    AudioFormat format;
    double likeness; ///< dB, at least, away from the edges
};

TEST(AudioRoundTrip, LossyFormatsKeepLengthPlaceAndChannels) {
    const TestFolder folder;
    for (const Lossy lossy : {Lossy{AudioFormat::kVorbis, 20}, Lossy{AudioFormat::kOpus, 14},
                              Lossy{AudioFormat::kMp3, 20}, Lossy{AudioFormat::kAac, 14}}) {
        int last_rate = 0;
        for (const int wanted_rate : kRates) {
            const int rate = nearest_rate(lossy.format, wanted_rate);
            if (rate == last_rate) continue;
            last_rate = rate;
            for (const int channels : kChannels) {
                if (channels > format_limits(lossy.format).most_channels) continue;
                const std::string what = std::string(format_name(lossy.format)) + " " + std::to_string(rate) +
                                         " " + std::to_string(channels);
                const std::int64_t frames = rate / 2 + 77;
                const Audio in = tones(channels, frames, rate);
                const auto path = folder / (std::string("x.") + extension(lossy.format));
                WriterSettings settings;
                settings.format = lossy.format;
                settings.sample_rate = rate;
                settings.channels = channels;
                const auto written = write_audio(path, views(in), settings);
                ASSERT_TRUE(written.ok()) << what << " " << written.error().text();
                auto reader = AudioReader::open(path);
                ASSERT_TRUE(reader.ok()) << what << " " << reader.error().text();
                EXPECT_EQ((*reader)->info().format, lossy.format) << what;
                EXPECT_EQ((*reader)->info().sample_rate, rate) << what;
                ASSERT_EQ((*reader)->info().channels, channels) << what;
                ASSERT_EQ((*reader)->info().frames, frames) << what;
                const auto out = read_range(**reader, 0, frames);
                ASSERT_TRUE(out.ok()) << what << " " << out.error().text();
                for (std::size_t c = 0; c < in.size(); ++c) {
                    const bool lfe = c == 3 && (channels == 6 || channels == 8);
                    if (lfe && rate < 16000) continue; // AAC's twelve lines end below the tone there
                    EXPECT_GE(likeness(in[c], (*out)[c], static_cast<std::size_t>(rate / 20),
                                       in[c].size() - static_cast<std::size_t>(rate / 20)),
                              lfe ? 10 : lossy.likeness)
                        << what << " channel " << c;
                }
            }
        }
    }
}

TEST(AudioRoundTrip, ReadsWhatOtherProgramsWrite) {
    const TestFolder folder;
    const Audio in = tones(2, 44100, 44100);
    WriterSettings settings;
    settings.sample_rate = 44100;
    settings.sample_format = SampleFormat::kInt16;
    ASSERT_TRUE(write_audio(folder / "in.wav", views(in), settings).ok());
    const std::string source = (folder / "in.wav").string();
    struct Case {
        std::string program, command, file;
        double likeness;
    };
    const auto to = [&](const std::string& name) { return "'" + (folder / name).string() + "'"; };
    const std::string ff = "ffmpeg -v error -y -i " + source + " ";
    for (const Case& c : {Case{"flac", "flac -s -f -o " + to("a.flac") + " " + source, "a.flac", 200},
                          Case{"lame", "lame --quiet -V0 " + source + " " + to("c.mp3"), "c.mp3", 20},
                          Case{"lame", "lame --quiet -b 128 " + source + " " + to("d.mp3"), "d.mp3", 15},
                          Case{"oggenc", "oggenc -Q -q6 -o " + to("e.ogg") + " " + source, "e.ogg", 20},
                          Case{"sox", "sox " + source + " -b 24 " + to("g.aiff"), "g.aiff", 200},
                          Case{"sox", "sox " + source + " -e float -b 64 " + to("h.wav"), "h.wav", 200},
                          Case{"sox", "sox -D " + source + " -b 8 -e unsigned " + to("i.wav"), "i.wav", 35},
                          Case{"ffmpeg", ff + "-c:a aac -b:a 192k " + to("j.m4a"), "j.m4a", 14},
                          Case{"ffmpeg", ff + "-c:a alac " + to("k.m4a"), "k.m4a", 200},
                          Case{"ffmpeg", ff + "-rf64 always " + to("l.wav"), "l.wav", 200},
                          Case{"ffmpeg", ff + "-c:a pcm_f32be " + to("m.aiff"), "m.aiff", 200},
                          Case{"ffmpeg", ff + "-c:a libmp3lame -b:a 192k " + to("n.mp3"), "n.mp3", 15}}) {
        if (!installed(c.program)) {
            ADD_FAILURE() << c.program << " is not installed (deploy/packages.txt)";
            continue;
        }
        const ProgramResult run = run_program(c.command);
        ASSERT_EQ(run.exit_code, 0) << c.command << "\n" << run.output;
        const auto out = read_whole(folder / c.file);
        ASSERT_TRUE(out.ok()) << c.command << " " << out.error().text();
        ASSERT_EQ((*out)[0].size(), in[0].size()) << c.command;
        const auto reference = read_whole(folder / "in.wav");
        EXPECT_GE(worst_likeness(*reference, *out, 2205), c.likeness) << c.command;
    }
    // Opus changes the rate: length and level are what can be compared.
    ASSERT_EQ(run_program("opusenc --quiet " + source + " " + to("o.opus")).exit_code, 0);
    auto opus = AudioReader::open(folder / "o.opus");
    ASSERT_TRUE(opus.ok()) << opus.error().text();
    EXPECT_EQ((*opus)->info().sample_rate, 48000);
    EXPECT_NEAR(static_cast<double>((*opus)->info().frames), 48000, 1);
    // ADTS has no length and no delay: whole packets come back, the encoder's first 1024 frames among them.
    ASSERT_EQ(run_program(ff + "-c:a aac " + to("p.aac")).exit_code, 0);
    auto adts = AudioReader::open(folder / "p.aac");
    ASSERT_TRUE(adts.ok()) << adts.error().text();
    EXPECT_EQ((*adts)->info().frames, (44100 + 1024 + 1023) / 1024 * 1024);
    EXPECT_TRUE(read_range(**adts, 0, (*adts)->info().frames).ok());
}

TEST(AudioRoundTrip, OtherProgramsTakeOurLossyFiles) {
    const TestFolder folder;
    for (const AudioFormat format :
         {AudioFormat::kVorbis, AudioFormat::kOpus, AudioFormat::kMp3, AudioFormat::kAac}) {
        const auto path = folder / (std::string("x.") + extension(format));
        const Audio in = tones(2, 48000, 48000);
        WriterSettings settings;
        settings.format = format;
        ASSERT_TRUE(write_audio(path, views(in), settings).ok());
        const Audio theirs = ffmpeg_decodes(path, 2);
        // ffmpeg 5.1 leaves the padding at the end of MP4 in place.
        ASSERT_GE(theirs[0].size(), in[0].size()) << format_name(format);
        ASSERT_LE(theirs[0].size(), in[0].size() + 1024) << format_name(format);
        EXPECT_GE(worst_likeness(in, theirs, 2400), 14) << format_name(format);
    }
    const auto opus = run_program("opusinfo '" + (folder / "x.opus").string() + "'");
    EXPECT_EQ(opus.exit_code, 0) << opus.output;
    EXPECT_NE(opus.output.find("Playback length: 0m:01.000s"), std::string::npos) << opus.output;
    EXPECT_EQ(opus.output.find("WARNING"), std::string::npos) << opus.output;
    const auto vorbis = run_program("ogginfo '" + (folder / "x.ogg").string() + "'");
    EXPECT_EQ(vorbis.exit_code, 0) << vorbis.output;
    EXPECT_EQ(vorbis.output.find("WARNING"), std::string::npos) << vorbis.output;
}

TEST(AudioRoundTrip, SeeksLandOnTheSample) {
    const TestFolder folder;
    for (const AudioFormat format :
         {AudioFormat::kWav, AudioFormat::kAiff, AudioFormat::kFlac, AudioFormat::kVorbis, AudioFormat::kOpus,
          AudioFormat::kMp3, AudioFormat::kAac}) {
        const auto path = folder / (std::string("s.") + extension(format));
        // A wrong place could hide in a periodic signal: noise, for AAC a glide, since its encoder replaces
        // noise by a note to make some.
        Audio in = tones(2, 48000 * 6, 48000);
        std::mt19937 random(3);
        for (auto& plane : in) {
            for (std::size_t i = 0; i < plane.size(); ++i) {
                const double seconds = static_cast<double>(i) / 48000;
                plane[i] =
                    format == AudioFormat::kAac
                        ? static_cast<float>(0.5 *
                                             std::sin(2 * std::numbers::pi * seconds * (300 + 150 * seconds)))
                        : plane[i] +
                              static_cast<float>(static_cast<double>(random()) / 4294967296.0 - 0.5) * 0.4f;
            }
        }
        WriterSettings settings;
        settings.format = format;
        settings.dither = Dither::kNone;
        ASSERT_TRUE(write_audio(path, views(in), settings).ok());
        auto reader = AudioReader::open(path);
        ASSERT_TRUE(reader.ok());
        const auto whole = read_range(**reader, 0, (*reader)->info().frames);
        ASSERT_TRUE(whole.ok()) << whole.error().text();
        const double wanted = format == AudioFormat::kAac ? 40 : is_lossless(format) ? 200 : 60;
        for (int n = 0; n < 40; ++n) {
            const auto first = static_cast<std::int64_t>(random() % (48000 * 6 - 4000));
            const auto count = static_cast<std::int64_t>(1 + random() % 4000);
            const auto part = read_range(**reader, first, count);
            ASSERT_TRUE(part.ok()) << part.error().text();
            for (std::size_t c = 0; c < 2; ++c) {
                const std::vector<float> same((*whole)[c].begin() + first,
                                              (*whole)[c].begin() + first + count);
                EXPECT_GE(likeness(same, (*part)[c], 0, same.size()), wanted)
                    << format_name(format) << " " << first << " " << count;
            }
        }
        EXPECT_FALSE(read_range(**reader, 48000 * 6 - 10, 11).ok());
        EXPECT_FALSE(read_range(**reader, -1, 1).ok());
        EXPECT_TRUE(read_range(**reader, 48000 * 6, 0).ok());
    }
}

TEST(AudioRoundTrip, FloatOverFullScaleStays) {
    const TestFolder folder;
    const Audio in = tones(2, 1000, 48000, 7.5);
    for (const AudioFormat format : {AudioFormat::kWav, AudioFormat::kAiff}) {
        WriterSettings settings;
        settings.format = format;
        settings.sample_format = SampleFormat::kFloat32;
        const auto path = folder / (std::string("f.") + extension(format));
        const auto report = write_audio(path, views(in), settings);
        ASSERT_TRUE(report.ok());
        EXPECT_FALSE(report->clipped);
        EXPECT_EQ(*read_whole(path), in);
    }
    WriterSettings settings;
    const auto report = write_audio(folder / "c.wav", views(in), settings);
    ASSERT_TRUE(report.ok());
    EXPECT_TRUE(report->clipped);
}

TEST(AudioRoundTrip, ManyChannelsFitWav) {
    const TestFolder folder;
    const Audio in = tones(64, 500, 48000);
    WriterSettings settings;
    settings.channels = 64;
    settings.sample_format = SampleFormat::kFloat32;
    ASSERT_TRUE(write_audio(folder / "m.wav", views(in), settings).ok());
    EXPECT_EQ(*read_whole(folder / "m.wav"), in);
    EXPECT_EQ(ffmpeg_decodes(folder / "m.wav", 64), in);
}

} // namespace
} // namespace loopmind::files
