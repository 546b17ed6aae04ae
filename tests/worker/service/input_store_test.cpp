// Fetching inputs: verified, resumed, shared, cancelled, bounded.
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "proto/base/sha256.h"
#include "worker/service/input_store.h"

#include <gtest/gtest.h>

namespace loopmind::worker {
namespace {

namespace fs = std::filesystem;

class Inputs : public testing::Test {
  protected:
    fs::path folder = fs::path(testing::TempDir()) / ("inputs-" + base::random_hex(8));
    std::vector<v1::WorkerMessage> sent;
    const std::string blob = std::string(3'000'000, 'x') + "end";
    const std::string hash = base::sha256_hex(blob);
    void TearDown() override { fs::remove_all(folder); }

    std::unique_ptr<InputStore> open(std::uint64_t keep = InputStore::kKeepBytes) {
        return std::move(*InputStore::open(folder, keep));
    }
    void connect(InputStore& store) {
        store.connected([this](const v1::WorkerMessage& message) {
            sent.push_back(message);
            return Status();
        });
    }
    std::shared_ptr<PendingInput> ask(InputStore& store, const Attempt& attempt = {"t", 1}) {
        auto pending = std::make_shared<PendingInput>();
        store.request(attempt, hash, blob.size(), pending);
        return pending;
    }
    /// Answers the last GetBlob with `count` chunks of `size` bytes, or to the end.
    void serve(InputStore& store, const std::string& bytes, std::size_t size, std::size_t count = SIZE_MAX) {
        const auto get = sent.back().get_blob();
        for (std::size_t at = get.offset(); count > 0; at += size, --count) {
            v1::Chunk chunk;
            chunk.set_stream_id(get.stream_id());
            chunk.set_offset(at);
            const auto piece = std::string_view(bytes).substr(at, size);
            chunk.set_last(at + piece.size() == bytes.size());
            store.chunk(chunk, std::as_bytes(std::span(piece)));
            if (chunk.last()) return;
        }
    }
};

TEST_F(Inputs, AreVerifiedAndServeAllWhoAsk) {
    const auto store = open();
    connect(*store);
    const auto first = ask(*store);
    const auto second = ask(*store, {"u", 1});
    ASSERT_EQ(sent.size(), 1u) << "one fetch";
    EXPECT_EQ(sent[0].get_blob().credit(), wire::kCreditWindow);
    serve(*store, blob, 200'000);
    const auto outcome = first->wait();
    ASSERT_TRUE(outcome) << outcome.error().text();
    EXPECT_EQ(*base::read_file((*outcome)->path, blob.size()), blob);
    EXPECT_TRUE(second->wait());
    std::uint64_t credit = 0;
    for (const auto& message : sent)
        credit += message.credit().bytes();
    EXPECT_GE(credit + wire::kCreditWindow, blob.size());
    const auto again = ask(*store);
    EXPECT_TRUE(again->wait()) << "kept, no second fetch";
}

TEST_F(Inputs, GoOnFromTheirOffsetAfterAReconnect) {
    const auto store = open();
    connect(*store);
    const auto pending = ask(*store);
    serve(*store, blob, 100'000, 5);
    store->disconnected();
    connect(*store);
    EXPECT_EQ(sent.back().get_blob().offset(), 500'000u);
    serve(*store, blob, 100'000);
    EXPECT_TRUE(pending->wait());
}

TEST_F(Inputs, WaitForAConnection) {
    const auto store = open();
    const auto pending = ask(*store);
    EXPECT_TRUE(sent.empty());
    connect(*store);
    serve(*store, blob, 1'000'000);
    EXPECT_TRUE(pending->wait());
}

TEST_F(Inputs, BytesThatDoNotMatchAreRefusedAndLeaveNothing) {
    const auto store = open();
    connect(*store);
    auto wrong = blob;
    wrong[7] = 'y';
    const auto pending = ask(*store);
    serve(*store, wrong, 1'000'000);
    EXPECT_EQ(pending->wait().error().code, ErrorCode::kDataCorrupt);
    EXPECT_TRUE(fs::is_empty(folder));
}

TEST_F(Inputs, GapsAndOverlongStreamsAreRefused) {
    const auto store = open();
    connect(*store);
    auto pending = ask(*store);
    v1::Chunk chunk;
    chunk.set_stream_id(sent.back().get_blob().stream_id());
    chunk.set_offset(10);
    store->chunk(chunk, std::as_bytes(std::span("abc", 3)));
    EXPECT_EQ(pending->wait().error().code, ErrorCode::kDataCorrupt);
    pending = ask(*store);
    serve(*store, blob + std::string(1'000'000, 'z'), 1'000'000);
    EXPECT_EQ(pending->wait().error().code, ErrorCode::kDataCorrupt);
}

TEST_F(Inputs, ErrorsOfTheCoordinatorReachTheSlot) {
    const auto store = open();
    connect(*store);
    const auto pending = ask(*store);
    EXPECT_FALSE(store->failed(5, {ErrorCode::kInternal, "", "of something else", ""}));
    EXPECT_TRUE(store->failed(sent.back().request_id(), {ErrorCode::kNotFound, hash, "is not known", ""}));
    EXPECT_EQ(pending->wait().error().code, ErrorCode::kNotFound);
}

TEST_F(Inputs, CancelWakesOnlyItsAttempt) {
    const auto store = open();
    connect(*store);
    const auto mine = ask(*store, {"t", 1});
    const auto other = ask(*store, {"u", 1});
    store->cancel({"t", 1});
    EXPECT_EQ(mine->wait().error().code, ErrorCode::kCancelled);
    serve(*store, blob, 1'000'000);
    EXPECT_TRUE(other->wait());
    const auto last = ask(*store, {"v", 1});
    EXPECT_TRUE(last->wait());
}

TEST_F(Inputs, NamesThatAreNoHashAreRefused) {
    const auto store = open();
    connect(*store);
    auto pending = std::make_shared<PendingInput>();
    store->request({"t", 1}, "../../etc/passwd", 5, pending);
    EXPECT_EQ(pending->wait().error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(sent.empty());
}

TEST_F(Inputs, OldOnesMakeRoomUnlessSomebodyReadsThem) {
    const auto store = open(1000);
    connect(*store);
    const auto fetch = [&](const std::string& bytes) {
        auto pending = std::make_shared<PendingInput>();
        store->request({"t", 1}, base::sha256_hex(bytes), bytes.size(), pending);
        serve(*store, bytes, bytes.size());
        return *pending->wait();
    };
    const auto held = fetch(std::string(600, 'a'));
    const auto path = fetch(std::string(600, 'b'))->path;
    const auto last = fetch(std::string(600, 'c'));
    EXPECT_TRUE(fs::exists(held->path)) << "in use";
    EXPECT_FALSE(fs::exists(path)) << "the oldest that nobody reads";
    EXPECT_TRUE(fs::exists(last->path));
}

} // namespace
} // namespace loopmind::worker
