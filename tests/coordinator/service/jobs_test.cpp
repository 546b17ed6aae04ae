// Submitting, watching, caching, cancelling, retrying.
#include <sys/resource.h>

#include <csignal>

#include "tests/coordinator/service/service_fixture.h"

namespace loopmind::service {
namespace {

class Jobs : public ServiceTest {};

TEST_F(Jobs, AJobGoesFromSubmissionToItsOutputs) {
    auto c = client();
    auto w = worker();
    const auto ack = c->submit(id('a'), kParams);
    ASSERT_TRUE(ack && ack->message.has_submit_ack()) << ack->message.ShortDebugString();
    EXPECT_FALSE(ack->message.submit_ack().existed());
    EXPECT_FALSE(ack->message.submit_ack().cached());
    EXPECT_THAT(ack->message.submit_ack().resolved_json(), ::testing::HasSubstr("\"genre\":\"LoFi\""));
    ASSERT_TRUE(c->watch(id('a')));
    w->work(kTasks);
    ASSERT_TRUE(c->wait_state(id('a'), v1::JOB_STATE_DONE));
    const auto info = c->show(id('a'))->message.job_info();
    EXPECT_EQ(info.state(), v1::JOB_STATE_DONE);
    EXPECT_DOUBLE_EQ(info.progress(), 1);
    ASSERT_EQ(info.tasks_size(), kTasks);
    for (const auto& task : info.tasks())
        EXPECT_EQ(task.state(), v1::TASK_STATE_DONE);
    EXPECT_EQ(info.tasks(3).outputs_size(), 3);
    const auto& audio = info.tasks(1).outputs(0).blob();
    ASSERT_TRUE(c->get_blob(audio.sha256())->message.has_ok());
    EXPECT_EQ(base::sha256_hex(c->read_all(1)), audio.sha256());
}

TEST_F(Jobs, EventsCountUpFromASnapshot) {
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    ASSERT_TRUE(c->watch(id('a'))->message.has_ok());
    w->work(kTasks);
    std::uint64_t seq = 0;
    for (;;) {
        auto event = c->take([](const v1::ClientReply& reply) { return reply.has_event(); });
        ASSERT_TRUE(event);
        const auto& e = event->message.event();
        EXPECT_EQ(e.seq(), ++seq);
        EXPECT_EQ(e.has_snapshot(), seq == 1);
        if (e.has_job() && e.job().state() == v1::JOB_STATE_DONE) break;
    }
}

TEST_F(Jobs, TheSameIdTwiceIsOneJob) {
    auto c = client();
    ASSERT_TRUE(c->submit(id('a'), kParams)->message.has_submit_ack());
    const auto again = c->submit(id('a'), kParams);
    ASSERT_TRUE(again->message.has_submit_ack());
    EXPECT_TRUE(again->message.submit_ack().existed());
    const auto other = c->submit(id('a'), R"({"prompt":"another"})");
    ASSERT_TRUE(other->message.has_error());
    EXPECT_EQ(other->message.error().code(), v1::ERROR_CODE_ALREADY_EXISTS);
}

TEST_F(Jobs, ARandomSeedIsDrawnOnceAndKept) {
    auto c = client();
    const std::string params = R"({"prompt":"x","bars":1,"seed":"random"})";
    const auto first = c->submit(id('a'), params)->message.submit_ack();
    const auto again = c->submit(id('a'), params)->message.submit_ack();
    const auto other = c->submit(id('b'), params)->message.submit_ack();
    EXPECT_TRUE(again.existed());
    EXPECT_EQ(first.resolved_json(), again.resolved_json());
    EXPECT_NE(first.resolved_json(), other.resolved_json());
}

TEST_F(Jobs, TheSameRequestAgainRendersNothing) {
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    w->work(kTasks);
    ASSERT_TRUE(c->watch(id('a')));
    ASSERT_TRUE(c->wait_state(id('a'), v1::JOB_STATE_DONE));
    const auto ack = c->submit(id('b'), kParams)->message.submit_ack();
    EXPECT_TRUE(ack.cached());
    ASSERT_TRUE(c->watch(id('b'))->message.has_ok());
    EXPECT_TRUE(c->wait_state(id('b'), v1::JOB_STATE_DONE));
    const auto info = c->show(id('b'))->message.job_info();
    EXPECT_TRUE(info.cached());
    for (const auto& task : info.tasks()) {
        EXPECT_TRUE(task.cached());
        EXPECT_GT(task.outputs_size(), 0);
    }
    EXPECT_FALSE(w->has([](const v1::WorkerCommand& command) { return command.has_start(); }));
    // A stream of a cached output comes from the blob.
    ASSERT_TRUE(c->open_stream(id('b'), 1, "audio", 9, 1 << 20)->message.has_ok());
    EXPECT_THAT(c->read_all(9), ::testing::StartsWith("audio "));
}

TEST_F(Jobs, TwoEqualJobsAtOnceShareTheirResults) {
    auto c = client();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    ASSERT_TRUE(c->submit(id('b'), kParams));
    auto w = worker("first", 1);
    w->work(kTasks); // one slot: the second job finds everything in the cache
    for (const char job : {'a', 'b'}) {
        ASSERT_TRUE(c->watch(id(job)));
        EXPECT_TRUE(c->wait_state(id(job), v1::JOB_STATE_DONE));
    }
}

TEST_F(Jobs, CachedBytesThatWereRemovedAreMadeAgain) {
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    w->work(kTasks);
    const auto info = c->show(id('a'))->message.job_info();
    const auto sha256 = info.tasks(1).outputs(0).blob().sha256();
    std::filesystem::remove(wire::blob_path(home_ / "coordinator" / "blobs", sha256));
    const auto ack = c->submit(id('b'), kParams)->message.submit_ack();
    EXPECT_FALSE(ack.cached());
    w->work(1);
    ASSERT_TRUE(c->watch(id('b')));
    EXPECT_TRUE(c->wait_state(id('b'), v1::JOB_STATE_DONE));
    ASSERT_TRUE(c->get_blob(sha256)->message.has_ok());
}

TEST_F(Jobs, BadRequestsNameTheField) {
    auto c = client();
    const auto field = [&](const std::string& job_id, const std::string& params) {
        const auto reply = c->submit(job_id, params);
        EXPECT_TRUE(reply->message.has_error()) << params;
        EXPECT_EQ(reply->message.error().code(), v1::ERROR_CODE_INVALID_ARGUMENT);
        EXPECT_FALSE(reply->message.error().message().empty());
        return reply->message.error().field();
    };
    EXPECT_EQ(field("short", kParams), "job_id");
    EXPECT_EQ(field(std::string(32, 'A'), kParams), "job_id");
    EXPECT_EQ(field(id('a'), R"({"prompt":"x","genre":"Polka"})"), "genre");
    EXPECT_EQ(field(id('a'), R"({"prompt":"x","tempo":1000})"), "tempo");
    EXPECT_EQ(field(id('a'), R"({"prompt":"x","loudness":1})"), "loudness");
    field(id('a'), "{nonsense");
    EXPECT_EQ(c->show(id('a'))->message.error().code(), v1::ERROR_CODE_NOT_FOUND) << "nothing was stored";
    v1::ClientRequest request;
    request.mutable_submit()->set_job_id(id('a'));
    request.mutable_submit()->set_kind(v1::JOB_KIND_VIDEO);
    EXPECT_EQ(c->ask(request)->message.error().field(), "kind");
}

TEST_F(Jobs, CancelStopsTheWorker) {
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    ASSERT_TRUE(c->cancel(id('a'))->message.has_ok());
    const auto cancel = w->take([](const v1::WorkerCommand& command) { return command.has_cancel(); });
    ASSERT_TRUE(cancel);
    EXPECT_EQ(cancel->message.cancel().attempt().epoch(), start->attempt().epoch());
    EXPECT_EQ(c->show(id('a'))->message.job_info().state(), v1::JOB_STATE_CANCELLED);
    const auto verdict = w->finish(*start);
    ASSERT_TRUE(verdict);
    EXPECT_FALSE(verdict->accepted());
    EXPECT_TRUE(c->cancel(id('a'))->message.has_ok()) << "cancelled stays cancelled";
}

TEST_F(Jobs, AFailedJobSaysWhyAndCanBeTriedAgain) {
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    w->work(1);
    const auto drums = w->next_start();
    ASSERT_TRUE(drums);
    w->fail(drums->attempt(), v1::FAULT_CLASS_TASK, "no such sound");
    ASSERT_TRUE(w->verdict(drums->attempt())->accepted());
    ASSERT_TRUE(c->watch(id('a')));
    ASSERT_TRUE(c->wait_state(id('a'), v1::JOB_STATE_FAILED));
    EXPECT_EQ(c->show(id('a'))->message.job_info().error().message(), "no such sound");
    while (w->has([](const v1::WorkerCommand& command) { return command.has_start(); }))
        w->next_start();
    ASSERT_TRUE(c->retry(id('a'))->message.has_ok());
    w->work(3);
    ASSERT_TRUE(c->wait_state(id('a'), v1::JOB_STATE_DONE));
    EXPECT_EQ(c->retry(id('a'))->message.error().code(), v1::ERROR_CODE_INVALID_ARGUMENT);
}

TEST_F(Jobs, ListIsNewestFirstWithPromptAndState) {
    auto c = client();
    for (const char job : {'a', 'b', 'c'})
        ASSERT_TRUE(c->submit(id(job), kParams));
    v1::ClientRequest request;
    request.mutable_list_jobs()->set_limit(2);
    const auto list = c->ask(request)->message.job_list();
    ASSERT_EQ(list.jobs_size(), 2);
    EXPECT_EQ(list.jobs(0).job_id(), id('c'));
    EXPECT_EQ(list.jobs(1).job_id(), id('b'));
    EXPECT_EQ(list.jobs(0).prompt(), "dreamy lofi");
    EXPECT_EQ(list.jobs(0).note(), "no worker is connected");
}

TEST_F(Jobs, APreviewIsForwardedAndNeverStored) {
    auto c = client();
    auto w = worker("first", 1);
    ASSERT_TRUE(c->submit(id('a'), kParams));
    ASSERT_TRUE(w->next_start()); // the only slot is busy
    ASSERT_TRUE(c->submit(id('b'), kParams, v1::JOB_KIND_PREVIEW, "mood")->message.has_submit_ack());
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    EXPECT_EQ(start->kind(), v1::TASK_KIND_PREVIEW);
    v1::WorkerMessage message;
    *message.mutable_preview_done()->mutable_attempt() = start->attempt();
    auto& result = *message.mutable_preview_done()->mutable_result();
    result.add_peaks_max(0.5f);
    result.set_audio_frames(2);
    result.set_sample_rate(11025);
    w->send(message, "abcd");
    ASSERT_TRUE(c->watch(id('b'))); // late: the result waits for it
    const auto event = c->take(
        [](const v1::ClientReply& reply) { return reply.has_event() && reply.event().has_preview(); });
    ASSERT_TRUE(event);
    EXPECT_EQ(event->bytes, "abcd");
    EXPECT_EQ(event->message.event().preview().sample_rate(), 11025u);
    EXPECT_TRUE(c->wait_state(id('b'), v1::JOB_STATE_DONE));
    v1::ClientRequest request;
    request.mutable_list_jobs();
    EXPECT_EQ(c->ask(request)->message.job_list().jobs_size(), 1);
}

TEST_F(Jobs, ANewerPreviewSupersedesTheOlder) {
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams, v1::JOB_KIND_PREVIEW, "mood"));
    ASSERT_TRUE(c->watch(id('a')));
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    ASSERT_TRUE(c->submit(id('b'), kParams, v1::JOB_KIND_PREVIEW, "mood"));
    EXPECT_TRUE(c->wait_state(id('a'), v1::JOB_STATE_SUPERSEDED));
    const auto cancel = w->take([](const v1::WorkerCommand& command) { return command.has_cancel(); });
    ASSERT_TRUE(cancel);
    EXPECT_EQ(cancel->message.cancel().attempt().epoch(), start->attempt().epoch());
}

