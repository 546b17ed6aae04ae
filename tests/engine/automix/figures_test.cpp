// Every number of an explanation, measured again by other means; undo; JSON.
#include "engine/automix/masking.h"
#include "tests/engine/automix/band.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <set>

namespace loopmind::automix::test {
namespace {

/// A session that gives the mix all that it can do: a dull lead, a bass with spikes, a piano far out on the
/// left, two tracks of the sides in the middle, a bus that is turned up, a fader group, a key.
Band hard_band() {
    const std::string bus = R"({"id":"bus","name":"Keys bus","type":"bus","gain_db":2.5})";
    Band out = band({{"drums", "drums", R"("gain_db":-9,)"},
                     {"bass", "bass", R"("gain_db":5,)"},
                     {"piano", "chords", R"("gain_db":-4,"pan":-0.9,"output":"bus",)"},
                     {"guitar", "chords", R"("gain_db":3,)"},
                     {"arp", "arp", R"("gain_db":-2,)"},
                     {"lead", "melody", R"("gain_db":-7,)"},
                     {"pad", "pad", R"("gain_db":9,"group":"g",)"}},
                    "House", 4, bus);
    session::Session& session = out.session;
    juce::ValueTree groups = session.state().getOrCreateChildWithName("groups", nullptr);
    groups.appendChild(juce::ValueTree("group", {{"id", "g"}, {"gain_db", -1.5}}), nullptr);
    out.library.add("m-lead", std::make_shared<graph::StereoBuffer>(falling_noise(-12, 0.01)));
    out.library.add("m-bass", spiky_bass());
    return out;
}

/// Third-octave means by windows of the analyser, and the line through them.
double slope_again(const Heard& heard) {
    constexpr std::size_t kSize = 4096;
    metering::SpectrumAnalyser analyser({.sample_rate = kRate,
                                         .fft_size = kSize,
                                         .bands_per_octave = 3,
                                         .lowest_hz = 20,
                                         .highest_hz = 20000,
                                         .fall_db_per_s = 0});
    std::vector<double> power(analyser.bands().size(), 0);
    std::vector<float> left(kSize, 0), right(kSize, 0); // silence around, so that every frame counts alike
    left.insert(left.end(), heard.left.begin(), heard.left.end());
    right.insert(right.end(), heard.right.begin(), heard.right.end());
    left.resize(left.size() + kSize);
    right.resize(left.size());
    for (std::size_t at = 0; at + kSize <= left.size(); at += 1024) {
        analyser.analyse(std::span(left).subspan(at, kSize), std::span(right).subspan(at, kSize));
        for (std::size_t b = 0; b < power.size(); ++b)
            power[b] += std::pow(10, analyser.bands()[b].left_db / 10.0) +
                        std::pow(10, analyser.bands()[b].right_db / 10.0);
    }
    double top = -300;
    for (std::size_t b = 0; b < power.size(); ++b)
        if (analyser.bands()[b].centre_hz >= 50) top = std::max(top, 10 * std::log10(power[b]));
    double all = 0, mx = 0, my = 0, xx = 0, xy = 0;
    const auto each = [&](const auto& visit) {
        for (std::size_t b = 0; b < power.size(); ++b) {
            const double hertz = analyser.bands()[b].centre_hz, level = 10 * std::log10(power[b]);
            const double weight = std::min(1.0, (level - top + 45) / 15);
            if (hertz >= 50 && hertz <= 16000 && weight > 0) visit(weight, std::log2(hertz), level);
        }
    };
    each([&](double w, double x, double y) { all += w, mx += w * x, my += w * y; });
    mx /= all, my /= all;
    each([&](double w, double x, double y) { xx += w * (x - mx) * (x - mx), xy += w * (x - mx) * (y - my); });
    return xy / xx;
}

double position_again(const Heard& heard) {
    double left = 0, right = 0;
    for (std::size_t i = 0; i < heard.left.size(); ++i)
        left += heard.left[i] * heard.left[i], right += heard.right[i] * heard.right[i];
    return 4 / std::numbers::pi * std::atan2(std::sqrt(right), std::sqrt(left)) - 1;
}

/// Masked share of a track among the stems as they come to the master.
double masked_again(const session::Session& session, const std::map<std::string, Heard>& stems,
                    const std::string& track) {
    std::vector<Features> features;
    std::vector<std::string> ids;
    std::vector<double> gains;
    for (const session::Track& one : session.tracks()) {
        if (one.type() != session::TrackType::kAudio) continue;
        FeatureMeter meter(kRate, 0);
        meter.add(stems.at(one.id()).left, stems.at(one.id()).right);
        features.push_back(meter.finish());
        ids.push_back(one.id());
        const auto bus = session.track(one.output());
        gains.push_back(
            std::pow(10.0, (bus && bus->type() == session::TrackType::kBus ? bus->gain_db() : 0) / 20));
    }
    std::vector<MaskingTrack> tracks;
    for (std::size_t i = 0; i < features.size(); ++i)
        tracks.push_back({&features[i], gains[i]});
    const auto masked = masking(tracks);
    return masked[static_cast<std::size_t>(std::find(ids.begin(), ids.end(), track) - ids.begin())].share;
}

/// One moment of the session, with what is measured of it.
struct Moment {
    explicit Moment(const Band& band)
        : session(band.session.clone()), library(band.library), stems(stems_of(session, library)) {}
    session::Session session;
    Library library;
    std::map<std::string, Heard> stems;

