// Task specs: canonical text, strict reading, recipe hashes.
#include "proto/request/task_spec.h"

#include <gtest/gtest.h>

namespace loopmind::request {
namespace {

Params example() {
    return *params_from_json(R"({"prompt":"lofi","variations":2,"seed":1})");
}

TEST(TaskSpec, RoundTrips) {
    for (const TaskSpec& spec :
         {TaskSpec{SpecKind::kCompose, example(), "", 0}, TaskSpec{SpecKind::kRender, example(), "bass", 1},
          TaskSpec{SpecKind::kFinish, example(), "", 1}, TaskSpec{SpecKind::kPreview, example(), "", 0}}) {
        const auto text = spec_json(spec);
        const auto read = parse_spec(text);
        ASSERT_TRUE(read) << read.error().text();
        EXPECT_EQ(spec_json(*read), text);
        EXPECT_EQ(read->stem, spec.stem);
        EXPECT_EQ(read->variation, spec.variation);
    }
}

TEST(TaskSpec, BadSpecsNameTheField) {
    EXPECT_EQ(parse_spec("nonsense").error().field, "spec.");
    EXPECT_EQ(parse_spec(R"({"kind":"bake"})").error().field, "spec.kind");
    EXPECT_EQ(parse_spec(R"({"kind":"compose"})").error().field, "spec.params");
    EXPECT_EQ(parse_spec(R"({"kind":"render","params":{"prompt":"x"}})").error().field, "spec.stem");
    EXPECT_EQ(
        parse_spec(R"({"kind":"render","params":{"genre":"Jazz"},"stem":"arp","variation":0})").error().field,
        "spec.stem");
    EXPECT_EQ(parse_spec(R"({"kind":"finish","params":{"genre":"Jazz"},"variation":1})").error().field,
              "spec.variation");
}

TEST(TaskSpec, RecipeDependsOnSpecAndFingerprint) {
    const auto spec = spec_json({SpecKind::kRender, example(), "bass", 0});
    EXPECT_EQ(recipe_hash(spec, "f1").size(), 64u);
    EXPECT_EQ(recipe_hash(spec, "f1"), recipe_hash(spec, "f1"));
    EXPECT_NE(recipe_hash(spec, "f1"), recipe_hash(spec, "f2"));
    EXPECT_NE(recipe_hash(spec, "f1"),
              recipe_hash(spec_json({SpecKind::kRender, example(), "bass", 1}), "f1"));
}

} // namespace
} // namespace loopmind::request
