// One-time tokens and revocation against a coordinator that serves, as a person and as an attacker would.
#include "proto/wire/join_token.h"
#include "proto/wire/joining.h"
#include "tests/coordinator/service/service_fixture.h"

namespace loopmind::service {
namespace {

using namespace std::chrono_literals;

class Enrolment : public ServiceTest {
  protected:
    ServerConfig config() override {
        ServerConfig config = ServiceTest::config();
        config.join_endpoint = "tcp://127.0.0.1:*";
        return config;
    }

    std::unique_ptr<store::AccessStore> access() {
        const auto place = store::StorePlace::parse("", home_ / "coordinator" / "coordinator.db");
        auto opened = place->open_access();
        EXPECT_TRUE(opened.ok());
        return std::move(*opened);
    }
    v1::JoinToken invite(const std::string& role, core::Millis valid_for = core::Millis(60'000)) {
        v1::JoinToken token;
        token.set_coordinator_key(server_->public_key());
        token.set_secret(base::random_hex(wire::kJoinSecretDigits / 2));
        token.add_join_endpoints(server_->join_endpoint());
        token.add_endpoints(server_->client_endpoint());
        token.set_role(role);
        EXPECT_TRUE(
            access()
                ->add_invitation({base::sha256_hex(token.secret()), role, role + "-ada", "studio", valid_for},
                                 {"root", "", "", "console"})
                .ok());
        return token;
    }
    static Result<v1::JoinReply> join(const v1::JoinToken& token, const wire::KeyPair& keys) {
        return wire::join(token, keys, "test", std::chrono::milliseconds(20'000));
    }
    static bool lost(FakeClient& client) {
        for (int i = 0; i < 1000; ++i) {
            client.drain();
            if (!client.connection().connected()) return true;
            std::this_thread::sleep_for(20ms);
        }
        return false;
    }
    std::vector<std::string> audited(const std::string& action) {
        std::vector<std::string> outcomes;
        const auto records = *access()->audit(0, 10'000);
        for (const auto& record : records)
            if (record.action == action) outcomes.push_back(record.outcome);
        return outcomes;
    }
};

TEST_F(Enrolment, ATokenLetsOneKeyInAtOnceAndNobodyElse) {
    const auto token = invite("producer");
    const auto keys = *wire::generate_keys();
    const auto joined = join(token, keys);
    ASSERT_TRUE(joined.ok()) << joined.error().text();
    EXPECT_EQ(joined->role(), "producer");
    EXPECT_EQ(joined->name(), "producer-ada");
    EXPECT_EQ(joined->tenant(), "studio");
    auto c = client(keys);
    EXPECT_TRUE(c->submit(id('a'), kParams)->message.has_submit_ack());

    const auto thief = join(token, *wire::generate_keys());
    ASSERT_FALSE(thief.ok());
    EXPECT_EQ(thief.error().code, ErrorCode::kPermissionDenied);
    EXPECT_EQ(thief.error().message, "this token was used already");
    EXPECT_TRUE(join(token, keys).ok()) << "its own answer may have been lost";
}

TEST_F(Enrolment, AWorkersTokenOpensTheWorkersSocketOnly) {
    const auto keys = *wire::generate_keys();
    ASSERT_TRUE(join(invite("worker"), keys).ok());
    auto w = bare_worker(keys);
    EXPECT_TRUE(w->hello()->message.has_welcome());
    auto c = client(keys, false);
    EXPECT_FALSE(c->wait_connected(700ms));
}

TEST_F(Enrolment, ExpiredUnknownAndForeignTokensSayOneClearThing) {
    const auto expired = join(invite("admin", core::Millis(0)), *wire::generate_keys());
    ASSERT_FALSE(expired.ok());
    EXPECT_EQ(expired.error().message, "this token is too old");
    auto guessed = invite("producer");
    guessed.set_secret(std::string(wire::kJoinSecretDigits, '0'));
    const auto unknown = join(guessed, *wire::generate_keys());
    ASSERT_FALSE(unknown.ok());
    EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
    guessed.set_secret("x"); // malformed: the same words, a stranger learns nothing by the difference
    EXPECT_EQ(join(guessed, *wire::generate_keys()).error().text(), unknown.error().text());
    auto elsewhere = invite("producer");
    elsewhere.set_coordinator_key(wire::generate_keys()->public_key);
    const auto wrong = wire::join(elsewhere, *wire::generate_keys(), "test", 2000ms);
    ASSERT_FALSE(wrong.ok());
    EXPECT_EQ(wrong.error().code, ErrorCode::kUnavailable)
        << "the token's secret is told to its coordinator only";
}

TEST_F(Enrolment, GuessingIsLimitedByAddress) {
    auto guessed = invite("producer");
    guessed.set_secret(std::string(wire::kJoinSecretDigits, '1'));
    bool limited = false;
    for (int i = 0; i < 60 && !limited; ++i)
        limited = join(guessed, *wire::generate_keys()).error().code == ErrorCode::kResourceExhausted;
    EXPECT_TRUE(limited);
}

TEST_F(Enrolment, ARequestOfMoreThan512BytesCutsItsSender) {
    auto big = invite("producer");
    big.set_secret(std::string(600, '1'));
    EXPECT_EQ(wire::join(big, *wire::generate_keys(), "test", 1500ms).error().code, ErrorCode::kUnavailable);
    EXPECT_TRUE(join(invite("producer"), *wire::generate_keys()).ok()) << "others are served";
}

TEST_F(Enrolment, ARevokedClientIsCutInTheMiddleOfWhatItReceives) {
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    w->chunk(start->attempt(), "plan", 0, 1000, "the first words");
    // A stream that waits for more, with all the credit in the world: its reader need not speak again.
    ASSERT_TRUE(c->open_stream(id('a'), 0, "plan", 1, 1u << 30)->message.has_ok());
    ASSERT_TRUE(c->chunk(1));
    auto other = client(enrol("producer", "studio"));
    ASSERT_TRUE(*access()->revoke(producer_.public_key, {"root", "", "", "console"}));
    ASSERT_TRUE(lost(*c));
    EXPECT_FALSE(c->wait_connected(1500ms)) << "and does not come back";
    v1::ClientRequest request;
    request.mutable_ping();
    EXPECT_TRUE(other->ask(request)->message.has_ok()) << "nobody else was cut";
}

TEST_F(Enrolment, ARevokedWorkersTasksGoToAnotherAndItsResultIsNotTaken) {
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    const auto other_keys = enrol("worker", "studio");
    ASSERT_TRUE(*access()->revoke(worker_keys_.public_key, {"root", "", "", "console"}));
    auto other = bare_worker(other_keys);
    ASSERT_TRUE(other->hello()->message.has_welcome());
    // Long before the lease of ten seconds would have run out, or this would wait for it.
    const auto again = other->next_start();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->attempt().task_id(), start->attempt().task_id());
    EXPECT_GT(again->attempt().epoch(), start->attempt().epoch());
    EXPECT_FALSE(w->wait_connected(700ms));
    ASSERT_TRUE(other->finish(*again)->accepted());
}

TEST_F(Enrolment, AForgedEpochAndAnothersTaskAreNotAccepted) {
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    auto liar = bare_worker(enrol("worker", "studio"));
    ASSERT_TRUE(liar->hello("liar")->message.has_welcome());
    const auto outputs = FakeWorker::outputs_of(*start);
    // The task of another worker, under its true epoch and under those before and after.
    for (const int step : {0, -1, 1, 1000}) {
        v1::AttemptKey forged = start->attempt();
        forged.set_epoch(forged.epoch() + static_cast<std::uint64_t>(step));
        for (const auto& [role, text] : outputs)
            liar->chunk(forged, role, 0, text.size(), text);
        liar->report(forged, outputs);
        const auto verdict = liar->verdict(forged);
        ASSERT_TRUE(verdict);
        EXPECT_FALSE(verdict->accepted()) << step;
    }
    ASSERT_TRUE(w->finish(*start)->accepted()) << "the true one was not harmed";
    // Replayed by the one who did it: told the same, and nothing changes. By the other: refused.
    w->report(start->attempt(), outputs);
    EXPECT_TRUE(w->verdict(start->attempt())->accepted());
    liar->report(start->attempt(), outputs);
    EXPECT_FALSE(liar->verdict(start->attempt())->accepted());
    EXPECT_EQ(c->show(id('a'))->message.job_info().tasks(0).attempts(), 1u);
}

// A worker and a producer of another tenant together: naming a blob is not having it.
TEST_F(Enrolment, AForeignBlobIsNotHandedOutAsTheResultOfATask) {
    const std::string secret = "the unreleased single of another label";
    auto owner = client(enrol("producer", "label"));
    ASSERT_TRUE(owner->put(secret, 1));
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    const auto start = w->next_start();
    ASSERT_TRUE(start);
    w->report(start->attempt(), {{"plan", secret}}); // its hash and size; the bytes were never sent
    const auto verdict = w->verdict(start->attempt());
    ASSERT_TRUE(verdict);
    EXPECT_FALSE(verdict->accepted());
    EXPECT_EQ(c->get_blob(base::sha256_hex(secret))->message.error().code(), v1::ERROR_CODE_NOT_FOUND);
    EXPECT_TRUE(owner->get_blob(base::sha256_hex(secret))->message.has_ok());
}

TEST_F(Enrolment, WhatAWorkerDoesIsToldToTheTenantItWorksForOnly) {
    auto c = client();
    auto other = client(enrol("producer", "label"));
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    ASSERT_TRUE(w->next_start());
    v1::ClientRequest list;
    list.mutable_list_workers();
    EXPECT_EQ(c->ask(list)->message.worker_list().workers(0).doing(), "compose");
    const auto seen = other->ask(list)->message.worker_list().workers(0);
    EXPECT_EQ(seen.doing(), "");
    EXPECT_EQ(seen.busy(), 1u) << "that it is busy is no secret: it is why one waits";
}

// Found by the fuzz target: the second one was given tasks for ever after the connection said goodbye.
TEST_F(Enrolment, AConnectionIsOneWorker) {
    auto c = client();
    auto w = worker();
    v1::WorkerMessage message;
    message.set_request_id(99);
    auto& hello = *message.mutable_hello();
    hello.mutable_protocol()->set_min(1);
    hello.mutable_protocol()->set_max(1);
    hello.set_worker_id("another");
    hello.set_incarnation("first");
    hello.set_slots(4);
    hello.set_fingerprint("fp-1");
    w->send(message);
    const auto refused = w->take([](const v1::WorkerCommand& command) { return command.request_id() == 99; });
    ASSERT_TRUE(refused && refused->message.has_error());
    EXPECT_EQ(refused->message.error().field(), "worker_id");
    v1::WorkerMessage goodbye;
    goodbye.mutable_goodbye();
    w->send(goodbye);
    ASSERT_TRUE(c->submit(id('a'), kParams));
    v1::ClientRequest ping;
    ping.mutable_ping();
    EXPECT_TRUE(c->ask(ping)->message.has_ok());
}

TEST_F(Enrolment, AWorkerCannotReadBeyondTheInputsOfItsTasks) {
    auto c = client();
    auto w = worker();
    ASSERT_TRUE(c->submit(id('a'), kParams));
    w->work(1);
    const auto plan = c->show(id('a'))->message.job_info().tasks(0).outputs(0).blob().sha256();
    auto nosy = bare_worker(enrol("worker", "studio"));
    ASSERT_TRUE(nosy->hello("nosy", 1)->message.has_welcome());
    const auto ask = [](FakeWorker& worker, const std::string& hash) {
        v1::WorkerMessage message;
        message.set_request_id(777);
        message.mutable_get_blob()->set_sha256(hash);
        message.mutable_get_blob()->set_credit(1000);
        message.mutable_get_blob()->set_stream_id(5);
        worker.send(message);
        return worker.take([](const v1::WorkerCommand& command) {
            return command.request_id() == 777 || (command.has_chunk() && command.chunk().stream_id() == 5);
        });
    };
    const auto refused = ask(*nosy, plan);
    ASSERT_TRUE(refused && refused->message.has_error());
    EXPECT_EQ(refused->message.error().code(), v1::ERROR_CODE_NOT_FOUND);
    const auto allowed = ask(*w, plan); // it renders from that plan now
    ASSERT_TRUE(allowed);
    EXPECT_TRUE(allowed->message.has_chunk());
}

TEST_F(Enrolment, AClientThatAsksWithoutEndIsSlowedDownAlone) {
    stop();
    auto settings = config();
    settings.requests_per_second = 5;
    auto opened = Server::open(settings);
    ASSERT_TRUE(opened.ok());
    server_ = std::move(*opened);
    thread_ = std::thread([this] { EXPECT_TRUE(server_->run().ok()); });
    auto c = client();
    v1::ClientRequest ping;
    ping.mutable_ping();
    bool limited = false;
    for (int i = 0; i < 200 && !limited; ++i) {
        const auto reply = c->ask(ping);
        ASSERT_TRUE(reply);
        limited =
            reply->message.has_error() && reply->message.error().code() == v1::ERROR_CODE_RESOURCE_EXHAUSTED;
    }
    EXPECT_TRUE(limited);
    auto other = client(enrol("producer", "studio"));
    EXPECT_TRUE(other->ask(ping)->message.has_ok());
}

TEST_F(Enrolment, TheAuditLogHoldsWhatWasDoneAndWhatWasRefusedAndNoSecret) {
    const auto token = invite("producer");
    ASSERT_TRUE(join(token, *wire::generate_keys()).ok());
    auto c = client();
    ASSERT_TRUE(c->submit(id('a'), kParams)->message.has_submit_ack());
    ASSERT_TRUE(c->cancel(id('a'))->message.has_ok());
    ASSERT_TRUE(c->cancel(id('b'))->message.has_error());
    auto viewer = client(enrol("viewer", "studio"));
    ASSERT_TRUE(viewer->submit(id('c'), kParams)->message.has_error());
    ASSERT_TRUE(*access()->revoke(producer_.public_key, {"root", "", "", "console"}));
    stop(); // writes what it still has
    EXPECT_EQ(audited("enrol").size(), 1u);
    EXPECT_EQ(audited("revoke").size(), 1u);
    const auto submits = audited("submit");
    ASSERT_EQ(submits.size(), 2u);
    EXPECT_EQ(submits[0], "ok");
    EXPECT_EQ(submits[1], "a viewer may look, not change");
    EXPECT_EQ(audited("cancel").size(), 2u);
    const auto records = *access()->audit(0, 10'000);
    for (const auto& record : records) {
        EXPECT_NE(record.who.address, "");
        for (const std::string& text : {record.subject, record.outcome, record.who.name})
            EXPECT_EQ(text.find(token.secret()), std::string::npos);
    }
}

} // namespace
} // namespace loopmind::service
