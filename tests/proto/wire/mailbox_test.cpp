// Mailboxes hand over in order, wake the waiting thread, and are bounded.
#include "proto/wire/mailbox.h"
#include "proto/wire/wait.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace loopmind::wire {
namespace {

bool readable(const Mailbox<int>& mailbox) {
    std::vector<zmq::pollitem_t> items{mailbox.poll_item()};
    return wait(items, std::chrono::milliseconds(0)) == 1;
}

TEST(Mailbox, IsReadableExactlyWhileItHoldsSomething) {
    Mailbox<int> mailbox;
    EXPECT_FALSE(readable(mailbox));
    EXPECT_TRUE(mailbox.push(1));
    EXPECT_TRUE(mailbox.push(2));
    EXPECT_TRUE(readable(mailbox));
    EXPECT_EQ(mailbox.take_all(), (std::deque<int>{1, 2}));
    EXPECT_FALSE(readable(mailbox));
    EXPECT_TRUE(mailbox.push(3));
    EXPECT_TRUE(readable(mailbox));
}

TEST(Mailbox, RefusesBeyondItsCapacityAndAfterClosing) {
    Mailbox<int> mailbox(2);
    EXPECT_TRUE(mailbox.push(1));
    EXPECT_TRUE(mailbox.push(2));
    EXPECT_FALSE(mailbox.push(3));
    EXPECT_EQ(mailbox.take_all().size(), 2u);
    EXPECT_TRUE(mailbox.push(4));
    mailbox.close();
    EXPECT_FALSE(mailbox.push(5));
    EXPECT_EQ(mailbox.take_all(), (std::deque<int>{4}));
}

TEST(Mailbox, CarriesMoveOnlyValues) {
    Mailbox<std::unique_ptr<int>> mailbox;
    EXPECT_TRUE(mailbox.push(std::make_unique<int>(7)));
    EXPECT_EQ(*mailbox.take_all().front(), 7);
}

TEST(Mailbox, NothingIsLostBetweenManyWritersAndOneWaiter) {
    constexpr int kWriters = 4, kEach = 5000;
    Mailbox<std::pair<int, int>> mailbox;
    std::vector<std::thread> writers;
    for (int w = 0; w < kWriters; ++w) {
        writers.emplace_back([&, w] {
            for (int i = 0; i < kEach; ++i)
                mailbox.push({w, i});
        });
    }
    std::vector<int> next(kWriters, 0);
    int received = 0;
    while (received < kWriters * kEach) {
        std::vector<zmq::pollitem_t> items{mailbox.poll_item()};
        ASSERT_EQ(wait(items, std::chrono::minutes(1)), 1) << "a wake-up was lost";
        for (const auto& [writer, number] : mailbox.take_all()) {
            EXPECT_EQ(number, next[writer]++);
            ++received;
        }
    }
    for (auto& writer : writers)
        writer.join();
}

} // namespace
} // namespace loopmind::wire
