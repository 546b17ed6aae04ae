// Grants, results, failures, and a sick store.
#include "coordinator/service/conductor.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>
#include <sstream>

#include "coordinator/service/fault_points.h"
#include "proto/base/sha256.h"
#include "proto/request/task_spec.h"

namespace loopmind::service {
namespace {

constexpr core::Millis kProbePause{500};
constexpr std::size_t kEndedJobsInMemory = 512;
constexpr std::size_t kMostOutputs = 4096; // a mixdown writes every stem in every format
constexpr int kMostMismatches = 3;

const Error kStale{ErrorCode::kStale, "", "this attempt is no longer current", "drop it"};

bool is_role(const std::string& role) {
    return !role.empty() && role.size() <= 64 && std::all_of(role.begin(), role.end(), [](unsigned char c) {
        return std::islower(c) || std::isdigit(c) || c == '_' || c == '-' || c == ':';
    });
}

std::optional<Error> bad_outputs(const std::vector<core::Artifact>& outputs) {
    if (outputs.empty() || outputs.size() > kMostOutputs)
        return Error{ErrorCode::kInvalidArgument, "outputs", "a result has 1 to 4096 outputs", ""};
    std::set<std::string> roles;
    for (const core::Artifact& output : outputs) {
        if (!is_role(output.role) || !roles.insert(output.role).second)
            return Error{ErrorCode::kInvalidArgument, "outputs", "a role is empty, malformed or there twice",
                         ""};
        if (!base::is_sha256_hex(output.sha256))
            return Error{ErrorCode::kInvalidArgument, output.role, "its SHA-256 is malformed", ""};
    }
    return std::nullopt;
}

} // namespace

store::BlobPresent Conductor::blob_present() {
    return [&blobs = blobs_](const core::Artifact& artifact) {
        return blobs.size(artifact.sha256) == artifact.size;
    };
}

void Conductor::tell(std::uint64_t connection, const core::AttemptName& attempt, bool accepted, bool resend,
                     std::optional<Error> error) {
    asked_.erase(attempt);
    workers_->verdict(connection, {attempt, accepted, resend, std::move(error)});
}

void Conductor::answer(const core::AttemptName& attempt, bool accepted, bool resend,
                       std::optional<Error> error) {
    const auto asked = asked_.find(attempt);
    if (asked != asked_.end()) tell(asked->second, attempt, accepted, resend, std::move(error));
}

// --- jobs

void Conductor::adopt_job(core::JobRecord job) {
    const core::JobKey key = job.key;
    farm_.forget_job(key, clock_.boot());
    farm_.add_job(std::move(job), clock_.boot());
}

void Conductor::resync(core::JobKey key, std::function<void()> then) {
    store_.run<core::JobRecord>([key](store::Store& store) { return store.load_job(key); },
                                [this, key, then = std::move(then)](Result<core::JobRecord> job) {
                                    if (!job.ok()) {
                                        store_failed(job.error());
                                        when_well_.push_back([this, key, then] { resync(key, then); });
                                        return;
                                    }
                                    spdlog::warn("job {}: memory and store disagreed, read again",
                                                 job->job_id);
                                    adopt_job(std::move(*job));
                                    then();
                                });
}

void Conductor::remember_fingerprint(const std::string& fingerprint) {
    if (fingerprint.empty() || fingerprint == last_fingerprint_) return;
    last_fingerprint_ = fingerprint;
    store_.run<bool>(
        [fingerprint](store::Store& store) -> Result<bool> {
            if (Status saved = store.set_meta("last_fingerprint", fingerprint); !saved) return saved.error();
            return true;
        },
        [this](Result<bool> saved) {
            if (!saved.ok()) last_fingerprint_.clear(); // tried again at the next hello
        });
}

// --- drained workers: one key a line

void Conductor::start_with_drained(const std::string& stored) {
    std::istringstream lines(stored);
    for (std::string key; std::getline(lines, key);)
        if (!key.empty() && drained_.insert(key).second) farm_.drain_worker(key, true);
}

void Conductor::drain_worker(const std::string& key, bool on, std::function<void(Status)> done) {
    const auto want = [this, key](bool drained) {
        if (drained)
            drained_.insert(key);
        else
            drained_.erase(key);
    };
    want(on);
    std::string lines;
    for (const std::string& each : drained_)
        lines += each + "\n";
    store_.run<bool>(
        [lines](store::Store& store) -> Result<bool> {
            if (Status saved = store.set_meta(kDrainedWorkers, lines); !saved) return saved.error();
            return true;
        },
        [this, key, on, want, done = std::move(done)](Result<bool> saved) {
            if (!saved.ok()) {
                want(!on);
                store_failed(saved.error());
                return done(saved.error());
            }
            farm_.drain_worker(key, on);
            done({});
        });
}

// --- grants

void Conductor::grant(std::vector<core::GrantAction> grants) {
    if (grants.empty()) return;
    std::vector<store::GrantItem> items;
    for (const core::GrantAction& grant : grants) {
        store::GrantItem item;
        item.job = grant.task.job;
        item.index = grant.task.index;
        item.epoch = grant.epoch;
        item.losses = grant.losses;
        item.worker = grant.worker;
        item.incarnation = grant.incarnation;
        item.fingerprint = grant.fingerprint;
        item.tenant = grant.tenant;
        if (grant.cacheable) item.recipe = request::recipe_hash(grant.spec_json, grant.fingerprint);
        item.blob_present = blob_present();
        item.now_ms = clock_.unix_ms();
        items.push_back(std::move(item));
    }
    store_.run<std::vector<store::GrantVerdict>>(
        [items = std::move(items)](store::Store& store) { return store.grant_batch(items); },
        [this, grants = std::move(grants)](Result<std::vector<store::GrantVerdict>> verdicts) {
            if (!verdicts.ok()) {
                store_failed(verdicts.error());
                for (const core::GrantAction& grant : grants)
                    farm_.refuse_grant(grant.task, grant.epoch, false, clock_.boot());
                return;
            }
            if (std::any_of(verdicts->begin(), verdicts->end(), [](const auto& verdict) {
                    return verdict.state == store::GrantVerdict::State::kGranted;
                }))
                fault_point("after-grant-commit");
            for (std::size_t i = 0; i < grants.size(); ++i)
                granted(grants[i], (*verdicts)[i]);
        });
}

void Conductor::granted(const core::GrantAction& grant, const store::GrantVerdict& verdict) {
    switch (verdict.state) {
    case store::GrantVerdict::State::kGranted:
        push(grant);
        break;
    case store::GrantVerdict::State::kCached:
        farm_.commit_completion(grant.task, grant.epoch, verdict.outputs, grant.fingerprint, true,
                                clock_.boot());
        break;
    case store::GrantVerdict::State::kStale: {
        const core::Job* job = farm_.find_job(grant.task.job);
        if (job == nullptr || core::is_terminal(job->record.state)) break;
        farm_.refuse_grant(grant.task, grant.epoch, true, clock_.boot());
        resync(grant.task.job);
        break;
    }
    }
}

void Conductor::push(const core::GrantAction& grant) {
    const core::Job* job = farm_.find_job(grant.task.job);
    if (job == nullptr || core::is_terminal(job->record.state)) return;
    const core::Task& task = job->tasks[grant.task.index];
    if (!task.lease || task.record.epoch != grant.epoch || task.lease->pushed) return;
    farm_.commit_grant(grant.task, grant.epoch, clock_.boot());
    if (!workers_->start(task.lease->connection, *job, task)) {
        farm_.unreachable(task.lease->connection);
        farm_.refuse_grant(grant.task, grant.epoch, false, clock_.boot());
    }
}

// --- results

void Conductor::complete(std::uint64_t connection, const core::AttemptName& attempt,
                         std::vector<core::Artifact> outputs) {
    if (const auto bad = bad_outputs(outputs)) {
        fail(connection, attempt, core::Fault::kWorker, *bad);
        return;
    }
    switch (farm_.begin_completion(connection, attempt, clock_.boot())) {
    case core::AttemptVerdict::kBusy:
        asked_[attempt] = connection;
        return;
    case core::AttemptVerdict::kNewer:
        return;
    case core::AttemptVerdict::kStale:
        return tell(connection, attempt, false, false, kStale);
    case core::AttemptVerdict::kUnknown:
        return answer_from_store(connection, attempt);
    case core::AttemptVerdict::kCurrent:
        break;
    }
    asked_[attempt] = connection;
    auto result = std::make_shared<Result_>();
    result->task = *farm_.find_task(attempt.task_id, attempt.epoch);
    result->attempt = attempt;
    const core::Job& job = *farm_.find_job(result->task.job);
    const core::TaskRecord& task = job.tasks[result->task.index].record;
    const core::Worker& worker = *farm_.workers().find(task.worker);
    store::CompletionItem& item = result->item;
    item.job = result->task.job;
    item.index = result->task.index;
    item.epoch = attempt.epoch;
    item.worker = task.worker;
    item.fingerprint = worker.facts.fingerprint;
    item.tenant = job.record.tenant;
    item.outputs = std::move(outputs);
    item.now_ms = clock_.unix_ms();
    const bool same_fingerprint = std::all_of(task.needs.begin(), task.needs.end(), [&](std::uint32_t need) {
        return job.tasks[need].record.fingerprint == item.fingerprint;
    });
    if (same_fingerprint) item.recipe = request::recipe_hash(task.spec_json, item.fingerprint);
    verify(std::move(result));
}

void Conductor::verify(std::shared_ptr<Result_> result) {
    threads_.run([this, result] {
        Result<blobs::AdoptVerdict> verdict = blobs::AdoptVerdict::kAdopted;
        for (const core::Artifact& output : result->item.outputs) {
            verdict = blobs_.adopt({result->attempt.task_id, result->attempt.epoch, output.role},
                                   output.sha256, output.size);
            if (!verdict.ok() || *verdict != blobs::AdoptVerdict::kAdopted) break;
        }
        inbox_.push([this, result, verdict] { verified(result, verdict); });
    });
}

void Conductor::verified(std::shared_ptr<Result_> result, Result<blobs::AdoptVerdict> verdict) {
    if (!verdict.ok()) {
        // The disk is full or sick: the bytes wait where they are, the lease is held.
        store_failed(verdict.error());
        when_well_.push_back([this, result] { verify(result); });
        return;
    }
    if (*verdict == blobs::AdoptVerdict::kAdopted) {
        mismatches_.erase(result->attempt);
        fault_point("before-commit");
        commit(std::move(result));
        return;
    }
    farm_.reopen(result->task, result->attempt.epoch, clock_.boot());
    const bool missing = *verdict == blobs::AdoptVerdict::kMissing;
    const Error error{ErrorCode::kDataCorrupt, result->attempt.task_id,
                      missing ? "bytes of the result are missing" : "bytes do not match their hash",
                      "send the outputs again"};
    spdlog::warn("{}: {}", error.field, error.message);
    if (++mismatches_[result->attempt] < kMostMismatches) return answer(result->attempt, false, true, error);
    mismatches_.erase(result->attempt);
    if (const auto asked = asked_.find(result->attempt); asked != asked_.end())
        fail(asked->second, result->attempt, core::Fault::kWorker, error);
}

void Conductor::commit(std::shared_ptr<Result_> result) {
    store_.complete(result->item, [this, result](Result<store::CompletionVerdict> verdict) {
        if (!verdict.ok()) {
            store_failed(verdict.error());
            when_well_.push_back([this, result] { commit(result); });
            return;
        }
        committed(*result, verdict->state);
    });
}

void Conductor::committed(const Result_& result, store::CompletionVerdict::State state) {
    using State = store::CompletionVerdict::State;
    if (state == State::kAccepted) {
        fault_point("after-commit-before-verdict");
        farm_.commit_completion(result.task, result.attempt.epoch, result.item.outputs,
                                result.item.fingerprint, false, clock_.boot());
        spdlog::info("task {} done (epoch {})", result.attempt.task_id, result.attempt.epoch);
        return answer(result.attempt, true);
    }
    const core::Job* job = farm_.find_job(result.task.job);
    if (job != nullptr && !core::is_terminal(job->record.state)) {
        farm_.drop_attempt(result.task, result.attempt.epoch, clock_.boot());
        resync(result.task.job);
    }
    if (state == State::kRepeated)
        answer(result.attempt, true);
    else
        answer(result.attempt, false, false, kStale);
}

void Conductor::answer_from_store(std::uint64_t connection, const core::AttemptName& attempt) {
    const core::Worker* worker = farm_.workers().by_connection(connection);
    if (worker == nullptr) return;
    store_.run<store::AttemptFate>(
        [attempt, key = worker->facts.key](store::Store& store) {
            return store.attempt_fate(attempt.task_id, attempt.epoch, key);
        },
        [this, connection, attempt](Result<store::AttemptFate> fate) {
            if (!fate.ok()) { // the worker keeps it, but asks again on a new connection only
                store_failed(fate.error());
                when_well_.push_back([this, connection, attempt] { answer_from_store(connection, attempt); });
                return;
            }
            if (fate->state == store::AttemptFate::State::kAccepted) return tell(connection, attempt, true);
            // Between the question and the answer the attempt may have become known (a job was read again).
            if (farm_.find_task(attempt.task_id, attempt.epoch))
                return tell(connection, attempt, false, true);
            if (fate->state == store::AttemptFate::State::kOpen) {
                // A grant that memory made after this one never became durable: this one is still current.
                return resync(fate->job,
                              [this, connection, attempt] { tell(connection, attempt, false, true); });
            }
            tell(connection, attempt, false, false, kStale);
        });
}

// --- failures

void Conductor::fail(std::uint64_t connection, const core::AttemptName& attempt, core::Fault fault,
                     Error error) {
    spdlog::warn("task {} (epoch {}) failed: {}", attempt.task_id, attempt.epoch, error.text());
    switch (farm_.report_failure(connection, attempt, fault, std::move(error), clock_.boot())) {
    case core::AttemptVerdict::kBusy:
        asked_[attempt] = connection;
        return;
    case core::AttemptVerdict::kNewer:
        return;
    case core::AttemptVerdict::kStale:
        return tell(connection, attempt, false, false, kStale);
    case core::AttemptVerdict::kUnknown:
        return answer_from_store(connection, attempt);
    case core::AttemptVerdict::kCurrent:
        break;
    }
    asked_[attempt] = connection;
    // A shortage is not stored: a restart finds the task leased and waits a lease. Anything else is answered
    // once it is durable, in save_failure.
    if (!farm_.find_task(attempt.task_id, attempt.epoch)) tell(connection, attempt, true);
}

void Conductor::save_failure(const core::FailureAction& action) {
    const core::Job* job = farm_.find_job(action.task.job);
    if (job == nullptr) return;
    const core::AttemptName attempt{core::task_id(job->record.job_id, action.task.index),
                                    action.failure.epoch};
    if (!job->stored()) {
        farm_.commit_failure(action, clock_.boot());
        return answer(attempt, true);
    }
    store::FailureItem item;
    item.job = action.task.job;
    item.index = action.task.index;
    item.failure = action.failure;
    item.losses = action.losses;
    item.give_up = action.give_up;
    item.error = action.error;
    item.now_ms = clock_.unix_ms();
    store_.run<bool>(
        [item](store::Store& store) -> Result<bool> {
            auto verdicts = store.fail_batch({&item, 1});
            if (!verdicts.ok()) return verdicts.error();
            return static_cast<bool>((*verdicts)[0]);
        },
        [this, action, attempt](Result<bool> current) {
            if (!current.ok()) {
                store_failed(current.error());
                when_well_.push_back([this, action] { save_failure(action); });
                return;
            }
            if (*current) {
                farm_.commit_failure(action, clock_.boot());
                return answer(attempt, true);
            }
            farm_.drop_attempt(action.task, action.failure.epoch, clock_.boot());
            resync(action.task.job);
            answer(attempt, false, false, kStale);
        });
}

// --- time

void Conductor::store_failed(const Error& error) {
    if (!store::is_store_trouble(error)) return;
    if (!trouble_) {
        spdlog::error("cannot store: {}; no new work until it can", error.text());
        farm_.pause("the coordinator cannot store results: " + error.message, clock_.boot());
        next_probe_ = clock_.boot() + kProbePause;
    }
    trouble_ = error;
}

void Conductor::probe_store() {
    if (!trouble_ || probing_ || clock_.boot() < next_probe_) return;
    probing_ = true;
    next_probe_ = clock_.boot() + kProbePause;
    store_.run<bool>(
        [now = clock_.unix_ms()](store::Store& store) -> Result<bool> {
            if (Status saved = store.set_meta("last_probe", std::to_string(now)); !saved)
                return saved.error();
            return true;
        },
        [this](Result<bool> saved) {
            probing_ = false;
            if (!saved.ok()) {
                trouble_ = saved.error();
                return;
            }
            spdlog::info("the store can be written again");
            trouble_.reset();
            farm_.pause(std::nullopt, clock_.boot());
            for (auto& work : std::exchange(when_well_, {}))
                work();
            adopt_unknown_jobs();
        });
}

// While the store was sick, a submission or a retry may have been committed without an answer. Memory is told
// in the order of commits: an open job that it does not know, or believes ended, is one of those.
void Conductor::adopt_unknown_jobs() {
    store_.run<std::vector<core::JobRecord>>([](store::Store& store) { return store.load_open_jobs(); },
                                             [this](Result<std::vector<core::JobRecord>> open) {
                                                 if (!open.ok()) return store_failed(open.error());
                                                 for (core::JobRecord& job : *open) {
                                                     const core::Job* known = farm_.find_job(job.key);
                                                     if (known == nullptr ||
                                                         core::is_terminal(known->record.state))
                                                         adopt_job(std::move(job));
                                                 }
                                             });
}

void Conductor::forget_old_jobs() {
    for (std::size_t tries = ended_.size(); tries > 0 && ended_.size() > kEndedJobsInMemory; --tries) {
        const core::JobKey key = ended_.front();
        ended_.pop_front();
        const core::Job* job = farm_.find_job(key);
        if (job != nullptr && core::is_terminal(job->record.state)) {
            if (clients_->in_use(key)) {
                ended_.push_back(key);
                continue;
            }
            farm_.forget_job(key, clock_.boot());
        }
        ended_known_.erase(key);
    }
}

void Conductor::turn() {
    const core::Millis now = clock_.boot();
    farm_.tick(now);
    probe_store();
    // Cheap to repeat: an answer that needs no store (a preview's grant) can bring more to do.
    for (;;) {
        std::vector<core::Action> actions = farm_.take_actions(now);
        if (actions.empty()) break;
        std::vector<core::GrantAction> grants;
        for (core::Action& action : actions) {
            if (auto* wanted = std::get_if<core::GrantAction>(&action)) {
                if (wanted->stored)
                    grants.push_back(std::move(*wanted));
                else
                    push(*wanted);
            } else if (auto* cancel = std::get_if<core::CancelAction>(&action)) {
                workers_->cancel(cancel->connection, cancel->attempt, cancel->reason);
            } else if (auto* failure = std::get_if<core::FailureAction>(&action)) {
                save_failure(*failure);
            } else if (auto* change = std::get_if<core::ChangedAction>(&action)) {
                clients_->changed(*change);
                const core::Job* job = farm_.find_job(change->task.job);
                if (change->whole_job && job != nullptr && core::is_terminal(job->record.state) &&
                    ended_known_.insert(change->task.job).second)
                    ended_.push_back(change->task.job);
            }
        }
        grant(std::move(grants));
    }
    forget_old_jobs();
}

core::Millis Conductor::next_deadline() const {
    const core::Millis now = clock_.boot();
    core::Millis next = farm_.next_deadline(now);
    if (trouble_) next = std::min(next, std::max(next_probe_, now));
    return next;
}

} // namespace loopmind::service
