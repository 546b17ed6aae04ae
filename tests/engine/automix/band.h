// A band in memory: one synthesised stem per role, and sessions of them.
#pragma once

#include "engine/automix/automix.h"
#include "engine/automix/targets.h"
#include "engine/graph/from_session.h"
#include "engine/graph/offline.h"
#include "engine/metering/loudness.h"
#include "engine/session/edits_tracks.h"
#include "engine/session/history.h"
#include "engine/session/session.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

namespace loopmind::automix::test {

inline constexpr int kRate = 24000;
inline constexpr double kSeconds = 6; // 3 bars at 120 BPM

/// Numbers from -1 to 1, the same on every machine.
class Noise {
  public:
    explicit Noise(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}
    double operator()() {
        state_ ^= state_ << 13, state_ ^= state_ >> 7, state_ ^= state_ << 17;
        return static_cast<double>(state_ >> 11) / static_cast<double>(1ull << 52) - 1;
    }

  private:
    std::uint64_t state_;
};

inline std::shared_ptr<graph::StereoBuffer> silence() {
    auto out = std::make_shared<graph::StereoBuffer>();
    out->sample_rate = kRate;
    out->left.assign(static_cast<std::size_t>(kSeconds * kRate), 0.0f);
    out->right = out->left;
    return out;
}

/// Notes of decaying harmonics: `partials` fall as 1/n^slope; one note every `beat` seconds, each `ring`
/// long.
inline void add_notes(graph::StereoBuffer& out, double hertz, int partials, double slope, double beat,
                      double ring, double level, double side = 0) {
    const double steps[] = {1, 1.5, 1.3348, 1.1225};
    for (std::size_t i = 0; i < out.left.size(); ++i) {
        const double t = static_cast<double>(i) / kRate, since = std::fmod(t, beat);
        const double f = hertz * steps[static_cast<std::size_t>(t / beat) % 4];
        double sum = 0;
        for (int n = 1; n <= partials && f * n < 0.45 * kRate; ++n)
            sum += std::sin(2 * std::numbers::pi * f * n * since + n) / std::pow(n, slope);
        const double y = level * sum * std::exp(-since / ring) * std::min(1.0, since * 200);
        out.left[i] += static_cast<float>(y * std::min(1.0, 1 - side));
        out.right[i] += static_cast<float>(y * std::min(1.0, 1 + side));
    }
}

/// Bursts of noise, high-passed by differences, on a grid.
inline void add_hits(graph::StereoBuffer& out, double beat, double offset, double ring, double level,
                     std::uint64_t seed) {
    Noise noise(seed);
    double last = 0;
    for (std::size_t i = 0; i < out.left.size(); ++i) {
        const double t = static_cast<double>(i) / kRate - offset;
        const double now = noise();
        const double y = t < 0 ? 0 : level * (now - last) * std::exp(-std::fmod(t, beat) / ring);
        last = now;
        out.left[i] += static_cast<float>(y);
        out.right[i] += static_cast<float>(y);
    }
}

/// A stem that sounds like its role; `seed` moves pitches and noises.
inline std::shared_ptr<const graph::StereoBuffer> stem(const std::string& role, int seed) {
    auto out = silence();
    const double up = 1 + 0.03 * (seed % 7);
    if (role == "drums" || role == "kick") add_notes(*out, 52 * up, 3, 1.5, 0.5, 0.09, 0.4);
    if (role == "drums" || role == "snare")
        add_hits(*out, 1.0, 0.5, 0.05, 0.15, 3u + static_cast<unsigned>(seed));
    if (role == "drums") add_hits(*out, 0.25, 0, 0.02, 0.04, 5u + static_cast<unsigned>(seed));
    if (role == "percussion") add_hits(*out, 0.375, 0.125, 0.03, 0.05, 7u + static_cast<unsigned>(seed));
    if (role == "bass") add_notes(*out, 55 * up, 8, 1.4, 0.5, 0.8, 0.12);
    if (role == "chords") {
        add_notes(*out, 220 * up, 6, 1.2, 1, 0.7, 0.05);
        add_notes(*out, 277 * up, 6, 1.2, 1, 0.7, 0.05);
    }
    if (role == "melody") add_notes(*out, 523 * up, 7, 1.2, 0.25, 0.3, 0.08);
    if (role == "pad") {
        add_notes(*out, 165 * up, 9, 1.1, 3, 6, 0.03);
        add_notes(*out, 247 * up, 9, 1.1, 3, 6, 0.03);
    }
    if (role == "arp") add_notes(*out, 660 * up, 5, 1, 0.125, 0.1, 0.06);
    if (role == "texture") add_hits(*out, 100, 0, 1e6, 0.01, 11u + static_cast<unsigned>(seed));
    if (role == "vocals" || role == "lead_vocal") add_notes(*out, 330 * up, 12, 0.9, 0.75, 0.5, 0.05);
    return out;
}

/// Noise that falls by `slope` dB per octave: third-octave bands of equal power tilted.
inline graph::StereoBuffer falling_noise(double slope, double amplitude) {
    graph::StereoBuffer out = *silence();
    Noise noise(9);
    for (double hertz = 50; hertz < 11000; hertz *= std::exp2(1.0 / 24)) {
        const double level = amplitude * std::pow(10, slope * std::log2(hertz / 1000) / 20);
        const double turn = 10 * noise();
        for (std::size_t i = 0; i < out.left.size(); ++i)
            out.left[i] += static_cast<float>(
                level * std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / kRate + turn));
    }
    out.right = out.left;
    return out;
}

