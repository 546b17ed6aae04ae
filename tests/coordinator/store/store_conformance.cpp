// What every store must do.
#include "tests/coordinator/store/store_conformance.h"

namespace loopmind::store {
namespace {

TEST_P(StoreConformance, ASubmittedJobIsThereAfterReopening) {
    const auto job = submit(new_job("j1"));
    reopen();
    const auto found = *store_->find_job("studio", "j1");
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->key, job.key);
    EXPECT_EQ(found->state, JobState::kQueued);
    EXPECT_EQ(found->prompt, "dreamy");
    ASSERT_EQ(found->tasks.size(), 4u);
    EXPECT_EQ(found->tasks[0].state, TaskState::kReady);
    EXPECT_EQ(found->tasks[1].state, TaskState::kBlocked);
    EXPECT_EQ(found->tasks[3].needs, (std::vector<std::uint32_t>{0, 1, 2}));
    EXPECT_EQ(found->tasks[2].stem, "bass");
    EXPECT_EQ(found->tasks[2].spec_json, "spec 2");
}

TEST_P(StoreConformance, SubmittingTwiceIsOneJob) {
    const auto first = submit(new_job("j1"));
    auto again = store_->submit_job(new_job("j1"));
    ASSERT_TRUE(again.ok());
    EXPECT_TRUE(again->existed);
    EXPECT_EQ(again->job.key, first.key);
    EXPECT_EQ(store_->list_jobs("studio", 10, {})->size(), 1u);
}

TEST_P(StoreConformance, TheSameIdWithAnotherRequestIsRefused) {
    submit(new_job("j1"));
    auto other = new_job("j1");
    other.job.request_digest = "another";
    const auto verdict = store_->submit_job(other);
    ASSERT_FALSE(verdict.ok());
    EXPECT_EQ(verdict.error().code, ErrorCode::kAlreadyExists);
}

TEST_P(StoreConformance, TenantsDoNotShareIdsOrSeeEachOther) {
    const auto mine = submit(new_job("j1", "studio"));
    auto theirs = new_job("j1", "label");
    theirs.job.request_digest = "another";
    const auto other = submit(theirs);
    EXPECT_NE(mine.key, other.key);
    EXPECT_FALSE(store_->find_job("third", "j1")->has_value());
    EXPECT_EQ(store_->list_jobs("label", 10, {})->size(), 1u);
    EXPECT_EQ(store_->cancel_job("third", "j1", 1).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(store_->retry_job("third", "j1").error().code, ErrorCode::kNotFound);
}

TEST_P(StoreConformance, DependantsBecomeReadyWithTheResultAndTheJobEndsWithTheLast) {
    const auto job = submit(new_job("j1"));
    finish(job.key, 0, 1);
    auto now = load(job.key);
    EXPECT_EQ(now.state, JobState::kRunning);
    EXPECT_EQ(now.tasks[1].state, TaskState::kReady);
    EXPECT_EQ(now.tasks[3].state, TaskState::kBlocked);
    finish(job.key, 1, 2);
    EXPECT_EQ(load(job.key).tasks[3].state, TaskState::kBlocked);
    finish(job.key, 2, 3);
    EXPECT_EQ(load(job.key).tasks[3].state, TaskState::kReady);
    finish(job.key, 3, 4);
    now = load(job.key);
    EXPECT_EQ(now.state, JobState::kDone);
    EXPECT_EQ(now.finished_ms, 3000u);
    EXPECT_EQ(now.tasks[0].outputs, std::vector{artifact("plan", 'a')});
}

TEST_P(StoreConformance, ABlockedTaskIsNotGranted) {
    const auto job = submit(new_job("j1"));
    EXPECT_EQ(grant(grant_of(job.key, 1, 1)), GrantState::kStale);
}

TEST_P(StoreConformance, EpochsOnlyGrow) {
    const auto job = submit(new_job("j1"));
    EXPECT_EQ(grant(grant_of(job.key, 0, 5)), GrantState::kGranted);
    EXPECT_EQ(grant(grant_of(job.key, 0, 5)), GrantState::kStale);
    EXPECT_EQ(grant(grant_of(job.key, 0, 4)), GrantState::kStale);
    EXPECT_EQ(grant(grant_of(job.key, 0, 6)), GrantState::kGranted);
    EXPECT_EQ(load(job.key).tasks[0].attempts, 2u);
}

TEST_P(StoreConformance, OnlyTheCurrentEpochOfItsWorkerIsAccepted) {
    const auto job = submit(new_job("j1"));
    ASSERT_EQ(grant(grant_of(job.key, 0, 5)), GrantState::kGranted);
    ASSERT_EQ(grant(grant_of(job.key, 0, 6)), GrantState::kGranted);
    const std::vector outputs{artifact("plan", 'a')};
    EXPECT_EQ(complete(completion_of(job.key, 0, 5, outputs)), CompletionState::kStale);
    EXPECT_EQ(complete(completion_of(job.key, 0, 7, outputs)), CompletionState::kStale);
    EXPECT_EQ(complete(completion_of(job.key, 0, 6, outputs, "", "thief")), CompletionState::kStale);
    EXPECT_TRUE(load(job.key).tasks[0].outputs.empty());
    EXPECT_EQ(complete(completion_of(job.key, 0, 6, outputs)), CompletionState::kAccepted);
}

TEST_P(StoreConformance, ExactlyOneResultIsAcceptedAndARepeatIsRecognised) {
    const auto job = submit(new_job("j1"));
    finish(job.key, 0, 5);
    EXPECT_EQ(complete(completion_of(job.key, 0, 5, {artifact("plan", 'f')})), CompletionState::kRepeated);
    EXPECT_EQ(load(job.key).tasks[0].outputs, std::vector{artifact("plan", 'a')});
    EXPECT_EQ(grant(grant_of(job.key, 0, 9)), GrantState::kStale);
}

TEST_P(StoreConformance, AStaleItemNeverFailsItsBatch) {
    const auto one = submit(new_job("j1"));
    const auto two = submit(new_job("j2"));
    ASSERT_EQ(grant(grant_of(one.key, 0, 5)), GrantState::kGranted);
    ASSERT_EQ(grant(grant_of(two.key, 0, 6)), GrantState::kGranted);
    const std::vector items{completion_of(one.key, 0, 4, {artifact("plan", 'a')}),
                            completion_of(two.key, 0, 6, {artifact("plan", 'b')}),
                            completion_of(999, 0, 6, {artifact("plan", 'b')}),
                            completion_of(one.key, 0, 5, {artifact("plan", 'a')}),
                            completion_of(one.key, 0, 5, {artifact("plan", 'a')})};
    const auto verdicts = store_->complete_batch(items);
    ASSERT_TRUE(verdicts.ok());
    EXPECT_EQ((*verdicts)[0].state, CompletionState::kStale);
    EXPECT_EQ((*verdicts)[1].state, CompletionState::kAccepted);
    EXPECT_EQ((*verdicts)[2].state, CompletionState::kStale);
    EXPECT_EQ((*verdicts)[3].state, CompletionState::kAccepted);
    EXPECT_EQ((*verdicts)[4].state, CompletionState::kRepeated);
}

TEST_P(StoreConformance, RollingBackABatchUndoesAllOfIt) {
    const auto job = submit(new_job("j1"));
    ASSERT_EQ(grant(grant_of(job.key, 0, 5)), GrantState::kGranted);
    ASSERT_TRUE(store_->begin().ok());
    submit(new_job("j2"));
    EXPECT_EQ(complete(completion_of(job.key, 0, 5, {artifact("plan", 'a')}, "r")),
              CompletionState::kAccepted);
    store_->rollback();
    EXPECT_FALSE(store_->find_job("studio", "j2")->has_value());
    EXPECT_EQ(load(job.key).tasks[0].state, TaskState::kLeased);
    EXPECT_EQ(complete(completion_of(job.key, 0, 5, {artifact("plan", 'a')}, "r")),
              CompletionState::kAccepted);
}

TEST_P(StoreConformance, ACommittedBatchIsThereAfterReopening) {
    ASSERT_TRUE(store_->begin().ok());
    submit(new_job("j1"));
    submit(new_job("j2"));
    ASSERT_TRUE(store_->commit().ok());
    reopen();
    EXPECT_EQ(store_->load_open_jobs()->size(), 2u);
}

TEST_P(StoreConformance, TheSameRequestAgainIsDoneAtOnceFromTheCache) {
    const std::vector<std::string> recipes{"r0", "r1", "r2", "r3"};
    const auto job = submit(new_job("j1"));
    for (std::uint32_t i = 0; i < 4; ++i)
        finish(job.key, i, i + 1, recipes[i]);
    auto repeat = new_job("j2");
    repeat.candidates = {{"other", {"x0", "x1", "x2", "x3"}}, {"fp", recipes}};
    const auto again = submit(repeat);
    EXPECT_EQ(again.state, JobState::kDone);
    EXPECT_TRUE(again.cached);
    const auto stored = load(again.key);
    EXPECT_EQ(stored.state, JobState::kDone);
    for (const auto& task : stored.tasks) {
        EXPECT_EQ(task.state, TaskState::kDone);
        EXPECT_TRUE(task.cached);
        EXPECT_EQ(task.outputs, load(job.key).tasks[task.index].outputs);
    }
    EXPECT_TRUE(store_->load_open_jobs()->empty());
}

TEST_P(StoreConformance, APartlyCachedJobSkipsWhatIsThere) {
    const auto job = submit(new_job("j1"));
    finish(job.key, 0, 1, "r0");
    finish(job.key, 1, 2, "r1");
    auto repeat = new_job("j2");
    repeat.candidates = {{"fp", {"r0", "r1", "r2", "r3"}}};
    const auto again = submit(repeat);
    EXPECT_EQ(again.state, JobState::kQueued);
    EXPECT_FALSE(again.cached);
    EXPECT_EQ(again.tasks[1].state, TaskState::kDone);
    EXPECT_EQ(again.tasks[2].state, TaskState::kReady);
    EXPECT_EQ(again.tasks[3].state, TaskState::kBlocked);
    finish(again.key, 2, 3);
    EXPECT_EQ(load(again.key).tasks[3].state, TaskState::kReady);
    finish(again.key, 3, 4);
    EXPECT_EQ(load(again.key).state, JobState::kDone);
}

TEST_P(StoreConformance, TheCacheIsATenantsOwn) {
    const auto job = submit(new_job("j1"));
    finish(job.key, 0, 1, "r0");
    auto other = new_job("j2", "label");
    other.candidates = {{"fp", {"r0", "r1", "r2", "r3"}}};
    EXPECT_EQ(submit(other).tasks[0].state, TaskState::kReady);
}

TEST_P(StoreConformance, TheFirstResultOfARecipeStays) {
    const auto one = submit(new_job("j1"));
    const auto two = submit(new_job("j2"));
    ASSERT_EQ(grant(grant_of(one.key, 0, 1)), GrantState::kGranted);
    ASSERT_EQ(grant(grant_of(two.key, 0, 2)), GrantState::kGranted);
    ASSERT_EQ(complete(completion_of(one.key, 0, 1, {artifact("plan", 'a')}, "r0")),
              CompletionState::kAccepted);
    ASSERT_EQ(complete(completion_of(two.key, 0, 2, {artifact("plan", 'b')}, "r0")),
              CompletionState::kAccepted);
    auto third = new_job("j3");
    third.candidates = {{"fp", {"r0"}}};
    EXPECT_EQ(submit(third).tasks[0].outputs, std::vector{artifact("plan", 'a')});
}

TEST_P(StoreConformance, ACacheEntryWhoseBytesAreGoneDoesNotAnswer) {
    const auto one = submit(new_job("j1"));
    finish(one.key, 0, 1, "r0");
    auto repeat = new_job("j2");
    repeat.candidates = {{"fp", {"r0"}}};
    repeat.blob_present = [](const core::Artifact&) { return false; };
    EXPECT_EQ(submit(repeat).tasks[0].state, TaskState::kReady);
}

TEST_P(StoreConformance, AGrantOfAKnownRecipeIsAnsweredFromTheCache) {
    const auto one = submit(new_job("j1"));
    const auto two = submit(new_job("j2"));
    finish(one.key, 0, 1, "r0");
    auto item = grant_of(two.key, 0, 2);
    item.recipe = "r0";
    const auto verdict = (*store_->grant_batch({&item, 1}))[0];
    EXPECT_EQ(verdict.state, GrantState::kCached);
    EXPECT_EQ(verdict.outputs, std::vector{artifact("plan", 'a')});
    const auto now = load(two.key);
    EXPECT_EQ(now.tasks[0].state, TaskState::kDone);
    EXPECT_TRUE(now.tasks[0].cached);
    EXPECT_EQ(now.tasks[1].state, TaskState::kReady);
}

TEST_P(StoreConformance, AFailedAttemptOpensTheTaskAgainAndClosesItsEpoch) {
    const auto job = submit(new_job("j1"));
    ASSERT_EQ(grant(grant_of(job.key, 0, 5)), GrantState::kGranted);
    FailureItem item;
    item.job = job.key;
    item.failure = {5, "w", core::Fault::kWorker, {ErrorCode::kInternal, "f", "broke", "h"}};
    item.losses = 2;
    EXPECT_TRUE((*store_->fail_batch({&item, 1}))[0]);
    EXPECT_FALSE((*store_->fail_batch({&item, 1}))[0]);
    const auto now = load(job.key);
    EXPECT_EQ(now.tasks[0].state, TaskState::kReady);
    EXPECT_EQ(now.tasks[0].losses, 2u);
    ASSERT_EQ(now.tasks[0].failures.size(), 1u);
    EXPECT_EQ(now.tasks[0].failures[0].error.message, "broke");
    EXPECT_EQ(complete(completion_of(job.key, 0, 5, {artifact("plan", 'a')})), CompletionState::kStale);
    EXPECT_EQ(grant(grant_of(job.key, 0, 6)), GrantState::kGranted);
}

TEST_P(StoreConformance, GivingUpFailsTheJobAndRetryKeepsWhatIsDone) {
    const auto job = submit(new_job("j1"));
    finish(job.key, 0, 1);
    ASSERT_EQ(grant(grant_of(job.key, 1, 2)), GrantState::kGranted);
    ASSERT_EQ(grant(grant_of(job.key, 2, 3)), GrantState::kGranted);
    FailureItem item;
    item.job = job.key;
    item.index = 1;
    item.failure = {2, "w", core::Fault::kTask, {ErrorCode::kInternal, "", "broke", ""}};
    item.give_up = true;
    item.error = {ErrorCode::kInternal, "drums", "broke for good", "hint"};
    item.now_ms = 4000;
    ASSERT_TRUE((*store_->fail_batch({&item, 1}))[0]);
    auto now = load(job.key);
    EXPECT_EQ(now.state, JobState::kFailed);
    EXPECT_EQ(now.finished_ms, 4000u);
    ASSERT_TRUE(now.error.has_value());
    EXPECT_EQ(now.error->message, "broke for good");
    EXPECT_EQ(now.error->field, "drums");
    EXPECT_EQ(now.tasks[1].state, TaskState::kFailed);
    EXPECT_EQ(now.tasks[2].state, TaskState::kCancelled);
    EXPECT_EQ(complete(completion_of(job.key, 2, 3, {artifact("audio", 'c')})), CompletionState::kStale);

    const auto again = store_->retry_job("studio", "j1");
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->state, JobState::kQueued);
    EXPECT_FALSE(again->error.has_value());
    EXPECT_EQ(again->tasks[0].state, TaskState::kDone);
    EXPECT_EQ(again->tasks[1].state, TaskState::kReady);
    EXPECT_TRUE(again->tasks[1].failures.empty());
    EXPECT_EQ(again->tasks[3].state, TaskState::kBlocked);
    EXPECT_EQ(store_->retry_job("studio", "j1").error().code, ErrorCode::kInvalidArgument);
}

TEST_P(StoreConformance, CancelClosesTheJobAndItsAttempts) {
    const auto job = submit(new_job("j1"));
    ASSERT_EQ(grant(grant_of(job.key, 0, 5)), GrantState::kGranted);
    EXPECT_EQ(store_->cancel_job("studio", "j1", 9)->state, JobState::kCancelled);
    EXPECT_EQ(complete(completion_of(job.key, 0, 5, {artifact("plan", 'a')})), CompletionState::kStale);
    EXPECT_EQ(grant(grant_of(job.key, 0, 6)), GrantState::kStale);
    EXPECT_TRUE(store_->load_open_jobs()->empty());
    const auto again = store_->retry_job("studio", "j1");
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->tasks[0].state, TaskState::kReady);
}

