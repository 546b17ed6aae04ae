// Notes become sound where they stand, follow the tempo map, and repeat byte for byte.
#include "engine/mixdown/bounce_notes.h"

#include "engine/files/midi.h"
#include "engine/files/wav.h"
#include "engine/mixdown/split.h"
#include "engine/mixdown/stages.h"
#include "tests/engine/mixdown/song.h"

namespace loopmind::mixdown {
namespace {

namespace fs = std::filesystem;
using test::Folder;
using test::open_song;

/// One track of notes: `pattern` and `clip` are members of those objects, `rest` of the session.
std::string notes_json(const std::string& pattern, const std::string& clip, const std::string& rest = "") {
    return R"({"format":"loopmind","version":"1.1","units":"beats","name":"Keys","tempo":120,"meter":"4/4","bars":4,)" +
           rest + R"("tracks":[{"id":"keys","name":"Keys","type":"midi","clips":[{"id":"c","pattern":"p",)" +
           clip + R"(}]}],"patterns":[{"id":"p",)" + pattern + "}]}";
}

class BounceNotes : public ::testing::Test {
  protected:
    Result<Bounced> bounce(session::Session& session, bool skip = false) {
        return bounce_notes(session, {folder_.path(), folder_.path(), {}, skip, {}});
    }
    files::WavAudio played(const std::string& json) {
        session::Session session = open_song(json);
        const auto bounced = bounce(session);
        EXPECT_TRUE(bounced) << (bounced ? "" : bounced.error().text());
        EXPECT_EQ(bounced->media.size(), 1u);
        const auto wave = files::read_wav(bounced->media.front().file);
        EXPECT_TRUE(wave);
        return *wave;
    }
    /// Seconds at which 10 ms windows first pass -50 dBFS after at least 80 ms below it.
    static std::vector<double> onsets(const files::WavAudio& wave) {
        std::vector<double> out;
        const std::size_t window = 480;
        int quiet = 8;
        for (std::size_t at = 0; at + window <= wave.channels[0].size(); at += window) {
            float peak = 0;
            for (std::size_t i = at; i < at + window; ++i)
                peak = std::max(peak, std::abs(wave.channels[0][i]));
            if (peak > 0.0032f && quiet >= 8) out.push_back(static_cast<double>(at) / 48000);
            quiet = peak > 0.0032f ? 0 : quiet + 1;
        }
        return out;
    }
    Folder folder_;
};

// A xylophone (program 13): short sounds that stand apart.
constexpr const char* kTwo =
    R"("length":4,"program":13,"notes":[{"start":0,"length":0.25,"pitch":84,"velocity":110},{"start":2,"length":0.25,"pitch":84,"velocity":110}])";

TEST_F(BounceNotes, SoundWhereTheyAreWritten) {
    const auto found = onsets(played(notes_json(kTwo, R"("start":4,"length":8,"loop":true)")));
    ASSERT_EQ(found.size(), 4u);
    for (std::size_t i = 0; i < 4; ++i)
        EXPECT_NEAR(found[i], static_cast<double>(i), 0.03); // two beats at 120
}

TEST_F(BounceNotes, FollowTheTempoMapOffsetStretchAndReverse) {
    const std::string halved = R"("tempo_map":[{"start":0,"tempo":120},{"start":2,"tempo":60}],)";
    auto found = onsets(played(notes_json(kTwo, R"("start":0,"length":4)", halved)));
    ASSERT_EQ(found.size(), 2u);
    EXPECT_NEAR(found[1], 1.0, 0.03);
    found = onsets(played(notes_json(kTwo, R"("start":2,"length":4)", halved)));
    ASSERT_EQ(found.size(), 2u);
    EXPECT_NEAR(found[1], 2.0, 0.03); // beats last a second here
    found = onsets(played(notes_json(kTwo, R"("start":0,"length":4,"offset":1)")));
    ASSERT_EQ(found.size(), 1u);
    EXPECT_NEAR(found[0], 0.5, 0.03);
    found = onsets(played(notes_json(kTwo, R"("start":0,"length":8,"stretch":2)")));
    ASSERT_EQ(found.size(), 2u);
    EXPECT_NEAR(found[1], 2.0, 0.03);
    found = onsets(played(notes_json(kTwo, R"("start":0,"length":4,"reverse":true)")));
    ASSERT_EQ(found.size(), 2u);
    EXPECT_NEAR(found[0], 0.875, 0.03); // 1.75 beats: 4 - 2 - 0.25
}

TEST_F(BounceNotes, AreInTheMixAndRepeatByteForByte) {
    const std::string json = notes_json(kTwo, R"("start":0,"length":16,"loop":true)");
    std::string first;
    for (int round = 0; round < 2; ++round) {
        session::Session session = open_song(json);
        auto bounced = bounce(session);
        ASSERT_TRUE(bounced) << bounced.error().text();
        ASSERT_EQ(bounced->tracks.size(), 1u);
        EXPECT_NE(bounced->tracks[0].find("\"Keys\""), std::string::npos);
        EXPECT_NE(bounced->tracks[0].find("program 14"), std::string::npos) << "as people count";
        ASSERT_EQ(bounced->media.size(), 1u);
        const FoundMedia& made = bounced->media[0];
        if (round == 0) first = made.sha256;
        EXPECT_EQ(made.sha256, first);
        EXPECT_EQ(session.media(made.id)->sha256(), first);
        EXPECT_EQ(session.tracks()[0].clips()[0].pattern(), made.id);

        const auto parts = split(session);
        ASSERT_TRUE(parts) << parts.error().text();
        StageInputs in;
        in.document = parts->document;
        in.media = [&made](const std::string&) -> Result<fs::path> { return made.file; };
        in.scratch = folder_.path();
        const auto stage = Stage::whole(std::move(in));
        ASSERT_TRUE(stage) << stage.error().text();
        float peak = 0;
        ASSERT_TRUE(stage->run({}, [&peak](std::int64_t, auto left, auto) {
            for (const float x : left)
                peak = std::max(peak, std::abs(x));
            return true;
        }));
        EXPECT_GT(peak, 0.03f);
    }
}

TEST_F(BounceNotes, ReadMidiFilesAndNameWhatIsWrong) {
    files::MidiSong song;
    song.length = 4;
    song.tracks.push_back({"drums", 10, -1, 0, {{0, 0.25, 38, 110}, {2, 0.25, 38, 110}}});
    const auto bytes = files::write_midi(song);
    ASSERT_TRUE(bytes);
    ASSERT_TRUE(base::write_durably(folder_.path() / "beat.mid", *bytes));
    const std::string media = R"("media":[{"id":"m","kind":"midi","file":"beat.mid"}],)";
    const std::string json = notes_json(R"("midi":"m")", R"("start":0,"length":4)", media);
    EXPECT_EQ(onsets(played(json)).size(), 2u);

    ASSERT_TRUE(base::write_durably(folder_.path() / "beat.mid", "MThd of no kind"));
    session::Session session = open_song(json);
    const auto refused = bounce(session);
    ASSERT_FALSE(refused);
    for (const char* part : {"tracks.keys.clips.c", "beat.mid"})
        EXPECT_NE(refused.error().field.find(part), std::string::npos) << refused.error().text();
    const auto rest = bounce(session, true);
    ASSERT_TRUE(rest);
    EXPECT_EQ(rest->skipped.size(), 1u);
    EXPECT_TRUE(rest->media.empty());
}

TEST_F(BounceNotes, LeaveAudioPatternsAndEmptyOnesAlone) {
    test::write_media(folder_.path());
    session::Session session = open_song(test::song_json());
    const std::string before = session.to_json();
    const auto bounced = bounce(session);
    ASSERT_TRUE(bounced);
    EXPECT_TRUE(bounced->media.empty());
    EXPECT_EQ(session.to_json(), before);
}

} // namespace
} // namespace loopmind::mixdown
