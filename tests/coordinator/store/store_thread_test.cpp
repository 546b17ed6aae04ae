// Group commit: order, one transaction for what piled up, one answer each, failures told to all.
#include "coordinator/store/store_thread.h"

#include <atomic>
#include <future>

#include "tests/coordinator/store/store_fixture.h"

namespace loopmind::store {
namespace {

// A SQLite store that counts commits and can be told to fail them.
class CountingStore : public Store {
  public:
    CountingStore(std::unique_ptr<Store> real, std::atomic<int>& commits, std::atomic<int>& batches,
                  std::atomic<bool>& sick)
        : real_(std::move(real)), commits_(commits), batches_(batches), sick_(sick) {}
    Status begin() override { return real_->begin(); }
    Status commit() override {
        if (sick_) return Error{ErrorCode::kResourceExhausted, "db", "the disk is full", ""};
        ++commits_;
        return real_->commit();
    }
    void rollback() override { real_->rollback(); }
    Result<SubmitVerdict> submit_job(const NewJob& job) override { return real_->submit_job(job); }
    Result<std::vector<GrantVerdict>> grant_batch(std::span<const GrantItem> items) override {
        return real_->grant_batch(items);
    }
    Result<std::vector<CompletionVerdict>> complete_batch(std::span<const CompletionItem> items) override {
        ++batches_;
        return real_->complete_batch(items);
    }
    Result<std::vector<bool>> fail_batch(std::span<const FailureItem> items) override {
        return real_->fail_batch(items);
    }
    Result<core::JobRecord> cancel_job(const std::string& t, const std::string& j,
                                       std::uint64_t now) override {
        return real_->cancel_job(t, j, now);
    }
    Result<core::JobRecord> retry_job(const std::string& t, const std::string& j) override {
        return real_->retry_job(t, j);
    }
    Result<std::vector<core::JobRecord>> load_open_jobs() override { return real_->load_open_jobs(); }
    Result<core::JobRecord> load_job(core::JobKey key) override { return real_->load_job(key); }
    Result<std::optional<core::JobRecord>> find_job(const std::string& t, const std::string& j) override {
        return real_->find_job(t, j);
    }
    Result<std::vector<core::JobRecord>> list_jobs(const std::string& t, std::uint32_t n,
                                                   std::optional<core::JobState> s) override {
        return real_->list_jobs(t, n, s);
    }
    Result<AttemptFate> attempt_fate(const std::string& t, std::uint64_t e, const std::string& w) override {
        return real_->attempt_fate(t, e, w);
    }
    Status add_blob(const std::string& t, const std::string& h, std::uint64_t s) override {
        return real_->add_blob(t, h, s);
    }
    Result<std::optional<std::uint64_t>> find_blob(const std::string& t, const std::string& h) override {
        return real_->find_blob(t, h);
    }
    Status put_identity(const StoredIdentity& who) override { return real_->put_identity(who); }
    Result<std::optional<StoredIdentity>> find_identity(const std::string& key) override {
        return real_->find_identity(key);
    }
    Result<std::optional<std::string>> meta(const std::string& key) override { return real_->meta(key); }
    Status set_meta(const std::string& key, const std::string& value) override {
        return real_->set_meta(key, value);
    }
    Result<LeadershipVerdict> acquire_leadership(const std::string& holder, core::Millis ttl) override {
        return real_->acquire_leadership(holder, ttl);
    }
    Result<bool> renew_leadership(std::uint32_t term, core::Millis ttl) override {
        return real_->renew_leadership(term, ttl);
    }
    Status resign_leadership(std::uint32_t term) override { return real_->resign_leadership(term); }
    Result<Leader> leader() override { return real_->leader(); }
    Result<std::size_t> archive_jobs(std::uint64_t before, std::size_t limit) override {
        return real_->archive_jobs(before, limit);
    }
    Result<int> schema_version() override { return real_->schema_version(); }

  private:
    std::unique_ptr<Store> real_;
    std::atomic<int>& commits_;
    std::atomic<int>& batches_;
    std::atomic<bool>& sick_;
};

class StoreThreadTest : public ::testing::Test {
  protected:
    void SetUp() override {
        auto opened = open_sqlite_store(folder_.path() / "coordinator.db");
        ASSERT_TRUE(opened.ok());
        auto counting = std::make_unique<CountingStore>(std::move(*opened), commits_, batches_, sick_);
        thread_ = std::make_unique<StoreThread>(std::move(counting),
                                                [](std::function<void()> answer) { answer(); });
    }
    void TearDown() override { thread_.reset(); }

    // Blocks the store thread until the returned promise is set, so that requests pile up.
    std::shared_ptr<std::promise<void>> hold() {
        auto gate = std::make_shared<std::promise<void>>();
        auto entered = std::make_shared<std::promise<void>>();
        thread_->run<bool>(
            [gate, entered](Store&) -> Result<bool> {
                entered->set_value();
                gate->get_future().wait();
                return true;
            },
            [](Result<bool>) {});
        entered->get_future().wait();
        return gate;
    }

