// Each rule of the farm, by hand.
#include "tests/coordinator/core/farm_fixture.h"

namespace loopmind::core {
namespace {

TEST_F(FarmTest, AJobRunsThroughItsGraph) {
    hello("w", 1, 4);
    farm_.add_job(generate_job(1), now_);
    step();
    ASSERT_EQ(grants_.size(), 1u);
    EXPECT_EQ(grants_[0].epoch, (std::uint64_t{7} << 32) | 1);
    EXPECT_EQ(farm_.find_job(1)->record.state, JobState::kRunning);
    ASSERT_TRUE(complete(1, grants_[0]));
    ASSERT_EQ(grants_.size(), 3u);
    ASSERT_TRUE(complete(1, grants_[1]));
    EXPECT_EQ(grants_.size(), 3u);
    ASSERT_TRUE(complete(1, grants_[2]));
    ASSERT_EQ(grants_.size(), 4u);
    EXPECT_EQ(task(1, 3).record.kind, TaskKind::kFinish);
    ASSERT_TRUE(complete(1, grants_[3]));
    EXPECT_EQ(farm_.find_job(1)->record.state, JobState::kDone);
    EXPECT_DOUBLE_EQ(farm_.job_progress(*farm_.find_job(1)), 1);
}

TEST_F(FarmTest, NothingIsPushedBeforeTheGrantIsDurable) {
    hello("w", 1);
    farm_.add_job(generate_job(1), now_);
    farm_.take_actions(now_);
    EXPECT_FALSE(task(1, 0).lease->pushed);
    now_ += Millis(60'000);
    farm_.heartbeat(1, {}, now_);
    farm_.tick(now_);
    EXPECT_TRUE(task(1, 0).lease.has_value()) << "a grant on its way into the store must not expire";
}

TEST_F(FarmTest, ARefusedGrantIsTriedAgainWithANewEpoch) {
    hello("w", 1);
    farm_.add_job(generate_job(1), now_);
    auto actions = farm_.take_actions(now_);
    const auto grant = *std::find_if(actions.begin(), actions.end(),
                                     [](const Action& a) { return std::holds_alternative<GrantAction>(a); });
    farm_.refuse_grant(std::get<GrantAction>(grant).task, std::get<GrantAction>(grant).epoch, false, now_);
    step();
    ASSERT_EQ(grants_.size(), 1u);
    EXPECT_GT(grants_[0].epoch, std::get<GrantAction>(grant).epoch);
}

TEST_F(FarmTest, AFullWorkerGetsNoMoreThanItsSlots) {
    hello("w", 1, 2);
    for (JobKey key = 1; key <= 5; ++key)
        farm_.add_job(generate_job(key), now_);
    step();
    EXPECT_EQ(grants_.size(), 2u);
    EXPECT_EQ(grants_[0].task.job, 1u);
    EXPECT_EQ(grants_[1].task.job, 2u);
    EXPECT_EQ(farm_.task_note(*farm_.find_job(3), task(3, 0), now_), "all 2 slots are busy");
}

TEST_F(FarmTest, APreviewGoesBesideFullSlotsAndBeforeWaitingRenders) {
    hello("w", 1, 1);
    farm_.add_job(generate_job(1), now_);
    farm_.add_job(generate_job(2), now_);
    step();
    ASSERT_EQ(grants_.size(), 1u);
    farm_.add_job(preview_job(1), now_);
    step();
    ASSERT_EQ(grants_.size(), 2u);
    EXPECT_FALSE(grants_[1].stored);
    EXPECT_EQ(grants_[1].task.job, kPreviewKeyBit | 1);
}

TEST_F(FarmTest, ANewerPreviewOfTheSameControlEndsTheOlder) {
    hello("w", 1, 4);
    farm_.add_job(preview_job(1, "mood"), now_);
    farm_.add_job(preview_job(2, "energy"), now_);
    step();
    farm_.add_job(preview_job(3, "mood"), now_);
    step();
    EXPECT_EQ(farm_.find_job(kPreviewKeyBit | 1)->record.state, JobState::kSuperseded);
    EXPECT_FALSE(is_terminal(farm_.find_job(kPreviewKeyBit | 2)->record.state));
    ASSERT_EQ(cancels_.size(), 1u);
    EXPECT_EQ(cancels_[0].attempt.epoch, grants_[0].epoch);
}

TEST_F(FarmTest, PreviewsOfAnotherPersonAreLeftAlone) {
    farm_.add_job(preview_job(1, "mood"), now_);
    auto other = preview_job(2, "mood");
    other.owner = "you";
    farm_.add_job(other, now_);
    EXPECT_FALSE(is_terminal(farm_.find_job(kPreviewKeyBit | 1)->record.state));
}

TEST_F(FarmTest, HeartbeatsKeepALeaseForEver) {
    hello("w", 1);
    farm_.add_job(generate_job(1), now_);
    step();
    pass(Millis(300'000), {{1, {name(grants_[0])}}});
    EXPECT_EQ(grants_.size(), 1u);
    EXPECT_EQ(task(1, 0).record.state, TaskState::kLeased);
    EXPECT_DOUBLE_EQ(task(1, 0).progress, 0.5);
}

TEST_F(FarmTest, AWorkerThatIsHeardGetsWorkButOnlyHeartbeatsKeepLeases) {
    hello("a", 1, 2);
    farm_.add_job(generate_job(1), now_);
    step();
    for (int i = 0; i < 8; ++i) {
        now_ += Millis(1'000);
        EXPECT_TRUE(farm_.heard(1, now_));
        farm_.tick(now_);
    }
    farm_.add_job(generate_job(2), now_);
    step();
    EXPECT_EQ(grants_.size(), 2u);
    now_ += Millis(2'000);
    farm_.tick(now_);
    EXPECT_FALSE(task(1, 0).lease.has_value());
    EXPECT_FALSE(farm_.heard(77, now_));
}

TEST_F(FarmTest, ASilentWorkersTaskGoesToAnotherAfterTheLeaseAndNotBefore) {
    hello("a", 1);
    farm_.add_job(generate_job(1), now_);
    step();
    hello("b", 2);
    pass(Millis(9'999), {{2, {}}});
    EXPECT_EQ(grants_.size(), 1u);
    pass(Millis(1), {{2, {}}});
    ASSERT_EQ(grants_.size(), 2u);
    EXPECT_EQ(grants_[1].worker, "b");
    EXPECT_GT(grants_[1].epoch, grants_[0].epoch);
    EXPECT_EQ(farm_.begin_completion(1, name(grants_[0]), now_), AttemptVerdict::kUnknown) << "fenced";
    EXPECT_TRUE(complete(2, grants_[1]));
}

TEST_F(FarmTest, ALateResultCountsWhileNobodyElseHasTheTask) {
    hello("a", 1);
    farm_.add_job(generate_job(1), now_);
    step();
    pass(Millis(11'000), {});
    ASSERT_FALSE(task(1, 0).lease.has_value());
    EXPECT_TRUE(complete(1, grants_[0]));
    EXPECT_EQ(task(1, 0).record.state, TaskState::kDone);
    farm_.heartbeat(1, {}, now_);
    step();
    ASSERT_EQ(grants_.size(), 2u);
    EXPECT_EQ(grants_[1].task.index, 1u) << "a render follows; compose is not granted again";
}

TEST_F(FarmTest, AWorkerThatWakesUpKeepsATaskThatNobodyElseHas) {
    hello("a", 1);
    farm_.add_job(generate_job(1), now_);
    step();
    pass(Millis(11'000), {});
    ASSERT_EQ(task(1, 0).record.state, TaskState::kReady);
    const auto answer = farm_.heartbeat(1, {{name(grants_[0]), 0.7, 0, ""}}, now_);
    EXPECT_EQ(answer.renewed.size(), 1u);
    EXPECT_EQ(task(1, 0).record.state, TaskState::kLeased);
    step();
    EXPECT_EQ(grants_.size(), 1u);
}

TEST_F(FarmTest, AnotherWorkersEpochIsNobodyElses) {
    hello("a", 1);
    farm_.add_job(generate_job(1), now_);
    step();
    hello("b", 2);
    EXPECT_EQ(farm_.begin_completion(2, name(grants_[0]), now_), AttemptVerdict::kStale);
    EXPECT_EQ(farm_.report_failure(2, name(grants_[0]), Fault::kTask, {}, now_), AttemptVerdict::kStale);
    EXPECT_EQ(farm_.heartbeat(2, {{name(grants_[0]), 0.9, 0, ""}}, now_).cancelled.size(), 1u);
    EXPECT_DOUBLE_EQ(task(1, 0).progress, 0);
}

TEST_F(FarmTest, AWrongTaskNameWithACurrentEpochIsRefused) {
    hello("a", 1);
    farm_.add_job(generate_job(1), now_);
    step();
    EXPECT_EQ(farm_.begin_completion(1, {"other.0", grants_[0].epoch}, now_), AttemptVerdict::kUnknown);
}

TEST_F(FarmTest, ANewProcessOfTheWorkerFreesWhatTheOldOneHadAtOnce) {
    hello("a", 1, 2);
    farm_.add_job(generate_job(1), now_);
    farm_.add_job(generate_job(2), now_);
    step();
    ASSERT_EQ(grants_.size(), 2u);
    hello("a", 2, 2, "2", {}, {name(grants_[0])});
    step();
    ASSERT_EQ(grants_.size(), 3u) << "only the task that is not in the outbox is granted again";
    EXPECT_EQ(grants_[2].task.job, 2u);
    EXPECT_TRUE(complete(2, grants_[0])) << "the result in the outbox still counts";
}

TEST_F(FarmTest, TheSameProcessOnANewConnectionKeepsItsTasks) {
    hello("a", 1);
    farm_.add_job(generate_job(1), now_);
    step();
    farm_.unreachable(1);
    now_ += Millis(3'000);
    hello("a", 2, 1, "1", {name(grants_[0])});
    EXPECT_TRUE(stop_.empty());
    step();
    EXPECT_EQ(grants_.size(), 1u);
    EXPECT_TRUE(complete(2, grants_[0]));
}

TEST_F(FarmTest, APushLostWithItsConnectionIsGrantedAgainAtOnce) {
    hello("a", 1);
    farm_.add_job(generate_job(1), now_);
    step();
    hello("a", 2); // the same process does not have it
    step();
    ASSERT_EQ(grants_.size(), 2u);
    EXPECT_EQ(task(1, 0).record.losses, 0u);
    EXPECT_FALSE(complete(2, grants_[0]));
    EXPECT_TRUE(complete(2, grants_[1]));
}

TEST_F(FarmTest, ASecondHelloOnTheSameConnectionFreesNothing) {
    hello("a", 1);
    farm_.add_job(generate_job(1), now_);
    step();
    hello("a", 1); // the push may still be on its way
    step();
    EXPECT_EQ(grants_.size(), 1u);
    EXPECT_TRUE(complete(1, grants_[0]));
}

TEST_F(FarmTest, HelloNamesWhatMustStop) {
    hello("a", 1, 1, "1", {{"gone.0", 12}});
    ASSERT_EQ(stop_.size(), 1u);
    EXPECT_EQ(stop_[0].epoch, 12u);
}

TEST_F(FarmTest, GoodbyeFreesAtOnce) {
    hello("a", 1);
    hello("b", 2, 1);
    farm_.add_job(generate_job(1), now_);
    step();
    const std::uint64_t first = grants_[0].worker == "a" ? 1 : 2;
    farm_.goodbye(first, now_);
    step();
    ASSERT_EQ(grants_.size(), 2u);
    EXPECT_NE(grants_[1].worker, grants_[0].worker);
    EXPECT_EQ(task(1, 0).record.losses, 0u);
}

TEST_F(FarmTest, AfterARestartALeasedTaskWaitsAFullLease) {
    JobRecord job = generate_job(1);
    job.tasks[0].state = TaskState::kLeased;
    job.tasks[0].epoch = (std::uint64_t{6} << 32) | 9;
    job.tasks[0].worker = "a";
    job.tasks[0].incarnation = "1";
    job.state = JobState::kRunning;
    farm_.add_job(job, now_);
    hello("b", 2);
    pass(Millis(9'999), {{2, {}}});
    EXPECT_TRUE(grants_.empty());
    EXPECT_THAT(farm_.job_note(*farm_.find_job(1), now_),
                ::testing::HasSubstr("waits for its worker to come back"));
    pass(Millis(1), {{2, {}}});
    EXPECT_EQ(grants_.size(), 1u);
}

TEST_F(FarmTest, AfterARestartTheWorkerProvesWhatItHas) {
    JobRecord job = generate_job(1, {"drums"});
    const std::uint64_t epoch = (std::uint64_t{6} << 32) | 9;
    job.tasks[0].state = TaskState::kLeased;
    job.tasks[0].epoch = epoch;
    job.tasks[0].worker = "a";
    job.tasks[0].incarnation = "1";
    const std::string id = task_id(job.job_id, 0);
    farm_.add_job(job, now_);
    hello("a", 1, 1, "1", {{id, epoch}});
    EXPECT_TRUE(stop_.empty());
    pass(Millis(30'000), {{1, {{id, epoch}}}});
    EXPECT_TRUE(grants_.empty());
    EXPECT_EQ(farm_.begin_completion(1, {id, epoch}, now_), AttemptVerdict::kCurrent);
}

TEST_F(FarmTest, WorkerFaultExcludesTheWorkerAndThreeWorkersFailTheTask) {
    hello("a", 1);
    hello("b", 2);
    hello("c", 3);
    hello("d", 4);
    farm_.add_job(generate_job(1), now_);
    step();
    const Error error{ErrorCode::kInternal, "", "out of tune", ""};
    std::set<std::string> used;
    for (int round = 0; round < 3; ++round) {
        const GrantAction grant = grants_.back();
        EXPECT_TRUE(used.insert(grant.worker).second) << grant.worker << " was excluded";
        const auto connection = static_cast<std::uint64_t>(grant.worker[0] - 'a' + 1);
        EXPECT_EQ(farm_.report_failure(connection, name(grant), Fault::kWorker, error, now_),
                  AttemptVerdict::kCurrent);
        step();
        pass(Millis(2'000), {{1, {}}, {2, {}}, {3, {}}, {4, {}}});
    }
    EXPECT_EQ(farm_.find_job(1)->record.state, JobState::kFailed);
    EXPECT_EQ(farm_.find_job(1)->record.error->message,
              "failed 3 times on 3 different workers, last: out of tune");
    EXPECT_EQ(task(1, 0).record.state, TaskState::kFailed);
    EXPECT_EQ(task(1, 1).record.state, TaskState::kCancelled);
    EXPECT_EQ(grants_.size(), 3u);
}

TEST_F(FarmTest, TheOnlyWorkerIsTriedThreeTimes) {
    hello("a", 1);
    farm_.add_job(generate_job(1), now_);
    step();
    for (int round = 0; round < 3; ++round) {
        farm_.report_failure(1, name(grants_.back()), Fault::kWorker, {ErrorCode::kInternal, "", "x", ""},
                             now_);
        step();
        pass(Millis(2'000), {{1, {}}});
    }
    EXPECT_EQ(grants_.size(), 3u);
    EXPECT_EQ(farm_.find_job(1)->record.state, JobState::kFailed);
}

TEST_F(FarmTest, AShortageNeverConsumesARetry) {
    hello("a", 1);
    farm_.add_job(generate_job(1), now_);
    step();
    for (int round = 0; round < 20; ++round) {
        farm_.report_failure(1, name(grants_.back()), Fault::kShortage,
                             {ErrorCode::kResourceExhausted, "", "no memory", ""}, now_);
        step();
        EXPECT_THAT(farm_.task_note(*farm_.find_job(1), task(1, 0), now_), ::testing::HasSubstr("no memory"));
        now_ += Millis(16'000);
        farm_.heartbeat(1, {}, now_);
        farm_.tick(now_);
        step();
    }
    EXPECT_EQ(grants_.size(), 21u);
    EXPECT_TRUE(failures_.empty());
    EXPECT_FALSE(is_terminal(farm_.find_job(1)->record.state));
}

TEST_F(FarmTest, ATaskThatKeepsKillingItsWorkerFailsInWords) {
    farm_.add_job(generate_job(1), now_);
    for (std::uint64_t life = 1; life <= 9; ++life) {
        hello("a", life, 1, std::to_string(life));
        step();
    }
    EXPECT_EQ(farm_.find_job(1)->record.state, JobState::kFailed);
    EXPECT_THAT(farm_.find_job(1)->record.error->message, ::testing::HasSubstr("8 times"));
}

TEST_F(FarmTest, CancelStopsWhatRuns) {
    hello("a", 1);
    farm_.add_job(generate_job(1), now_);
    step();
    farm_.commit_cancel(1, JobState::kCancelled, now_);
    step();
    ASSERT_EQ(cancels_.size(), 1u);
    EXPECT_EQ(cancels_[0].connection, 1u);
    EXPECT_EQ(farm_.begin_completion(1, name(grants_[0]), now_), AttemptVerdict::kUnknown);
    EXPECT_EQ(farm_.heartbeat(1, {{name(grants_[0]), 0.9, 0, ""}}, now_).cancelled.size(), 1u);
    farm_.add_job(generate_job(2), now_);
    step();
    EXPECT_EQ(grants_.size(), 2u) << "the slot is free again";
}

TEST_F(FarmTest, AResultBeingStoredCannotExpire) {
    hello("a", 1);
    hello("b", 2);
    farm_.add_job(generate_job(1), now_);
    step();
    const std::uint64_t owner = grants_[0].worker == "a" ? 1 : 2;
    ASSERT_EQ(farm_.begin_completion(owner, name(grants_[0]), now_), AttemptVerdict::kCurrent);
    EXPECT_EQ(farm_.begin_completion(owner, name(grants_[0]), now_), AttemptVerdict::kBusy);
    pass(Millis(60'000), {{1, {}}, {2, {}}});
    EXPECT_EQ(grants_.size(), 1u);
    farm_.reopen(grants_[0].task, grants_[0].epoch, now_);
    pass(Millis(9'999), {{1, {}}, {2, {}}});
    EXPECT_EQ(grants_.size(), 1u);
    pass(Millis(1), {{1, {}}, {2, {}}});
    EXPECT_EQ(grants_.size(), 2u);
}

TEST_F(FarmTest, StandingStillExpiresNothing) {
    hello("a", 1);
    farm_.add_job(generate_job(1), now_);
    step();
    farm_.tick(now_);
    now_ += Millis(100'000); // the process was stopped; heartbeats wait in the socket
    farm_.tick(now_);
    EXPECT_TRUE(task(1, 0).lease.has_value());
}

TEST_F(FarmTest, WhilePausedNothingIsGrantedAndPeopleAreTold) {
    hello("a", 1);
    farm_.pause("the disk is full", now_);
    farm_.add_job(generate_job(1), now_);
    step();
    EXPECT_TRUE(grants_.empty());
    EXPECT_EQ(farm_.job_note(*farm_.find_job(1), now_), "the disk is full");
    farm_.pause(std::nullopt, now_);
    step();
    EXPECT_EQ(grants_.size(), 1u);
}

TEST_F(FarmTest, WithoutWorkersPeopleAreTold) {
    farm_.add_job(generate_job(1), now_);
    EXPECT_EQ(farm_.job_note(*farm_.find_job(1), now_), "no worker is connected");
    EXPECT_EQ(farm_.task_note(*farm_.find_job(1), task(1, 3), now_), "waits for 3 other tasks");
}

TEST_F(FarmTest, CacheableOnlyWhenAllInputsCameFromTheSameFingerprint) {
    hello("a", 1);
    farm_.add_job(generate_job(1, {"drums"}), now_);
    step();
    EXPECT_TRUE(grants_[0].cacheable);
    ASSERT_EQ(farm_.begin_completion(1, name(grants_[0]), now_), AttemptVerdict::kCurrent);
    farm_.commit_completion(grants_[0].task, grants_[0].epoch, {{"plan", "x", 1}}, "another", false, now_);
    step();
    ASSERT_EQ(grants_.size(), 2u);
    EXPECT_FALSE(grants_[1].cacheable);
}

TEST_F(FarmTest, AnAnswerFromTheCacheUnblocksWhatFollows) {
    hello("a", 1);
    farm_.add_job(generate_job(1, {"drums"}), now_);
    step();
    farm_.commit_completion(grants_[0].task, grants_[0].epoch, {{"plan", "x", 1}}, "fp", true, now_);
    step();
    EXPECT_TRUE(task(1, 0).record.cached);
    ASSERT_EQ(grants_.size(), 2u);
    EXPECT_EQ(grants_[1].task.index, 1u);
}

TEST_F(FarmTest, EqualWorkIsNotGrantedTwiceAtOnce) {
    hello("a", 1, 4);
    auto twin = generate_job(2);
    auto stranger = generate_job(3);
    stranger.tenant = "label";
    farm_.add_job(equal_specs(generate_job(1)), now_);
    farm_.add_job(equal_specs(std::move(twin)), now_);
    farm_.add_job(equal_specs(std::move(stranger)), now_);
    step();
    ASSERT_EQ(grants_.size(), 2u);
    EXPECT_EQ(grants_[1].task.job, 3u) << "another tenant's work is its own";
    EXPECT_EQ(farm_.task_note(*farm_.find_job(2), task(2, 0), now_),
              "waits for the same task of another job");
    farm_.report_failure(1, name(grants_[0]), Fault::kTask, {ErrorCode::kInternal, "", "x", ""}, now_);
    step(); // stores the failure
    step();
    ASSERT_EQ(grants_.size(), 3u) << "the first failed: the second tries itself";
    EXPECT_EQ(grants_[2].task.job, 2u);
}

TEST_F(FarmTest, ACatalogueOfOneTenantHoldsNobodyElseUp) {
    hello("a", 1);
    for (JobKey key = 1; key <= 50; ++key)
        farm_.add_job(generate_job(key), now_);
    auto song = generate_job(51);
    song.tenant = "label";
    farm_.add_job(std::move(song), now_);
    step();
    for (int i = 0; i < 8; ++i) {
        now_ += Millis(1000);
        farm_.heard(1, now_);
        ASSERT_TRUE(complete(1, grants_.back()));
    }
    std::size_t of_label = 0;
    for (const GrantAction& grant : grants_)
        of_label += grant.tenant == "label" ? 1 : 0;
    EXPECT_EQ(of_label, 4u) << "every other grant until its four tasks are done";
}

TEST_F(FarmTest, TasksThatWaitForEqualWorkAreGrantedOnceItEnds) {
    hello("a", 1, 8);
    for (JobKey key = 1; key <= 4; ++key)
        farm_.add_job(equal_specs(generate_job(key)), now_);
    step();
    ASSERT_EQ(grants_.size(), 1u);
    farm_.commit_cancel(grants_[0].task.job, JobState::kCancelled, now_);
    step();
    ASSERT_EQ(grants_.size(), 2u) << "one of the others takes over";
    const JobKey second = grants_[1].task.job;
    ASSERT_TRUE(complete(1, grants_[1]));
    step();
    std::set<JobKey> composed;
    for (const GrantAction& grant : grants_)
        if (grant.task.index == 0) composed.insert(grant.task.job);
    EXPECT_EQ(composed.size(), 3u) << "the next one asks the cache, the last waits for it";
    EXPECT_TRUE(composed.contains(second));
}

TEST_F(FarmTest, AFailureThatIsToldAfterTheLeaseRanOutEndsTheAttempt) {
    // Else nobody answers it, and the worker keeps the report for ever.
    hello("a", 1);
    farm_.add_job(generate_job(1), now_);
    step();
    const AttemptName lost = name(grants_[0]);
    now_ += Millis(4'000);
    farm_.tick(now_);
    now_ += Millis(4'000);
    farm_.tick(now_);
    now_ += Millis(4'000);
    farm_.tick(now_);
    ASSERT_FALSE(task(1, 0).lease.has_value());
    EXPECT_EQ(farm_.report_failure(1, lost, Fault::kShortage, {}, now_), AttemptVerdict::kCurrent);
    EXPECT_FALSE(farm_.find_task(lost.task_id, lost.epoch));
    EXPECT_EQ(task(1, 0).record.failures.size(), 0u);
}

TEST_F(FarmTest, OfAttemptsOfALaterTermItSaysNothing) {
    // Another coordinator leads and this one does not know yet: to call these stale would lose results.
    hello("a", 1);
    farm_.add_job(generate_job(1), now_);
    step();
    const AttemptName later{name(grants_[0]).task_id, std::uint64_t{8} << 32 | 1};
    EXPECT_EQ(farm_.begin_completion(1, later, now_), AttemptVerdict::kNewer);
    const HeartbeatAnswer answer = farm_.heartbeat(1, {{later, 0.5, 0, ""}}, now_);
    EXPECT_THAT(answer.cancelled, ::testing::IsEmpty());
    EXPECT_THAT(answer.renewed, ::testing::IsEmpty());
    hello("a", 2, 1, "1", {later}, {});
    EXPECT_THAT(stop_, ::testing::IsEmpty());
}

TEST_F(FarmTest, GrowthNeverGoesBackAndBelongsToTheAttempt) {
    hello("a", 1);
    farm_.add_job(generate_job(1), now_);
    step();
    const auto attempt = name(grants_[0]);
    EXPECT_EQ(farm_.output_grew(1, attempt, "audio", {100, 200}, now_), AttemptVerdict::kCurrent);
    EXPECT_EQ(farm_.output_grew(1, attempt, "audio", {50, 200}, now_), AttemptVerdict::kStale);
    EXPECT_EQ(farm_.output_grew(1, attempt, "audio", {300, 200}, now_), AttemptVerdict::kStale);
    EXPECT_EQ(farm_.output_grew(1, {attempt.task_id, attempt.epoch + 1}, "audio", {200, 200}, now_),
              AttemptVerdict::kUnknown);
    EXPECT_EQ(task(1, 0).growth.at("audio").bytes, 100u);
}

} // namespace
} // namespace loopmind::core
