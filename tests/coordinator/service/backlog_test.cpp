// The bound on what slow readers hold.
#include "coordinator/service/backlog.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace loopmind::service {
namespace {

TEST(Backlog, ASessionHasRoomUntilItReads) {
    Backlog backlog;
    EXPECT_EQ(backlog.room(1), Backlog::kOfSession);
    backlog.sent(1, 7, Backlog::kOfSession - 10);
    backlog.sent(1, 8, 10);
    EXPECT_EQ(backlog.room(1), 0u);
    EXPECT_EQ(backlog.room(2), Backlog::kOfSession) << "another's backlog is not its own";
    backlog.read(1, 8, 4);
    EXPECT_EQ(backlog.room(1), 4u);
    backlog.read(1, 9, 1000); // a stream that was never sent anything
    backlog.read(1, 8, UINT64_MAX);
    EXPECT_EQ(backlog.room(1), 10u) << "credit beyond what was sent counts as all of it";
    backlog.forget(1, 7);
    EXPECT_EQ(backlog.room(1), Backlog::kOfSession);
}

TEST(Backlog, CountersAgreeWhateverHappens) {
    std::mt19937 random(5);
    Backlog backlog;
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> model;
    for (int step = 0; step < 20'000; ++step) {
        const std::uint64_t session = random() % 5, stream = random() % 4, bytes = random() % 1000;
        switch (random() % 6) {
        case 0:
            backlog.forget(session, stream);
            model.erase({session, stream});
            break;
        case 1:
            if (random() % 10 != 0) break;
            backlog.forget_all(session);
            std::erase_if(model, [&](const auto& entry) { return entry.first.first == session; });
            break;
        case 2:
        case 3:
            backlog.read(session, stream, bytes);
            if (const auto found = model.find({session, stream}); found != model.end())
                found->second -= std::min(found->second, bytes);
            break;
        default:
            backlog.sent(session, stream, bytes);
            model[{session, stream}] += bytes;
        }
        std::uint64_t of_session = 0;
        for (const auto& [key, held] : model) {
            if (key.first == session) of_session += held;
        }
        ASSERT_EQ(backlog.room(session), Backlog::kOfSession - of_session);
    }
}

} // namespace
} // namespace loopmind::service
