// The graph of a generate job and of a preview.
#include "coordinator/core/task_graph.h"

namespace loopmind::core {

std::string task_id(const std::string& job_id, std::uint32_t index) {
    return job_id + "." + std::to_string(index);
}

std::vector<TaskRecord> generate_tasks(const GenerateShape& shape) {
    std::vector<TaskRecord> tasks;
    auto add = [&tasks](TaskKind kind, std::string stem, std::uint32_t variation,
                        std::vector<std::uint32_t> needs) {
        TaskRecord task;
        task.index = static_cast<std::uint32_t>(tasks.size());
        task.kind = kind;
        task.stem = std::move(stem);
        task.variation = variation;
        task.state = needs.empty() ? TaskState::kReady : TaskState::kBlocked;
        task.needs = std::move(needs);
        tasks.push_back(std::move(task));
    };
    add(TaskKind::kCompose, "", 0, {});
    for (std::uint32_t v = 0; v < shape.variations; ++v)
        for (const auto& stem : shape.stems)
            add(TaskKind::kRender, stem, v, {0});
    const auto stems = static_cast<std::uint32_t>(shape.stems.size());
    for (std::uint32_t v = 0; v < shape.variations; ++v) {
        std::vector<std::uint32_t> needs{0};
        for (std::uint32_t s = 0; s < stems; ++s)
            needs.push_back(1 + v * stems + s);
        add(TaskKind::kFinish, "", v, std::move(needs));
    }
    return tasks;
}

std::vector<TaskRecord> mixdown_tasks(const std::vector<MixdownShape>& shape) {
    std::vector<TaskRecord> tasks;
    for (const MixdownShape& part : shape) {
        TaskRecord task;
        task.index = static_cast<std::uint32_t>(tasks.size());
        task.kind = part.track.empty() ? TaskKind::kSum : TaskKind::kTrack;
        task.stem = part.track;
        task.needs = part.needs;
        task.state = part.needs.empty() ? TaskState::kReady : TaskState::kBlocked;
        tasks.push_back(std::move(task));
    }
    return tasks;
}

std::vector<TaskRecord> preview_tasks() {
    std::vector<TaskRecord> tasks(1);
    tasks[0].kind = TaskKind::kPreview;
    tasks[0].state = TaskState::kReady;
    return tasks;
}

std::vector<Artifact> task_inputs(const std::vector<TaskRecord>& tasks, const TaskRecord& task) {
    std::vector<Artifact> inputs;
    for (std::uint32_t need : task.needs) {
        const TaskRecord& from = tasks.at(need);
        for (const Artifact& output : from.outputs) {
            if (from.kind == TaskKind::kCompose && output.role == "plan") inputs.push_back(output);
            if (from.kind == TaskKind::kRender && output.role == "audio")
                inputs.push_back({"audio:" + from.stem, output.sha256, output.size});
            if (from.kind == TaskKind::kTrack && output.role == "track")
                inputs.push_back({"track:" + from.stem, output.sha256, output.size});
        }
    }
    return inputs;
}

} // namespace loopmind::core
