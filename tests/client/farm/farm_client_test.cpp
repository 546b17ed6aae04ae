// FarmClient against a coordinator that dies, lies, resets and refuses, over real CURVE sockets.
#include "client/farm/farm_client.h"

#include "client/farm/submission_outbox.h"
#include "proto/base/sha256.h"
#include "proto/wire/attempt_file.h"
#include "proto/wire/storage_probe.h"
#include "tests/client/farm/fake_coordinator.h"
#include "tests/client/temporary_folder.h"

#include <gtest/gtest.h>

#include <csignal>
#include <sys/resource.h>

namespace loopmind::farm {
namespace {

namespace fs = std::filesystem;
using testing::FakeCoordinator;
using testing::read_text;
using testing::TemporaryFolder;
using testing::write_text;
using Request = v1::ClientRequest;
constexpr std::chrono::seconds kLong{20};

std::string bytes_of(std::size_t size, unsigned seed) {
    std::string bytes(size, '\0');
    unsigned state = seed * 2654435761u + 1;
    for (char& c : bytes) {
        state = state * 1664525u + 1013904223u;
        c = static_cast<char>(state >> 24);
    }
    return bytes;
}

v1::BlobRef ref_of(const std::string& bytes) {
    v1::BlobRef ref;
    ref.set_sha256(base::sha256_hex(bytes));
    ref.set_size(bytes.size());
    return ref;
}

/// Serves for a scope: declared behind what the script refers to, it ends before that.
class Serving {
  public:
    explicit Serving(FakeCoordinator& fake) : fake_(fake) { fake_.start(); }
    ~Serving() { fake_.stop(); }
    Serving(const Serving&) = delete;
    Serving& operator=(const Serving&) = delete;

  private:
    FakeCoordinator& fake_;
};

class FarmClientTest : public ::testing::Test {
  protected:
    FarmClientTest() : keys_(*wire::generate_keys()), fake_(keys_.public_key) {}

    ClientConfig config() {
        ClientConfig config;
        config.endpoints = {fake_.endpoint()};
        config.coordinator_key = fake_.public_key();
        config.keys = keys_;
        config.cache = folder_.path() / "Cache";
        config.outbox = folder_.path() / "outbox";
        return config;
    }

    std::unique_ptr<FarmClient> open(ClientConfig config) {
        auto client = FarmClient::open(std::move(config));
        EXPECT_TRUE(client.ok()) << (client.ok() ? "" : client.error().text());
        return client.ok() ? std::move(*client) : nullptr;
    }

    std::unique_ptr<FarmClient> connected() {
        auto client = open(config());
        EXPECT_TRUE(client->wait_connected(kLong).ok());
        return client;
    }

    static Result<v1::JobList> list(FarmClient& client) {
        return as_future<v1::JobList>([&](auto done) { client.list_jobs(5, std::move(done)); }).get();
    }

    static Result<fs::path> fetch(FarmClient& client, const v1::BlobRef& ref) {
        return as_future<fs::path>([&](auto done) { client.fetch_blob(ref, std::move(done)); }).get();
    }

    bool nothing_incoming() { return fs::is_empty(folder_.path() / "Cache/incoming"); }

