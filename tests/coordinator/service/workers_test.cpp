// What workers may say, and what is refused.
#include "tests/coordinator/service/service_fixture.h"

namespace loopmind::service {
namespace {

class WorkersOnline : public ServiceTest {};

TEST_F(WorkersOnline, WelcomeTellsTheLeaseAndTheFolder) {
    auto w = bare_worker(worker_keys_);
    const auto welcome = w->hello()->message.welcome();
    EXPECT_EQ(welcome.protocol(), 1u);
    EXPECT_EQ(welcome.lease_ms(), 10'000u);
    EXPECT_EQ(welcome.heartbeat_ms(), 1'000u);
    EXPECT_EQ(welcome.coordinator_id().size(), 32u);
    const std::filesystem::path root = welcome.storage().root();
    EXPECT_TRUE(std::filesystem::exists(root / welcome.storage().probe_name()));
}

TEST_F(WorkersOnline, AnotherProtocolIsRefusedInWords) {
    auto w = bare_worker(worker_keys_);
    const auto reply = w->hello("first", 1, {}, {}, 9);
    ASSERT_TRUE(reply && reply->message.has_error());
    EXPECT_EQ(reply->message.error().code(), v1::ERROR_CODE_VERSION_MISMATCH);
    EXPECT_THAT(reply->message.error().message(), ::testing::HasSubstr("9"));
}

TEST_F(WorkersOnline, WithoutHelloNothingIsHeard) {
    auto w = bare_worker(worker_keys_);
    ASSERT_TRUE(w->wait_connected());
    w->beat({});
    const auto reply = w->take([](const v1::WorkerCommand& command) { return command.has_error(); });
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->message.error().code(), v1::ERROR_CODE_UNAVAILABLE);
}

TEST_F(WorkersOnline, AHelloWithNonsenseIsRefused) {
    auto w = bare_worker(worker_keys_);
    EXPECT_EQ(w->hello("first", 0)->message.error().field(), "slots");
    EXPECT_EQ(w->hello("has space", 1)->message.error().field(), "worker_id");
    EXPECT_TRUE(w->hello("first", 1)->message.has_welcome());
}

TEST_F(WorkersOnline, ARepeatedReportIsAcceptedAgainAndChangesNothing) {
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    ASSERT_TRUE(w->finish(*start)->accepted());
    w->report(start->attempt(), {{"plan", "something else"}});
    EXPECT_TRUE(w->verdict(start->attempt())->accepted());
    const auto info = c->show(id('a'))->message.job_info();
    EXPECT_EQ(info.tasks(0).outputs(0).blob().sha256(),
              base::sha256_hex(FakeWorker::outputs_of(*start).at("plan")));
}

v1::ClientRequest drain_request(const std::string& worker_id, bool drained) {
    v1::ClientRequest request;
    request.mutable_drain_worker()->set_worker_id(worker_id);
    request.mutable_drain_worker()->set_drained(drained);
    return request;
}

TEST_F(WorkersOnline, ADrainedWorkerFinishesAndGetsNothingNewAlsoAfterARestart) {
    const auto admin = enrol("admin", "studio");
    auto w = worker();
    auto c = client(admin);
    ASSERT_TRUE(c->submit(id('a'), kParams));
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    ASSERT_TRUE(c->ask(drain_request("worker-1", true))->message.has_ok());
    EXPECT_TRUE(w->finish(*start)->accepted());
    EXPECT_EQ(c->show(id('a'))->message.job_info().why(),
              "It waits with the stem drums: every worker that could do it is drained.");
    w.reset();
    c.reset();
    stop();
    this->start();
    w = worker();
    c = client(admin);
    EXPECT_THAT(c->show(id('a'))->message.job_info().why(), ::testing::HasSubstr("is drained"));
    ASSERT_TRUE(c->ask(drain_request("worker-1", false))->message.has_ok());
    EXPECT_TRUE(w->next_start());
}

TEST_F(WorkersOnline, OnlyAnAdministratorDrainsAndOnlyWhatIsThere) {
    auto w = worker();
    auto c = client();
    EXPECT_EQ(c->ask(drain_request("worker-1", true))->message.error().code(),
              v1::ERROR_CODE_PERMISSION_DENIED);
    auto admin = client(enrol("admin", "studio"));
    EXPECT_EQ(admin->ask(drain_request("worker-2", true))->message.error().code(), v1::ERROR_CODE_NOT_FOUND);
}

TEST_F(WorkersOnline, AForgedEpochIsStale) {
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    auto start = w->next_start();
    ASSERT_TRUE(start);
    auto forged = start->attempt();
    forged.set_epoch(forged.epoch() + 1);
    w->report(forged, {{"plan", "x"}});
    const auto verdict = w->verdict(forged);
    EXPECT_FALSE(verdict->accepted());
    EXPECT_EQ(verdict->error().code(), v1::ERROR_CODE_STALE);
    EXPECT_TRUE(w->finish(*start)->accepted());
}

TEST_F(WorkersOnline, AnotherWorkersTaskIsNotMineToReport) {
    auto c = client();
    auto w = worker("first", 1);
    ASSERT_TRUE(c->submit(id('a'), kParams));
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    auto thief = bare_worker(enrol("worker", "studio"));
    ASSERT_TRUE(thief->hello());
    thief->report(start->attempt(), {{"plan", "stolen"}});
    EXPECT_FALSE(thief->verdict(start->attempt())->accepted());
    EXPECT_TRUE(w->finish(*start)->accepted());
}

TEST_F(WorkersOnline, BytesThatDoNotMatchAreAskedForAgain) {
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    w->chunk(start->attempt(), "plan", 0, 5, "wrong");
    w->report(start->attempt(), {{"plan", "right"}});
    const auto first = w->verdict(start->attempt());
    EXPECT_FALSE(first->accepted());
    EXPECT_TRUE(first->resend());
    w->chunk(start->attempt(), "plan", 0, 5, "right");
    w->report(start->attempt(), {{"plan", "right"}});
    EXPECT_TRUE(w->verdict(start->attempt())->accepted());
}

TEST_F(WorkersOnline, AWorkerThatOnlySendsNonsenseIsAtFault) {
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    for (int i = 0; i < 2; ++i) {
        w->report(start->attempt(), {{"plan", "never sent"}});
        EXPECT_TRUE(w->verdict(start->attempt())->resend());
    }
    w->report(start->attempt(), {{"plan", "never sent"}});
    EXPECT_FALSE(w->verdict(start->attempt())->resend());
    const auto again = w->next_start();
    ASSERT_TRUE(again);
    EXPECT_GT(again->attempt().epoch(), start->attempt().epoch());
}

TEST_F(WorkersOnline, CreditTellsWhatWasTakenAndGapsAreAskedForAgain) {
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    w->chunk(start->attempt(), "plan", 0, 10, "12345");
    auto credit = w->take([](const v1::WorkerCommand& command) { return command.has_output_credit(); });
    ASSERT_TRUE(credit);
    EXPECT_EQ(credit->message.output_credit().bytes(), 5u);
    w->chunk(start->attempt(), "plan", 8, 10, "90");
    EXPECT_TRUE(w->verdict(start->attempt())->resend());
}

TEST_F(WorkersOnline, AWorkerReadsItsInputsAndNothingElse) {
    auto c = client();
    auto w = worker("first", 1);
    ASSERT_TRUE(c->submit(id('a'), kParams));
    w->work(1);
    const auto drums = w->next_start();
    ASSERT_TRUE(drums);
    ASSERT_EQ(drums->inputs_size(), 1);
    EXPECT_EQ(drums->inputs(0).role(), "plan");
    const auto plan = drums->inputs(0).blob();
    const auto get = [](FakeWorker& peer, const std::string& sha256, std::uint64_t request) {
        v1::WorkerMessage message;
        message.set_request_id(request);
        message.mutable_get_blob()->set_sha256(sha256);
        message.mutable_get_blob()->set_stream_id(5);
        message.mutable_get_blob()->set_credit(1 << 20);
        peer.send(message);
    };
    get(*w, plan.sha256(), 901);
    const auto chunk = w->take([](const v1::WorkerCommand& command) { return command.has_chunk(); });
    ASSERT_TRUE(chunk);
    EXPECT_TRUE(chunk->message.chunk().last());
    EXPECT_EQ(base::sha256_hex(chunk->bytes), plan.sha256());
    auto other = bare_worker(enrol("worker", "studio"));
    ASSERT_TRUE(other->hello("x", 1));
    const auto bass = other->next_start();
    ASSERT_TRUE(bass) << "the second render";
    ASSERT_TRUE(other->finish(*bass)->accepted());
    get(*other, plan.sha256(), 902);
    const auto refused =
        other->take([](const v1::WorkerCommand& command) { return command.request_id() == 902; });
    ASSERT_TRUE(refused && refused->message.has_error());
    EXPECT_EQ(refused->message.error().code(), v1::ERROR_CODE_NOT_FOUND);
}

TEST_F(WorkersOnline, ADirectWriterNeedsOnlyToSayHowFarItIs) {
    auto c = client();
    auto w = bare_worker(worker_keys_);
    const auto storage = w->hello()->message.welcome().storage();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    const auto path =
        wire::attempt_file_path(storage.root(), start->attempt().task_id(), start->attempt().epoch(), "plan");
    FILE* file = std::fopen(path.c_str(), "wb");
    ASSERT_NE(file, nullptr);
    std::fputs("direct plan", file);
    std::fclose(file);
    w->report(start->attempt(), {{"plan", "direct plan"}});
    EXPECT_TRUE(w->verdict(start->attempt())->accepted());
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_TRUE(std::filesystem::exists(wire::blob_path(storage.root(), base::sha256_hex("direct plan"))));
}

TEST_F(WorkersOnline, HeartbeatsRenewWhatIsCurrentAndCancelWhatIsNot) {
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    auto stale = start->attempt();
    stale.set_epoch(3);
    w->beat({start->attempt(), stale}, 0.25);
    const auto ack = w->take([](const v1::WorkerCommand& command) { return command.has_heartbeat_ack(); });
    ASSERT_TRUE(ack);
    ASSERT_EQ(ack->message.heartbeat_ack().renewed_size(), 1);
    EXPECT_EQ(ack->message.heartbeat_ack().renewed(0).epoch(), start->attempt().epoch());
    ASSERT_EQ(ack->message.heartbeat_ack().cancelled_size(), 1);
    EXPECT_EQ(ack->message.heartbeat_ack().cancelled(0).epoch(), 3u);
    EXPECT_DOUBLE_EQ(c->show(id('a'))->message.job_info().tasks(0).progress(), 0.25);
}

TEST_F(WorkersOnline, GoodbyeGivesTheTaskToAnother) {
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    auto other = bare_worker(enrol("worker", "studio"));
    ASSERT_TRUE(other->hello());
    v1::WorkerMessage message;
    message.mutable_goodbye();
    w->send(message);
    const auto again = other->next_start();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->attempt().task_id(), start->attempt().task_id());
    EXPECT_GT(again->attempt().epoch(), start->attempt().epoch());
}

TEST_F(WorkersOnline, PeopleSeeTheWorkers) {
    auto c = client();
    auto w = worker("first", 2);
    ASSERT_TRUE(c->submit(id('a'), kParams));
    ASSERT_TRUE(w->next_start());
    v1::ClientRequest request;
    request.mutable_list_workers();
    const auto list = c->ask(request)->message.worker_list();
    ASSERT_EQ(list.workers_size(), 1);
    EXPECT_EQ(list.workers(0).worker_id(), "worker-1");
    EXPECT_EQ(list.workers(0).slots(), 2u);
    EXPECT_EQ(list.workers(0).busy(), 1u);
    EXPECT_EQ(list.workers(0).doing(), "compose");
    EXPECT_TRUE(list.workers(0).connected());
}

} // namespace
} // namespace loopmind::service