TEST_P(StoreConformance, CancellingADoneJobChangesNothing) {
    const auto job = submit(new_job("j1"));
    for (std::uint32_t i = 0; i < 4; ++i)
        finish(job.key, i, i + 1);
    EXPECT_EQ(store_->cancel_job("studio", "j1", 9)->state, JobState::kDone);
}

TEST_P(StoreConformance, JobsAreListedNewestFirst) {
    for (int i = 0; i < 5; ++i)
        submit(new_job("j" + std::to_string(i)));
    ASSERT_TRUE(store_->cancel_job("studio", "j1", 1).ok());
    const auto newest = *store_->list_jobs("studio", 2, {});
    ASSERT_EQ(newest.size(), 2u);
    EXPECT_EQ(newest[0].job_id, "j4");
    EXPECT_EQ(newest[1].job_id, "j3");
    const auto cancelled = *store_->list_jobs("studio", 10, JobState::kCancelled);
    ASSERT_EQ(cancelled.size(), 1u);
    EXPECT_EQ(cancelled[0].job_id, "j1");
}

TEST_P(StoreConformance, TheFateOfAnOldAttemptIsKnown) {
    const auto job = submit(new_job("j1"));
    ASSERT_EQ(grant(grant_of(job.key, 0, 5)), GrantState::kGranted);
    EXPECT_EQ(fate("j1.0", 5, "w"), FateState::kOpen);
    EXPECT_EQ(store_->attempt_fate("j1.0", 5, "w")->job, job.key);
    EXPECT_EQ(fate("j1.0", 5, "thief"), FateState::kOver);
    ASSERT_EQ(complete(completion_of(job.key, 0, 5, {artifact("plan", 'a')})), CompletionState::kAccepted);
    EXPECT_EQ(fate("j1.0", 5, "w"), FateState::kAccepted);
    EXPECT_EQ(fate("j1.0", 5, "thief"), FateState::kOver);
    EXPECT_EQ(fate("j1.1", 5, "w"), FateState::kOver);
    EXPECT_EQ(fate("j1.0", 0, ""), FateState::kOver);
}

