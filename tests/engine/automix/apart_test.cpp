// What the mix leaves alone, and sessions with little or nothing in them.
#include "tests/engine/automix/band.h"

#include <nlohmann/json.hpp>

#include <limits>

namespace loopmind::automix::test {
namespace {

using Kind = Change::What;

int changes_of(const Report& report, const std::string& track) {
    int out = 0;
    for (const Change& change : report.changes)
        out += change.track == track ? 1 : 0;
    return out;
}

TEST(AutomixApart, AnEmptySessionHasNothingToMix) {
    Band song = band({}, "");
    const std::string before = song.session.to_json();
    const Report report = mixed(song);
    EXPECT_TRUE(report.changes.empty());
    EXPECT_TRUE(report.tracks.empty());
    EXPECT_EQ(report.genre, "generic");
    EXPECT_EQ(song.session.to_json(), before);
    const auto out = nlohmann::json::parse(report_json(report));
    EXPECT_TRUE(out["loudness"]["after"].is_null()) << "silence has no loudness";
}

TEST(AutomixApart, OneTrackComesToTheLoudnessOfTheMix) {
    Band song = band({{"melody", "melody", R"("gain_db":-11,)"}}, "Pop");
    const Report report = mixed(song);
    EXPECT_NEAR(stems_of(song.session, song.library).at("").loudness().integrated_lufs, -23, 0.05);
    EXPECT_EQ(report.reference, "melody");
    EXPECT_EQ(report.tracks[0].masked_after, 0);
    EXPECT_TRUE(mixed(song).changes.empty());
}

TEST(AutomixApart, SilentAndMutedTracksStay) {
    Band song = band({{"drums", "drums", ""},
                      {"bass", "bass", R"("mute":true,"gain_db":7,)"},
                      {"pad", "pad", R"("gain_db":-3,)"}},
                     "House");
    song.library.add("m-pad", silence());
    const Report report = mixed(song);
    EXPECT_EQ(changes_of(report, "bass"), 0);
    EXPECT_NE(note_of(report, "bass").find("muted"), std::string::npos);
    EXPECT_EQ(changes_of(report, "pad"), 0);
    EXPECT_NE(note_of(report, "pad").find("silent"), std::string::npos);
    EXPECT_EQ(song.session.track("bass")->gain_db(), 7);
    EXPECT_EQ(song.session.track("pad")->gain_db(), -3);
    EXPECT_EQ(report.tracks.size(), 1u);
}

TEST(AutomixApart, TracksWithoutAudioOrWayOutAreNamed) {
    Band song = band(
        {{"drums", "drums", ""}, {"bass", "bass", R"("output":"dead",)"}}, "House", 0,
        R"({"id":"notes","name":"Notes","type":"midi"},{"id":"dead","name":"Dead","type":"bus","mute":true})");
    const Report report = mixed(song);
    EXPECT_NE(note_of(report, "notes").find("no audio"), std::string::npos);
    EXPECT_NE(note_of(report, "bass").find("reaches the master"), std::string::npos);
    EXPECT_EQ(changes_of(report, "bass"), 0);
}

TEST(AutomixApart, AnAutomatedFaderStaysAndTheOthersFollowIt) {
    const std::string lane = R"("gain_db":-20,"automation":[{"target":"gain_db","mode":"read","points":[
        {"beat":0,"value":-16},{"beat":12,"value":-10}]}],)";
    Band song = band({{"drums", "drums", lane},
                      {"bass", "bass", R"("gain_db":9,)"},
                      {"melody", "melody", R"("gain_db":-9,)"}},
                     "House");
    const std::string drums = song.session.track("drums")->state.toXmlString().toStdString();
    const Report report = mixed(song);
    EXPECT_EQ(song.session.track("drums")->state.toXmlString().toStdString(), drums);
    EXPECT_NE(note_of(report, "drums").find("fader is automated"), std::string::npos);
    EXPECT_TRUE(report.around_kept);
    const auto stems = stems_of(song.session, song.library);
    const double reference = stems.at("drums").loudness().integrated_lufs;
    EXPECT_NEAR(report.tracks[0].lufs_after, reference, 0.05) << "measured along its automation";
    const double bass = genre_target("House")->role(Role::kBass).lu;
    EXPECT_NEAR(stems.at("bass").loudness().integrated_lufs - reference, bass, 1.6);
    EXPECT_TRUE(mixed(song).changes.empty());
}