    double measure(const std::string& name, const std::string& track) const {
        if (name == "lufs") return stems.at(track).loudness().integrated_lufs;
        if (name == "position") return position_again(stems.at(track));
        if (name == "masked") return masked_again(session, stems, track);
        const Heard ahead = ahead_of_fader(session, library, track);
        if (name == "slope") return slope_again(ahead);
        if (name == "crest") return ahead.loudness().sample_peak_db - ahead.loudness().integrated_lufs;
        ADD_FAILURE() << "nobody knows how to measure " << name;
        return 0;
    }
};

double tolerance(const std::string& name) {
    if (name == "lufs") return 0.05;
    if (name == "position") return 0.005;
    if (name == "masked") return 0.02;
    return name == "slope" ? 0.1 : 0.1;
}

int check_figures(const Report& report, const Moment& before, const Moment& after) {
    int checked = 0;
    for (const Change& change : report.changes) {
        EXPECT_FALSE(change.figures.empty()) << change.line;
        for (const Figure& figure : change.figures) {
            EXPECT_TRUE(std::isfinite(figure.value)) << change.line;
            if (figure.kind != Figure::Kind::kMeasured) continue;
            const auto cut = figure.name.rfind('_');
            const std::string name = figure.name.substr(0, cut), when = figure.name.substr(cut + 1);
            const Moment& moment = when == "after" ? after : before;
            EXPECT_NEAR(figure.value, moment.measure(name, figure.track), tolerance(name))
                << figure.name << " of " << figure.track << " in: " << change.line;
            ++checked;
        }
    }
    return checked;
}

TEST(AutomixFigures, EveryNumberCanBeMeasuredAgain) {
    Band song = hard_band();
    const Moment before(song);
    const Report report = mixed(song);
    const Moment after(song);
    std::set<Change::What> kinds;
    for (const Change& change : report.changes)
        kinds.insert(change.what);
    EXPECT_EQ(kinds.size(), 4u) << "gain, pan, tilt and compression are all wanted here";
    EXPECT_GT(check_figures(report, before, after), 40);
    for (const TrackFigures& track : report.tracks) {
        EXPECT_NEAR(track.lufs_before, before.measure("lufs", track.id), 0.05) << track.id;
        EXPECT_NEAR(track.lufs_after, after.measure("lufs", track.id), 0.05) << track.id;
        EXPECT_NEAR(track.masked_after, after.measure("masked", track.id), 0.02) << track.id;
    }
    EXPECT_NEAR(report.lufs_before, before.measure("lufs", ""), 0.05);
    EXPECT_NEAR(report.lufs_after, after.measure("lufs", ""), 0.05);
}

TEST(AutomixFigures, LevelsAreWhatTheLinesSay) {
    Band song = hard_band();
    const Report report = mixed(song);
    const auto stems = stems_of(song.session, song.library);
    const double reference = stems.at(report.reference).loudness().integrated_lufs;
    int compared = 0;
    for (const Change& change : report.changes) {
        double wanted = 0, relief = 0, buses = 0;
        bool told = false;
        for (const Figure& figure : change.figures) {
            if (figure.name == "wanted") wanted = figure.value, told = true;
            if (figure.name == "relief") relief = figure.value;
            if (figure.name == "buses") buses = figure.value;
        }
        if (!told) continue;
        const double is = stems.at(change.track).loudness().integrated_lufs + buses - reference;
        EXPECT_NEAR(is, wanted + relief, 0.1) << change.line;
        ++compared;
    }
    EXPECT_GE(compared, 4);
    EXPECT_EQ(report.reference, "drums");
}

TEST(AutomixFigures, DoesWhatItSays) {
    Band song = hard_band();
    const Report report = mixed(song);
    const Change* tilt = change_of(report, "lead", Change::What::kTilt);
    ASSERT_TRUE(tilt);
    EXPECT_GT(tilt->after, 0.3);
    EXPECT_NE(tilt->line.find("spectrum"), std::string::npos);
    const Change* compressor = change_of(report, "bass", Change::What::kCompression);
    ASSERT_TRUE(compressor);
    EXPECT_GT(compressor->figures[0].value, compressor->figures[1].value + 0.5) << "the crest is lower";
    ASSERT_TRUE(change_of(report, "piano", Change::What::kPan)) << "it was far out";
    // Two tracks share the loudness of chords; those of the sides stand on both.
    const auto piano = song.session.track("piano")->pan(), guitar = song.session.track("guitar")->pan(),
               arp = song.session.track("arp")->pan();
    EXPECT_LT(std::min({piano, guitar, arp}), -0.1);
    EXPECT_GT(std::max({piano, guitar, arp}), 0.1);
    EXPECT_EQ(song.session.track("bass")->pan(), 0);
    for (const Change& change : report.changes)
        EXPECT_EQ(change.line.find(change.name + ": "), 0u) << change.line;
}

TEST(AutomixFigures, ASecondRunIsAtHomeAndStacksNothing) {
    Band song = hard_band();
    mixed(song);
    const std::string document = song.session.to_json();
    const Report again = mixed(song);
    EXPECT_TRUE(again.changes.empty()) << (again.changes.empty() ? "" : again.changes[0].line);
    EXPECT_EQ(song.session.to_json(), document);
    for (const session::Track& track : song.session.tracks()) {
        int own = 0;
        for (const session::Insert& insert : track.inserts())
            own += insert.id().rfind("automix", 0) == 0 ? 1 : 0;
        EXPECT_LE(own, 2) << track.id();
    }
    // Another genre moves what the first run left, and the figures hold again.
    const Moment before(song);
    Options options;
    options.genre = "Jazz";
    const Report jazz = mixed(song, options);
    EXPECT_EQ(jazz.genre, "Jazz");
    EXPECT_FALSE(jazz.changes.empty());
    int gains = 0;
    const Moment after(song);
    for (const Change& change : jazz.changes) {
        if (change.what != Change::What::kGain) continue;
        ++gains;
        for (const Figure& figure : change.figures) {
            if (figure.name != "lufs_before" && figure.name != "lufs_after") continue;
            const Moment& moment = figure.name == "lufs_after" ? after : before;
            EXPECT_NEAR(figure.value, moment.measure("lufs", figure.track), 0.05) << change.line;
        }
    }
    EXPECT_GT(gains, 2);
    EXPECT_TRUE(mixed(song, options).changes.empty());
}

TEST(AutomixFigures, OneStepOfUndoBringsTheDocumentBack) {
    Band song = hard_band();
    session::History history(song.session);
    const std::string before = song.session.to_json();
    const Report report = mixed(song, {}, &history);
    const std::string after = song.session.to_json();
    EXPECT_FALSE(report.changes.empty());
    EXPECT_NE(before, after);
    EXPECT_EQ(history.undo_names(), std::vector<std::string>{"AI mix"});
    ASSERT_TRUE(history.undo());
    EXPECT_EQ(song.session.to_json(), before);
    EXPECT_FALSE(history.can_undo());
    ASSERT_TRUE(history.redo());
    EXPECT_EQ(song.session.to_json(), after);
    mixed(song, {}, &history); // nothing to change: no step
    EXPECT_EQ(history.undo_names().size(), 1u);
}

TEST(AutomixFigures, JsonSaysTheSame) {
    Band song = hard_band();
    const Report report = mixed(song);
    const auto out = nlohmann::json::parse(report_json(report));
    ASSERT_EQ(out["changes"].size(), report.changes.size());
    EXPECT_EQ(out["genre"], "House");
    EXPECT_EQ(out["genre_from"], "session");
    EXPECT_EQ(out["reference"], "drums");
    for (std::size_t i = 0; i < report.changes.size(); ++i) {
        EXPECT_EQ(out["changes"][i]["line"], report.changes[i].line);
        EXPECT_EQ(out["changes"][i]["what"], change_name(report.changes[i].what));
        EXPECT_EQ(out["changes"][i]["figures"].size(), report.changes[i].figures.size());
        EXPECT_DOUBLE_EQ(out["changes"][i]["after"].get<double>(), report.changes[i].after);
    }
    EXPECT_EQ(out["tracks"].size(), 7u);
    EXPECT_DOUBLE_EQ(out["loudness"]["after"].get<double>(), report.lufs_after);
    EXPECT_TRUE(out["loudness"]["mastered_after"].is_null());
}

} // namespace
} // namespace loopmind::automix::test