TEST_P(StoreConformance, BlobsBelongToTheTenantsThatReferToThem) {
    const auto job = submit(new_job("j1"));
    finish(job.key, 0, 1);
    const std::string blob(64, 'a');
    EXPECT_EQ(**store_->find_blob("studio", blob), 10u);
    EXPECT_FALSE(store_->find_blob("label", blob)->has_value());
    ASSERT_TRUE(store_->add_blob("label", blob, 10).ok());
    ASSERT_TRUE(store_->add_blob("label", blob, 10).ok());
    EXPECT_TRUE(store_->find_blob("label", blob)->has_value());
}

TEST_P(StoreConformance, IdentitiesAreKeptAndChanged) {
    const StoredIdentity who{"key", "producer", "Ada", "studio", false, 5};
    ASSERT_TRUE(store_->put_identity(who).ok());
    reopen();
    auto found = *store_->find_identity("key");
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->name, "Ada");
    EXPECT_FALSE(found->revoked);
    auto changed = who;
    changed.role = "viewer";
    changed.revoked = true;
    ASSERT_TRUE(store_->put_identity(changed).ok());
    found = *store_->find_identity("key");
    EXPECT_EQ(found->role, "viewer");
    EXPECT_TRUE(found->revoked);
    EXPECT_EQ(found->created_ms, 5u);
    EXPECT_FALSE(store_->find_identity("nobody")->has_value());
    EXPECT_FALSE(store_->put_identity({"k2", "emperor", "", "", false, 0}).ok());
}

