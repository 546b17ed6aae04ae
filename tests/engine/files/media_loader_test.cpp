// Media for the graph: rate, channels, errors that name the file, and the child that decodes without rights.
#include "engine/files/media_child.h"
#include "engine/files/resampler.h"
#include "proto/base/sha256.h"
#include "tests/engine/files/audio_example.h"
#include "tests/engine/files/test_folder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace loopmind::files {
namespace {

void write_example(const std::filesystem::path& path, AudioFormat format, int channels, int rate,
                   const Audio& audio, SampleFormat sample = SampleFormat::kInt24) {
    WriterSettings settings;
    settings.format = format;
    settings.channels = channels;
    settings.sample_rate = rate;
    settings.sample_format = sample;
    settings.dither = Dither::kNone;
    settings.tags.title = "Example\nwith a line";
    settings.tags.bpm = 120.5;
    ASSERT_TRUE(write_audio(path, views(audio), settings).ok());
}

TEST(MediaLoader, MonoSitsOnBothSides) {
    const TestFolder folder;
    write_example(folder / "m.wav", AudioFormat::kWav, 1, 48000, tones(1, 5000, 48000),
                  SampleFormat::kFloat32);
    const auto media = load_media(folder / "m.wav", 48000);
    ASSERT_TRUE(media.ok()) << media.error().text();
    EXPECT_EQ((*media)->left, tones(1, 5000, 48000)[0]);
    EXPECT_EQ((*media)->left, (*media)->right);
    EXPECT_EQ((*media)->sample_rate, 48000);
}

TEST(MediaLoader, SurroundComesDownAndRatesChange) {
    const TestFolder folder;
    Audio in(6, std::vector<float>(44100));
    in[2] = tones(1, 44100, 44100)[0]; // centre only
    write_example(folder / "s.flac", AudioFormat::kFlac, 6, 44100, in);
    const auto media = load_media(folder / "s.flac", 48000);
    ASSERT_TRUE(media.ok()) << media.error().text();
    EXPECT_EQ((*media)->frames(), 48000);
    const Audio wanted = tones(1, 48000, 48000, 0.3 * std::numbers::sqrt2 / 2);
    EXPECT_GT(likeness(wanted[0], (*media)->left, 2400, 45600), 90);
    EXPECT_EQ((*media)->left, (*media)->right);
}

TEST(MediaLoader, ErrorsNameTheFile) {
    const TestFolder folder;
    const auto error = [](const Result<LoadedMedia>& result) {
        return result.ok() ? "loaded" : result.error().text();
    };
    EXPECT_NE(error(load_media(folder / "none.wav", 48000)).find("none.wav"), std::string::npos);
    std::ofstream(folder / "text.wav") << "this is no sound at all, but a text that someone renamed";
    EXPECT_NE(error(load_media(folder / "text.wav", 48000)).find("is no audio file"), std::string::npos);
    std::ofstream(folder / "empty.wav").flush();
    EXPECT_NE(error(load_media(folder / "empty.wav", 48000)).find("empty.wav"), std::string::npos);
    Audio bad = tones(1, 1000, 48000);
    bad[0][500] = std::numeric_limits<float>::quiet_NaN();
    write_example(folder / "nan.wav", AudioFormat::kWav, 1, 48000, bad, SampleFormat::kFloat32);
    EXPECT_NE(error(load_media(folder / "nan.wav", 48000)).find("no numbers"), std::string::npos);
    write_example(folder / "long.wav", AudioFormat::kWav, 1, 48000, tones(1, 1000, 48000));
    const auto limited = load_media(folder / "long.wav", 48000, LoadLimits{999});
    ASSERT_FALSE(limited.ok());
    EXPECT_EQ(limited.error().code, ErrorCode::kResourceExhausted);
    write_example(folder / "many.wav", AudioFormat::kWav, 12, 48000, tones(12, 100, 48000));
    EXPECT_NE(error(load_media(folder / "many.wav", 48000)).find("many.wav: channels"), std::string::npos);
}

TEST(MediaLoader, SourceFindsBlobsAndFilesAndKeepsInsideTheProject) {
    const TestFolder folder;
    std::filesystem::create_directories(folder / "audio");
    write_example(folder / "audio" / "a.wav", AudioFormat::kWav, 2, 48000, tones(2, 100, 48000));
    const std::string sha(64, 'a');
    const MediaLoad load = [](const std::filesystem::path& path, int rate) { return load_media(path, rate); };
    const auto source = media_source(folder.path(), 48000, load,
                                     [&](const std::string& hash) -> Result<std::filesystem::path> {
                                         if (hash == sha) return folder / "audio" / "a.wav";
                                         return Error{ErrorCode::kNotFound, hash, "is not here", {}};
                                     });
    EXPECT_TRUE(source({"kick", "audio/a.wav", ""}).ok());
    EXPECT_TRUE(source({"kick", "", sha}).ok());
    EXPECT_TRUE(source({"kick", "audio/a.wav", std::string(64, 'b')}).ok()); // no blob: the file
    const auto text = [&](const graph::MediaRef& ref) {
        const auto result = source(ref);
        return result.ok() ? std::string("loaded") : result.error().text();
    };
    EXPECT_NE(text({"kick", "audio/gone.wav", ""}).find("media 'kick'"), std::string::npos);
    EXPECT_NE(text({"kick", "audio/gone.wav", ""}).find("gone.wav"), std::string::npos);
    EXPECT_NE(text({"kick", "audio/gone.wav", ""}).find("link it to another file"), std::string::npos);
    EXPECT_NE(text({"kick", "../outside.wav", ""}).find("outside"), std::string::npos);
    EXPECT_NE(text({"kick", "/etc/passwd", ""}).find("outside"), std::string::npos);
    EXPECT_NE(text({"kick", "audio/../../x.wav", ""}).find("outside"), std::string::npos);
    EXPECT_NE(text({"kick", "", ""}).find("not linked"), std::string::npos);
}

TEST(MediaChild, GivesWhatTheLoaderGives) {
    const TestFolder folder;
    ASSERT_FALSE(find_media_program().empty());
    for (const AudioFormat format :
         {AudioFormat::kWav, AudioFormat::kAiff, AudioFormat::kFlac, AudioFormat::kVorbis, AudioFormat::kOpus,
          AudioFormat::kMp3, AudioFormat::kAac}) {
        const auto path = folder / ("x." + std::string(format_name(format)));
        write_example(path, format, 2, 48000, tones(2, 60000, 48000));
        const auto here = load_media(path, 44100), there = load_media_contained(path, 44100);
        ASSERT_TRUE(here.ok()) << here.error().text();
        ASSERT_TRUE(there.ok()) << format_name(format) << " " << there.error().text();
        EXPECT_EQ((*here)->left == (*there)->left && (*here)->right == (*there)->right, true)
            << format_name(format);
        EXPECT_EQ((*there)->frames(), resampled_frames(60000, 48000, 44100));
        const auto info = probe_media_contained(path);
        ASSERT_TRUE(info.ok()) << info.error().text();
        EXPECT_EQ(info->format, format);
        EXPECT_EQ(info->frames, 60000);
        EXPECT_EQ(info->channels, 2);
        EXPECT_EQ(info->tags.bpm, 120.5) << format_name(format);
        EXPECT_EQ(info->tags.title, "Example with a line") << format_name(format);
    }
}

TEST(MediaChild, BadFilesGiveOneErrorEach) {
    const TestFolder folder;
    std::ofstream(folder / "x.mp3") << std::string(5000, '\x41');
    const auto junk = load_media_contained(folder / "x.mp3", 48000);
    ASSERT_FALSE(junk.ok());
    EXPECT_EQ(junk.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(junk.error().field, (folder / "x.mp3").string());
    EXPECT_FALSE(junk.error().hint.empty());
    EXPECT_EQ(load_media_contained(folder / "none", 48000).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(load_media_contained(folder.path(), 48000).error().code, ErrorCode::kInvalidArgument);
    ChildLimits limits;
    limits.program = folder / "no-program";
    EXPECT_FALSE(load_media_contained(folder / "x.mp3", 48000, limits).ok());
}

TEST(MediaChild, BelievesNoChild) {
    const TestFolder folder;
    std::ofstream(folder / "x.wav") << "any";
    const auto with = [&](const std::string& script) {
        std::ofstream(folder / "child") << "#!/bin/sh\n" + script + "\n";
        std::filesystem::permissions(folder / "child", std::filesystem::perms::owner_all);
        ChildLimits limits;
        limits.program = folder / "child";
        limits.wall_seconds = 30;
        limits.load.max_frames = 1000;
        const auto result = load_media_contained(folder / "x.wav", 48000, limits);
        return result.ok() ? std::string("loaded") : result.error().text();
    };
    EXPECT_NE(with("exit 0").find("crash"), std::string::npos);
    EXPECT_NE(with("kill -SEGV $$").find("crash"), std::string::npos);
    EXPECT_NE(with("printf 'H\\010\\0\\0\\0\\377\\377\\377\\377\\377\\377\\377\\377'").find("misbehave"),
              std::string::npos);
    EXPECT_NE(with("printf 'A\\010\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0'").find("misbehave"),
              std::string::npos); // before H
    EXPECT_NE(with("printf 'H\\010\\0\\0\\0\\2\\0\\0\\0\\0\\0\\0\\0Z\\0\\0\\0\\0'").find("misbehave"),
              std::string::npos); // too few
    EXPECT_NE(with("printf 'A\\377\\377\\377\\377'").find("misbehave"), std::string::npos);
    EXPECT_NE(with("printf 'E\\1\\0\\0\\0x'").find("misbehave"), std::string::npos);
    EXPECT_EQ(with("printf 'H\\010\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0Z\\0\\0\\0\\0'"),
              "loaded"); // nothing, as promised
    EXPECT_NE(with("printf 'H\\010\\0\\0\\0\\2\\0\\0\\0\\0\\0\\0\\0'; kill -XCPU $$").find("too long"),
              std::string::npos);
}

TEST(MediaChild, MemoryIsLimited) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "sanitizers need more address space than the limit";
#endif
    const TestFolder folder;
    write_example(folder / "x.flac", AudioFormat::kFlac, 2, 48000, tones(2, 1000, 48000));
    ChildLimits limits;
    limits.memory_bytes = 1 << 20; // not even the program's libraries fit
    const auto result = load_media_contained(folder / "x.flac", 48000, limits);
    ASSERT_FALSE(result.ok());
    EXPECT_NE(result.error().text().find("x.flac"), std::string::npos);
}

// Damage in every format: truncation gives an error or a shorter file, flipped bytes never a crash.
TEST(MediaHostile, CutAndFlippedFilesEndInErrorsOrSound) {
    const TestFolder folder;
    std::mt19937 random(11);
    for (const AudioFormat format :
         {AudioFormat::kWav, AudioFormat::kAiff, AudioFormat::kFlac, AudioFormat::kVorbis, AudioFormat::kOpus,
          AudioFormat::kMp3, AudioFormat::kAac}) {
        const std::string name(format_name(format));
        write_example(folder / name, format, 2, 48000, tones(2, 30000, 48000));
        const std::string whole = bytes_of(folder / name);
        const auto load = [&](const std::string& bytes) {
            return load_media(memory_bytes(std::as_bytes(std::span(bytes.data(), bytes.size())), "x"), 48000);
        };
        ASSERT_TRUE(load(whole).ok()) << name;
        for (int n = 0; n < 60; ++n) {
            const auto cut = load(whole.substr(0, random() % whole.size()));
            if (cut.ok()) {
                EXPECT_LE((*cut)->frames(), 30000) << name;
                EXPECT_FALSE(is_lossless(format)) << name; // they state their length
            } else {
                EXPECT_EQ(cut.error().field.substr(0, 1), "x") << name << cut.error().text();
            }
            std::string flipped = whole;
            for (auto k = 1 + random() % 20; k > 0; --k)
                flipped[random() % flipped.size()] = static_cast<char>(random());
            const auto result = load(flipped);
            EXPECT_TRUE(result.ok() || !result.error().message.empty());
        }
    }
}

} // namespace
} // namespace loopmind::files
