// What a census must say, on any database.
#pragma once

#include "coordinator/store/place.h"
#include "tests/coordinator/store/store_fixture.h"

namespace loopmind::store {

/// `place` is empty and has the newest schema.
inline void check_census(const StorePlace& place) {
    auto store = place.open();
    ASSERT_TRUE(store.ok()) << store.error().text();
    const auto census = [&] {
        auto opened = place.open_census();
        EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.error().text());
        std::vector<CensusEntry> all;
        if (opened.ok())
            EXPECT_TRUE((*opened)->run([&](const CensusEntry& entry) {
                all.push_back(entry);
                return true;
            }));
        return all;
    };
    EXPECT_TRUE(census().empty());

    // Two tenants refer to one blob; one of them had it made, with a recipe.
    ASSERT_TRUE((*store)->add_blob("other", std::string(64, 'b'), 10));
    ASSERT_TRUE((*store)->add_blob("other", std::string(64, '0'), 7));
    auto submitted = (*store)->submit_job(new_job("job"));
    ASSERT_TRUE(submitted.ok());
    const core::JobKey job = submitted->job.key;
    const auto grant = grant_of(job, 0, 5);
    ASSERT_TRUE((*store)->grant_batch({&grant, 1}).ok());
    const auto done = completion_of(
        job, 0, 5, {artifact("plan", 'b'), artifact("audio", 'a', 1'000'000'000'000)}, "recipe");
    ASSERT_TRUE((*store)->complete_batch({&done, 1}).ok());

    const auto all = census();
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].sha256, std::string(64, '0'));
    EXPECT_EQ(all[0].size, 7u);
    EXPECT_TRUE(all[0].owned);
    EXPECT_FALSE(all[0].output || all[0].cached);
    EXPECT_EQ(all[1].sha256, std::string(64, 'a'));
    EXPECT_EQ(all[1].size, 1'000'000'000'000u);
    EXPECT_EQ(all[2].sha256, std::string(64, 'b')) << "each once, in order";
    EXPECT_TRUE(all[2].owned && all[2].output && all[2].cached);

    std::size_t seen = 0;
    ASSERT_TRUE((*place.open_census())->run([&](const CensusEntry&) { return ++seen < 2; }));
    EXPECT_EQ(seen, 2u) << "it ends when it is told to";
}

} // namespace loopmind::store
