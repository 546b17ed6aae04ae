// The plan's JSON: exact round trip, canonical bytes, and no crash on anything that is not a plan.
#include "tests/models/composer/requests.h"

#include <gtest/gtest.h>

namespace loopmind::composer::test {
namespace {

nlohmann::json plan_json() {
    auto made = compose(with(with(request(0, 3), "stems", kEveryStem), "humanize", 0.5).dump());
    return nlohmann::json::parse(to_json(*made));
}

TEST(PlanJson, RoundTripKeepsEveryByte) {
    for (std::size_t genre = 0; genre < kGenres.size(); ++genre) {
        auto made = compose(
            with(with(with(request(genre, 11), "stems", kEveryStem), "humanize", 1.0), "variations", 2)
                .dump());
        ASSERT_TRUE(made.ok());
        const std::string text = to_json(*made);
        auto read = composition_from_json(text);
        ASSERT_TRUE(read.ok()) << read.error().text();
        EXPECT_EQ(to_json(*read), text);
        EXPECT_EQ(nlohmann::json::parse(text).dump(), text) << "keys are sorted, no white space";
    }
}

TEST(PlanJson, EveryMissingOrIllTypedFieldIsNamed) {
    const auto good = plan_json();
    const std::vector<std::string> objects{"/variations/0",
                                           "/variations/0/key",
                                           "/variations/0/sections/0",
                                           "/variations/0/chords/0",
                                           "/variations/0/stems/1",
                                           "/variations/0/stems/1/instrument",
                                           "/variations/0/stems/1/tone",
                                           "/variations/0/stems/1/notes/0"};
    for (const auto& where : objects) {
        const nlohmann::json::json_pointer at(where);
        for (const auto& [field, value] : good[at].items()) {
            auto missing = good;
            missing[at].erase(field);
            auto read = composition_from_json(missing.dump());
            ASSERT_FALSE(read.ok()) << where << "/" << field;
            EXPECT_NE(read.error().field.find(field), std::string::npos) << read.error().text();
            EXPECT_EQ(read.error().code, ErrorCode::kDataCorrupt);
            auto wrong = good;
            wrong[at][field] = value.is_array() ? nlohmann::json(7) : nlohmann::json::array({nullptr});
            EXPECT_FALSE(composition_from_json(wrong.dump()).ok()) << where << "/" << field;
        }
    }
}

TEST(PlanJson, ValuesOutOfRangeAreRefused) {
    const auto good = plan_json();
    const std::vector<std::pair<std::string, nlohmann::json>> cases{
        {"/variations/0/bars", 0},
        {"/variations/0/bars", 100000},
        {"/variations/0/bars", 18446744073709551615ull},
        {"/variations/0/tempo", 0},
        {"/variations/0/tempo", 1e308},
        {"/variations/0/swing_grid", 0},
        {"/variations/0/beats_per_bar", 5},
        {"/variations/0/key/tonic", 12},
        {"/variations/0/key/mode", "moll"},
        {"/variations/0/key/scale/0", 99},
        {"/variations/0/sections/0/bars", 7},
        {"/variations/0/stems/0/notes/0/pitch", 128},
        {"/variations/0/stems/0/notes/0/pitch", -1},
        {"/variations/0/stems/0/notes/0/velocity", 0},
        {"/variations/0/stems/0/notes/0/start", -0.001},
        {"/variations/0/stems/0/notes/0/start", 32},
        {"/variations/0/stems/0/notes/0/length", 0},
        {"/variations/0/stems/0/notes/0/length", 1e18},
        {"/variations/0/stems/0/level_db", 3},
        {"/variations/0/stems/0/midi_channel", 0},
        {"/variations/0/stems/0/tone/brightness", 1.01},
        {"/variations/0/stems/0/instrument/engine", "shell"},
        {"/variations/0/stems/0/id", "bass"},
        {"/variations/0/stems/0/name", std::string(100000, 'x')},
        {"/variations/0/stems", nlohmann::json::array()},
        {"/variations", nlohmann::json::array()},
        {"/schema", 2}};
    for (const auto& [where, value] : cases) {
        auto bad = good;
        bad[nlohmann::json::json_pointer(where)] = value;
        EXPECT_FALSE(composition_from_json(bad.dump()).ok()) << where << " = " << value.dump().substr(0, 40);
    }
    auto many = good;
    for (int i = 0; i < 70; ++i)
        many["/variations/0/stems/0/instrument/params"_json_pointer]["p" + std::to_string(i)] = 1;
    EXPECT_FALSE(composition_from_json(many.dump()).ok());
}

TEST(PlanJson, HostileTextNeverCrashes) {
    const std::vector<std::string> texts{"",
                                         "{}",
                                         "[]",
                                         "null",
                                         "{\"schema\":1}",
                                         "{\"schema\":1,\"variations\":[1]}",
                                         "nan",
                                         "{\"schema\":1,\"variations\":[{\"bars\":1e999}]}",
                                         std::string(200000, '['),
                                         std::string(5000, '{'),
                                         "\xff\xfe",
                                         std::string("\0\0", 2)};
    for (const auto& text : texts)
        EXPECT_FALSE(composition_from_json(text).ok()) << text.substr(0, 40);
}

TEST(PlanJson, DamagedTextIsRefusedOrStillAPlan) {
    auto made = compose(with(request(2, 3), "stems", {"bass", "melody"}).dump());
    const std::string good = to_json(*made);
    std::uint64_t state = 12345;
    int refused = 0;
    for (int round = 0; round < 400; ++round) {
        std::string text = good;
        for (int flips = 0; flips < 3; ++flips) {
            state = state * 6364136223846793005ull + 1442695040888963407ull;
            text[(state >> 20) % text.size()] = static_cast<char>(state >> 56);
        }
        if (round % 4 == 0) text.resize((state >> 10) % text.size());
        auto read = composition_from_json(text);
        if (!read.ok()) {
            ++refused;
            EXPECT_FALSE(read.error().message.empty());
            continue;
        }
        auto again = composition_from_json(to_json(*read));
        EXPECT_TRUE(again.ok());
    }
    EXPECT_GT(refused, 200);
}

} // namespace
} // namespace loopmind::composer::test