TEST_P(StoreConformance, MetaIsKept) {
    EXPECT_FALSE(store_->meta("last_fingerprint")->has_value());
    ASSERT_TRUE(store_->set_meta("last_fingerprint", "a").ok());
    ASSERT_TRUE(store_->set_meta("last_fingerprint", "b").ok());
    reopen();
    EXPECT_EQ(**store_->meta("last_fingerprint"), "b");
}

TEST_P(StoreConformance, TextIsKeptAsItIs) {
    auto job = new_job("j1");
    static constexpr char kText[] = "'; DROP TABLE jobs; -- \"\0 \xf0\x9f\x8e\xb9"; // with a zero byte inside
    job.job.prompt = std::string(kText, sizeof kText - 1);
    submit(job);
    EXPECT_EQ((*store_->find_job("studio", "j1"))->prompt, job.job.prompt);
}

// --- the leader row

constexpr core::Millis kLong{3'600'000};
constexpr core::Millis kShort{1};

TEST_P(StoreConformance, NobodyLeadsANewDatabase) {
    EXPECT_EQ(store_->leader()->term, 0u);
    EXPECT_EQ(store_->leader()->holder, "");
    EXPECT_EQ(store_->leader()->left_ms, 0u);
}

TEST_P(StoreConformance, OneLeadsAndAnotherIsToldWho) {
    const auto mine = *store_->acquire_leadership("here", kLong);
    ASSERT_TRUE(mine.acquired);
    EXPECT_EQ(mine.leader.term, 1u);
    EXPECT_GT(mine.leader.left_ms, 3'000'000u);
    auto other = open_another();
    const auto theirs = *other->acquire_leadership("there", kLong);
    EXPECT_FALSE(theirs.acquired);
    EXPECT_EQ(theirs.leader.holder, "here");
    EXPECT_EQ(theirs.leader.term, 1u);
}

