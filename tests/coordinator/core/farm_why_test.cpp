// One sentence for each reason to wait, to run and to have ended.
#include "tests/coordinator/core/farm_fixture.h"

namespace loopmind::core {
namespace {

class FarmWhyTest : public FarmTest {
  protected:
    std::string why(JobKey key) { return farm_.job_why(*farm_.find_job(key), now_); }
};

TEST_F(FarmWhyTest, WithoutWorkersItWaitsForOne) {
    farm_.add_job(generate_job(1), now_);
    EXPECT_EQ(why(1), "It waits with the composition: no worker is connected.");
}

TEST_F(FarmWhyTest, AWorkerForOtherKindsOfWorkIsNotEnough) {
    WorkerFacts facts = worker("a");
    facts.kinds = {TaskKind::kTrack};
    farm_.hello(facts, 1, {}, {}, 0, now_);
    farm_.add_job(generate_job(1), now_);
    step();
    EXPECT_EQ(why(1), "It waits with the composition: no connected worker does this kind of work.");
}

TEST_F(FarmWhyTest, ItSaysWhatIsAtWorkAndWhatIsNext) {
    hello("a", 1);
    farm_.add_job(generate_job(1), now_);
    step();
    EXPECT_EQ(why(1), "1 of its 4 parts is at work.");
    ASSERT_TRUE(complete(1, grants_.back()));
    EXPECT_EQ(why(1), "1 of its 4 parts is at work; next is the stem bass: the only slot is busy.");
}

TEST_F(FarmWhyTest, DrainedWorkersFinishWhatTheyHaveAndAreNamedAsTheReason) {
    hello("a", 1, 2);
    farm_.add_job(generate_job(1), now_);
    step();
    farm_.drain_worker("a", true);
    ASSERT_TRUE(complete(1, grants_.back()));
    EXPECT_EQ(grants_.size(), 1u);
    EXPECT_EQ(why(1), "It waits with the stem drums: every worker that could do it is drained.");
    farm_.drain_worker("a", false);
    step();
    EXPECT_EQ(grants_.size(), 3u);
}

TEST_F(FarmWhyTest, AShortageIsToldWithTheTimeOfTheNextTry) {
    hello("a", 1);
    farm_.add_job(generate_job(1), now_);
    step();
    farm_.report_failure(1, name(grants_[0]), Fault::kShortage,
                         {ErrorCode::kResourceExhausted, "memory", "there is not enough", ""}, now_);
    step();
    EXPECT_EQ(why(1),
              "It waits with the composition: tries again in 1 s, after: memory: there is not enough.");
}

TEST_F(FarmWhyTest, AFailureNamesThePartAndTheReason) {
    hello("a", 1, 2);
    farm_.add_job(generate_job(1), now_);
    step();
    ASSERT_TRUE(complete(1, grants_.back()));
    farm_.report_failure(1, name(grants_.back()), Fault::kTask,
                         {ErrorCode::kInvalidArgument, "key", "is not known", ""}, now_);
    step();
    EXPECT_EQ(why(1), "It failed at the stem " + task(1, grants_.back().task.index).record.stem +
                          ": key: is not known.");
}

TEST_F(FarmWhyTest, AnEndIsTold) {
    farm_.add_job(generate_job(1), now_);
    farm_.commit_cancel(1, JobState::kCancelled, now_);
    EXPECT_EQ(why(1), "It was cancelled; a retry starts it again.");
    farm_.add_job(preview_job(1, "energy"), now_);
    farm_.add_job(preview_job(2, "energy"), now_);
    EXPECT_EQ(why(kPreviewKeyBit | 1), "A newer preview of the same control took its place.");
    JobRecord cached = generate_job(2);
    cached.state = JobState::kDone;
    cached.cached = true;
    EXPECT_EQ(farm_.job_why(make_job(cached), now_), "It is done: all of it came from the cache.");
}

} // namespace
} // namespace loopmind::core
