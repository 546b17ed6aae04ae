// Seeded random farms: workers die, hang, reconnect and report late; what must always hold is checked at each
// step.
#include <random>

#include "tests/coordinator/core/farm_fixture.h"

namespace loopmind::core {
namespace {

// The store as the farm sees it: the predicate on epoch, worker and state, and a count of accepted results.
struct ModelStore {
    struct Row {
        std::uint64_t epoch = 0;
        std::string worker;
        bool done = false;
        int accepted = 0;
    };
    std::map<TaskRef, Row> rows;

    void grant(const GrantAction& grant) {
        Row& row = rows[grant.task];
        EXPECT_FALSE(row.done) << "granted a finished task";
        EXPECT_GT(grant.epoch, row.epoch) << "epochs must grow";
        row.epoch = grant.epoch;
        row.worker = grant.worker;
    }
    bool complete(TaskRef task, std::uint64_t epoch) {
        Row& row = rows[task];
        if (row.done || row.epoch != epoch) return false;
        row.done = true;
        ++row.accepted;
        return true;
    }
};

class World {
  public:
    explicit World(unsigned seed) : random_(seed) {}

    void run() {
        for (int w = 0; w < 3; ++w)
            connect(w, true);
        for (int turn = 0; turn < 600; ++turn) {
            now_ += Millis(pick(400));
            if (turn < 200 && chance(10)) submit();
            act();
            farm_.tick(now_);
            take();
            check();
        }
        // Calm: everything must end.
        for (int turn = 0; turn < 3000 && open_jobs() > 0; ++turn) {
            now_ += Millis(200);
            for (auto& [w, sim] : sims_) {
                sim.frozen_until = Millis(0);
                if (sim.connection == 0) connect(w, false);
                beat(sim);
                if (!sim.running.empty()) finish(sim);
            }
            farm_.tick(now_);
            take();
            check();
        }
        EXPECT_EQ(open_jobs(), 0u);
        for (const auto& [task, row] : store_.rows)
            EXPECT_EQ(row.accepted, 1) << "a task was not accepted exactly once";
        EXPECT_EQ(store_.rows.size(), tasks_);
    }

  private:
    struct Sim {
        std::string key;
        std::string incarnation;
        std::uint64_t connection = 0;
        std::map<AttemptName, TaskRef> running;
        std::map<AttemptName, TaskRef> outbox;
        std::vector<std::pair<AttemptName, TaskRef>> history; // everything it was ever given
        Millis frozen_until{0};                               // stopped by a signal
    };

    int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
    bool chance(int percent) { return pick(100) < percent; }

    void submit() {
        JobRecord job;
        job.key = ++jobs_;
        job.tenant = "t";
        job.job_id = "job" + std::to_string(jobs_);
        job.tasks = generate_tasks({{"a", "b"}, 1});
        for (TaskRecord& task : job.tasks)
            task.spec_json =
                std::to_string(task.index) + "/" + std::to_string(jobs_ % 3); // some jobs are equal
        tasks_ += job.tasks.size();
        farm_.add_job(job, now_);
    }

    void connect(int w, bool fresh) {
        Sim& sim = sims_[w];
        sim.key = "w" + std::to_string(w);
        if (fresh) {
            sim.incarnation = std::to_string(++incarnations_);
            sim.running.clear();
            sim.frozen_until = Millis(0);
        }
        sim.connection = ++connections_;
        std::vector<AttemptName> running;
        std::vector<AttemptName> outbox;
        for (const auto& [name, task] : sim.running)
            running.push_back(name);
        for (const auto& [name, task] : sim.outbox)
            outbox.push_back(name);
        WorkerFacts facts;
        facts.key = sim.key;
        facts.incarnation = sim.incarnation;
        facts.slots = 2;
        facts.fingerprint = "fp";
        for (const auto& name : farm_.hello(facts, sim.connection, running, outbox, 0, now_))
            sim.running.erase(name);
        for (const auto& [name, task] : std::map(sim.outbox))
            deliver(sim, name, task);
    }

    void beat(Sim& sim) {
        std::vector<RunningReport> reports;
        for (const auto& [name, task] : sim.running)
            reports.push_back({name, 0.5, 0, ""});
        const auto answer = farm_.heartbeat(sim.connection, reports, now_);
        for (const auto& name : answer.cancelled)
            sim.running.erase(name);
    }

    void finish(Sim& sim) {
        const auto [name, task] = *sim.running.begin();
        sim.running.erase(name);
        sim.outbox[name] = task;
        if (!chance(20)) deliver(sim, name, task); // else: the report is lost for now
    }