/// A bass with a click of 6 ms every two seconds, far above its loudness.
inline std::shared_ptr<const graph::StereoBuffer> spiky_bass() {
    auto out = std::make_shared<graph::StereoBuffer>(*stem("bass", 4));
    for (std::size_t i = kRate / 4; i + kRate < out->left.size(); i += 2 * kRate)
        for (std::size_t k = 0; k < static_cast<std::size_t>(kRate * 0.006); ++k) {
            const auto click =
                static_cast<float>(std::sin(2 * std::numbers::pi * 250 * static_cast<double>(k) / kRate));
            out->left[i + k] += click;
            out->right[i + k] += click;
        }
    return out;
}

/// Media by id.
class Library {
  public:
    void add(const std::string& id, std::shared_ptr<const graph::StereoBuffer> audio) {
        audio_[id] = std::move(audio);
    }
    graph::MediaLibrary get() const {
        return [this](const graph::MediaRef& ref) -> Result<std::shared_ptr<const graph::Media>> {
            const auto found = audio_.find(ref.id);
            if (found == audio_.end())
                return Error{ErrorCode::kNotFound, "media." + ref.id, "is missing", ""};
            return graph::memory_media(found->second);
        };
    }

  private:
    std::map<std::string, std::shared_ptr<const graph::StereoBuffer>> audio_;
};

/// A track of a session text; `rest` are more fields, each with a comma behind it.
struct Part {
    std::string id, role, rest;
};

inline std::string
session_text(const std::vector<Part>& parts, const std::string& genre, const std::string& more = "",
             const std::string& master = R"({"id":"master","name":"Master","type":"master"})") {
    std::string tracks, patterns, media;
    for (const Part& part : parts) {
        tracks += R"({"id":")" + part.id + R"(","name":")" + part.id + R"(","type":"audio","role":")" +
                  part.role + "\"," + part.rest + R"("clips":[{"id":"c","pattern":"p-)" + part.id +
                  R"(","start":0,"length":12}]},)";
        patterns += std::string(patterns.empty() ? "" : ",") + R"({"id":"p-)" + part.id + R"(","audio":"m-)" +
                    part.id + R"(","length":12})";
        media += std::string(media.empty() ? "" : ",") + R"({"id":"m-)" + part.id +
                 R"(","kind":"audio","file":")" + part.id + R"(.wav"})";
    }
    const std::string layer =
        genre.empty() ? "" : R"({"id":"l","params":{"genre":")" + genre + R"(","energy":0.5}})";
    return R"({"format":"loopmind","version":"1.1","units":"beats","name":"Band","tempo":120,"meter":"4/4","bars":3,
        "sample_rate":24000,"tracks":[)" +
           tracks + (more.empty() ? "" : more + ",") + master + R"(],"patterns":[)" + patterns +
           R"(],"media":[)" + media + R"(],"layers":[)" + layer + "]}";
}