    ScratchFolder folder_;
    std::atomic<int> commits_{0};
    std::atomic<int> batches_{0};
    std::atomic<bool> sick_{false};
    std::unique_ptr<StoreThread> thread_;
};

TEST_F(StoreThreadTest, WhatPilesUpIsCommittedOnceAndAnsweredInOrder) {
    auto gate = hold();
    std::vector<int> order;
    std::promise<void> all;
    for (int i = 0; i < 50; ++i)
        thread_->run<SubmitVerdict>(
            [i](Store& store) { return store.submit_job(new_job("j" + std::to_string(i))); },
            [&, i](Result<SubmitVerdict> verdict) {
                EXPECT_TRUE(verdict.ok());
                order.push_back(i);
                if (i == 49) all.set_value();
            });
    gate->set_value();
    all.get_future().wait();
    EXPECT_EQ(commits_, 2);
    for (int i = 0; i < 50; ++i)
        EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST_F(StoreThreadTest, NeighbouringCompletionsAreOneBatchAndEachIsAnsweredItself) {
    std::promise<core::JobKey> submitted;
    thread_->run<SubmitVerdict>(
        [](Store& store) { return store.submit_job(new_job("j")); },
        [&](Result<SubmitVerdict> verdict) { submitted.set_value(verdict->job.key); });
    const core::JobKey job = submitted.get_future().get();
    const auto granted = [this, job](std::uint64_t epoch) {
        thread_->run<std::vector<GrantVerdict>>(
            [item = grant_of(job, 0, epoch)](Store& store) {
                return store.grant_batch({&item, 1});
            },
            [](Result<std::vector<GrantVerdict>> verdict) { EXPECT_TRUE(verdict.ok()); });
    };
    std::vector<CompletionVerdict::State> states;
    std::promise<void> all;
    const auto complete = [&](std::uint64_t epoch) {
        thread_->complete(completion_of(job, 0, epoch, {artifact("plan", 'a')}),
                          [&](Result<CompletionVerdict> verdict) {
                              states.push_back(verdict->state);
                              if (states.size() == 5) all.set_value();
                          });
    };
    auto gate = hold();
    complete(1); // before its grant
    granted(1);
    complete(7);
    complete(1);
    complete(1);
    granted(2); // too late: it is done
    complete(2);
    gate->set_value();
    all.get_future().wait();
    using State = CompletionVerdict::State;
    EXPECT_THAT(states, ::testing::ElementsAre(State::kStale, State::kStale, State::kAccepted,
                                               State::kRepeated, State::kStale));
    EXPECT_EQ(batches_, 3) << "three runs of neighbours";
}

TEST_F(StoreThreadTest, ACompletionInAFailedCommitIsToldSo) {
    sick_ = true;
    std::promise<Result<CompletionVerdict>> told;
    thread_->complete(completion_of(1, 0, 1, {artifact("plan", 'a')}),
                      [&](Result<CompletionVerdict> verdict) { told.set_value(std::move(verdict)); });
    EXPECT_EQ(told.get_future().get().error().code, ErrorCode::kResourceExhausted);
}

TEST_F(StoreThreadTest, AnErrorOfOneRequestIsAnsweredAlone) {
    auto gate = hold();
    std::promise<Result<SubmitVerdict>> good;
    std::promise<Result<core::JobRecord>> bad;
    thread_->run<core::JobRecord>([](Store& store) { return store.cancel_job("studio", "none", 1); },
                                  [&](Result<core::JobRecord> r) { bad.set_value(std::move(r)); });
    thread_->run<SubmitVerdict>([](Store& store) { return store.submit_job(new_job("j")); },
                                [&](Result<SubmitVerdict> r) { good.set_value(std::move(r)); });
    gate->set_value();
    EXPECT_EQ(bad.get_future().get().error().code, ErrorCode::kNotFound);
    EXPECT_TRUE(good.get_future().get().ok());
}

TEST_F(StoreThreadTest, AFailedCommitIsToldToEverybodyAndTheNextOneWorks) {
    sick_ = true;
    std::promise<Result<SubmitVerdict>> first;
    thread_->run<SubmitVerdict>([](Store& store) { return store.submit_job(new_job("j")); },
                                [&](Result<SubmitVerdict> r) { first.set_value(std::move(r)); });
    const auto refused = first.get_future().get();
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
    sick_ = false;
    std::promise<Result<SubmitVerdict>> second;
    thread_->run<SubmitVerdict>([](Store& store) { return store.submit_job(new_job("j")); },
                                [&](Result<SubmitVerdict> r) { second.set_value(std::move(r)); });
    const auto accepted = second.get_future().get();
    ASSERT_TRUE(accepted.ok());
    EXPECT_FALSE(accepted->existed) << "the refused submission left nothing behind";
}

} // namespace
} // namespace loopmind::store
