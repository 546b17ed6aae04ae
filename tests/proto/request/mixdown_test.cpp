// Mixdown documents: strict reading, canonical text, and specs that change exactly when the sound does.
#include "proto/request/mixdown.h"

#include "proto/request/task_spec.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace loopmind::request {
namespace {

using Json = nlohmann::json;

Json blob(char digit, int size = 100) {
    return {{"sha256", std::string(64, digit)}, {"size", size}};
}

Json song() {
    return {{"name", "Night"},
            {"sample_rate", 48000},
            {"session", blob('0')},
            {"tracks",
             {{{"id", "kick"}, {"session", blob('1')}, {"media", {blob('a')}}},
              {{"id", "bass"}, {"session", blob('2')}, {"media", {blob('b')}}, {"needs", {"kick"}}},
              {{"id", "pad"}, {"session", blob('3')}}}},
            {"exports", {{{"format", "wav"}}, {{"format", "mp3"}, {"kbps", 192}}}},
            {"lufs", -14}};
}

Mixdown read(const Json& document) {
    auto mixdown = parse_mixdown(document.dump());
    EXPECT_TRUE(mixdown) << mixdown.error().text();
    return *mixdown;
}

std::string field_of_error(const Json& document) {
    const auto mixdown = parse_mixdown(document.dump());
    EXPECT_FALSE(mixdown);
    return mixdown ? "" : mixdown.error().field;
}

TEST(Mixdown, ReadsWhatItWrites) {
    const Mixdown mixdown = read(song());
    EXPECT_EQ(mixdown.tracks[1].needs, std::vector<std::string>{"kick"});
    EXPECT_EQ(mixdown.exports[0].bits, 24);
    EXPECT_EQ(mixdown.exports[1].kbps, 192);
    EXPECT_EQ(mixdown.ceiling_db, -1);
    const std::string text = canonical_json(mixdown);
    EXPECT_EQ(canonical_json(*parse_mixdown(text)), text);
}

TEST(Mixdown, EachWrongFieldIsNamed) {
    const auto with = [](const char* pointer, Json value) {
        Json document = song();
        document[Json::json_pointer(pointer)] = std::move(value);
        return field_of_error(document);
    };
    EXPECT_EQ(with("/session/sha256", "abc"), "session.sha256");
    EXPECT_EQ(with("/session/size", -1), "session.size");
    EXPECT_EQ(with("/tracks/0/id", ""), "tracks[0].id");
    EXPECT_EQ(with("/tracks/2/id", "kick"), "tracks[2].id");
    EXPECT_EQ(with("/tracks/1/needs/0", "snare"), "tracks[1].needs");
    EXPECT_EQ(with("/tracks/0/media/0/sha256", 5), "tracks[0].media[0].sha256");
    EXPECT_EQ(with("/tracks/0/color", "red"), "tracks[0].color");
    EXPECT_EQ(with("/exports", Json::array()), "exports");
    EXPECT_EQ(with("/exports/0/format", "wma"), "exports[0].format");
    EXPECT_EQ(with("/exports/0/bits", 20), "exports[0].bits");
    EXPECT_EQ(with("/exports/1/bits", 16), "exports[1].bits");
    EXPECT_EQ(with("/exports/1/kbps", 1000), "exports[1].kbps");
    EXPECT_EQ(with("/lufs", 3), "lufs");
    EXPECT_EQ(with("/sample_rate", 44100.5), "sample_rate");
    EXPECT_EQ(with("/speed", 2), "speed");
    EXPECT_EQ(with("/tags", Json{{"mood", "blue"}}), "tags.mood");
    EXPECT_EQ(parse_mixdown("{\"name\":\n oops}").error().text().find("line 2") == std::string::npos, false);
}

TEST(Mixdown, SideChainsInACircleAreRefusedByName) {
    Json document = song();
    document["tracks"][0]["needs"] = {"bass"};
    const auto mixdown = parse_mixdown(document.dump());
    ASSERT_FALSE(mixdown);
    EXPECT_NE(mixdown.error().message.find("kick, bass"), std::string::npos) << mixdown.error().text();
}

TEST(Mixdown, TracksComeFirstAndTheSumWaitsForAll) {
    const auto tasks = mixdown_tasks(read(song()));
    ASSERT_EQ(tasks.size(), 4u);
    EXPECT_EQ(tasks[0].track, "kick");
    EXPECT_TRUE(tasks[0].needs.empty());
    EXPECT_EQ(tasks[1].needs, std::vector<std::uint32_t>{0});
    EXPECT_EQ(tasks[3].track, "");
    EXPECT_EQ(tasks[3].needs, (std::vector<std::uint32_t>{0, 1, 2}));
    for (const MixdownTask& task : tasks) {
        const auto spec = parse_spec(task.spec_json);
        ASSERT_TRUE(spec) << spec.error().text();
        EXPECT_EQ(spec->kind, task.track.empty() ? SpecKind::kSum : SpecKind::kTrack);
        EXPECT_EQ(spec->mixdown->track, task.track);
    }
    const auto sum = *parse_spec(tasks[3].spec_json)->mixdown;
    EXPECT_EQ(sum.tracks, (std::vector<std::string>{"kick", "bass", "pad"}));
    EXPECT_EQ(sum.lufs, -14);
}

TEST(Mixdown, AChangeReachesExactlyWhatItCanBeHeardIn) {
    const auto before = mixdown_tasks(read(song()));
    const auto changed = [&](const char* pointer, Json value) {
        Json document = song();
        document[Json::json_pointer(pointer)] = std::move(value);
        const auto after = mixdown_tasks(read(document));
        std::string out;
        for (std::size_t i = 0; i < after.size(); ++i)
            if (after[i].spec_json != before[i].spec_json)
                out += (after[i].track.empty() ? "sum" : after[i].track) + " ";
        return out;
    };
    EXPECT_EQ(changed("/session", blob('f')), "sum ");                    // a fader
    EXPECT_EQ(changed("/tracks/2/session", blob('f')), "pad sum ");       // an insert of one track
    EXPECT_EQ(changed("/tracks/0/media/0", blob('f')), "kick bass sum "); // a side chain's source
    EXPECT_EQ(changed("/exports/0/bits", 16), "sum ");
    EXPECT_EQ(changed("/sample_rate", 44100), "kick bass pad sum ");
}

TEST(Mixdown, InputsAreWhatTheSpecNames) {
    const auto tasks = mixdown_tasks(read(song()));
    const auto inputs = spec_inputs(tasks[1].spec_json);
    ASSERT_EQ(inputs.size(), 2u);
    EXPECT_EQ(inputs[0].role, "session");
    EXPECT_EQ(inputs[0].blob.sha256, std::string(64, '2'));
    EXPECT_EQ(inputs[1].role, "media:" + std::string(64, 'b'));
    EXPECT_TRUE(spec_inputs(R"({"kind":"compose","params":{}})").empty());
    EXPECT_EQ(blobs_of(read(song())).size(), 6u);
}

} // namespace
} // namespace loopmind::request