TEST(AutomixApart, AnAutomatedTextureDoesNotSetTheLevelOfAll) {
    const std::string lane =
        R"("automation":[{"target":"gain_db","mode":"read","points":[{"beat":0,"value":-60}]}],)";
    Band song = band({{"drums", "drums", ""}, {"bass", "bass", ""}, {"texture", "texture", lane}}, "House");
    const Report report = mixed(song);
    EXPECT_FALSE(report.around_kept);
    EXPECT_NE(note_of(report, "texture").find("fader is automated"), std::string::npos);
    EXPECT_NEAR(stems_of(song.session, song.library).at("").loudness().integrated_lufs, -23, 0.05);
    EXPECT_TRUE(mixed(song).changes.empty());
}

TEST(AutomixApart, AnAutomatedPanKeepsThePlaceAndLetsTheFaderMove) {
    const std::string lane = R"("pan":0.3,"gain_db":8,"automation":[{"target":"pan","mode":"read","points":[
        {"beat":0,"value":-0.9},{"beat":12,"value":0.9}]}],)";
    Band song = band({{"drums", "drums", ""}, {"bass", "bass", ""}, {"chords", "chords", lane}}, "House");
    const Report report = mixed(song);
    EXPECT_FALSE(change_of(report, "chords", Kind::kPan));
    ASSERT_TRUE(change_of(report, "chords", Kind::kGain));
    EXPECT_EQ(song.session.track("chords")->pan(), 0.3);
    const auto stems = stems_of(song.session, song.library);
    EXPECT_NEAR(report.tracks[2].lufs_after, stems.at("chords").loudness().integrated_lufs, 0.05);
    EXPECT_TRUE(mixed(song).changes.empty());
}

TEST(AutomixApart, KeptTracksStayAndSwitchesHold) {
    Band song = band(
        {{"drums", "drums", R"("gain_db":-6,"pan":0.8,)"}, {"bass", "bass", R"("gain_db":9,"pan":-0.8,)"}},
        "House");
    Options options;
    options.keep = {"drums"};
    options.pans = false;
    const Report report = mixed(song, options);
    EXPECT_EQ(song.session.track("drums")->gain_db(), -6);
    EXPECT_EQ(song.session.track("drums")->pan(), 0.8);
    EXPECT_EQ(song.session.track("bass")->pan(), -0.8);
    EXPECT_TRUE(change_of(report, "bass", Kind::kGain));
    EXPECT_FALSE(report.tracks[0].mixed);
    options.keep = {"drums", "bass"};
    EXPECT_TRUE(mixed(song, options).changes.empty());
}

/// A bass with spikes wants a compressor; whoever keys another gets none, and who said no gets none.
TEST(AutomixApart, KeysAndBypassedInsertsAreRespected) {
    const auto spikes = [](Band& song) { song.library.add("m-bass", spiky_bass()); };
    Band free = band({{"drums", "drums", ""}, {"bass", "bass", ""}, {"pad", "pad", ""}}, "House");
    spikes(free);
    EXPECT_TRUE(change_of(mixed(free), "bass", Kind::kCompression));
    const std::string duck =
        R"("inserts":[{"id":"duck","effect":"compressor","sidechain":"bass","params":{"threshold_db":-40,"ratio":4}}],)";
    Band keyed = band({{"drums", "drums", ""}, {"bass", "bass", ""}, {"pad", "pad", duck}}, "House");
    spikes(keyed);
    const Report report = mixed(keyed);
    EXPECT_FALSE(change_of(report, "bass", Kind::kCompression));
    EXPECT_NE(note_of(report, "bass").find("pad listens to it"), std::string::npos);
    EXPECT_EQ(keyed.session.track("pad")->inserts()[0].sidechain(), "bass");
    EXPECT_TRUE(mixed(keyed).changes.empty());
    const std::string off =
        R"("inserts":[{"id":"automix-compressor","effect":"compressor","bypass":true,"params":{}}],)";
    Band refused = band({{"drums", "drums", ""}, {"bass", "bass", off}, {"pad", "pad", ""}}, "House");
    spikes(refused);
    EXPECT_FALSE(change_of(mixed(refused), "bass", Kind::kCompression));
    EXPECT_TRUE(refused.session.track("bass")->insert("automix-compressor")->bypass());
}

