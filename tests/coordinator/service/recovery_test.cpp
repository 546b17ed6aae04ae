// A coordinator that starts again: nothing accepted is lost, nothing is done twice.
#include "tests/coordinator/service/service_fixture.h"

namespace loopmind::service {
namespace {

class Recovery : public ServiceTest {
  protected:
    void restart() {
        stop();
        start();
    }
};

TEST_F(Recovery, AnAcceptedJobIsThereAfterARestartAndIsDone) {
    ASSERT_TRUE(client()->submit(id('a'), kParams)->message.has_submit_ack());
    restart();
    auto w = worker();
    w->work(kTasks);
    EXPECT_EQ(client()->show(id('a'))->message.job_info().state(), v1::JOB_STATE_DONE);
}

TEST_F(Recovery, AWorkerThatWorkedOnKeepsItsTask) {
    ASSERT_TRUE(client()->submit(id('a'), kParams));
    auto w = worker("first");
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    w->chunk(start->attempt(), "plan", 0, 10, "pla");
    ASSERT_TRUE(w->take([](const v1::WorkerCommand& command) { return command.has_output_credit(); }));
    restart();
    w = worker("first", 4, {start->attempt()});
    const auto verdict = w->finish(*start);
    ASSERT_TRUE(verdict);
    EXPECT_TRUE(verdict->resend() || verdict->accepted());
    if (verdict->resend()) {
        EXPECT_TRUE(w->finish(*start)->accepted());
    }
    w->work(kTasks - 1);
    EXPECT_EQ(client()->show(id('a'))->message.job_info().state(), v1::JOB_STATE_DONE);
}

TEST_F(Recovery, AResultInTheOutboxIsAcceptedAfterARestart) {
    ASSERT_TRUE(client()->submit(id('a'), kParams));
    auto w = worker("first");
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    restart();
    w = worker("second", 4, {}, {start->attempt()});
    EXPECT_TRUE(w->finish(*start)->accepted());
    w->work(kTasks - 1);
}

TEST_F(Recovery, AnAcceptedResultIsAcceptedAgainWhenItsVerdictWasLost) {
    ASSERT_TRUE(client()->submit(id('a'), kParams));
    auto w = worker("first");
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    ASSERT_TRUE(w->finish(*start)->accepted());
    restart();
    w = worker("first", 4, {}, {start->attempt()});
    w->report(start->attempt(), FakeWorker::outputs_of(*start));
    EXPECT_TRUE(w->verdict(start->attempt())->accepted());
    // Sending its bytes again is answered too, so that a worker without the folder does not wait for ever.
    w->chunk(start->attempt(), "plan", 0, 5, "plan ");
    EXPECT_TRUE(w->verdict(start->attempt())->accepted());
}

TEST_F(Recovery, ANewProcessOfTheWorkerGetsItsTaskAtOnce) {
    ASSERT_TRUE(client()->submit(id('a'), kParams));
    auto w = worker("first");
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    restart();
    w = worker("second");
    const auto again = w->next_start();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->attempt().task_id(), start->attempt().task_id());
    EXPECT_GT(again->attempt().epoch(), start->attempt().epoch());
    EXPECT_EQ(again->attempt().epoch() >> 32, (start->attempt().epoch() >> 32) + 1) << "a new term";
    w->report(start->attempt(), {{"plan", "late"}});
    EXPECT_FALSE(w->verdict(start->attempt())->accepted());
}

TEST_F(Recovery, ATaskThatItsWorkerNeverGotIsGivenAgainAtOnce) {
    ASSERT_TRUE(client()->submit(id('a'), kParams));
    auto w = worker("first");
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    restart();
    w = worker("first"); // the same process, which says that it has nothing
    const auto again = w->next_start();
    ASSERT_TRUE(again);
    EXPECT_GT(again->attempt().epoch(), start->attempt().epoch());
}

TEST_F(Recovery, TheCacheAndTheLastFingerprintSurvive) {
    ASSERT_TRUE(client()->submit(id('a'), kParams));
    worker()->work(kTasks);
    restart();
    const auto ack = client()->submit(id('b'), kParams)->message.submit_ack();
    EXPECT_TRUE(ack.cached()) << "no worker is connected: the last fingerprint counts";
}

TEST_F(Recovery, AnEndedJobCanBeWatchedAndStreamedAfterARestart) {
    ASSERT_TRUE(client()->submit(id('a'), kParams));
    const auto epochs = worker()->work(kTasks);
    restart();
    auto c = client();
    ASSERT_TRUE(c->watch(id('a'))->message.has_ok());
    EXPECT_TRUE(c->wait_state(id('a'), v1::JOB_STATE_DONE));
    ASSERT_TRUE(c->open_stream(id('a'), 0, "plan", 1, 1 << 20, 5, epochs[0])->message.has_ok());
    const auto chunk = c->chunk(1);
    ASSERT_TRUE(chunk);
    EXPECT_EQ(chunk->message.chunk().offset(), 5u);
    EXPECT_TRUE(chunk->message.chunk().last());
    ASSERT_TRUE(c->open_stream(id('a'), 0, "plan", 2, 1 << 20, 5, epochs[0] + 1)->message.has_ok());
    EXPECT_TRUE(c->take([](const v1::ClientReply& reply) { return reply.has_stream_reset(); }));
    EXPECT_THAT(c->read_all(2), ::testing::StartsWith("plan "));
}

class ShortLease : public ServiceTest {
  protected:
    ServerConfig config() override {
        ServerConfig config = ServiceTest::config();
        config.farm.lease = core::Millis(400);
        config.farm.heartbeat = core::Millis(100);
        return config;
    }
};

TEST_F(ShortLease, ASilentWorkersTaskIsGivenToAnotherAndItsLateResultIsRefused) {
    ASSERT_TRUE(client()->submit(id('a'), kParams));
    auto silent = worker("first");
    const auto start = silent->next_start();
    ASSERT_TRUE(start);
    auto other = bare_worker(enrol("worker", "studio"));
    ASSERT_TRUE(other->hello());
    std::optional<v1::StartTask> again;
    while (!again) {
        other->beat({});
        again = other->next_start(std::chrono::milliseconds(50));
    }
    EXPECT_EQ(again->attempt().task_id(), start->attempt().task_id());
    EXPECT_FALSE(silent->finish(*start)->accepted());
    EXPECT_TRUE(other->finish(*again)->accepted());
}

} // namespace
} // namespace loopmind::service