TEST_P(StoreConformance, TheSameHolderStartsANewTermAtOnce) {
    EXPECT_EQ(store_->acquire_leadership("here", kLong)->leader.term, 1u);
    reopen();
    const auto again = *store_->acquire_leadership("here", kLong);
    EXPECT_TRUE(again.acquired);
    EXPECT_EQ(again.leader.term, 2u);
}

TEST_P(StoreConformance, ALeaderWhoseTimeIsOverIsReplacedAndItsWritesAreRefused) {
    const auto job = submit(new_job("j1"));
    ASSERT_TRUE(store_->acquire_leadership("here", kShort)->acquired);
    ASSERT_EQ(grant(grant_of(job.key, 0, 5)), GrantState::kGranted) << "over, but nobody else leads yet";
    auto other = open_another();
    while (!other->acquire_leadership("there", kLong)->acquired) { // until the millisecond is over
    }
    EXPECT_EQ(other->leader()->term, 2u);
    EXPECT_FALSE(*store_->renew_leadership(1, kLong));

    const auto refused = [](const Error& error) {
        return error.code == ErrorCode::kUnavailable && error.field == "leader";
    };
    const auto item = completion_of(job.key, 0, 5, {artifact("plan", 'a')});
    const auto failure = FailureItem{job.key, 0, {5, "w", core::Fault::kTask, {}}, 0, false, {}, 0};
    const auto again = grant_of(job.key, 0, 6);
    EXPECT_TRUE(refused(store_->complete_batch({&item, 1}).error()));
    EXPECT_TRUE(refused(store_->grant_batch({&again, 1}).error()));
    EXPECT_TRUE(refused(store_->fail_batch({&failure, 1}).error()));
    EXPECT_TRUE(refused(store_->submit_job(new_job("j2")).error()));
    EXPECT_TRUE(refused(store_->cancel_job("studio", "j1", 1).error()));
    EXPECT_TRUE(refused(store_->retry_job("studio", "j1").error()));
    EXPECT_TRUE(refused(store_->add_blob("studio", std::string(64, 'a'), 1).error()));
    EXPECT_TRUE(refused(store_->set_meta("a", "b").error()));
    EXPECT_TRUE(load(job.key).tasks[0].state == TaskState::kLeased) << "it may still read";

    EXPECT_EQ((*other->complete_batch({&item, 1}))[0].state, CompletionState::kAccepted);
    EXPECT_FALSE(other->find_job("studio", "j2")->has_value());
}

