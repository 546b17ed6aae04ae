// Request parameters: reading, errors, defaults, canonical form.
#include "proto/request/params.h"

#include "proto/request/catalogue.h"

#include <gtest/gtest.h>

namespace loopmind::request {
namespace {

constexpr const char* kExample =
    R"({"prompt":"Dreamy lofi with vinyl crackle","genre":"LoFi","mood":0.4,"energy":0.3,"tempo":82,)"
    R"("key":"A minor","instrument_focus":"Melody","texture":"Warm","complexity":0.5,"fx":["reverb","delay"],)"
    R"("humanize":0.6,"video_sync":false})";

TEST(Params, PublishedExampleWorksAsItStands) {
    const auto params = params_from_json(kExample);
    ASSERT_TRUE(params) << params.error().text();
    EXPECT_EQ(params->genre, "LoFi");
    EXPECT_EQ(params->tempo, 82);
    EXPECT_EQ(params->key, "A minor");
    EXPECT_EQ(params->fx, (std::vector<std::string>{"reverb", "delay"}));
    EXPECT_EQ(params->bars, 8);
    EXPECT_GE(params->stems.size(), 4u);
    EXPECT_EQ(total_frames(*params), 1123902); // 32 beats * 60 / 82 * 48000 = 1123902.4
}

TEST(Params, CanonicalFormIsAFixedPoint) {
    for (const auto& genre : genres()) {
        Request request;
        request.prompt = "a " + genre.name + " track";
        request.genre = genre.name;
        const auto first = resolve(request, 0);
        ASSERT_TRUE(first) << first.error().text();
        const auto again = params_from_json(canonical_json(*first));
        ASSERT_TRUE(again) << again.error().text();
        EXPECT_EQ(canonical_json(*first), canonical_json(*again));
        EXPECT_EQ(first->genre, genre.name);
    }
}

TEST(Params, FieldOrderAndSpellingDoNotChangeTheCanonicalForm) {
    const auto a = params_from_json(R"({"genre":"lo-fi","key":"Am","fx":["delay","reverb"],"tempo":82})");
    const auto b =
        params_from_json(R"({"tempo":82.0,"fx":["reverb","echo"],"key":"A minor","genre":"LoFi"})");
    ASSERT_TRUE(a);
    ASSERT_TRUE(b);
    EXPECT_EQ(canonical_json(*a), canonical_json(*b));
}

TEST(Params, APromptAloneIsEnoughAndItsWordsCount) {
    const auto params =
        params_from_json(R"({"prompt":"dark techno at 138 bpm in F# minor, 16 bars, with echo"})");
    ASSERT_TRUE(params) << params.error().text();
    EXPECT_EQ(params->genre, "Techno");
    EXPECT_EQ(params->tempo, 138);
    EXPECT_EQ(params->key, "F# minor");
    EXPECT_EQ(params->bars, 16);
    EXPECT_EQ(params->fx, (std::vector<std::string>{"delay"}));
    EXPECT_LT(params->mood, find_genre("Techno")->mood);
}

TEST(Params, ExplicitFieldsWinOverThePrompt) {
    const auto params = params_from_json(
        R"({"prompt":"dark techno at 138 bpm in F# minor","genre":"House","tempo":120,"mood":0.9,"key":"C"})");
    ASSERT_TRUE(params);
    EXPECT_EQ(params->genre, "House");
    EXPECT_EQ(params->tempo, 120);
    EXPECT_EQ(params->mood, 0.9);
    EXPECT_EQ(params->key, "C major");
}

TEST(Params, SeedLeftOpenIsTheRequestsHash) {
    const auto a = params_from_json(R"({"prompt":"calm piano"})");
    const auto b = params_from_json(R"({"prompt":"calm piano"})");
    const auto c = params_from_json(R"({"prompt":"calm piano","energy":0.9})");
    ASSERT_TRUE(a && b && c);
    EXPECT_EQ(a->seed, b->seed);
    EXPECT_NE(a->seed, c->seed);
    EXPECT_LE(a->seed, kSeedMax);
}

TEST(Params, RandomSeedIsTheDrawnOne) {
    auto request = parse_request(R"({"prompt":"x","seed":"random"})");
    ASSERT_TRUE(request);
    EXPECT_EQ(resolve(*request, 77)->seed, 77u);
    EXPECT_LE(resolve(*request, ~0ull)->seed, kSeedMax);
}

TEST(Params, StemsByCountExtendTheGenresList) {
    const auto two = params_from_json(R"({"genre":"Jazz","stems":2})");
    const auto seven = params_from_json(R"({"genre":"Jazz","stems":7})");
    ASSERT_TRUE(two && seven);
    EXPECT_EQ(two->stems, (std::vector<std::string>{"drums", "bass"}));
    EXPECT_EQ(seven->stems.size(), 7u);
}

TEST(Params, SectionsSetTheBars) {
    const auto params = params_from_json(
        R"({"prompt":"x","sections":[{"name":"intro","bars":4},{"name":"Verse","bars":8}]})");
    ASSERT_TRUE(params) << params.error().text();
    EXPECT_EQ(params->bars, 12);
    EXPECT_EQ(params->sections[0].name, "Intro");
}

struct Bad {
    const char* json;
    const char* field;
    const char* says;
};

class BadParams : public testing::TestWithParam<Bad> {};

TEST_P(BadParams, IsOneClearError) {
    const auto params = params_from_json(GetParam().json);
    ASSERT_FALSE(params) << GetParam().json;
    EXPECT_EQ(params.error().field, GetParam().field) << params.error().text();
    EXPECT_NE(params.error().text().find(GetParam().says), std::string::npos) << params.error().text();
}

INSTANTIATE_TEST_SUITE_P(
    All, BadParams,
    testing::Values(Bad{R"({})", "prompt", "empty"}, Bad{R"({"prompt":"  "})", "prompt", "empty"},
                    Bad{R"({"prompt":"x","genre":"Loffi"})", "genre", "did you mean LoFi?"},
                    Bad{R"({"prompt":"x","genre":"Tehcno"})", "genre", "did you mean Techno?"},
                    Bad{R"({"prompt":"x","tempo":400})", "tempo", "400 is above 240"},
                    Bad{R"({"prompt":"x","tempo":"fast"})", "tempo", "not a number"},
                    Bad{R"({"prompt":"x","tempo":39.9})", "tempo", "below 40"},
                    Bad{R"({"prompt":"x","key":"H minor"})", "key", "tonic"},
                    Bad{R"({"prompt":"x","mood":-0.1})", "mood", "below 0"},
                    Bad{R"({"prompt":"x","enrgy":0.5})", "enrgy", "did you mean energy?"},
                    Bad{R"({"prompt":"x","fx":"reverb"})", "fx", "not a list"},
                    Bad{R"({"prompt":"x","fx":["revreb"]})", "fx[0]", "did you mean reverb?"},
                    Bad{R"({"prompt":"x","fx":["reverb","reverb"]})", "fx[1]", "twice"},
                    Bad{R"({"prompt":"x","stems":[]})", "stems", "empty"},
                    Bad{R"({"prompt":"x","stems":10})", "stems", "1 to 9"},
                    Bad{R"({"prompt":"x","bars":0})", "bars", "1 to 256"},
                    Bad{R"({"prompt":"x","bars":1.5})", "bars", "whole number"},
                    Bad{R"({"prompt":"x","bars":200,"tempo":40})", "bars", "600 seconds"},
                    Bad{R"({"prompt":"x","bars":4,"sections":[{"name":"Hook","bars":8}]})", "bars",
                        "sum of 8"},
                    Bad{R"({"prompt":"x","sections":[{"name":"Hok","bars":8}]})", "sections[0].name", "Hook"},
                    Bad{R"({"prompt":"x","seed":-1})", "seed", "random"},
                    Bad{R"({"prompt":"x","seed":9007199254740993})", "seed", "9007199254740992"},
                    Bad{R"({"prompt":"x","sample_rate":96000})", "sample_rate", "44100 or 48000"},
                    Bad{R"({"prompt":"x","video_sync":"no"})", "video_sync", "true or false"},
                    Bad{R"({"prompt":"x","prompt":"y"})", "prompt", "twice"},
                    Bad{R"({"prompt":5})", "prompt", "not text"},
                    Bad{R"({"prompt":"x","schema":2})", "schema", "update"},
                    Bad{R"([1])", "params", "not an object"}, Bad{"", "params", "line 1, column 1"},
                    Bad{"{\n \"prompt\": \"x\",\n \"tempo\" 82}", "params", "line 3, column 11"}));

TEST(Params, DeepNestingAndHugeTextAreRefusedQuietly) {
    EXPECT_FALSE(parse_request(std::string(100000, '[')));
    EXPECT_FALSE(parse_request(std::string(kJsonMax + 1, ' ')));
    EXPECT_FALSE(parse_request(R"({"prompt":")" + std::string(kPromptMax + 1, 'a') + "\"}"));
}

TEST(Params, RequestJsonRoundTrips) {
    const auto request = parse_request(kExample);
    ASSERT_TRUE(request);
    const auto again = parse_request(request_json(*request));
    ASSERT_TRUE(again);
    EXPECT_EQ(request_json(*request), request_json(*again));
}

} // namespace
} // namespace loopmind::request
