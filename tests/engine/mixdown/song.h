// A small song on disk: tracks with inserts, a side chain, a bus, automation, a medium at another rate.
#pragma once

#include "engine/files/audio_writer.h"
#include "engine/mixdown/describe.h"
#include "engine/session/session.h"
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

namespace loopmind::mixdown::test {

namespace fs = std::filesystem;

class Folder {
  public:
    Folder() { fs::create_directories(path_); }
    ~Folder() { fs::remove_all(path_); }
    const fs::path& path() const { return path_; }

  private:
    const fs::path path_ = fs::path(::testing::TempDir()) / ("mixdown-" + base::random_hex(8));
};

/// Decaying hits and a tone: `seed` makes tracks differ.
inline void write_tone(const fs::path& file, double seconds, int rate, int seed, int channels = 2) {
    std::vector<std::vector<float>> planes(static_cast<std::size_t>(channels));
    const auto frames = static_cast<std::size_t>(seconds * rate);
    for (std::size_t i = 0; i < frames; ++i) {
        const double t = static_cast<double>(i) / rate;
        const double hit =
            std::exp(-10 * std::fmod(t, 0.5)) * std::sin(2 * std::numbers::pi * (55 + 20 * seed) * t);
        for (int c = 0; c < channels; ++c)
            planes[static_cast<std::size_t>(c)].push_back(static_cast<float>(
                0.3 * hit + 0.02 * std::sin(2 * std::numbers::pi * (300 + 70 * seed + 3 * c) * t)));
    }
    std::vector<std::span<const float>> spans(planes.begin(), planes.end());
    files::WriterSettings settings;
    settings.sample_rate = rate;
    settings.channels = channels;
    const auto written = files::write_audio(file, spans, settings);
    ASSERT_TRUE(written) << written.error().text();
}

/// Four bars at 120 BPM: kick, a bass that ducks under it, a pad into a reverb bus, a mono lead at 44.1 kHz.
inline std::string song_json(const std::string& change = "") {
    const auto track = [](const std::string& id, const std::string& rest) {
        return R"({"id":")" + id + R"(","name":")" + id + R"(","type":"audio",)" + rest +
               R"("clips":[{"id":"c","pattern":"p-)" + id + R"(","start":0,"length":16,"loop":true}]})";
    };
    const auto pattern = [](const std::string& id, double length) {
        return R"({"id":"p-)" + id + R"(","audio":"m-)" + id + R"(","length":)" + std::to_string(length) +
               "}";
    };
    const auto media = [](const std::string& id) {
        return R"({"id":"m-)" + id + R"(","kind":"audio","file":")" + id + R"(.wav"})";
    };
    std::string text =
        R"({"format":"loopmind","version":"1.1","units":"beats","name":"Night","tempo":120,"meter":"4/4",
      "key":"A minor","bars":4,"sample_rate":48000,"tracks":[)" +
        track("kick", R"("gain_db":-3,"inserts":[{"id":"eq","effect":"eq","params":{"band1_db":3}}],)") +
        "," +
        track(
            "bass",
            R"("inserts":[{"id":"duck","effect":"compressor","sidechain":"kick","params":{"threshold_db":-30,"ratio":6}}],)") +
        "," +
        track(
            "pad",
            R"("pan":-0.3,"sends":[{"to":"room","level":0.5}],"automation":[{"target":"gain_db","mode":"read",
          "points":[{"beat":0,"value":-12},{"beat":16,"value":0}]}],)") +
        "," +
        track(
            "lead",
            R"("inserts":[{"id":"cho","effect":"chorus"}],"automation":[{"target":"inserts.cho.mix","mode":"read",
          "points":[{"beat":0,"value":0},{"beat":8,"value":0.8}]}],)") +
        R"(,{"id":"room","name":"Room","type":"bus","inserts":[{"id":"rev","effect":"reverb","params":{"wet":1,"dry":0}}]},
        {"id":"master","name":"Master","type":"master","inserts":[{"id":"lim","effect":"limiter"}]}],
        "patterns":[)" +
        pattern("kick", 4) + "," + pattern("bass", 4) + "," + pattern("pad", 8) + "," + pattern("lead", 4) +
        R"(],"media":[)" + media("kick") + "," + media("bass") + "," + media("pad") + "," + media("lead") +
        "]}";
    if (!change.empty()) {
        const auto arrow = change.find("=>");
        const std::string from = change.substr(0, arrow), to = change.substr(arrow + 2);
        const auto at = text.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        if (at != std::string::npos) text.replace(at, from.size(), to);
    }
    return text;
}

inline void write_media(const fs::path& folder) {
    write_tone(folder / "kick.wav", 2, 48000, 1);
    write_tone(folder / "bass.wav", 2, 48000, 2);
    write_tone(folder / "pad.wav", 4, 48000, 3);
    write_tone(folder / "lead.wav", 2, 44100, 4, 1);
}

inline session::Session open_song(const std::string& json) {
    auto session = session::Session::from_json(json);
    EXPECT_TRUE(session) << (session ? "" : session.error().text());
    return std::move(*session);
}

} // namespace loopmind::mixdown::test
