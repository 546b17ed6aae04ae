// Loops of audio and graphs of them that the graph tests share.
#pragma once

#include "engine/graph/graph_spec.h"
#include "engine/graph/offline.h"
#include "engine/graph/render_loop.h"
#include "tests/engine/graph/streams.h"

#include <cmath>
#include <map>
#include <memory>
#include <numbers>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace loopmind::graph::test {

inline std::shared_ptr<StereoBuffer> noise_loop(std::int64_t frames, unsigned seed, float level = 0.1f,
                                                int rate = 48000) {
    auto out = std::make_shared<StereoBuffer>();
    out->sample_rate = rate;
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> value(-level, level);
    for (std::int64_t i = 0; i < frames; ++i) {
        out->left.push_back(value(random));
        out->right.push_back(value(random));
    }
    return out;
}

/// Decaying hits on a bass line: what a loop's master has to deal with.
inline std::shared_ptr<StereoBuffer> beat_loop(std::int64_t frames, double tempo, int rate = 48000,
                                               float hit = 1.0f) {
    auto out = std::make_shared<StereoBuffer>();
    out->sample_rate = rate;
    std::mt19937 random(11);
    std::uniform_real_distribution<float> noise(-1, 1);
    for (std::int64_t i = 0; i < frames; ++i) {
        const double beat = static_cast<double>(i) / rate * tempo / 60;
        const double in_beat = (beat - std::floor(beat)) * 60 / tempo;
        const double kick = hit * std::exp(-12 * in_beat) * std::sin(2 * std::numbers::pi * 55 * in_beat);
        const double hat = 0.2 * hit * std::exp(-60 * std::fmod(in_beat, 0.2)) * noise(random);
        const double pad = 0.05 * std::sin(2 * std::numbers::pi * 220 * static_cast<double>(i) / rate);
        out->left.push_back(static_cast<float>(kick + hat + pad));
        out->right.push_back(static_cast<float>(kick - hat + pad));
    }
    return out;
}

struct Graph {
    GraphSpec spec;
    std::map<std::string, std::shared_ptr<StereoBuffer>> audio;
    bool streamed = false; ///< media is not in memory
    std::int64_t fails_at = -1;
    std::shared_ptr<ReadLog> log = std::make_shared<ReadLog>();

    explicit Graph(std::int64_t frames) { spec.total_frames = frames; }
    TrackSpec& add(const std::string& id, std::shared_ptr<StereoBuffer> loop) {
        TrackSpec track;
        track.id = id;
        track.clips.push_back({id, 0, spec.total_frames, 0, 0});
        spec.media.push_back({id, "", ""});
        spec.tracks.push_back(track);
        audio[id] = std::move(loop);
        return spec.tracks.back();
    }
    TrackSpec& add_bus(const std::string& id) {
        TrackSpec track;
        track.id = id;
        track.bus = true;
        spec.tracks.push_back(track);
        return spec.tracks.back();
    }
    MediaSource source() const {
        return [this](const MediaRef& ref) -> Result<std::shared_ptr<const StereoBuffer>> {
            const auto found = audio.find(ref.id);
            if (found == audio.end()) return Error{ErrorCode::kNotFound, "media." + ref.id, "is missing", ""};
            return std::shared_ptr<const StereoBuffer>(found->second);
        };
    }
    MediaLibrary library() const {
        if (!streamed) return memory_library(source());
        return [this](const MediaRef& ref) -> Result<std::shared_ptr<const Media>> {
            auto audio = source()(ref);
            if (!audio.ok()) return audio.error();
            return std::shared_ptr<const Media>(std::make_shared<StreamedMedia>(*audio, log, fails_at));
        };
    }
    Result<std::shared_ptr<const RenderPlan>> plan() const {
        MediaPreparer prepare;
        return make_render_plan(spec, library(), &prepare);
    }
};

inline Result<StereoBuffer> render(const Graph& graph, LoopOptions options = {}) {
    auto plan = graph.plan();
    if (!plan.ok()) return plan.error();
    StereoBuffer out;
    std::int64_t expected = 0;
    Status status = render_loop(*plan, options, [&](std::int64_t first, auto left, auto right) {
        if (first != expected || left.size() != right.size()) return false;
        expected += static_cast<std::int64_t>(left.size());
        out.left.insert(out.left.end(), left.begin(), left.end());
        out.right.insert(out.right.end(), right.begin(), right.end());
        return true;
    });
    if (!status.ok()) return status.error();
    return out;
}

/// The whole session from its start to its end, without tails and master unless asked for.
inline Result<StereoBuffer> render_all(const Graph& graph, LinearOptions options = {false, 0}) {
    auto plan = graph.plan();
    if (!plan.ok()) return plan.error();
    StereoBuffer out;
    auto report = render_linear(*plan, options, [&](std::int64_t first, auto left, auto right) {
        if (first != out.frames() || left.size() != right.size()) return false;
        out.left.insert(out.left.end(), left.begin(), left.end());
        out.right.insert(out.right.end(), right.begin(), right.end());
        return true;
    });
    if (!report.ok()) return report.error();
    return out;
}

inline double worst_db(const std::vector<float>& a, const std::vector<float>& b) {
    double worst = 0;
    for (size_t i = 0; i < a.size() && i < b.size(); ++i)
        worst = std::max(worst, std::abs(double(a[i]) - b[i]));
    return a.size() == b.size() ? 20 * std::log10(std::max(worst, 1e-12)) : 999;
}

} // namespace loopmind::graph::test
