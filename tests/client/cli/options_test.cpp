// Request options: a table of what is typed and what is asked for, or which error names the field.
#include "client/cli/request_options.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace loopmind::cli {
namespace {

using nlohmann::json;

struct Typed {
    std::vector<std::string> words;
    std::string params_text;
};

Result<json> asked_for(const Typed& typed) {
    CLI::App app;
    std::string prompt;
    app.add_option("PROMPT", prompt);
    add_request_options(app);
    std::vector<std::string> words(typed.words.rbegin(), typed.words.rend());
    app.parse(words);
    auto request = build_request(typed.params_text, typed.params_text.empty() ? "" : "request.json",
                                 given_options(app), prompt, 4242);
    if (!request.ok()) return request.error();
    return json::parse(request::request_json(*request));
}

struct Good {
    const char* name;
    Typed typed;
    json expected;
};

TEST(RequestOptions, BecomeTheRequest) {
    const Good table[] = {
        {"positional prompt", {{"dreamy lofi"}, ""}, {{"prompt", "dreamy lofi"}}},
        {"--prompt", {{"--prompt", "x"}, ""}, {{"prompt", "x"}}},
        {"numbers",
         {{"x", "--tempo", "82.5", "--mood", "0", "--energy", "1", "--bars", "16"}, ""},
         {{"prompt", "x"}, {"tempo", 82.5}, {"mood", 0}, {"energy", 1}, {"bars", 16}}},
        {"names in any case",
         {{"--genre", "lofi", "--texture", "warm", "--instrument-focus", "melody"}, ""},
         {{"genre", "LoFi"}, {"texture", "Warm"}, {"instrument_focus", "Melody"}}},
        {"key", {{"x", "--key", "F# dorian"}, ""}, {{"prompt", "x"}, {"key", "F# dorian"}}},
        {"lists",
         {{"x", "--fx", "reverb, delay", "--stems", "drums,bass"}, ""},
         {{"prompt", "x"}, {"fx", {"reverb", "delay"}}, {"stems", {"drums", "bass"}}}},
        {"no effects", {{"x", "--fx", "none"}, ""}, {{"prompt", "x"}, {"fx", json::array()}}},
        {"count of stems", {{"x", "--stems", "4"}, ""}, {{"prompt", "x"}, {"stems", 4}}},
        {"sections",
         {{"x", "--sections", "Intro:4,Verse:8"}, ""},
         {{"prompt", "x"},
          {"sections", {{{"name", "Intro"}, {"bars", 4}}, {{"name", "Verse"}, {"bars", 8}}}}}},
        {"flags",
         {{"x", "--video-sync", "--no-print-fx"}, ""},
         {{"prompt", "x"}, {"video_sync", true}, {"print_fx", false}}},
        {"seed", {{"x", "--seed", "9007199254740992"}, ""}, {{"prompt", "x"}, {"seed", 9007199254740992ull}}},
        {"random seed is drawn here", {{"x", "--seed", "random"}, ""}, {{"prompt", "x"}, {"seed", 4242}}},
        {"options win over the file",
         {{"--tempo", "90"}, R"({"prompt":"x","tempo":80,"bars":4})"},
         {{"prompt", "x"}, {"tempo", 90}, {"bars", 4}}},
        {"a flag of the file can be taken back",
         {{"--no-print-fx"}, R"({"prompt":"x","print_fx":true})"},
         {{"prompt", "x"}, {"print_fx", false}}},
        {"the last of a repeated option counts",
         {{"x", "--tempo", "90", "--tempo", "100"}, ""},
         {{"prompt", "x"}, {"tempo", 100}}},
    };
    for (const Good& row : table) {
        const auto asked = asked_for(row.typed);
        ASSERT_TRUE(asked.ok()) << row.name << ": " << asked.error().text();
        EXPECT_EQ(*asked, row.expected) << row.name;
    }
}

struct Bad {
    Typed typed;
    const char* field;
    const char* says;
};

TEST(RequestOptions, EachMistakeNamesItsField) {
    const Bad table[] = {
        {{{"x", "--tempo", "400"}, ""}, "tempo", "above 240"},
        {{{"x", "--tempo", "fast"}, ""}, "tempo", "not a number"},
        {{{"x", "--tempo", "nan"}, ""}, "tempo", "not a number"},
        {{{"x", "--genre", "LoFy"}, ""}, "genre", "LoFi"},
        {{{"x", "--key", "H minor"}, ""}, "key", "H"},
        {{{"x", "--mood", "1.5"}, ""}, "mood", "above 1"},
        {{{"x", "--fx", "reverbb"}, ""}, "fx", "reverb"},
        {{{"x", "--stems", "drums,kazoo"}, ""}, "stems", "kazoo"},
        {{{"x", "--sections", "Verse"}, ""}, "sections", "number of bars"},
        {{{"x", "--bars", "8", "--sections", "Verse:4"}, ""}, "bars", "sections"},
        {{{"x", "--bars", "1.5"}, ""}, "bars", ""},
        {{{"x", "--seed", "-1"}, ""}, "seed", ""},
        {{{"x", "--sample-rate", "22050"}, ""}, "sample_rate", ""},
        {{{}, ""}, "prompt", "empty"},
        {{{}, "{\n  \"prompt\": \"x\",\n  \"tempo\": \n}"}, "request.json", "line 4"},
        {{{}, R"({"prompt":"x","tempoo":90})"}, "request.json: tempoo", "tempo"},
        {{{}, "[1]"}, "request.json", ""},
    };
    for (const Bad& row : table) {
        const auto asked = asked_for(row.typed);
        ASSERT_FALSE(asked.ok()) << row.field << ": " << asked->dump();
        EXPECT_EQ(asked.error().field.rfind(row.field, 0), 0u) << asked.error().text();
        EXPECT_NE(asked.error().text().find(row.says), std::string::npos) << asked.error().text();
        EXPECT_EQ(asked.error().code, ErrorCode::kInvalidArgument) << asked.error().text();
    }
}

TEST(RequestOptions, EveryFieldOfTheContractHasAnOption) {
    const auto params = request::resolve(*request::parse_request(R"({"prompt":"x"})"), 0);
    ASSERT_TRUE(params.ok());
    const json fields = json::parse(request::canonical_json(*params));
    for (const auto& [field, value] : fields.items()) {
        if (field == "schema") continue;
        const auto& options = request_options();
        EXPECT_TRUE(std::any_of(options.begin(), options.end(),
                                [&](const RequestOption& o) { return field == o.field; }))
            << field << " = " << value;
    }
}

} // namespace
} // namespace loopmind::cli