TEST_P(StoreConformance, ABatchOfAnOldTermIsRefusedAsAWhole) {
    const auto job = submit(new_job("j1"));
    ASSERT_TRUE(store_->acquire_leadership("here", kShort)->acquired);
    ASSERT_EQ(grant(grant_of(job.key, 0, 5)), GrantState::kGranted);
    auto other = open_another();
    while (!other->acquire_leadership("there", kLong)->acquired) {
    }
    ASSERT_TRUE(store_->begin().ok());
    EXPECT_FALSE(store_->submit_job(new_job("j2")).ok());
    EXPECT_FALSE(store_->set_meta("a", "b").ok());
    store_->rollback();
    EXPECT_FALSE(other->meta("a")->has_value());
    EXPECT_EQ(other->load_open_jobs()->size(), 1u);
}

TEST_P(StoreConformance, RenewingKeepsTheTerm) {
    ASSERT_TRUE(store_->acquire_leadership("here", kShort)->acquired);
    auto keeper = open_another();
    EXPECT_TRUE(*keeper->renew_leadership(1, kLong)) << "any connection renews";
    EXPECT_FALSE(keeper->acquire_leadership("there", kLong)->acquired);
    EXPECT_GT(store_->leader()->left_ms, 3'000'000u);
    EXPECT_TRUE(store_->set_meta("a", "b").ok());
}

