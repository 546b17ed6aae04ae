// A session cut, rendered in stages and as a whole: the same samples; frozen where nothing can be heard;
// exports that measure as asked.
#include "engine/files/audio_reader.h"
#include "engine/graph/raw_media.h"
#include "engine/metering/loudness.h"
#include "engine/mixdown/exports.h"
#include "engine/mixdown/split.h"
#include "proto/base/sha256.h"
#include "tests/engine/mixdown/song.h"

#include <map>

namespace loopmind::mixdown {
namespace {

namespace fs = std::filesystem;
using test::Folder;
using test::open_song;
using test::song_json;

class MixdownSong : public ::testing::Test {
  protected:
    void SetUp() override {
        test::write_media(folder_.path());
        fs::create_directories(scratch());
    }
    fs::path scratch() const { return folder_.path() / "scratch"; }

    struct Cut {
        session::Session session;
        Described described;
        Parts parts;
    };
    Cut cut(const std::string& change = "") {
        Cut out{open_song(song_json(change)), {}, {}};
        auto described = describe_media(out.session, {folder_.path(), scratch(), false, {}});
        EXPECT_TRUE(described) << (described ? "" : described.error().text());
        out.described = *described;
        auto parts = split(out.session);
        EXPECT_TRUE(parts) << (parts ? "" : parts.error().text());
        out.parts = *parts;
        return out;
    }
    StageInputs inputs(const Cut& cut, const std::string& document) {
        StageInputs in;
        in.document = document;
        std::map<std::string, fs::path> files;
        for (const FoundMedia& media : cut.described.media)
            files[media.sha256] = media.file;
        in.media = [files](const std::string& sha256) -> Result<fs::path> {
            const auto found = files.find(sha256);
            if (found != files.end()) return found->second;
            return Error{ErrorCode::kNotFound, "media", sha256, ""};
        };
        in.stream = [this](const std::string& track) -> Result<fs::path> {
            return scratch() / (track + ".f32");
        };
        in.scratch = scratch();
        return in;
    }
    static std::string hash_of(const Stage& stage, int block = 4096) {
        base::Sha256 hash;
        graph::LinearOptions options;
        options.block_frames = block;
        const auto report = stage.run(options, [&](std::int64_t, auto left, auto right) {
            for (std::size_t i = 0; i < left.size(); ++i) {
                hash.update(std::as_bytes(std::span(&left[i], 1)));
                hash.update(std::as_bytes(std::span(&right[i], 1)));
            }
            return true;
        });
        EXPECT_TRUE(report) << (report ? "" : report.error().text());
        EXPECT_EQ(report->frames, stage.frames());
        return hash.hex_digest();
    }
    Stage whole(const Cut& cut, int threads = 1) {
        auto stage = Stage::whole(inputs(cut, cut.parts.document), threads);
        EXPECT_TRUE(stage) << (stage ? "" : stage.error().text());
        return std::move(*stage);
    }
    void render_tracks(const Cut& cut, int block = 4096) {
        for (const TrackPart& part : cut.parts.tracks) {
            auto stage = Stage::track(inputs(cut, part.document), part.id);
            ASSERT_TRUE(stage) << stage.error().text();
            auto writer = graph::RawWriter::create(scratch() / (part.id + ".f32"));
            ASSERT_TRUE(writer);
            graph::LinearOptions options;
            options.block_frames = block;
            const auto report = stage->run(options, [&](std::int64_t, auto left, auto right) {
                return writer->write(left, right).ok();
            });
            ASSERT_TRUE(report) << report.error().text();
            ASSERT_TRUE(writer->finish());
        }
    }

