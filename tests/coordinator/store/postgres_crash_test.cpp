// The database is killed, or its sessions are, in the middle of batches: what was acknowledged is there, and
// no task has two results.
#include <atomic>
#include <random>
#include <thread>

#include "coordinator/store/postgres/postgres_store.h"
#include "tests/coordinator/postgres_server.h"
#include "tests/coordinator/store/store_fixture.h"

namespace loopmind::store {
namespace {

using testing::PostgresServer;
using CompletionState = CompletionVerdict::State;
using GrantState = GrantVerdict::State;

// What the test knows about the one task that it works on in each job.
struct Known {
    core::JobKey key = 0;
    std::uint64_t result = 0; ///< Size of the output of the try that was acknowledged as accepted.
    bool acknowledged = false;
    std::vector<std::uint64_t> tries; ///< Sizes of all outputs that were offered.
};

class PostgresCrash : public ::testing::Test {
  protected:
    void SetUp() override {
        address_ = *PostgresAddress::parse(server_.new_place());
        ASSERT_TRUE(migrate_postgres(address_, newest_postgres_schema()).ok());
        store_ = std::move(*open_postgres_store(address_));
        lead();
    }

    void lead() {
        while (true) {
            const auto verdict = store_->acquire_leadership("here", core::Millis{3'600'000});
            if (verdict.ok() && verdict->acquired) return;
            ASSERT_TRUE(!verdict.ok() && verdict.error().code == ErrorCode::kUnavailable);
            pause();
        }
    }

    static void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }

    // One transaction with `work`; repeated until it is committed, as the conductor does.
    template <typename Work> void committed(Work&& work) {
        for (;;) {
            Status done = store_->begin();
            if (done.ok()) {
                done = work();
                if (done.ok()) done = store_->commit();
            }
            if (done.ok()) return;
            ASSERT_EQ(done.error().code, ErrorCode::kUnavailable) << done.error().text();
            store_->rollback();
            ++repeats_;
            pause();
        }
    }

    // Submits a wave of jobs, grants and completes the first task of each, all in batches.
    void wave() {
        constexpr std::size_t kJobs = 20;
        const std::size_t first = known_.size();
        committed([&]() -> Status {
            known_.resize(first);
            for (std::size_t i = 0; i < kJobs; ++i) {
                auto verdict = store_->submit_job(new_job("job-" + std::to_string(first + i)));
                if (!verdict.ok()) return verdict.error();
                known_.push_back({verdict->job.key, 0, false, {}});
            }
            return {};
        });
        if (HasFatalFailure()) return;
        std::vector<GrantItem> grants;
        committed([&]() -> Status {
            grants.clear(); // a repeat has higher epochs, as the scheduler's has
            for (std::size_t i = first; i < known_.size(); ++i)
                grants.push_back(grant_of(known_[i].key, 0, ++epoch_));
            const auto verdicts = store_->grant_batch(grants);
            if (!verdicts.ok()) return verdicts.error();
            for (const auto& verdict : *verdicts)
                EXPECT_EQ(verdict.state, GrantState::kGranted);
            return {};
        });
        if (HasFatalFailure()) return;
        std::vector<CompletionVerdict> verdicts;
        std::uint64_t size = 0;
        committed([&]() -> Status {
            // Each try offers other bytes, so that the stored ones tell which try was accepted.
            size = ++tries_;
            std::vector<CompletionItem> results;
            for (std::size_t i = 0; i < grants.size(); ++i) {
                known_[first + i].tries.push_back(size);
                results.push_back(
                    completion_of(grants[i].job, 0, grants[i].epoch, {artifact("plan", 'a', size)}));
            }
            auto answer = store_->complete_batch(results);
            if (!answer.ok()) return answer.error();
            verdicts = std::move(*answer);
            return {};
        });
        for (std::size_t i = 0; i < verdicts.size(); ++i) {
            Known& known = known_[first + i];
            ASSERT_NE(verdicts[i].state, CompletionState::kStale);
            known.acknowledged = true;
            if (verdicts[i].state == CompletionState::kAccepted) known.result = size;
        }
    }

    void check() {
        for (const Known& known : known_) {
            const auto job = store_->load_job(known.key);
            ASSERT_TRUE(job.ok()) << "an acknowledged submission is gone: " << job.error().text();
            const core::TaskRecord& task = job->tasks[0];
            ASSERT_TRUE(known.acknowledged);
            ASSERT_EQ(task.state, core::TaskState::kDone) << "an acknowledged result is gone";
            ASSERT_EQ(task.outputs.size(), 1u);
            if (known.result != 0) {
                EXPECT_EQ(task.outputs[0].size, known.result) << "another result took its place";
            } else { // repeated: an earlier try was committed although its commit could not be settled
                EXPECT_THAT(known.tries, ::testing::Contains(task.outputs[0].size));
                EXPECT_NE(task.outputs[0].size, known.tries.back());
            }
        }
        EXPECT_EQ(store_->load_open_jobs()->size(), known_.size());
    }

    // Lets waves run in their own thread while `trouble` happens; at least one wave passes after each.
    template <typename Trouble> void under(int times, Trouble&& trouble) {
        std::atomic<int> waves{0};
        std::atomic<bool> stop{false};
        std::thread worker([&] {
            while (!stop && !HasFatalFailure()) {
                wave();
                ++waves;
            }
        });
        std::mt19937 random(7);
        for (int i = 0; i < times; ++i) {
            const int before = waves;
            while (waves < before + 2 && !HasFatalFailure())
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            std::this_thread::sleep_for(std::chrono::microseconds(random() % 8000)); // anywhere in a wave
            trouble();
        }
        const int before = waves;
        while (waves < before + 2 && !HasFatalFailure())
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        stop = true;
        worker.join();
        check();
        std::cout << known_.size() << " tasks, " << times << " times trouble, " << repeats_
                  << " batches repeated\n";
        EXPECT_GT(repeats_, 0) << "no batch was hit: the test proved nothing";
    }

    PostgresServer& server_ = PostgresServer::shared();
    PostgresAddress address_ = *PostgresAddress::parse(server_.url());
    std::unique_ptr<Store> store_;
    std::vector<Known> known_;
    std::uint64_t epoch_ = 0;
    std::uint64_t tries_ = 0;
    std::atomic<int> repeats_{0};
};

TEST_F(PostgresCrash, KillingTheServerLosesNothingAndDoublesNothing) {
    under(6, [this] {
        server_.crash();
        server_.start();
    });
}

TEST_F(PostgresCrash, KillingSessionsLosesNothingAndDoublesNothing) {
    under(25, [this] { server_.terminate_sessions(); });
}

TEST_F(PostgresCrash, ADatabaseThatStaysAwayIsUnavailableUntilItIsBack) {
    wave();
    server_.crash();
    EXPECT_EQ(store_->submit_job(new_job("away")).error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(store_->begin().error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(store_->load_open_jobs().error().code, ErrorCode::kUnavailable);
    server_.start();
    wave();
    check();
}

} // namespace
} // namespace loopmind::store
