// Plug-ins in documents and mixdowns: kept with their state, refused in time, rendered ahead for the farm.
#include "engine/mixdown/exports.h"
#include "engine/mixdown/hosted.h"
#include "engine/mixdown/split.h"
#include "engine/mixdown/stages.h"
#include "engine/plugins/plugin_host.h"
#include "engine/session/edits_automation.h"
#include "engine/session/edits_inserts.h"
#include "tests/engine/mixdown/song.h"
#include "tests/engine/plugins/bundles.h"

#include <cmath>

namespace loopmind::plugins::test {
namespace {

namespace fs = std::filesystem;
using mixdown::test::open_song;
using mixdown::test::song_json;

/// The song with a plug-in behind the compressor of the bass, or wherever else.
std::string with_plugin(const std::string& name, const std::string& place = "bass") {
    const std::string insert =
        R"({"id":"vst","effect":"lv2","uri":")" + uri(name) + R"(","params":{"gain":0.5}})";
    if (place == "bass")
        return song_json(R"({"threshold_db":-30,"ratio":6}}]=>{"threshold_db":-30,"ratio":6}},)" + insert +
                         "]");
    if (place == "kick")
        return song_json(R"("params":{"band1_db":3}}]=>"params":{"band1_db":3}},)" + insert + "]");
    if (place == "room")
        return song_json(R"("params":{"wet":1,"dry":0}}]=>"params":{"wet":1,"dry":0}},)" + insert + "]");
    return song_json(R"({"id":"lim","effect":"limiter"}=>)" + insert + R"(,{"id":"lim","effect":"limiter"})");
}

class HostedMixdown : public testing::Test {
  protected:
    void SetUp() override {
        mixdown::test::write_media(folder_.path());
        fs::create_directories(scratch());
        plugins_ = std::make_shared<PluginHost>(catalogue(), HostOptions{});
    }
    fs::path scratch() const { return folder_.path() / "scratch"; }

    session::Session described(const std::string& json) {
        session::Session session = open_song(json);
        auto found = mixdown::describe_media(session, {folder_.path(), scratch(), false, {}});
        EXPECT_TRUE(found) << (found ? "" : found.error().text());
        for (const mixdown::FoundMedia& media : found->media)
            files_[media.sha256] = media.file;
        return session;
    }
    std::function<Result<fs::path>(const std::string&)> media() {
        return [this](const std::string& sha256) -> Result<fs::path> {
            const auto found = files_.find(sha256);
            if (found != files_.end()) return found->second;
            return Error{ErrorCode::kNotFound, "media", sha256, ""};
        };
    }
    Result<mixdown::HostedBounce> bounce(session::Session& session) {
        auto out = mixdown::bounce_hosted_tracks(
            session, {plugins_, media(), scratch(), {}, [this](const mixdown::HostedInsert& one) {
                          rendered_.push_back(one.track);
                      }});
        if (out)
            for (const mixdown::FoundMedia& one : out->media)
                files_[one.sha256] = one.file;
        return out;
    }
    /// Everything in one process; `with_plugins` false: as a worker, which has none.
    std::vector<float> whole(const session::Session& session, bool with_plugins) {
        mixdown::StageInputs inputs;
        inputs.document = session.to_json();
        inputs.media = media();
        inputs.scratch = scratch();
        if (with_plugins) inputs.plugins = plugins_;
        std::vector<float> out;
        const auto stage = mixdown::Stage::whole(std::move(inputs));
        EXPECT_TRUE(stage) << (stage ? "" : stage.error().text());
        if (!stage) return out;
        const auto report = stage->run({}, [&](std::int64_t, auto left, auto right) {
            out.insert(out.end(), left.begin(), left.end());
            out.insert(out.end(), right.begin(), right.end());
            return true;
        });
        EXPECT_TRUE(report);
        return out;
    }

