// Strangers, viewers, other tenants, revoked keys, malformed frames.
#include "tests/coordinator/service/service_fixture.h"

namespace loopmind::service {
namespace {

using namespace std::chrono_literals;

class Access : public ServiceTest {};

TEST_F(Access, AStrangerGetsNothing) {
    const auto stranger = *wire::generate_keys();
    auto c = client(stranger, false);
    EXPECT_FALSE(c->wait_connected(700ms));
    auto w = bare_worker(stranger);
    EXPECT_FALSE(w->wait_connected(700ms));
}

TEST_F(Access, RolesOpenOnlyTheirOwnSocket) {
    auto c = client(worker_keys_, false);
    EXPECT_FALSE(c->wait_connected(700ms));
    auto w = bare_worker(producer_);
    EXPECT_FALSE(w->wait_connected(700ms));
}

TEST_F(Access, AKeyEnrolledLaterGetsIn) {
    const auto keys = *wire::generate_keys();
    auto c = client(keys, false);
    EXPECT_FALSE(c->wait_connected(300ms));
    enrol("viewer", "studio", false, keys);
    EXPECT_TRUE(c->wait_connected());
}

TEST_F(Access, AKeyRevokedByAnotherProgramIsCutAndStaysOut) {
    auto c = client();
    enrol("producer", "studio", true, producer_);
    for (int i = 0; i < 1000 && c->connection().connected(); ++i) {
        std::this_thread::sleep_for(20ms); // the coordinator looks again four times a second
        c->drain();
    }
    EXPECT_FALSE(c->connection().connected());
    EXPECT_FALSE(c->wait_connected(700ms));
}

TEST_F(Access, AViewerLooksAndChangesNothing) {
    auto c = client();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    auto viewer = client(enrol("viewer", "studio"));
    EXPECT_TRUE(viewer->show(id('a'))->message.has_job_info());
    EXPECT_EQ(viewer->submit(id('b'), kParams)->message.error().code(), v1::ERROR_CODE_PERMISSION_DENIED);
    EXPECT_EQ(viewer->cancel(id('a'))->message.error().code(), v1::ERROR_CODE_PERMISSION_DENIED);
    EXPECT_EQ(viewer->retry(id('a'))->message.error().code(), v1::ERROR_CODE_PERMISSION_DENIED);
    v1::ClientRequest put;
    put.mutable_put_blob()->mutable_blob()->set_sha256(std::string(64, 'a'));
    EXPECT_EQ(viewer->ask(put)->message.error().code(), v1::ERROR_CODE_PERMISSION_DENIED);
}

TEST_F(Access, AnotherTenantSeesNothingNotEvenThatItExists) {
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    w->work(kTasks);
    const auto blob = c->show(id('a'))->message.job_info().tasks(0).outputs(0).blob().sha256();
    auto other = client(enrol("producer", "label"));
    const auto missing = [&](const FakeClient::Reply& reply) {
        ASSERT_TRUE(reply && reply->message.has_error());
        EXPECT_EQ(reply->message.error().code(), v1::ERROR_CODE_NOT_FOUND);
    };
    missing(other->show(id('a')));
    missing(other->watch(id('a')));
    missing(other->cancel(id('a')));
    missing(other->retry(id('a')));
    missing(other->open_stream(id('a'), 0, "plan", 1, 1000));
    missing(other->get_blob(blob));
    v1::ClientRequest list;
    list.mutable_list_jobs();
    EXPECT_EQ(other->ask(list)->message.job_list().jobs_size(), 0);
    // The same id and the same request: a job of its own, rendered for itself.
    const auto ack = other->submit(id('a'), kParams)->message.submit_ack();
    EXPECT_FALSE(ack.existed());
    EXPECT_FALSE(ack.cached());
    // And "have already" answers from its own blobs only.
    v1::ClientRequest put;
    put.mutable_put_blob()->mutable_blob()->set_sha256(blob);
    put.mutable_put_blob()->mutable_blob()->set_size(5);
    put.mutable_put_blob()->set_stream_id(4);
    EXPECT_FALSE(other->ask(put)->message.put_ready().have_already());
}

TEST_F(Access, EqualJobIdsOfTwoTenantsRunBesideEachOther) {
    auto c = client();
    auto other = client(enrol("producer", "label"));
    ASSERT_TRUE(c->submit(id('a'), kParams));
    ASSERT_TRUE(other->submit(id('a'), R"({"prompt":"house","bars":1,"stems":["drums"],"fx":[]})"));
    auto w = worker();
    w->work(kTasks + 3);
    EXPECT_EQ(c->show(id('a'))->message.job_info().state(), v1::JOB_STATE_DONE);
    EXPECT_EQ(other->show(id('a'))->message.job_info().state(), v1::JOB_STATE_DONE);
    EXPECT_EQ(other->show(id('a'))->message.job_info().tasks_size(), 3);
}

TEST_F(Access, AnotherProtocolIsRefusedInWords) {
    auto c = client(producer_, false);
    const auto reply = c->hello(7, 9);
    ASSERT_TRUE(reply && reply->message.has_error());
    EXPECT_EQ(reply->message.error().code(), v1::ERROR_CODE_VERSION_MISMATCH);
    EXPECT_FALSE(reply->message.error().hint().empty());
    EXPECT_EQ(c->submit(id('a'), kParams)->message.error().code(), v1::ERROR_CODE_UNAVAILABLE)
        << "not greeted";
}

TEST_F(Access, MalformedFramesHarmNobody) {
    auto good = client();
    for (const std::string& endpoint : {server_->client_endpoint(), server_->worker_endpoint()}) {
        const bool workers = endpoint == server_->worker_endpoint();
        const auto& keys = workers ? worker_keys_ : producer_;
        zmq::socket_t raw(context_, zmq::socket_type::dealer);
        raw.set(zmq::sockopt::curve_serverkey, server_->public_key());
        raw.set(zmq::sockopt::curve_publickey, keys.public_key);
        raw.set(zmq::sockopt::curve_secretkey, keys.secret_key);
        raw.set(zmq::sockopt::linger, 0);
        raw.connect(endpoint);
        for (int i = 0; i < 200; ++i) {
            raw.send(zmq::str_buffer("\xff\xff garbage"), zmq::send_flags::none);
            raw.send(zmq::message_t(), zmq::send_flags::none);
            raw.send(zmq::str_buffer("a"), zmq::send_flags::sndmore);
            raw.send(zmq::str_buffer("b"), zmq::send_flags::sndmore);
            raw.send(zmq::str_buffer("c"), zmq::send_flags::none);
        }
        raw.send(zmq::message_t(5u << 20), zmq::send_flags::none); // over the limit: cut off
    }
    v1::ClientRequest request;
    request.mutable_ping();
    EXPECT_TRUE(good->ask(request)->message.has_ok());
    ASSERT_TRUE(good->submit(id('a'), kParams)->message.has_submit_ack());
    auto w = worker();
    w->work(kTasks);
    EXPECT_EQ(good->show(id('a'))->message.job_info().state(), v1::JOB_STATE_DONE);
}

TEST_F(Access, RequestsWithNonsenseInsideAreAnsweredWithErrors) {
    auto c = client();
    v1::ClientRequest request;
    EXPECT_EQ(c->ask(request)->message.error().field(), "body");
    EXPECT_EQ(c->show(std::string(100'000, 'x'))->message.error().code(), v1::ERROR_CODE_NOT_FOUND);
    EXPECT_EQ(c->get_blob("../../etc/passwd")->message.error().code(), v1::ERROR_CODE_INVALID_ARGUMENT);
    EXPECT_EQ(c->get_blob(std::string(64, 'a'))->message.error().code(), v1::ERROR_CODE_NOT_FOUND);
    ASSERT_TRUE(c->submit(id('a'), kParams));
    EXPECT_EQ(c->open_stream(id('a'), 99, "audio", 1, 1)->message.error().field(), "task_id");
    c->credit(77, 1); // a stream that is not open
    request.mutable_ping();
    EXPECT_TRUE(c->ask(request)->message.has_ok());
}

} // namespace
} // namespace loopmind::service