    TemporaryFolder folder_;
    wire::KeyPair keys_;
    FakeCoordinator fake_;
};

// ---- link ----

TEST_F(FarmClientTest, NotRunningIsSaidWithAddressAndCure) {
    const Serving serving(fake_);
    fake_.stop(); // now nobody listens on a port that is known to be free
    ClientConfig short_wait = config();
    short_wait.request_timeout = std::chrono::milliseconds(300);
    auto client = open(short_wait);
    const Status away = client->wait_connected(kLong);
    ASSERT_FALSE(away.ok());
    EXPECT_EQ(away.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(away.error().text().find("is not running at " + fake_.endpoint()), std::string::npos)
        << away.error().text();
    EXPECT_NE(away.error().text().find("loopmind up"), std::string::npos);
    const auto jobs = list(*client);
    ASSERT_FALSE(jobs.ok());
    EXPECT_NE(jobs.error().text().find("is not running at"), std::string::npos) << jobs.error().text();
}

TEST_F(FarmClientTest, WaitsForACoordinatorThatStartsLater) {
    const Serving serving(fake_);
    fake_.stop();
    auto client = open(config());
    EXPECT_FALSE(client->wait_connected(kLong).ok());
    auto answer = as_future<v1::JobList>([&](auto done) { client->list_jobs(5, std::move(done)); });
    fake_.start();
    const auto jobs = answer.get();
    ASSERT_TRUE(jobs.ok()) << jobs.error().text();
    EXPECT_EQ(jobs->jobs(0).job_id(), "listed");
    EXPECT_EQ(client->link().state, LinkState::kConnected);
}

TEST_F(FarmClientTest, AnotherVersionIsRefusedByEitherSide) {
    for (const bool by_coordinator : {true, false}) {
        FakeCoordinator fake(keys_.public_key);
        if (by_coordinator)
            fake.script = [](FakeCoordinator& self, const std::string& peer, const Request& request) {
                self.send_error(peer, request.request_id(), v1::ERROR_CODE_VERSION_MISMATCH,
                                "speaks protocol 9");
                return true;
            };
        else
            fake.welcome.set_protocol(9);
        fake.start();
        ClientConfig other = config();
        other.endpoints = {fake.endpoint()};
        other.coordinator_key = fake.public_key();
        auto client = open(other);
        const Status refused = client->wait_connected(kLong);
        ASSERT_FALSE(refused.ok());
        EXPECT_EQ(refused.error().code, ErrorCode::kVersionMismatch);
        EXPECT_NE(refused.error().message.find("protocol 9"), std::string::npos);
        const auto jobs = list(*client);
        ASSERT_FALSE(jobs.ok());
        EXPECT_EQ(jobs.error().code, ErrorCode::kVersionMismatch);
    }
}

TEST_F(FarmClientTest, AKeyThatIsNotEnrolledIsToldApartFromNotRunning) {
    const Serving serving(fake_);
    ClientConfig stranger = config();
    stranger.keys = *wire::generate_keys();
    const Status refused = open(stranger)->wait_connected(kLong);
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().text().find("refused"), std::string::npos) << refused.error().text();
    EXPECT_NE(refused.error().text().find("enrolled"), std::string::npos);
}

TEST_F(FarmClientTest, AnotherCoordinatorKeyIsNotSpokenTo) {
    const Serving serving(fake_);
    ClientConfig other = config();
    other.coordinator_key = wire::generate_keys()->public_key;
    EXPECT_FALSE(open(other)->wait_connected(kLong).ok());
    EXPECT_TRUE(fake_.seen(Request::kHello).empty());
}

TEST_F(FarmClientTest, TriesTheNextEndpoint) {
    FakeCoordinator gone(keys_.public_key);
    gone.start();
    gone.stop();
    const Serving serving(fake_);
    ClientConfig two = config();
    two.endpoints = {gone.endpoint(), fake_.endpoint()};
    auto client = open(two);
    ASSERT_TRUE(client->wait_connected(kLong).ok());
    EXPECT_EQ(client->link().endpoint, fake_.endpoint());
}

TEST_F(FarmClientTest, ASilentCoordinatorIsAnErrorNotAHang) {
    fake_.script = [](FakeCoordinator&, const std::string&, const Request& request) {
        return request.has_list_jobs();
    };
    const Serving serving(fake_);
    ClientConfig impatient = config();
    impatient.request_timeout = std::chrono::milliseconds(1500);
    auto client = open(impatient);
    ASSERT_TRUE(client->wait_connected(kLong).ok());
    const auto jobs = list(*client);
    ASSERT_FALSE(jobs.ok());
    EXPECT_EQ(jobs.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(jobs.error().message.find("did not answer"), std::string::npos);
}

TEST_F(FarmClientTest, NonsenseIsSurvived) {
    fake_.script = [](FakeCoordinator& self, const std::string& peer, const Request& request) {
        v1::ClientReply reply;
        self.send(peer, reply);
        reply.mutable_chunk()->set_stream_id(77);
        self.send(peer, reply, "bytes nobody asked for");
        reply.mutable_event()->set_job_id("unknown");
        self.send(peer, reply);
        reply.mutable_stream_reset()->set_stream_id(0);
        self.send(peer, reply);
        reply.set_request_id(request.request_id() + 1000);
        reply.mutable_ok();
        self.send(peer, reply);
        if (!request.has_list_jobs()) return false;
        reply.set_request_id(request.request_id());
        reply.mutable_worker_list();
        self.send(peer, reply);
        return true;
    };
    const Serving serving(fake_);
    auto client = connected();
    const auto jobs = list(*client);
    ASSERT_FALSE(jobs.ok());
    EXPECT_NE(jobs.error().message.find("does not fit"), std::string::npos);
}

TEST_F(FarmClientTest, DestroyingItAnswersEverything) {
    fake_.script = [](FakeCoordinator&, const std::string&, const Request& request) {
        return !request.has_hello();
    };
    const Serving serving(fake_);
    auto client = connected();
    auto jobs = as_future<v1::JobList>([&](auto done) { client->list_jobs(5, std::move(done)); });
    auto blob =
        as_future<fs::path>([&](auto done) { client->fetch_blob(ref_of("never comes"), std::move(done)); });
    ASSERT_TRUE(fake_.wait_seen(Request::kGetBlob, 1));
    client.reset();
    EXPECT_EQ(jobs.get().error().code, ErrorCode::kCancelled);
    EXPECT_EQ(blob.get().error().code, ErrorCode::kCancelled);
    EXPECT_TRUE(nothing_incoming());
}

// ---- submissions and watches ----

TEST_F(FarmClientTest, ASubmissionIsSentAgainWithTheSameIdUntilAcknowledged) {
    int submissions = 0;
    fake_.script = [&](FakeCoordinator&, const std::string&, const Request& request) {
        return request.has_submit() && ++submissions == 1; // the first one is swallowed
    };
    const Serving serving(fake_);
    auto client = connected();
    v1::SubmitJob job;
    job.set_job_id(FarmClient::new_job_id());
    job.set_params_json(R"({"prompt":"rain"})");
    auto answer = as_future<v1::SubmitAck>([&](auto done) { client->submit(job, std::move(done)); });
    ASSERT_TRUE(fake_.wait_seen(Request::kSubmit, 1));
    fake_.stop();
    fake_.start();
    const auto ack = answer.get();
    ASSERT_TRUE(ack.ok()) << ack.error().text();
    EXPECT_EQ(ack->job_id(), job.job_id());
    const auto sent = fake_.seen(Request::kSubmit);
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_EQ(sent[0].submit().SerializeAsString(), sent[1].submit().SerializeAsString());
}

TEST_F(FarmClientTest, ADurableSubmissionOutlivesTheProcess) {
    const Serving serving(fake_);
    fake_.stop();
    v1::SubmitJob job;
    job.set_job_id(FarmClient::new_job_id());
    job.set_kind(v1::JOB_KIND_GENERATE);
    job.set_params_json(R"({"prompt":"rain"})");
    {
        auto client = open(config());
        client->submit(
            job, [](Result<v1::SubmitAck>) {}, true);
    }
    EXPECT_TRUE(fs::exists(folder_.path() / "outbox" / (job.job_id() + ".json")));
    fake_.start();
    auto client = open(config());
    ASSERT_TRUE(fake_.wait_seen(Request::kSubmit, 1));
    EXPECT_EQ(fake_.seen(Request::kSubmit)[0].submit().SerializeAsString(), job.SerializeAsString());
    EXPECT_TRUE(list(*client).ok()); // answered after the acknowledgement, which went before
    EXPECT_FALSE(fs::exists(folder_.path() / "outbox" / (job.job_id() + ".json")));
}

TEST_F(FarmClientTest, ARefusedSubmissionIsReportedAndForgotten) {
    fake_.script = [](FakeCoordinator& self, const std::string& peer, const Request& request) {
        if (!request.has_submit()) return false;
        self.send_error(peer, request.request_id(), v1::ERROR_CODE_INVALID_ARGUMENT, "no such genre");
        return true;
    };
    const Serving serving(fake_);
    auto client = connected();
    v1::SubmitJob job;
    job.set_job_id(FarmClient::new_job_id());
    const auto ack =
        as_future<v1::SubmitAck>([&](auto done) { client->submit(job, std::move(done), true); }).get();
    ASSERT_FALSE(ack.ok());
    EXPECT_EQ(ack.error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(SubmissionOutbox(folder_.path() / "outbox").kept().empty());
}

TEST_F(FarmClientTest, WatchesAgainAfterAReconnectAndAfterAGap) {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<v1::JobInfo> states;
    const Serving serving(fake_);
    auto client = connected();
    WatchEvents events;
    events.changed = [&](const v1::JobInfo& job) {
        const std::lock_guard lock(mutex);
        states.push_back(job);
        changed.notify_all();
    };
    const auto wait_for = [&](std::size_t count) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, kLong, [&] { return states.size() >= count; });
    };
    const auto watch = client->watch("job", events);
    ASSERT_TRUE(wait_for(1));
    const auto send_task = [&](std::uint64_t seq, const std::string& task) {
        fake_.with_peer([this, seq, task](const std::string& peer) {
            v1::ClientReply reply;
            reply.mutable_event()->set_job_id("job");
            reply.mutable_event()->set_seq(seq);
            reply.mutable_event()->mutable_task()->set_task_id(task);
            fake_.send(peer, reply);
        });
    };
    send_task(2, "job.1");
    ASSERT_TRUE(wait_for(2));
    EXPECT_EQ(states[1].tasks_size(), 1);
    send_task(9, "job.2"); // 3 to 8 are missing: a new snapshot is asked for
    ASSERT_TRUE(fake_.wait_seen(Request::kWatch, 2));
    ASSERT_TRUE(wait_for(3));
    EXPECT_EQ(states[2].tasks_size(), 0);
    fake_.stop();
    fake_.start();
    ASSERT_TRUE(fake_.wait_seen(Request::kWatch, 3));
    ASSERT_TRUE(wait_for(4));
    client->unwatch(watch);
    EXPECT_TRUE(fake_.wait_seen(Request::kUnwatch, 1));
}

TEST_F(FarmClientTest, AWatchOfAnUnknownJobEndsWithAnError) {
    fake_.script = [](FakeCoordinator& self, const std::string& peer, const Request& request) {
        if (!request.has_watch()) return false;
        self.send_error(peer, request.request_id(), v1::ERROR_CODE_NOT_FOUND, "no such job");
        return true;
    };
    const Serving serving(fake_);
    auto client = connected();
    std::promise<Error> failed;
    WatchEvents events;
    events.failed = [&](const Error& error) { failed.set_value(error); };
    client->watch("nothing", events);
    EXPECT_EQ(failed.get_future().get().code, ErrorCode::kNotFound);
}

// ---- blobs ----

TEST_F(FarmClientTest, FetchesVerifiesAndCaches) {
    const std::string bytes = bytes_of(9 << 20, 1);
    const v1::BlobRef ref = ref_of(bytes);
    fake_.blobs[ref.sha256()] = bytes;
    const Serving serving(fake_);
    auto client = connected();
    const auto file = fetch(*client, ref);
    ASSERT_TRUE(file.ok()) << file.error().text();
    EXPECT_EQ(read_text(*file), bytes);
    EXPECT_TRUE(fake_.credit_respected());
    EXPECT_TRUE(fetch(*client, ref).ok());
    EXPECT_EQ(fake_.seen(Request::kGetBlob).size(), 1u) << "the second time it comes from the cache";
    EXPECT_TRUE(nothing_incoming());
}

TEST_F(FarmClientTest, GoesOnFromItsOffsetAfterTheCoordinatorDied) {
    const std::string bytes = bytes_of(3 << 20, 2);
    const v1::BlobRef ref = ref_of(bytes);
    fake_.blobs[ref.sha256()] = bytes;
    const std::size_t first_part = 700'000;
    fake_.script = [&](FakeCoordinator& self, const std::string& peer, const Request& request) {
        if (!request.has_get_blob() || request.get_blob().offset() != 0) return false;
        for (std::size_t at = 0; at < first_part; at += 100'000) {
            v1::ClientReply reply;
            reply.mutable_chunk()->set_stream_id(request.get_blob().stream_id());
            reply.mutable_chunk()->set_offset(at);
            self.send(peer, reply, std::string_view(bytes).substr(at, 100'000));
        }
        v1::ClientReply marker; // so that the test knows that all of it arrived
        marker.mutable_event()->set_job_id("marker");
        marker.mutable_event()->set_seq(1);
        marker.mutable_event()->mutable_snapshot()->set_job_id("marker");
        self.send(peer, marker);
        return true;
    };
    const Serving serving(fake_);
    auto client = connected();
    std::promise<void> arrived;
    std::atomic<int> snapshots{0};
    WatchEvents events;
    events.changed = [&](const v1::JobInfo&) {
        if (++snapshots == 2) arrived.set_value(); // the first answers the watch itself
    };
    client->watch("marker", events);
    auto answer = as_future<fs::path>([&](auto done) { client->fetch_blob(ref, std::move(done)); });
    ASSERT_EQ(arrived.get_future().wait_for(kLong), std::future_status::ready);
    fake_.stop();
    fake_.start();
    const auto file = answer.get();
    ASSERT_TRUE(file.ok()) << file.error().text();
    EXPECT_EQ(read_text(*file), bytes);
    const auto asked = fake_.seen(Request::kGetBlob);
    ASSERT_EQ(asked.size(), 2u);
    EXPECT_EQ(asked[1].get_blob().offset(), first_part);
}

TEST_F(FarmClientTest, WrongBytesAreAskedForOnceMoreAndThenRefused) {
    const std::string bytes = bytes_of(500'000, 3);
    const v1::BlobRef ref = ref_of(bytes);
    std::string wrong = bytes;
    wrong[1000] ^= 1;
    fake_.blobs[ref.sha256()] = wrong;
    const Serving serving(fake_);
    auto client = connected();
    const auto file = fetch(*client, ref);
    ASSERT_FALSE(file.ok());
    EXPECT_EQ(file.error().code, ErrorCode::kDataCorrupt);
    EXPECT_NE(file.error().text().find("hash"), std::string::npos);
    EXPECT_EQ(fake_.seen(Request::kGetBlob).size(), 2u);
    EXPECT_FALSE(client->cache().find(ref.sha256()));
    EXPECT_TRUE(nothing_incoming());
    EXPECT_TRUE(list(*client).ok()) << "the connection goes on";
}

TEST_F(FarmClientTest, WrongOnceIsHealed) {
    const std::string bytes = bytes_of(300'000, 4);
    const v1::BlobRef ref = ref_of(bytes);
    int asked = 0;
    fake_.script = [&](FakeCoordinator& self, const std::string& peer, const Request& request) {
        if (!request.has_get_blob() || ++asked > 1) return false;
        self.serve_blob(peer, bytes + "too much", request.get_blob().stream_id(), 0,
                        request.get_blob().credit(), ref);
        return true;
    };
    fake_.blobs[ref.sha256()] = bytes;
    const Serving serving(fake_);
    auto client = connected();
    const auto file = fetch(*client, ref);
    ASSERT_TRUE(file.ok()) << file.error().text();
    EXPECT_EQ(read_text(*file), bytes);
}

TEST_F(FarmClientTest, AMissingBlobAndABadNameAreErrors) {
    const Serving serving(fake_);
    auto client = connected();
    EXPECT_EQ(fetch(*client, ref_of("absent")).error().code, ErrorCode::kNotFound);
    v1::BlobRef bad;
    bad.set_sha256("../../coordinator.key");
    EXPECT_EQ(fetch(*client, bad).error().code, ErrorCode::kDataCorrupt);
    EXPECT_EQ(fake_.seen(Request::kGetBlob).size(), 1u);
}

TEST_F(FarmClientTest, ReadsTheFolderOfACoordinatorOnThisMachine) {
    const std::string bytes = bytes_of(3 << 20, 5);
    const v1::BlobRef good = ref_of(bytes);
    const fs::path root = folder_.path() / "blobs";
    fs::create_directories(root / "incoming");
    write_text(wire::blob_path(root, good.sha256()), bytes);
    const std::string other = bytes_of(200'000, 6);
    const v1::BlobRef damaged = ref_of(other);
    write_text(wire::blob_path(root, damaged.sha256()), other.substr(0, 100'000) + std::string(100'000, 'x'));
    fake_.blobs[damaged.sha256()] = other;
    *fake_.welcome.mutable_storage() = *wire::publish_probe(root);
    const Serving serving(fake_);
    auto client = connected();
    EXPECT_TRUE(client->link().direct);
    const auto file = fetch(*client, good);
    ASSERT_TRUE(file.ok()) << file.error().text();
    EXPECT_EQ(read_text(*file), bytes);
    EXPECT_TRUE(fake_.seen(Request::kGetBlob).empty());
    const auto healed = fetch(*client, damaged);
    ASSERT_TRUE(healed.ok()) << healed.error().text();
    EXPECT_EQ(read_text(*healed), other);
    EXPECT_EQ(fake_.seen(Request::kGetBlob).size(), 1u) << "the damaged file is asked for over the wire";
}

TEST_F(FarmClientTest, AFullDiskEndsTheFetchAndNothingElse) {
    const std::string bytes = bytes_of(2 << 20, 7);
    const v1::BlobRef ref = ref_of(bytes);
    fake_.blobs[ref.sha256()] = bytes;
    const Serving serving(fake_);
    auto client = connected();
    struct rlimit before {};
    ::getrlimit(RLIMIT_FSIZE, &before);
    auto* old = ::signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small { 500'000, before.rlim_max };
    ::setrlimit(RLIMIT_FSIZE, &small);
    const auto file = fetch(*client, ref);
    ::setrlimit(RLIMIT_FSIZE, &before);
    ::signal(SIGXFSZ, old);
    ASSERT_FALSE(file.ok());
    EXPECT_NE(file.error().field.find("Cache/incoming"), std::string::npos) << file.error().text();
    EXPECT_TRUE(nothing_incoming());
    EXPECT_TRUE(fetch(*client, ref).ok());
}

// ---- live streams ----

TEST_F(FarmClientTest, AResetStartsTheStreamAgain) {
    const std::string first = bytes_of(400'000, 8), second = bytes_of(600'000, 9);
    fake_.script = [&](FakeCoordinator& self, const std::string& peer, const Request& request) {
        if (!request.has_open_stream()) return false;
        const std::uint64_t id = request.open_stream().stream_id();
        v1::ClientReply reply;
        reply.mutable_chunk()->set_stream_id(id);
        reply.mutable_chunk()->set_epoch(1);
        self.send(peer, reply, std::string_view(first).substr(0, 200'000));
        reply.mutable_stream_reset()->set_stream_id(id);
        reply.mutable_stream_reset()->set_epoch(2);
        self.send(peer, reply);
        self.serve_blob(peer, second, id, 0, request.open_stream().credit(), ref_of(second), 2);
        return true;
    };
    const Serving serving(fake_);
    auto client = connected();
    std::atomic<int> restarts{0};
    std::vector<std::uint64_t> sizes; // written on the I/O thread, read after `done`
    std::promise<Result<fs::path>> done;
    StreamEvents events;
    events.grew = [&](const fs::path&, std::uint64_t bytes) { sizes.push_back(bytes); };
    events.restarted = [&] { ++restarts; };
    events.done = [&](Result<fs::path> result) { done.set_value(std::move(result)); };
    client->stream_output({"job", "job.1", "audio", "drums.wav"}, events);
    const auto file = done.get_future().get();
    ASSERT_TRUE(file.ok()) << file.error().text();
    EXPECT_EQ(read_text(*file), second);
    EXPECT_EQ(restarts, 1);
    EXPECT_EQ(sizes.front(), 200'000u);
    EXPECT_EQ(sizes.back(), second.size());
}

TEST_F(FarmClientTest, AStreamGoesOnWithItsEpochAfterAReconnect) {
    const std::string bytes = bytes_of(900'000, 10);
    std::promise<void> half;
    fake_.script = [&](FakeCoordinator& self, const std::string& peer, const Request& request) {
        if (!request.has_open_stream()) return false;
        const v1::OpenStream& open = request.open_stream();
        if (open.offset() == 0) {
            v1::ClientReply reply;
            reply.mutable_chunk()->set_stream_id(open.stream_id());
            reply.mutable_chunk()->set_epoch(5);
            self.send(peer, reply, std::string_view(bytes).substr(0, 250'000));
            return true;
        }
        self.serve_blob(peer, bytes, open.stream_id(), open.offset(), open.credit(), ref_of(bytes), 5);
        return true;
    };
    const Serving serving(fake_);
    auto client = connected();
    std::promise<Result<fs::path>> done;
    StreamEvents events;
    events.grew = [&, told = false](const fs::path&, std::uint64_t size) mutable {
        if (size == 250'000 && !std::exchange(told, true)) half.set_value();
    };
    events.done = [&](Result<fs::path> result) { done.set_value(std::move(result)); };
    client->stream_output({"job", "job.1", "audio", "drums.wav"}, events);
    half.get_future().get();
    fake_.stop();
    fake_.start();
    const auto file = done.get_future().get();
    ASSERT_TRUE(file.ok()) << file.error().text();
    EXPECT_EQ(read_text(*file), bytes);
    const auto opened = fake_.seen(Request::kOpenStream);
    ASSERT_EQ(opened.size(), 2u);
    EXPECT_EQ(opened[1].open_stream().offset(), 250'000u);
    EXPECT_EQ(opened[1].open_stream().epoch(), 5u);
}

TEST_F(FarmClientTest, AStoppedStreamLeavesNothing) {
    fake_.script = [](FakeCoordinator& self, const std::string& peer, const Request& request) {
        if (!request.has_open_stream()) return false;
        v1::ClientReply reply;
        reply.mutable_chunk()->set_stream_id(request.open_stream().stream_id());
        reply.mutable_chunk()->set_epoch(1);
        self.send(peer, reply, "some bytes");
        return true;
    };
    const Serving serving(fake_);
    auto client = connected();
    std::promise<void> grew;
    std::promise<Result<fs::path>> done;
    StreamEvents events;
    events.grew = [&](const fs::path&, std::uint64_t) { grew.set_value(); };
    events.done = [&](Result<fs::path> result) { done.set_value(std::move(result)); };
    const auto stream = client->stream_output({"job", "job.1", "audio", "drums.wav"}, events);
    grew.get_future().get();
    client->stop_transfer(stream);
    EXPECT_EQ(done.get_future().get().error().code, ErrorCode::kCancelled);
    EXPECT_TRUE(fake_.wait_seen(Request::kCloseStream, 1));
    EXPECT_TRUE(nothing_incoming());
}

} // namespace
} // namespace loopmind::farm
