// Live streams, credit, new epochs, uploads.
#include "coordinator/service/backlog.h"
#include "tests/coordinator/service/service_fixture.h"

namespace loopmind::service {
namespace {

class StreamsOnline : public ServiceTest {
  protected:
    // A job whose compose task is the one that is streamed; small and enough.
    void begin() {
        client_ = client();
        worker_ = worker("first", 1);
        ASSERT_TRUE(client_->submit(id('a'), kParams));
    }
    std::unique_ptr<FakeClient> client_;
    std::unique_ptr<FakeWorker> worker_;
};

TEST_F(StreamsOnline, BytesArriveWhileTheyAreMade) {
    begin();
    ASSERT_TRUE(client_->open_stream(id('a'), 0, "plan", 7, 1 << 20)->message.has_ok());
    const auto start = worker_->next_start();
    ASSERT_TRUE(start);
    worker_->chunk(start->attempt(), "plan", 0, 10, "12345");
    const auto first = client_->chunk(7);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->bytes, "12345");
    EXPECT_FALSE(first->message.chunk().last());
    EXPECT_EQ(first->message.chunk().epoch(), start->attempt().epoch());
    worker_->chunk(start->attempt(), "plan", 5, 10, "67890");
    worker_->report(start->attempt(), {{"plan", "1234567890"}});
    std::string rest;
    for (bool last = false; !last;) {
        const auto next = client_->chunk(7);
        ASSERT_TRUE(next);
        rest += next->bytes;
        last = next->message.chunk().last();
        if (last) {
            EXPECT_EQ(next->message.chunk().blob().sha256(), base::sha256_hex("1234567890"));
            EXPECT_EQ(next->message.chunk().blob().size(), 10u);
        }
    }
    EXPECT_EQ(rest, "67890");
}

TEST_F(StreamsOnline, AResumedStreamGoesOnWhereItWas) {
    begin();
    const auto start = worker_->next_start();
    ASSERT_TRUE(start);
    worker_->chunk(start->attempt(), "plan", 0, 10, "12345");
    ASSERT_TRUE(client_->open_stream(id('a'), 0, "plan", 7, 1 << 20, 3, start->attempt().epoch()));
    const auto live = client_->chunk(7);
    ASSERT_TRUE(live);
    EXPECT_EQ(live->bytes, "45");
    EXPECT_EQ(live->message.chunk().offset(), 3u);
    worker_->chunk(start->attempt(), "plan", 5, 10, "67890");
    worker_->report(start->attempt(), {{"plan", "1234567890"}});
    ASSERT_TRUE(worker_->verdict(start->attempt())->accepted());
    ASSERT_TRUE(client_->open_stream(id('a'), 0, "plan", 8, 1 << 20, 8, start->attempt().epoch()));
    const auto late = client_->chunk(8);
    ASSERT_TRUE(late);
    EXPECT_EQ(late->bytes, "90");
    EXPECT_TRUE(late->message.chunk().last());
}

TEST_F(StreamsOnline, ANewEpochWithOtherBytesStartsTheStreamAgain) {
    begin();
    ASSERT_TRUE(client_->open_stream(id('a'), 0, "plan", 7, 1 << 20));
    auto start = worker_->next_start();
    ASSERT_TRUE(start);
    worker_->chunk(start->attempt(), "plan", 0, 10, "12345");
    ASSERT_TRUE(client_->chunk(7));
    worker_ = worker("second", 1); // the old process is gone
    start = worker_->next_start();
    ASSERT_TRUE(start);
    worker_->chunk(start->attempt(), "plan", 0, 10, "abcdefghij");
    const auto reset = client_->take([](const v1::ClientReply& reply) { return reply.has_stream_reset(); });
    ASSERT_TRUE(reset);
    EXPECT_EQ(reset->message.stream_reset().stream_id(), 7u);
    EXPECT_EQ(reset->message.stream_reset().epoch(), start->attempt().epoch());
    worker_->report(start->attempt(), {{"plan", "abcdefghij"}});
    EXPECT_EQ(client_->read_all(7), "abcdefghij");
}

TEST_F(StreamsOnline, ANewEpochWithTheSameBytesGoesOnWithoutAWord) {
    begin();
    ASSERT_TRUE(client_->open_stream(id('a'), 0, "plan", 7, 1 << 20));
    auto start = worker_->next_start();
    ASSERT_TRUE(start);
    const auto first_epoch = start->attempt().epoch();
    worker_->chunk(start->attempt(), "plan", 0, 10, "12345");
    ASSERT_TRUE(client_->chunk(7));
    worker_ = worker("second", 1);
    start = worker_->next_start();
    ASSERT_TRUE(start);
    worker_->chunk(start->attempt(), "plan", 0, 10, "123");
    worker_->chunk(start->attempt(), "plan", 3, 10, "4567890");
    worker_->report(start->attempt(), {{"plan", "1234567890"}});
    std::string rest;
    for (bool last = false; !last;) {
        const auto next = client_->chunk(7);
        ASSERT_TRUE(next);
        EXPECT_EQ(next->message.chunk().epoch(), first_epoch);
        rest += next->bytes;
        last = next->message.chunk().last();
    }
    EXPECT_EQ(rest, "67890");
    EXPECT_FALSE(client_->has([](const v1::ClientReply& reply) { return reply.has_stream_reset(); }));
}

TEST_F(StreamsOnline, ASlowClientSlowsItsOwnStreamOnly) {
    begin();
    const auto start = worker_->next_start();
    ASSERT_TRUE(start);
    const std::string text(1000, 'x');
    worker_->chunk(start->attempt(), "plan", 0, text.size(), text);
    worker_->report(start->attempt(), {{"plan", text}});
    ASSERT_TRUE(worker_->verdict(start->attempt())->accepted());
    ASSERT_TRUE(client_->open_stream(id('a'), 0, "plan", 1, 100)->message.has_ok());
    ASSERT_TRUE(client_->open_stream(id('a'), 0, "plan", 2, 1 << 20)->message.has_ok());
    EXPECT_EQ(client_->read_all(2), text);
    const auto part = client_->chunk(1);
    ASSERT_TRUE(part);
    EXPECT_EQ(part->bytes.size(), 100u);
    v1::ClientRequest ping;
    ping.mutable_ping();
    ASSERT_TRUE(client_->ask(ping));
    EXPECT_FALSE(client_->has([](const v1::ClientReply& reply) { return reply.has_chunk(); }))
        << "no credit, no bytes";
    client_->credit(1, 900);
    const auto rest = client_->chunk(1);
    ASSERT_TRUE(rest);
    EXPECT_EQ(rest->bytes.size(), 900u);
    EXPECT_TRUE(rest->message.chunk().last());
}

TEST_F(StreamsOnline, LargeBlobsComeInChunksWithinTheWindow) {
    begin();
    const auto start = worker_->next_start();
    ASSERT_TRUE(start);
    std::string text;
    for (int i = 0; text.size() < (3u << 20) + 17; ++i)
        text += std::to_string(i) + ",";
    for (std::size_t at = 0; at < text.size(); at += wire::kChunkBytes)
        worker_->chunk(start->attempt(), "plan", at, text.size(),
                       std::string_view(text).substr(at, wire::kChunkBytes));
    worker_->report(start->attempt(), {{"plan", text}});
    ASSERT_TRUE(worker_->verdict(start->attempt())->accepted());
    ASSERT_TRUE(client_->get_blob(base::sha256_hex(text), 3, 4u << 20)->message.has_ok());
    EXPECT_TRUE(client_->read_all(3) == text);
}

TEST_F(StreamsOnline, AStreamOfACancelledJobEndsWithAnError) {
    begin();
    v1::ClientRequest open;
    ASSERT_TRUE(client_->open_stream(id('a'), 1, "audio", 7, 1 << 20)->message.has_ok());
    ASSERT_TRUE(client_->cancel(id('a'))->message.has_ok());
    EXPECT_TRUE(client_->take([](const v1::ClientReply& reply) { return reply.has_error(); }));
}

TEST_F(StreamsOnline, TooManyStreamsAreRefused) {
    begin();
    for (std::uint64_t stream = 1; stream <= 64; ++stream)
        ASSERT_TRUE(client_->open_stream(id('a'), 1, "audio", stream, 1000)->message.has_ok());
    EXPECT_EQ(client_->open_stream(id('a'), 1, "audio", 65, 1000)->message.error().code(),
              v1::ERROR_CODE_RESOURCE_EXHAUSTED);
    EXPECT_EQ(client_->open_stream(id('a'), 1, "audio", 5, 1000)->message.error().field(), "stream_id");
}

TEST_F(StreamsOnline, APeerThatReadsNothingHoldsABoundedBacklog) {
    auto reader = client();
    std::vector<std::string> blobs;
    for (std::uint64_t i = 0; i < 9; ++i) {
        const std::string text(3u << 20, static_cast<char>('a' + i));
        ASSERT_TRUE(reader->put(text, 100 + i));
        blobs.push_back(base::sha256_hex(text));
    }
    for (std::uint64_t i = 0; i < blobs.size(); ++i)
        ASSERT_TRUE(reader->get_blob(blobs[i], i)->message.has_ok());
    // The socket is read, but nothing is said to be: 27 MB are wanted, so many come.
    const auto arrived = [&](std::uint64_t want) {
        std::uint64_t sum = 0;
        while (sum < want) {
            const auto next = reader->take([](const v1::ClientReply& reply) { return reply.has_chunk(); });
            if (!next) break;
            sum += next->bytes.size();
        }
        return sum;
    };
    EXPECT_EQ(arrived(Backlog::kOfSession), Backlog::kOfSession);
    EXPECT_FALSE(reader->take([](const v1::ClientReply& reply) { return reply.has_chunk(); },
                              std::chrono::milliseconds(300)));
    reader->credit(0, 2u << 20); // a stream that was sent to its end, or nearly
    EXPECT_EQ(arrived(2u << 20), 2u << 20);
    auto another = client(enrol("producer", "studio"));
    ASSERT_TRUE(another->put("short", 1));
    ASSERT_TRUE(another->get_blob(base::sha256_hex("short"), 2)->message.has_ok());
    EXPECT_EQ(another->read_all(2), "short") << "others do not wait";
}

class Uploads : public ServiceTest {};

TEST_F(Uploads, AFileIsUploadedOnceAndReadBack) {
    auto c = client();
    const std::string text = "a sample";
    const auto ready = c->ask_to_put(text, 1);
    ASSERT_TRUE(ready && ready->message.has_put_ready());
    EXPECT_FALSE(ready->message.put_ready().have_already());
    EXPECT_GT(ready->message.put_ready().credit(), 0u);
    c->put_chunk(1, 0, "a sam", false);
    EXPECT_TRUE(c->take([](const v1::ClientReply& reply) { return reply.has_put_credit(); }));
    c->put_chunk(1, 5, "ple", true);
    ASSERT_TRUE(c->take([](const v1::ClientReply& reply) { return reply.has_put_done(); }));
    EXPECT_TRUE(c->ask_to_put(text, 2)->message.put_ready().have_already());
    ASSERT_TRUE(c->get_blob(base::sha256_hex(text), 3)->message.has_ok());
    EXPECT_EQ(c->read_all(3), text);
    auto other = client(enrol("producer", "label"));
    EXPECT_FALSE(other->ask_to_put(text, 1)->message.put_ready().have_already());
}

TEST_F(Uploads, WrongBytesAreRefused) {
    auto c = client();
    ASSERT_TRUE(c->ask_to_put("right", 1)->message.has_put_ready());
    c->put_chunk(1, 0, "wrong", true);
    const auto reply = c->take([](const v1::ClientReply& r) { return r.has_error(); });
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->message.error().code(), v1::ERROR_CODE_DATA_CORRUPT);
    ASSERT_TRUE(c->ask_to_put("right", 2)->message.has_put_ready());
    c->put_chunk(2, 3, "ht", true);
    EXPECT_EQ(c->take([](const v1::ClientReply& r) { return r.has_error(); })->message.error().field(),
              "offset");
}

} // namespace
} // namespace loopmind::service
