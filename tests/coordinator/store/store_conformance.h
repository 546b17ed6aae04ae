// The conformance suite's fixture: each implementation instantiates the suite in a program of its own.
#pragma once

#include "tests/coordinator/store/store_fixture.h"

namespace loopmind::store {

using core::JobState;
using core::TaskState;
using CompletionState = CompletionVerdict::State;
using GrantState = GrantVerdict::State;
using FateState = AttemptFate::State;

/// Opens the store of a folder; opening it again sees what was committed.
struct Implementation {
    const char* name;
    std::function<Result<std::unique_ptr<Store>>(const std::filesystem::path& folder)> open;
};

class StoreConformance : public ::testing::TestWithParam<Implementation> {
  protected:
    void SetUp() override { reopen(); }
    void reopen() {
        store_.reset();
        auto opened = GetParam().open(folder_.path());
        ASSERT_TRUE(opened.ok()) << opened.error().text();
        store_ = std::move(*opened);
    }
    // A second coordinator's connection to the same database.
    std::unique_ptr<Store> open_another() {
        auto opened = GetParam().open(folder_.path());
        EXPECT_TRUE(opened.ok()) << opened.error().text();
        return std::move(*opened);
    }
    core::JobRecord submit(const NewJob& job) {
        auto verdict = store_->submit_job(job);
        EXPECT_TRUE(verdict.ok()) << verdict.error().text();
        return verdict->job;
    }
    GrantState grant(const GrantItem& item) { return (*store_->grant_batch({&item, 1}))[0].state; }
    CompletionState complete(const CompletionItem& item) {
        return (*store_->complete_batch({&item, 1}))[0].state;
    }
    FateState fate(const std::string& task_id, std::uint64_t epoch, const std::string& worker) {
        return store_->attempt_fate(task_id, epoch, worker)->state;
    }
    core::JobRecord load(core::JobKey key) { return *store_->load_job(key); }
    // Grants and completes one task with some output.
    void finish(core::JobKey job, std::uint32_t index, std::uint64_t epoch, const std::string& recipe = "") {
        ASSERT_EQ(grant(grant_of(job, index, epoch)), GrantState::kGranted);
        ASSERT_EQ(complete(completion_of(job, index, epoch,
                                         {artifact(index == 0   ? "plan"
                                                   : index == 3 ? "mix"
                                                                : "audio",
                                                   static_cast<char>('a' + index))},
                                         recipe)),
                  CompletionState::kAccepted);
    }

    ScratchFolder folder_;
    std::unique_ptr<Store> store_;
};

} // namespace loopmind::store
