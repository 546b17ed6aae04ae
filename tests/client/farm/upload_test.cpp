// Uploads: only what the farm lacks travels, within credit, again after a lost connection, verified at the
// end.
#include "client/farm/farm_client.h"

#include "proto/base/sha256.h"
#include "proto/wire/limits.h"
#include "tests/client/farm/fake_coordinator.h"
#include "tests/client/temporary_folder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <thread>

namespace loopmind::farm {
namespace {

using testing::FakeCoordinator;
using testing::TemporaryFolder;
using testing::write_text;

/// The coordinator's part of uploads; its members are read by the test when it is done.
class UploadTaker {
  public:
    std::map<std::string, std::string> taken; ///< sha256 -> bytes
    std::set<std::string> known;              ///< had already
    std::uint64_t credit = 512u << 10;
    std::string refuse;    ///< message for every PutBlob; "" takes them
    int drop_at_chunk = 0; ///< forget everything once, at this chunk
    std::function<void()> dropped;
    std::size_t most_at_once = 0;
    std::uint64_t most_on_the_way = 0;

    bool handle(FakeCoordinator& self, const std::string& peer, const v1::ClientRequest& request) {
        v1::ClientReply reply;
        reply.set_request_id(request.request_id());
        if (request.has_put_blob()) {
            if (!refuse.empty()) {
                self.send_error(peer, request.request_id(), v1::ERROR_CODE_RESOURCE_EXHAUSTED, refuse);
                return true;
            }
            const auto& put = request.put_blob();
            auto& ready = *reply.mutable_put_ready();
            ready.set_stream_id(put.stream_id());
            if (known.count(put.blob().sha256())) {
                ready.set_have_already(true);
            } else {
                open_[put.stream_id()] = {request.request_id(), put.blob(), ""};
                most_at_once = std::max(most_at_once, open_.size());
                ready.set_credit(credit);
            }
            self.send(peer, reply);
            return true;
        }
        return false;
    }
    bool chunk(FakeCoordinator& self, const std::string& peer, const v1::PutChunk& chunk,
               std::string_view bytes) {
        if (drop_at_chunk > 0 && --drop_at_chunk == 0) {
            open_.clear();
            dropped();
            return true;
        }
        const auto found = open_.find(chunk.stream_id());
        if (found == open_.end()) return true;
        Open& open = found->second;
        EXPECT_EQ(chunk.offset(), open.bytes.size());
        EXPECT_LE(bytes.size(), wire::kChunkBytes);
        open.bytes += bytes;
        v1::ClientReply reply;
        if (chunk.last()) {
            reply.set_request_id(open.request_id);
            if (base::sha256_hex(open.bytes) == open.blob.sha256()) {
                reply.mutable_put_done()->set_stream_id(chunk.stream_id());
                taken[open.blob.sha256()] = open.bytes;
            } else {
                reply.mutable_error()->set_code(v1::ERROR_CODE_DATA_CORRUPT);
                reply.mutable_error()->set_message("other bytes");
            }
            open_.erase(found);
        } else {
            reply.mutable_put_credit()->set_stream_id(chunk.stream_id());
            reply.mutable_put_credit()->set_bytes(bytes.size());
        }
        self.send(peer, reply);
        return true;
    }

  private:
    struct Open {
        std::uint64_t request_id;
        v1::BlobRef blob;
        std::string bytes;
    };
    std::map<std::uint64_t, Open> open_;
};

class UploadTest : public ::testing::Test {
  protected:
    UploadTest() : keys_(*wire::generate_keys()), fake_(keys_.public_key) {
        fake_.script = [this](FakeCoordinator& self, const std::string& peer,
                              const v1::ClientRequest& request) {
            if (request.has_put_chunk())
                return taker_.chunk(self, peer, request.put_chunk(), self.incoming_bytes());
            return taker_.handle(self, peer, request);
        };
    }
    ~UploadTest() override {
        client_.reset();
        fake_.stop();
    }
    void connect() {
        fake_.start();
        ClientConfig config;
        config.endpoints = {fake_.endpoint()};
        config.coordinator_key = fake_.public_key();
        config.keys = keys_;
        config.cache = folder_.path() / "Cache";
        auto client = FarmClient::open(std::move(config));
        ASSERT_TRUE(client.ok());
        client_ = std::move(*client);
    }
    Status put_bytes(std::string bytes) {
        return as_status_future([&](auto done) { client_->put_bytes(std::move(bytes), std::move(done)); })
            .get();
    }
    Status put_file(const std::string& name, const v1::BlobRef& blob) {
        return as_status_future(
                   [&](auto done) { client_->put_blob(blob, folder_.path() / name, std::move(done)); })
            .get();
    }
    static v1::BlobRef ref_of(const std::string& bytes) {
        v1::BlobRef ref;
        ref.set_sha256(base::sha256_hex(bytes));
        ref.set_size(bytes.size());
        return ref;
    }