    void deliver(Sim& sim, const AttemptName& name, TaskRef task) {
        const auto verdict = farm_.begin_completion(sim.connection, name, now_);
        if (verdict == AttemptVerdict::kBusy) return;
        if (verdict == AttemptVerdict::kCurrent) {
            if (chance(10)) { // bytes are missing
                farm_.reopen(task, name.epoch, now_);
                return;
            }
            const bool accepted = store_.complete(task, name.epoch);
            EXPECT_TRUE(accepted) << "the farm called an attempt current that the store refuses";
            farm_.commit_completion(task, name.epoch, {{"plan", "x", 1}}, "fp", false, now_);
        }
        sim.outbox.erase(name);
    }

    void act() {
        for (auto& [w, sim] : sims_) {
            if (sim.frozen_until > now_) continue;
            if (sim.connection == 0) {
                if (chance(15)) connect(w, chance(50));
                continue;
            }
            const int what = pick(100);
            if (what < 60)
                beat(sim);
            else if (what < 85 && !sim.running.empty())
                finish(sim);
            else if (what < 88) { // killed: what it computed is gone, its outbox is not
                farm_.unreachable(sim.connection);
                sim.connection = 0;
                sim.running.clear();
            } else if (what < 91) { // the network is away, it works on
                farm_.unreachable(sim.connection);
                sim.connection = 0;
            } else if (what <
                       93) { // stopped for longer than a lease, then it works on as if nothing had been
                sim.frozen_until = now_ + Millis(2'000 + pick(20'000));
            } else if (what < 97 && !sim.history.empty()) { // an old report arrives late, or a second time
                const auto& [name, task] =
                    sim.history[static_cast<std::size_t>(pick(static_cast<int>(sim.history.size())))];
                sim.running.erase(name);
                deliver(sim, name, task);
            } else if (what < 98 && !sim.running.empty()) {
                farm_.report_failure(sim.connection, sim.running.begin()->first, Fault::kShortage, {}, now_);
                sim.running.erase(sim.running.begin());
            }
        }
        if (chance(1)) now_ += Millis(30'000);
    }

    void take() {
        for (Action& action : farm_.take_actions(now_)) {
            auto* grant = std::get_if<GrantAction>(&action);
            if (grant == nullptr) {
                EXPECT_FALSE(std::holds_alternative<FailureAction>(action) &&
                             std::get<FailureAction>(action).give_up && !allow_give_up_);
                if (auto* failure = std::get_if<FailureAction>(&action)) farm_.commit_failure(*failure, now_);
                continue;
            }
            if (chance(3)) { // the store is sick
                farm_.refuse_grant(grant->task, grant->epoch, false, now_);
                continue;
            }
            store_.grant(*grant);
            farm_.commit_grant(grant->task, grant->epoch, now_);
            for (auto& [w, sim] : sims_) {
                if (sim.key != grant->worker || sim.connection == 0) continue;
                if (chance(3)) continue; // lost on the way
                const auto* job = farm_.find_job(grant->task.job);
                const AttemptName name{task_id(job->record.job_id, grant->task.index), grant->epoch};
                sim.running[name] = grant->task;
                sim.history.emplace_back(name, grant->task);
            }
        }
    }

    void check() {
        for (const auto& [key, job] : farm_.jobs()) {
            for (const Task& task : job.tasks) {
                ASSERT_EQ(task.lease.has_value(), task.record.state == TaskState::kLeased);
                if (task.record.state == TaskState::kBlocked) continue;
                for (std::uint32_t need : task.record.needs)
                    ASSERT_EQ(job.tasks[need].record.state, TaskState::kDone);
                const auto row = store_.rows.find({key, task.record.index});
                const bool stored_done = row != store_.rows.end() && row->second.done;
                ASSERT_EQ(task.record.state == TaskState::kDone, stored_done);
            }
        }
        for (const auto& [key, worker] : farm_.workers().all())
            ASSERT_LE(worker.busy, worker.facts.slots);
    }

    std::size_t open_jobs() {
        std::size_t open = 0;
        for (const auto& [key, job] : farm_.jobs())
            if (!is_terminal(job.record.state)) ++open;
        return open;
    }

    static FarmConfig config() {
        FarmConfig config = quick_config();
        config.retry.max_losses = 1'000'000;
        return config;
    }

    std::mt19937 random_;
    Farm farm_{config(), 1};
    ModelStore store_;
    Millis now_{1000};
    std::map<int, Sim> sims_;
    JobKey jobs_ = 0;
    std::size_t tasks_ = 0;
    std::uint64_t connections_ = 0;
    int incarnations_ = 0;
    bool allow_give_up_ = false;
};

class FarmProperty : public ::testing::TestWithParam<unsigned> {};

TEST_P(FarmProperty, EveryTaskIsAcceptedExactlyOnceWhateverHappens) {
    for (unsigned seed = GetParam() * 200; seed < (GetParam() + 1) * 200; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        World world(seed);
        world.run();
        if (HasFailure()) return;
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, FarmProperty, ::testing::Range(0u, 4u));

} // namespace
} // namespace loopmind::core