    Folder folder_;
};

TEST_F(MixdownSong, IsCutIntoTracksWithTheirKeys) {
    const auto parts = cut().parts;
    ASSERT_EQ(parts.tracks.size(), 4u);
    EXPECT_EQ(parts.tracks[0].id, "kick");
    EXPECT_EQ(parts.tracks[1].needs, std::vector<std::string>{"kick"});
    EXPECT_EQ(parts.tracks[2].media, std::vector<std::string>{"m-pad"});
    EXPECT_TRUE(parts.media.empty());
    EXPECT_EQ(parts.tracks[0].document.find("gain_db"), std::string::npos) << parts.tracks[0].document;
    EXPECT_EQ(parts.tracks[0].document.find("pad"), std::string::npos);
}

TEST_F(MixdownSong, ChangesReachTheDocumentsTheyAreHeardIn) {
    const auto before = cut().parts;
    const auto changed = [&](const std::string& change) {
        const auto after = cut(change).parts;
        std::string out;
        for (std::size_t i = 0; i < after.tracks.size(); ++i)
            if (after.tracks[i].document != before.tracks[i].document) out += after.tracks[i].id + " ";
        return out + (after.document != before.document ? "sum" : "");
    };
    EXPECT_EQ(changed(R"("gain_db":-3=>"gain_db":-6)"), "sum");
    EXPECT_EQ(changed(R"("pan":-0.3=>"pan":0.4)"), "sum");
    EXPECT_EQ(changed(R"("level":0.5=>"level":0.25)"), "sum");
    EXPECT_EQ(changed(R"("value":-12=>"value":-20)"), "sum"); // fader automation
    EXPECT_EQ(changed(R"("name":"Night"=>"name":"Day")"), "sum");
    EXPECT_EQ(changed(R"("value":0.8=>"value":0.5)"), "lead sum"); // automation of an insert
    EXPECT_EQ(changed(R"("band1_db":3=>"band1_db":6)"), "kick bass sum");
    EXPECT_EQ(changed(R"("tempo":120=>"tempo":121)"), "kick bass pad lead sum");
}

TEST_F(MixdownSong, StagesGiveTheSamplesOfOneProcessForAnyBlockSizeAndThreads) {
    const Cut song = cut();
    const std::string expected = hash_of(whole(song));
    for (const int block : {64, 1000, 8192})
        EXPECT_EQ(hash_of(whole(song), block), expected) << block;
    EXPECT_EQ(hash_of(whole(song, 2)), expected);
    EXPECT_EQ(hash_of(whole(song, 4), 256), expected);
    for (const int block : {64, 8192}) {
        render_tracks(song, block);
        auto sum = Stage::sum(inputs(song, song.parts.document));
        ASSERT_TRUE(sum) << sum.error().text();
        EXPECT_EQ(hash_of(*sum, block), expected) << block;
    }
    EXPECT_NE(hash_of(whole(cut(R"("gain_db":-3=>"gain_db":-6)"))), expected);
}

TEST_F(MixdownSong, EveryFormatIsWrittenAtTheLoudnessAskedFor) {
    const Cut song = cut();
    ExportSettings settings;
    settings.formats = {{files::AudioFormat::kWav, 24, 0},   {files::AudioFormat::kWav, 16, 0},
                        {files::AudioFormat::kFlac, 24, 0},  {files::AudioFormat::kMp3, 0, 256},
                        {files::AudioFormat::kOpus, 0, 160}, {files::AudioFormat::kVorbis, 0, 256},
                        {files::AudioFormat::kAac, 0, 256},  {files::AudioFormat::kAiff, 24, 0}};
    settings.stems = true;
    settings.lufs = -14;
    settings.tags.title = "Night";
    const fs::path out = folder_.path() / "out";
    fs::create_directories(out);
    const Stage stage = whole(song);
    double last = 0;
    const auto report = write_exports(stage, settings, out, {}, [&](double share) {
        EXPECT_GE(share, last);
        last = share;
    });
    ASSERT_TRUE(report) << report.error().text();
    EXPECT_EQ(last, 1);
    EXPECT_NEAR(report->lufs, -14, 0.1);
    EXPECT_LE(report->true_peak_db, -0.9);
    EXPECT_EQ(report->files.size(), settings.formats.size() * 5); // four stems and the mix
    for (const ExportedFile& file : report->files) {
        auto reader = files::AudioReader::open(file.file);
        ASSERT_TRUE(reader) << file.file << ": " << reader.error().text();
        EXPECT_EQ((*reader)->info().frames, report->frames) << file.file;
        EXPECT_EQ((*reader)->info().channels, 2);
        EXPECT_NE((*reader)->info().tags.title.find("Night"), std::string::npos) << file.file;
        if (!file.track.empty()) continue;
        std::vector<float> left(static_cast<std::size_t>(report->frames)), right(left);
        const std::span<float> planes[2] = {left, right};
        ASSERT_TRUE((*reader)->read(0, planes));
        const auto loudness = metering::measure_loudness(left, right, (*reader)->info().sample_rate);
        EXPECT_NEAR(loudness->integrated_lufs, -14, 0.5) << file.file;
    }
    for (const auto& entry : fs::directory_iterator(out))
        EXPECT_NE(entry.path().filename(), "mix.f32");
}

TEST_F(MixdownSong, MissingMediaAreNamedAllAtOnceAndSkippedWhenAsked) {
    fs::remove(folder_.path() / "pad.wav");
    ASSERT_TRUE(base::write_durably(folder_.path() / "bass.wav", "RIFF of no kind"));
    session::Session session = open_song(song_json());
    const auto refused = describe_media(session, {folder_.path(), scratch(), false, {}});
    ASSERT_FALSE(refused);
    for (const char* part : {"m-pad", "pad.wav", "m-bass", "bass.wav"})
        EXPECT_NE(refused.error().message.find(part), std::string::npos) << refused.error().text();
    EXPECT_NE(refused.error().hint.find("skip"), std::string::npos);
    const auto rest = describe_media(session, {folder_.path(), scratch(), true, {}});
    ASSERT_TRUE(rest);
    EXPECT_EQ(rest->skipped.size(), 2u);
    const auto parts = split(session);
    ASSERT_TRUE(parts) << parts.error().text();
    for (const TrackPart& part : parts->tracks)
        EXPECT_TRUE(part.id == "kick" || part.id == "lead" || part.media.empty()) << part.id;
}

TEST_F(MixdownSong, FormatsOfLibrariesAreDecodedApartAndSoundTheSame) {
    const std::string wav = hash_of(whole(cut()));
    for (const char* name : {"pad", "lead"}) { // one at the session's rate, one mono at another
        const auto reader = files::AudioReader::open(folder_.path() / (std::string(name) + ".wav"));
        ASSERT_TRUE(reader);
        const files::AudioInfo& info = (*reader)->info();
        std::vector<std::vector<float>> planes(static_cast<std::size_t>(info.channels),
                                               std::vector<float>(static_cast<std::size_t>(info.frames)));
        const std::vector<std::span<float>> out(planes.begin(), planes.end());
        ASSERT_TRUE((*reader)->read(0, out));
        const std::vector<std::span<const float>> in(planes.begin(), planes.end());
        files::WriterSettings settings;
        settings.format = files::AudioFormat::kFlac;
        settings.sample_format = info.sample_format;
        settings.sample_rate = info.sample_rate;
        settings.channels = info.channels;
        settings.dither = files::Dither::kNone; // 24 bits stay the 24 bits they are
        ASSERT_TRUE(files::write_audio(folder_.path() / (std::string(name) + ".flac"), in, settings));
        fs::rename(folder_.path() / (std::string(name) + ".flac"),
                   folder_.path() / (std::string(name) + ".wav")); // content counts, not the name
    }
    EXPECT_EQ(hash_of(whole(cut())), wav);
}

TEST_F(MixdownSong, ACodecThatFailsIsNamedAndCostsItsFileOnly) {
    ASSERT_TRUE(base::write_durably(folder_.path() / "pad.wav", "fLaC" + std::string(4000, '\x5a')));
    session::Session session = open_song(song_json());
    const auto refused = describe_media(session, {folder_.path(), scratch(), false, {}});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("media.m-pad pad.wav"), std::string::npos)
        << refused.error().text();
    const auto rest = describe_media(session, {folder_.path(), scratch(), true, {}});
    ASSERT_TRUE(rest);
    EXPECT_EQ(rest->media.size(), 3u);
}

TEST_F(MixdownSong, OddChannelCountsAndRatesPlayAtTheirLength) {
    const int channels[] = {1, 3, 5, 6, 7, 8}, rates[] = {8000, 11025, 22050, 88200, 96000, 192000};
    const std::int64_t frames = whole(cut()).frames();
    for (std::size_t i = 0; i < std::size(channels); ++i) {
        test::write_tone(folder_.path() / "lead.wav", 2, rates[i], 4, channels[i]);
        const Cut song = cut(R"("id":"kick","name"=>"id":"kick","mute":true,"name")");
        const Stage stage = whole(song);
        EXPECT_EQ(stage.frames(), frames);
        const auto lead = Stage::track(inputs(song, song.parts.document), "lead");
        ASSERT_TRUE(lead) << lead.error().text();
        double power = 0;
        ASSERT_TRUE(lead->run({}, [&](std::int64_t, auto left, auto right) {
            for (std::size_t n = 0; n < left.size(); ++n)
                power += left[n] * left[n] + right[n] * right[n];
            return true;
        }));
        EXPECT_TRUE(std::isfinite(power));
        EXPECT_GT(power, 100) << channels[i] << " channels at " << rates[i] << " Hz";
    }
}

TEST_F(MixdownSong, TenHoursAreCountedRightAndCanBeStopped) {
    const Cut song = cut(R"("start":0,"length":16,"loop":true}]})"
                         R"(,{"id":"bass"=>"start":72000,"length":16,"loop":true}]},{"id":"bass")");
    StageInputs in = inputs(song, song.parts.document);
    int asked = 0;
    in.cancelled = [&asked] { return ++asked > 8; };
    const auto stage = Stage::whole(std::move(in));
    ASSERT_TRUE(stage) << stage.error().text();
    EXPECT_GE(stage->frames(), 48000ll * 36008); // 72016 beats at 120
    EXPECT_LE(stage->frames(), 48000ll * 36008 + 48000 * 30);
    const auto report = stage->run({}, [](std::int64_t, auto, auto) { return true; });
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
}

TEST_F(MixdownSong, CancellingStopsARender) {
    const Cut song = cut();
    StageInputs in = inputs(song, song.parts.document);
    int asked = 0;
    in.cancelled = [&asked] { return ++asked > 3; };
    const auto stage = Stage::whole(std::move(in));
    ASSERT_TRUE(stage);
    const auto report = stage->run({}, [](std::int64_t, auto, auto) { return true; });
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
}

TEST_F(MixdownSong, AnUnknownEffectIsRefusedBeforeAnythingIsRendered) {
    session::Session session = open_song(song_json(R"("effect":"chorus"=>"effect":"flux")"));
    ASSERT_TRUE(describe_media(session, {folder_.path(), scratch(), false, {}}));
    const auto parts = split(session);
    ASSERT_FALSE(parts);
    EXPECT_NE(parts.error().text().find("flux"), std::string::npos);
    EXPECT_NE(parts.error().text().find("lead"), std::string::npos);
}

} // namespace
} // namespace loopmind::mixdown