    TemporaryFolder folder_;
    wire::KeyPair keys_;
    UploadTaker taker_;
    FakeCoordinator fake_;
    std::unique_ptr<FarmClient> client_;
};

TEST_F(UploadTest, AFileArrivesWholeWithinItsCredit) {
    connect();
    const std::string bytes(3'000'000, 'x');
    write_text(folder_.path() / "kick.wav", bytes);
    ASSERT_TRUE(put_file("kick.wav", ref_of(bytes)).ok());
    fake_.stop();
    EXPECT_TRUE(taker_.taken.at(base::sha256_hex(bytes)) == bytes);
}

TEST_F(UploadTest, WhatTheFarmHasDoesNotTravel) {
    taker_.known.insert(base::sha256_hex("here"));
    connect();
    EXPECT_TRUE(put_bytes("here").ok());
    EXPECT_TRUE(put_bytes("new").ok());
    fake_.stop();
    EXPECT_EQ(taker_.taken.size(), 1u);
    EXPECT_EQ(fake_.seen(v1::ClientRequest::kPutChunk).size(), 1u);
}

TEST_F(UploadTest, ManyWaitForAFreePlace) {
    connect();
    std::vector<std::future<Status>> all;
    for (int i = 0; i < 30; ++i)
        all.push_back(as_status_future([&](auto done) {
            client_->put_bytes(std::string(600'000, static_cast<char>('A' + i)), std::move(done));
        }));
    for (auto& one : all)
        EXPECT_TRUE(one.get().ok());
    fake_.stop();
    EXPECT_EQ(taker_.taken.size(), 30u);
    EXPECT_LE(taker_.most_at_once, 8u);
}

TEST_F(UploadTest, BeginsAgainAfterALostConnection) {
    taker_.drop_at_chunk = 3;
    std::atomic<bool> lost{false};
    taker_.dropped = [&] { lost = true; };
    connect();
    const std::string bytes(2'000'000, 'y');
    auto put = as_status_future([&](auto done) { client_->put_bytes(bytes, std::move(done)); });
    while (!lost)
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    fake_.stop(); // as kill -9
    fake_.start();
    EXPECT_TRUE(put.get().ok());
    fake_.stop();
    EXPECT_TRUE(taker_.taken.at(base::sha256_hex(bytes)) == bytes);
}

TEST_F(UploadTest, AMissingOrShorterFileIsOneClearError) {
    connect();
    const Status missing = put_file("nothing.wav", ref_of("some bytes"));
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
    EXPECT_NE(missing.error().field.find("nothing.wav"), std::string::npos);
    write_text(folder_.path() / "short.wav", "some");
    const Status shorter = put_file("short.wav", ref_of("some bytes"));
    ASSERT_FALSE(shorter.ok());
    EXPECT_EQ(shorter.error().code, ErrorCode::kDataCorrupt);
    write_text(folder_.path() / "other.wav", "else bytes");
    EXPECT_EQ(put_file("other.wav", ref_of("some bytes")).error().code, ErrorCode::kDataCorrupt);
    EXPECT_TRUE(put_bytes("the connection still works").ok());
}

TEST_F(UploadTest, ARefusalIsPassedOn) {
    taker_.refuse = "the disk is full";
    connect();
    const Status refused = put_bytes("x");
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().message, "the disk is full");
}

TEST_F(UploadTest, EndsWithTheClient) {
    taker_.credit = 0; // never goes on
    connect();
    auto put = as_status_future([&](auto done) { client_->put_bytes("waiting", std::move(done)); });
    ASSERT_TRUE(fake_.wait_seen(v1::ClientRequest::kPutBlob, 1));
    client_.reset();
    EXPECT_EQ(put.get().error().code, ErrorCode::kCancelled);
}

} // namespace
} // namespace loopmind::farm
