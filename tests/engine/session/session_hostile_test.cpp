// Bad and hostile documents end in one clear error, never in a crash.
#include "engine/session/build.h"
#include "engine/session/session.h"
#include "tests/engine/session/recipe_example.h"

#include <gtest/gtest.h>

#include <random>

namespace loopmind::session {
namespace {

struct BadCase {
    const char* text;
    const char* field;
    const char* part; ///< of the message
};

TEST(SessionHostile, NamesTheFieldAndWhatIsWrong) {
    const BadCase cases[] = {
        {"[]", "document", "must be a JSON object"},
        {"{\"tempo\": \"fast\"}", "tempo", "must be a number"},
        {"{\"tempo\": 1e999}", "tempo", "out of range"},
        {"{\"tempo\": 0}", "tempo", "out of range"},
        {"{\"bars\": 1.5}", "bars", "whole number"},
        {"{\"bars\": 99999999999999999999}", "bars", "out of range"},
        {"{\"mode\": \"x\"}", "mode", "unknown"},
        {"{\"units\": \"seconds\"}", "units", "unknown"},
        {"{\"meter\": \"4/5\"}", "meter", "is no meter"},
        {"{\"meter\": \"44\"}", "meter", "is no meter"},
        {"{\"version\": \"one\"}", "version", "is no version"},
        {"{\"version\": \"0.1\"}", "version", "is no version"},
        {"{\"version\": null}", "version", "is no version"},
        {"{\"tracks\": {}}", "tracks", "must be an array"},
        {"{\"tracks\": [1]}", "tracks[0]", "must be an object"},
        {"{\"tracks\": [{}, {}, {\"gain_db\": 900}]}", "tracks[2].gain_db", "out of range: 900"},
        {"{\"tracks\": [{\"mute\": 1}]}", "tracks[0].mute", "true or false"},
        {"{\"tracks\": [{\"id\": \"a\"}, {\"id\": \"a\"}]}", "tracks[1].id", "used twice"},
        {"{\"tracks\": [{\"type\": \"master\"}, {\"type\": \"master\"}]}", "tracks[1].type", "second master"},
        {"{\"tracks\": [{\"type\": \"hologram\"}]}", "tracks[0].type", "unknown"},
        {"{\"tracks\": [{\"inserts\": [{\"params\": {\"x\": 1, \"x\": 2}}]}]}",
         "tracks[0].inserts[0].params.x", "twice"},
        {"{\"tracks\": [{\"inserts\": [{\"params\": {\"x\": 1e999}}]}]}", "tracks[0].inserts[0].params.x",
         "out of range"},
        {"{\"tempo\": 80, \"tempo\": 90}", "tempo", "stands twice"},
        {"{\"name\": \"a\\u0000b\"}", "name", "not allowed"},
        {"{\"fx\": {\"reverb\": 2}}", "fx.reverb", "out of range"},
        {"{\"layers\": [{\"params\": []}]}", "layers[0].params", "must be an object"},
        {"{\"layers\": [{\"stems\": [1]}]}", "layers[0].stems[0]", "must be a text"},
        {R"({"tracks": [{"automation": [{"target": "gain_db", "points": [{"value": 1}, {"value": 49}]}]}]})",
         "tracks[0].automation[0].points[1].value", "out of range: 49"},
        {R"({"tracks": [{"automation": [{"target": "pan", "points": [{"value": -1.5}]}]}]})",
         "tracks[0].automation[0].points[0].value", "out of range: -1.5"},
        {R"({"tracks": [{"automation": [{"target": "sends.b.level", "points": [{"value": 5}]}]}]})",
         "tracks[0].automation[0].points[0].value", "out of range: 5"},
        {R"({"tracks": [{"automation": [{"target": "inserts.eq.band1_db", "points": [{"value": 1e999}]}]}]})",
         "tracks[0].automation[0].points[0].value", "out of range"},
        {R"({"tracks": [{"automation": [{"target": "pan", "points": [{"beat": 4}, {"beat": 3}]}]}]})",
         "tracks[0].automation[0].points[1].beat", "before the entry ahead"},
        {R"({"tracks": [{"automation": [{"target": "inserts.eq", "points": []}]}]})",
         "tracks[0].automation[0].target", "nothing that can be automated"},
        {R"({"tracks": [{"automation": [{"target": "pan"}, {"target": "pan"}]}]})",
         "tracks[0].automation[1].target", "automated twice"},
        {R"({"tracks": [{"clips": [{"fade_in_curve": "wavy"}]}]})", "tracks[0].clips[0].fade_in_curve",
         "unknown"},
        {R"({"tracks": [{"clips": [{"stretch": 0}]}]})", "tracks[0].clips[0].stretch", "out of range: 0"},
        {R"({"tracks": [{"clips": [{"pitch": 25}]}]})", "tracks[0].clips[0].pitch", "out of range: 25"},
        {R"({"tracks": [{"clips": [{"id": "c"}, {"id": "c"}]}]})", "tracks[0].clips[1].id", "used twice"},
        {R"({"tracks": [{"inserts": [{"id": "c"}, {"id": "c"}]}]})", "tracks[0].inserts[1].id", "used twice"},
        {R"({"groups": [{"id": "c"}, {"id": "c"}]})", "groups[1].id", "used twice"},
        {R"({"tempo_map": [{"start": 4, "tempo": 90}, {"start": 3, "tempo": 80}]})", "tempo_map[1].start",
         "before the entry ahead"},
        {R"({"tempo_map": [{"start": 4, "tempo": 0}]})", "tempo_map[0].tempo", "out of range: 0"},
        {R"({"meter_map": [{"start": 4, "meter": "4/5"}]})", "meter_map[0].meter", "is no meter"},
        {R"({"pan_law": "loud"})", "pan_law", "unknown"},
        {"{\"timeline\": [{\"file\": \"a.wav\", \"start\": 0}]}", "timeline[0].length", "more than 0"},
    };
    for (const BadCase& bad : cases) {
        const auto session = Session::from_json(bad.text);
        ASSERT_FALSE(session.ok()) << bad.text;
        EXPECT_EQ(session.error().field, bad.field) << bad.text;
        EXPECT_NE(session.error().message.find(bad.part), std::string::npos) << session.error().text();
    }
}

TEST(SessionHostile, RefusesLongTexts) {
    EXPECT_FALSE(Session::from_json("{\"name\": \"" + std::string(5000, 'x') + "\"}").ok());
    const auto deep = Session::from_json("{\"x\": " + std::string(100000, '[') + "}");
    ASSERT_FALSE(deep.ok());
    EXPECT_NE(deep.error().message.find("too deeply"), std::string::npos);
}

/// One random damage to `text`: flip, cut, copy a piece, or drop in a token that JSON knows.
std::string damage(std::string text, std::mt19937& random) {
    static const std::string kTokens[] = {"null",
                                          "-1",
                                          "1e308",
                                          "{}",
                                          "[]",
                                          "\"\"",
                                          "true",
                                          "\\u0000",
                                          "\"version\":\"1.9\",",
                                          "99999999999999999999",
                                          "\xff",
                                          "{",
                                          "]",
                                          ","};
    const auto pick = [&](std::size_t size) {
        return std::uniform_int_distribution<std::size_t>(0, size)(random);
    };
    const std::size_t at = pick(text.size() - 1);
    switch (pick(4)) {
    case 0:
        text[at] = static_cast<char>(pick(255));
        break;
    case 1:
        text.erase(at, 1 + pick(30));
        break;
    case 2:
        text.insert(pick(text.size()), text.substr(at, pick(200)));
        break;
    case 3:
        text.insert(at, kTokens[pick(std::size(kTokens) - 1)]);
        break;
    default: {
        const std::size_t colon = text.find(": ", at);
        const std::size_t end = text.find_first_of(",\n", colon);
        if (colon != std::string::npos && end != std::string::npos)
            text.replace(colon + 2, end - colon - 2, kTokens[pick(std::size(kTokens) - 1)]);
    }
    }
    return text;
}

TEST(SessionHostile, SurvivesDamagedDocuments) {
    const auto whole = build_session_json(example_recipe());
    ASSERT_TRUE(whole.ok()) << whole.error().text();
    std::mt19937 random(20261123);
    int opened = 0, refused = 0;
    for (int i = 0; i < 3000; ++i) {
        std::string text = *whole;
        const int times = 1 + i % 3;
        for (int k = 0; k < times && !text.empty(); ++k)
            text = damage(text, random);
        const auto session = Session::from_json(text);
        if (!session) {
            ++refused;
            EXPECT_FALSE(session.error().field.empty());
            EXPECT_FALSE(session.error().message.empty());
            continue;
        }
        ++opened;
        const std::string once = session->to_json();
        const auto again = Session::from_json(once);
        ASSERT_TRUE(again.ok()) << again.error().text() << "\n" << text;
        ASSERT_EQ(again->to_json(), once);
    }
    EXPECT_GT(opened, 100);
    EXPECT_GT(refused, 1000);
}

} // namespace
} // namespace loopmind::session