TEST(AutomixApart, ForeignInsertsStayAndOwnOnesStandBehindThem) {
    const std::string user =
        R"("inserts":[{"id":"mine","effect":"eq","params":{"band8_db":-24,"band8_hz":900}},
        {"id":"automix-eq","effect":"eq","params":{"band1_db":0.5,"band8_db":-0.5}},{"id":"late","effect":"gain","params":{"gain_db":2}}],)";
    Band song = band({{"drums", "drums", ""}, {"melody", "melody", user}}, "House");
    mixed(song);
    const auto inserts = song.session.track("melody")->inserts();
    ASSERT_GE(inserts.size(), 2u);
    EXPECT_EQ(inserts[0].id(), "mine");
    EXPECT_EQ(inserts[0].param("band8_db", 0), -24);
    EXPECT_EQ(inserts[1].id(), "late");
    for (std::size_t i = 2; i < inserts.size(); ++i)
        EXPECT_EQ(inserts[i].id().rfind("automix-", 0), 0u);
    EXPECT_TRUE(mixed(song).changes.empty());
}

TEST(AutomixApart, SolosAreNoPartOfTheBalance) {
    const std::vector<Part> parts = {{"drums", "drums", ""}, {"bass", "bass", ""}};
    Band plain = band(parts, "House"), solo = band(parts, "House");
    ASSERT_TRUE(session::edit::set_solo(solo.session, "bass", true));
    mixed(plain);
    mixed(solo);
    for (const Part& part : parts)
        EXPECT_EQ(plain.session.track(part.id)->gain_db(), solo.session.track(part.id)->gain_db());
    EXPECT_TRUE(solo.session.track("bass")->solo());
}

TEST(AutomixApart, SoundThatIsNoNumberDoesNotSpread) {
    Band song = band({{"drums", "drums", ""}, {"bass", "bass", ""}}, "House");
    auto broken = std::make_shared<graph::StereoBuffer>(*stem("bass", 0));
    broken->left[1000] = std::numeric_limits<float>::quiet_NaN();
    broken->right[3000] = std::numeric_limits<float>::infinity();
    song.library.add("m-bass", broken);
    const Report report = mixed(song);
    EXPECT_EQ(changes_of(report, "bass"), 0);
    EXPECT_NE(note_of(report, "bass"), "");
    EXPECT_TRUE(std::isfinite(report.lufs_after));
    for (const Change& change : report.changes)
        EXPECT_TRUE(std::isfinite(change.after)) << change.line;
}

TEST(AutomixApart, MistakesNameThemselvesAndChangeNothing) {
    Band song = band({{"drums", "drums", ""}, {"bass", "bass", ""}}, "House");
    const std::string before = song.session.to_json();
    session::History history(song.session);
    const auto fails = [&](const Options& options, const std::string& field) {
        const auto report = mix(song.session, &history, song.library.get(), options);
        ASSERT_FALSE(report);
        EXPECT_EQ(report.error().field, field) << report.error().text();
    };
    Options options;
    options.genre = "Polka";
    fails(options, "genre");
    options = {};
    options.keep = {"kazoo"};
    fails(options, "keep");
    options = {};
    options.lufs = 3;
    fails(options, "lufs");
    options = {};
    options.cancelled = [] { return true; };
    const auto report = mix(song.session, &history, song.library.get(), options);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
    const auto missing = mix(song.session, &history, Library().get(), {});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
    EXPECT_EQ(song.session.to_json(), before);
    EXPECT_FALSE(history.can_undo());
}

} // namespace
} // namespace loopmind::automix::test