TEST_P(StoreConformance, WhoResignsIsReplacedAtOnce) {
    ASSERT_TRUE(store_->acquire_leadership("here", kLong)->acquired);
    ASSERT_TRUE(store_->resign_leadership(1).ok());
    auto other = open_another();
    const auto next = *other->acquire_leadership("there", kLong);
    EXPECT_TRUE(next.acquired);
    EXPECT_EQ(next.leader.term, 2u);
    ASSERT_TRUE(store_->resign_leadership(1).ok());
    EXPECT_EQ(other->leader()->holder, "there") << "a term that is over resigns nothing";
}

TEST_P(StoreConformance, PeopleEnrolBesideALeader) {
    ASSERT_TRUE(store_->acquire_leadership("here", kLong)->acquired);
    auto other = open_another();
    EXPECT_TRUE(other->put_identity({"key", "viewer", "Bob", "studio", false, 1}).ok());
    EXPECT_TRUE(store_->find_identity("key")->has_value());
}

// --- whole batches mean what their items one by one would

TEST_P(StoreConformance, ATaskMayComeTwiceInABatch) {
    const auto job = submit(new_job("j1"));
    const std::vector grants{grant_of(job.key, 0, 5), grant_of(job.key, 0, 4),
                             grant_of(job.key, 0, 6, "second")};
    const auto granted = *store_->grant_batch(grants);
    EXPECT_EQ(granted[0].state, GrantState::kGranted);
    EXPECT_EQ(granted[1].state, GrantState::kStale);
    EXPECT_EQ(granted[2].state, GrantState::kGranted);
    EXPECT_EQ(load(job.key).tasks[0].attempts, 2u);
    const std::vector results{completion_of(job.key, 0, 5, {artifact("plan", 'a')}),
                              completion_of(job.key, 0, 6, {artifact("plan", 'b')}, "", "second")};
    const auto done = *store_->complete_batch(results);
    EXPECT_EQ(done[0].state, CompletionState::kStale);
    EXPECT_EQ(done[1].state, CompletionState::kAccepted);
    EXPECT_EQ(load(job.key).tasks[0].outputs, std::vector{artifact("plan", 'b')});
}

TEST_P(StoreConformance, ABatchOfManyJobsEndsThemAll) {
    constexpr int kJobs = 40;
    std::vector<core::JobKey> keys;
    for (int i = 0; i < kJobs; ++i)
        keys.push_back(submit(new_job("j" + std::to_string(i))).key);
    std::uint64_t epoch = 0;
    for (const std::vector<std::uint32_t>& wave :
         std::vector<std::vector<std::uint32_t>>{{0}, {1, 2}, {3}}) { // compose; both stems; finish
        std::vector<GrantItem> grants;
        std::vector<CompletionItem> results;
        for (core::JobKey key : keys)
            for (std::uint32_t index : wave) {
                grants.push_back(grant_of(key, index, ++epoch));
                results.push_back(
                    completion_of(key, index, epoch, {artifact("audio", 'a'), artifact("midi", 'b')},
                                  "recipe-" + std::to_string(key) + "-" + std::to_string(index)));
            }
        const auto granted = store_->grant_batch(grants);
        for (const auto& verdict : *granted)
            ASSERT_EQ(verdict.state, GrantState::kGranted);
        const auto accepted = store_->complete_batch(results);
        for (const auto& verdict : *accepted)
            ASSERT_EQ(verdict.state, CompletionState::kAccepted);
        const auto repeated = store_->complete_batch(results);
        for (const auto& verdict : *repeated)
            ASSERT_EQ(verdict.state, CompletionState::kRepeated);
    }
    EXPECT_TRUE(store_->load_open_jobs()->empty());
    for (core::JobKey key : keys)
        EXPECT_EQ(load(key).state, JobState::kDone);
}

TEST_P(StoreConformance, TheFirstResultOfARecipeInABatchStays) {
    const auto one = submit(new_job("j1"));
    const auto two = submit(new_job("j2"));
    const std::vector grants{grant_of(one.key, 0, 1), grant_of(two.key, 0, 2)};
    ASSERT_TRUE(store_->grant_batch(grants).ok());
    const std::vector results{
        completion_of(one.key, 0, 1, {artifact("plan", 'a')}, "r0"),
        completion_of(two.key, 0, 2, {artifact("plan", 'b'), artifact("more", 'c')}, "r0")};
    ASSERT_TRUE(store_->complete_batch(results).ok());
    auto third = new_job("j3");
    third.candidates = {{"fp", {"r0"}}};
    EXPECT_EQ(submit(third).tasks[0].outputs, std::vector{artifact("plan", 'a')});
    EXPECT_EQ(load(two.key).tasks[0].outputs, (std::vector{artifact("more", 'c'), artifact("plan", 'b')}));
}

