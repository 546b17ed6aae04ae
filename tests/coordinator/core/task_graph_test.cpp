// The graph of a generate job.
#include "coordinator/core/task_graph.h"

#include <gtest/gtest.h>

namespace loopmind::core {
namespace {

TEST(TaskGraph, ComposeThenRenderPerStemAndVariationThenFinishPerVariation) {
    const auto tasks = generate_tasks({{"drums", "bass", "pad"}, 2});
    ASSERT_EQ(tasks.size(), 1u + 6u + 2u);
    EXPECT_EQ(tasks[0].kind, TaskKind::kCompose);
    EXPECT_EQ(tasks[0].state, TaskState::kReady);
    for (std::uint32_t i = 1; i <= 6; ++i) {
        EXPECT_EQ(tasks[i].kind, TaskKind::kRender);
        EXPECT_EQ(tasks[i].state, TaskState::kBlocked);
        EXPECT_EQ(tasks[i].needs, std::vector<std::uint32_t>{0});
        EXPECT_EQ(tasks[i].variation, (i - 1) / 3);
    }
    EXPECT_EQ(tasks[4].stem, "drums");
    EXPECT_EQ(tasks[7].needs, (std::vector<std::uint32_t>{0, 1, 2, 3}));
    EXPECT_EQ(tasks[8].needs, (std::vector<std::uint32_t>{0, 4, 5, 6}));
    EXPECT_EQ(tasks[8].variation, 1u);
    for (std::uint32_t i = 0; i < tasks.size(); ++i)
        EXPECT_EQ(tasks[i].index, i);
}

TEST(TaskGraph, InputsOfFinishArePlanAndTheAudioOfItsStemsOnly) {
    auto tasks = generate_tasks({{"drums", "bass"}, 2});
    tasks[0].outputs = {{"plan", std::string(64, 'a'), 10}};
    for (std::uint32_t i = 1; i <= 4; ++i)
        tasks[i].outputs = {{"audio", std::string(63, 'b') + std::to_string(i), i},
                            {"midi", std::string(64, 'c'), 1}};
    const auto render = task_inputs(tasks, tasks[2]);
    ASSERT_EQ(render.size(), 1u);
    EXPECT_EQ(render[0].role, "plan");
    const auto finish = task_inputs(tasks, tasks[6]);
    ASSERT_EQ(finish.size(), 3u);
    EXPECT_EQ(finish[0].role, "plan");
    EXPECT_EQ(finish[1].role, "audio:drums");
    EXPECT_EQ(finish[1].sha256, tasks[3].outputs[0].sha256);
    EXPECT_EQ(finish[2].role, "audio:bass");
    EXPECT_EQ(finish[2].size, 4u);
}

TEST(TaskGraph, PreviewIsOneReadyTask) {
    const auto tasks = preview_tasks();
    ASSERT_EQ(tasks.size(), 1u);
    EXPECT_EQ(tasks[0].kind, TaskKind::kPreview);
    EXPECT_EQ(tasks[0].state, TaskState::kReady);
}

} // namespace
} // namespace loopmind::core
