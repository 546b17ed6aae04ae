// WAV files as media: the same samples as in memory, through clips that start anywhere.
#include "engine/files/wav.h"
#include "engine/graph/offline.h"
#include "engine/mixdown/file_media.h"
#include "tests/engine/graph/loops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

namespace loopmind::mixdown {
namespace {

namespace test = graph::test;
using namespace graph;

std::filesystem::path write_wav(const std::filesystem::path& path, const StereoBuffer& audio, int channels) {
    std::ofstream file(path, std::ios::binary);
    auto writer =
        files::StreamingWavWriter::create(48000, channels, audio.frames(), [&](auto bytes) -> Status {
            file.write(reinterpret_cast<const char*>(bytes.data()),
                       static_cast<std::streamsize>(bytes.size()));
            return {};
        });
    EXPECT_TRUE(writer->write(audio.left, audio.right).ok());
    EXPECT_TRUE(writer->finish().ok());
    return path;
}

TEST(FileMedia, WavPlaysLikeMemory) {
    const test::Folder folder("wav");
    auto audio = test::noise_loop(30000, 1, 0.9f);
    for (auto* channel : {&audio->left, &audio->right}) {
        for (float& sample : *channel)
            sample = std::round(sample * 8388608.0f) / 8388608.0f; // what 24 bits hold
    }
    for (int channels : {1, 2}) {
        const auto path = write_wav(folder.path / (std::to_string(channels) + ".wav"), *audio, channels);
        GraphSpec spec;
        spec.total_frames = 40000;
        spec.media = {{"m", "m.wav", ""}};
        TrackSpec track;
        track.id = "a";
        track.clips = {{"m", 123, 20000, 55, 0}, {"m", 25000, 40000, 20000, 0}};
        track.clips[1].reverse = true;
        spec.tracks = {track};
        const auto plan = make_render_plan(
            spec, [&](const MediaRef&) { return open_file_media(path, "m", "m", 48000, folder.path); },
            nullptr);
        ASSERT_TRUE(plan.ok()) << plan.error().text();
        StereoBuffer out;
        const auto report = render_linear(*plan, {false, 0, 777}, [&](auto, auto left, auto right) {
            out.left.insert(out.left.end(), left.begin(), left.end());
            out.right.insert(out.right.end(), right.begin(), right.end());
            return true;
        });
        ASSERT_TRUE(report.ok()) << report.error().text();
        const auto& right = channels == 2 ? audio->right : audio->left;
        for (size_t i = 0; i < 40000; ++i) {
            float expected = 0;
            if (i >= 123 && i < 20000) expected = right[i - 123 + 55];
            if (i >= 25000 && i < 35000) expected = right[29999 - (i - 25000 + 20000)];
            ASSERT_EQ(out.right[i], expected) << channels << " " << i;
        }
    }
    EXPECT_FALSE(open_file_media(folder.path / "none.wav", "m", "m", 48000, folder.path).ok());
}

} // namespace
} // namespace loopmind::mixdown