TEST_P(StoreConformance, AWorkersTextMayBeAnyBytes) {
    const std::string odd("fp\0\xff\xc3 \\ \"{,}'\xed\xa0\x80", 17);
    const auto job = submit(new_job("j1"));
    auto item = grant_of(job.key, 0, 1);
    item.worker = item.incarnation = odd;
    ASSERT_EQ(grant(item), GrantState::kGranted);
    EXPECT_EQ(load(job.key).tasks[0].worker, odd);
    auto result = completion_of(job.key, 0, 1, {artifact("plan", 'a')}, "", odd);
    result.fingerprint = odd;
    EXPECT_EQ(complete(result), CompletionState::kAccepted);
    EXPECT_EQ(load(job.key).tasks[0].fingerprint, odd);
    EXPECT_EQ(fate("j1.0", 1, odd), FateState::kAccepted);
}

TEST_P(StoreConformance, ABlobThatAJobNeedsMustBeTheTenants) {
    auto job = new_job("j1");
    job.required = {artifact("media", 'a'), artifact("media", 'b')};
    ASSERT_TRUE(store_->add_blob("studio", std::string(64, 'a'), 10).ok());
    ASSERT_TRUE(store_->add_blob("label", std::string(64, 'b'), 10).ok());
    const auto refused = store_->submit_job(job);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kNotFound);
    EXPECT_EQ(refused.error().field, "media");
    EXPECT_THAT(refused.error().message, ::testing::HasSubstr(std::string(64, 'b')));
    ASSERT_TRUE(store_->add_blob("studio", std::string(64, 'b'), 11).ok());
    EXPECT_FALSE(store_->submit_job(job).ok()) << "another size is another blob";
    job.required[1].size = 11;
    EXPECT_TRUE(store_->submit_job(job).ok());
}

// --- history

TEST_P(StoreConformance, ArchivedJobsAnswerAsBefore) {
    const auto done = submit(new_job("done"));
    for (std::uint32_t i = 0; i < 4; ++i)
        finish(done.key, i, i + 1, "r" + std::to_string(i));
    const auto cancelled = submit(new_job("cancelled"));
    finish(cancelled.key, 0, 10);
    ASSERT_TRUE(store_->cancel_job("studio", "cancelled", 3000).ok());
    const auto running = submit(new_job("running"));
    finish(running.key, 0, 20);
    const auto lately = submit(new_job("lately"));
    ASSERT_TRUE(store_->cancel_job("studio", "lately", 9000).ok());
    const auto before = load(done.key);

    while (*store_->archive_jobs(5000, 1) > 0) {
    }
    reopen();
    EXPECT_EQ(load(done.key).tasks[3].outputs, before.tasks[3].outputs);
    EXPECT_EQ(load(done.key).state, JobState::kDone);
    EXPECT_EQ(load(running.key).tasks[1].state, TaskState::kReady);
    EXPECT_EQ(load(lately.key).state, JobState::kCancelled);
    EXPECT_EQ(store_->load_open_jobs()->size(), 1u);
    EXPECT_EQ(store_->list_jobs("studio", 10, {})->size(), 4u);
    EXPECT_EQ(fate("done.2", 3, "w"), FateState::kAccepted);
    EXPECT_EQ(complete(completion_of(done.key, 2, 3, {artifact("audio", 'z')})), CompletionState::kRepeated);
    EXPECT_EQ(grant(grant_of(done.key, 2, 99)), GrantState::kStale);
    EXPECT_TRUE(submit(new_job("done")).key == done.key) << "its id is still taken";

    const auto again = store_->retry_job("studio", "cancelled");
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->tasks[0].state, TaskState::kDone);
    finish(cancelled.key, 1, 30);
    finish(cancelled.key, 2, 31);
    finish(cancelled.key, 3, 32);
    EXPECT_EQ(load(cancelled.key).state, JobState::kDone);
}

} // namespace
} // namespace loopmind::store