// A file size limit makes writes of the whole process fail as a full disk does.
TEST_F(Jobs, AFullDiskRefusesNewWorkWithAReasonAndGoesOnAfterwards) {
    auto c = client();
    ASSERT_TRUE(c->submit(id('a'), kParams)->message.has_submit_ack());
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit old_limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
    rlimit limit = old_limit;
    limit.rlim_cur = std::filesystem::file_size(home_ / "coordinator" / "coordinator.db-wal");
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    const auto refused = c->submit(id('b'), kParams);
    const auto shown = c->show(id('a'));
    ::setrlimit(RLIMIT_FSIZE, &old_limit);
    std::signal(SIGXFSZ, old_handler);
    ASSERT_TRUE(refused && refused->message.has_error());
    EXPECT_EQ(refused->message.error().code(), v1::ERROR_CODE_RESOURCE_EXHAUSTED);
    EXPECT_FALSE(refused->message.error().hint().empty());
    ASSERT_TRUE(shown->message.has_job_info());
    EXPECT_THAT(shown->message.job_info().note(), ::testing::HasSubstr("cannot store"));
    ASSERT_TRUE(c->submit(id('b'), kParams)->message.has_submit_ack());
    auto w = worker();
    ASSERT_TRUE(w->next_start()) << "dispatch goes on by itself";
}

} // namespace
} // namespace loopmind::service