    mixdown::test::Folder folder_;
    std::shared_ptr<PluginHost> plugins_;
    std::map<std::string, fs::path> files_;
    std::vector<std::string> rendered_;
};

/// Largest difference; the shorter one is silent where the longer goes on.
double worst(std::vector<float> a, std::vector<float> b) {
    a.resize(std::max(a.size(), b.size()));
    b.resize(a.size());
    double out = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        out = std::max(out, std::abs(static_cast<double>(a[i]) - b[i]));
    return out;
}

TEST_F(HostedMixdown, BouncedTracksSoundAsWithTheirPlugins) {
    for (const char* name : {"gain", "latency"}) {
        for (const char* place : {"bass", "kick"}) { // the kick is the key of the bass
            session::Session session = described(with_plugin(name, place));
            const std::vector<float> direct = whole(session, true);
            rendered_.clear();
            const auto bounced = bounce(session);
            ASSERT_TRUE(bounced) << bounced.error().text();
            EXPECT_EQ(rendered_, (std::vector<std::string>{place}));
            EXPECT_TRUE(bounced->faulty_inserts.empty());
            EXPECT_TRUE(mixdown::hosted_inserts(session).empty());
            const auto parts = mixdown::split(session);
            ASSERT_TRUE(parts) << "what is left needs no plug-in: " << parts.error().text();
            // With a latency that is no whole number of ticks, effects behind it meet other ticks.
            EXPECT_LT(worst(direct, whole(session, false)), 1e-4) << name << " on " << place;
            EXPECT_GT(worst(direct, whole(described(song_json()), false)), 1e-2)
                << "the plug-in is heard at all";
        }
    }
}

TEST_F(HostedMixdown, SaysWhichTracksHoldPlugins) {
    session::Session session = described(with_plugin("gain", "kick"));
    const auto hosted = mixdown::hosted_inserts(session);
    ASSERT_EQ(hosted.size(), 1u);
    EXPECT_EQ(hosted[0].track, "kick");
    EXPECT_EQ(hosted[0].insert, "vst");
    EXPECT_EQ(hosted[0].uri, uri("gain"));
    const auto parts = mixdown::split(session, plugins_);
    ASSERT_TRUE(parts) << parts.error().text();
    for (const mixdown::TrackPart& part : parts->tracks) {
        const bool hears = part.id == "kick" || part.id == "bass"; // the bass ducks under the kick
        EXPECT_EQ(part.hosted_plugins,
                  hears ? std::vector<std::string>{uri("gain")} : std::vector<std::string>{})
            << part.id;
    }
}

TEST_F(HostedMixdown, RefusesBeforeAnythingIsRendered) {
    const auto refused = [&](const std::string& json) {
        session::Session session = described(json);
        const std::string before = session.to_json();
        const auto bounced = bounce(session);
        EXPECT_FALSE(bounced);
        EXPECT_TRUE(rendered_.empty());
        EXPECT_EQ(session.to_json(), before) << "nothing was changed";
        return bounced ? std::string() : bounced.error().text();
    };
    EXPECT_EQ(refused(with_plugin("nobody-has-it")),
              "tracks.bass.inserts.vst: its plug-in urn:loopmind:test:nobody-has-it is not installed here "
              "(install it "
              "(`loopmind plugins list` shows what is), or remove the insert)");
    EXPECT_NE(refused(with_plugin("gain", "room"))
                  .find("tracks.room.inserts.vst: its plug-in urn:loopmind:test:gain "
                        "is not on a track of its own"),
              std::string::npos);
    EXPECT_NE(refused(with_plugin("gain", "master")).find("master.inserts.vst: its plug-in"),
              std::string::npos);

    mixdown::StageInputs inputs;
    inputs.document = described(with_plugin("gain")).to_json();
    inputs.media = media();
    inputs.scratch = scratch();
    const auto stage = mixdown::Stage::whole(std::move(inputs));
    ASSERT_FALSE(stage) << "a worker has no plug-ins";
    EXPECT_NE(stage.error().text().find("this program hosts no plug-ins"), std::string::npos);
}

TEST_F(HostedMixdown, TracksThatNobodyHearsLoseTheirPluginsOnly) {
    session::Session session = described(with_plugin("gain"));
    session.track("bass")->set_mute(true);
    const std::size_t clips = session.track("bass")->clips().size();
    const auto bounced = bounce(session);
    ASSERT_TRUE(bounced) << bounced.error().text();
    EXPECT_TRUE(rendered_.empty());
    EXPECT_TRUE(bounced->media.empty());
    EXPECT_EQ(session.track("bass")->clips().size(), clips);
    EXPECT_EQ(session.track("bass")->inserts().size(), 1u) << "its compressor stays";
}

TEST_F(HostedMixdown, ACrashWhileItIsRenderedIsReportedAndTheTrackGoesOnDry) {
    session::Session session = described(with_plugin("abort-in-run"));
    const auto bounced = bounce(session);
    ASSERT_TRUE(bounced) << bounced.error().text();
    EXPECT_EQ(bounced->faulty_inserts, (std::vector<std::string>{"bass/vst"}));
    ASSERT_EQ(bounced->fault_reasons.size(), 1u);
    EXPECT_NE(bounced->fault_reasons[0].find("crashed (SIGABRT)"), std::string::npos);
    const auto mix = whole(session, false);
    EXPECT_TRUE(std::any_of(mix.begin() + static_cast<std::ptrdiff_t>(mix.size() / 2), mix.end(),
                            [](float x) { return x != 0; }));
}

TEST_F(HostedMixdown, ExportsNameTheInsertThatFailedAndWhy) {
    session::Session session = described(with_plugin("abort-in-run"));
    mixdown::StageInputs inputs;
    inputs.document = session.to_json();
    inputs.media = media();
    inputs.scratch = scratch();
    inputs.plugins = plugins_;
    const auto stage = mixdown::Stage::whole(std::move(inputs));
    ASSERT_TRUE(stage) << stage.error().text();
    mixdown::ExportSettings settings;
    settings.formats = {{}};
    const auto report = mixdown::write_exports(*stage, settings, scratch(), {}, {});
    ASSERT_TRUE(report) << report.error().text();
    EXPECT_EQ(report->faulty_inserts, (std::vector<std::string>{"bass/vst"}));
    EXPECT_NE(mixdown::report_json(*report).find("crashed (SIGABRT)"), std::string::npos);
}

// The document.

TEST(PluginInSession, IsAddedChangedAndUndoneAsAnyEdit) {
    session::Session session = open_song(song_json());
    juce::UndoManager undo;
    const std::string empty = session.to_json();
    undo.beginNewTransaction();
    auto insert = session::edit::add_plugin(session, "bass", uri("gain"), 0, &undo);
    ASSERT_TRUE(insert) << insert.error().text();
    const std::string id = insert->id();
    ASSERT_TRUE(session::edit::set_insert_param(session, "bass", id, "gain", 0.25, &undo).ok());
    const std::string state =
        "@prefix lv2: <http://x#> .\n<> \"quoted \\\" and \xC3\xA9\" ;\n\tlv2:y 1.5 .\n";
    ASSERT_TRUE(session::edit::set_plugin_state(session, "bass", id, state, &undo).ok());
    const std::string full = session.to_json();

    auto again = session::Session::from_json(full);
    ASSERT_TRUE(again) << again.error().text();
    const auto read = again->track("bass")->inserts().front();
    EXPECT_EQ(read.effect(), "lv2");
    EXPECT_EQ(read.uri(), uri("gain"));
    EXPECT_EQ(read.plugin_state(), state);
    EXPECT_EQ(read.param("gain", -1), 0.25);
    EXPECT_EQ(again->to_json(), full);

    EXPECT_TRUE(undo.undo());
    EXPECT_EQ(session.to_json(), empty);
    EXPECT_TRUE(undo.redo());
    EXPECT_EQ(session.to_json(), full);
}

TEST(PluginInSession, RefusesWhatCannotBeKept) {
    session::Session session = open_song(song_json());
    const std::string before = session.to_json();
    EXPECT_FALSE(session::edit::add_plugin(session, "bass", "").ok());
    EXPECT_FALSE(session::edit::add_plugin(session, "bass", std::string(2000, 'u')).ok());
    EXPECT_FALSE(session::edit::add_plugin(session, "nobody", uri("gain")).ok());
    EXPECT_FALSE(session::edit::set_plugin_state(session, "bass", "duck", "x").ok()) << "no plug-in";
    EXPECT_EQ(session.to_json(), before);
    auto insert = session::edit::add_plugin(session, "bass", uri("gain"));
    ASSERT_TRUE(insert);
    EXPECT_FALSE(
        session::edit::set_plugin_state(session, "bass", insert->id(), std::string((1 << 24) + 1, 's')).ok());
}

} // namespace
} // namespace loopmind::plugins::test