/// A session with its sound.
struct Band {
    session::Session session;
    Library library;
};

inline Band band(const std::vector<Part>& parts, const std::string& genre, int seed = 0,
                 const std::string& more = "",
                 const std::string& master = R"({"id":"master","name":"Master","type":"master"})") {
    auto read = session::Session::from_json(session_text(parts, genre, more, master));
    EXPECT_TRUE(read) << (read ? "" : read.error().text());
    Band out{std::move(*read), {}};
    for (const Part& part : parts)
        out.library.add("m-" + part.id, stem(part.role, seed));
    return out;
}

/// Audio of one thing, measured by the tests' own means.
struct Heard {
    std::vector<float> left, right;
    /// With half a second of silence behind it: a render may or may not have that.
    metering::Loudness loudness() const {
        std::vector<float> l = left, r = right;
        l.resize(l.size() + kRate / 2);
        r.resize(r.size() + kRate / 2);
        auto meter = metering::measure_loudness(l, r, kRate);
        EXPECT_TRUE(meter);
        return *meter;
    }
};

inline std::shared_ptr<const graph::RenderPlan> plan_of(const session::Session& session,
                                                        const Library& library) {
    auto spec = graph::graph_spec_from(session);
    EXPECT_TRUE(spec);
    auto plan = graph::make_render_plan(*spec, library.get(), nullptr);
    EXPECT_TRUE(plan) << (plan ? "" : plan.error().text());
    return *plan;
}

inline graph::AudioSink into(Heard& heard) {
    return [&heard](std::int64_t, std::span<const float> l, std::span<const float> r) {
        heard.left.insert(heard.left.end(), l.begin(), l.end());
        heard.right.insert(heard.right.end(), r.begin(), r.end());
        return true;
    };
}

/// Every track behind its fader, and the mix ("") with or without the master.
inline std::map<std::string, Heard> stems_of(const session::Session& session, const Library& library,
                                             bool master = false) {
    std::map<std::string, Heard> out;
    graph::LinearOptions options;
    options.master = master;
    options.stems = [&](const std::string& id, std::int64_t first, std::span<const float> l,
                        std::span<const float> r) { return into(out[id])(first, l, r); };
    Heard mix;
    const auto report = graph::render_linear(plan_of(session, library), options, into(mix));
    EXPECT_TRUE(report);
    out[""] = std::move(mix);
    return out;
}

/// A track ahead of its fader.
inline Heard ahead_of_fader(const session::Session& session, const Library& library,
                            const std::string& track) {
    Heard out;
    EXPECT_TRUE(graph::render_track(plan_of(session, library), track, {}, {}, into(out)));
    return out;
}

inline Report mixed(Band& band, const Options& options = {}, session::History* history = nullptr) {
    auto report = mix(band.session, history, band.library.get(), options);
    EXPECT_TRUE(report) << (report ? "" : report.error().text());
    return report ? *report : Report{};
}

inline const Change* change_of(const Report& report, const std::string& track, Change::What what) {
    for (const Change& change : report.changes)
        if (change.track == track && change.what == what) return &change;
    return nullptr;
}

inline std::string note_of(const Report& report, const std::string& track) {
    std::string out;
    for (const Note& note : report.notes)
        if (note.track == track) out += note.line + "\n";
    return out;
}

} // namespace loopmind::automix::test
