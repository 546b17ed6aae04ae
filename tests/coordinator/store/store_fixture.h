// Stores under test, each in a folder of its own, and the jobs they are asked to keep.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "coordinator/core/task_graph.h"
#include "coordinator/store/sqlite/sqlite_store.h"
#include "coordinator/store/store.h"
#include "proto/base/random_id.h"

namespace loopmind::store {

/// A folder that goes away with the test.
class ScratchFolder {
  public:
    ScratchFolder()
        : path_(std::filesystem::temp_directory_path() / ("loopmind-store-" + base::random_hex(8))) {
        std::filesystem::create_directories(path_);
    }
    ~ScratchFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

inline core::Artifact artifact(const std::string& role, char digit, std::uint64_t size = 10) {
    return {role, std::string(64, digit), size};
}

inline NewJob new_job(const std::string& job_id, const std::string& tenant = "studio") {
    NewJob wanted;
    wanted.job.tenant = tenant;
    wanted.job.owner = "owner-key";
    wanted.job.job_id = job_id;
    wanted.job.prompt = "dreamy";
    wanted.job.resolved_json = "{}";
    wanted.job.request_digest = "digest";
    wanted.job.created_ms = 1000;
    wanted.job.tasks = core::generate_tasks({{"drums", "bass"}, 1});
    for (auto& task : wanted.job.tasks)
        task.spec_json = "spec " + std::to_string(task.index);
    return wanted;
}

inline GrantItem grant_of(core::JobKey job, std::uint32_t index, std::uint64_t epoch,
                          const std::string& worker = "w") {
    GrantItem item;
    item.job = job;
    item.index = index;
    item.epoch = epoch;
    item.worker = worker;
    item.incarnation = "inc";
    item.fingerprint = "fp";
    item.tenant = "studio";
    item.now_ms = 2000;
    return item;
}

inline CompletionItem completion_of(core::JobKey job, std::uint32_t index, std::uint64_t epoch,
                                    std::vector<core::Artifact> outputs, const std::string& recipe = "",
                                    const std::string& worker = "w") {
    CompletionItem item;
    item.job = job;
    item.index = index;
    item.epoch = epoch;
    item.worker = worker;
    item.fingerprint = "fp";
    item.tenant = "studio";
    item.recipe = recipe;
    item.outputs = std::move(outputs);
    item.now_ms = 3000;
    return item;
}

} // namespace loopmind::store
