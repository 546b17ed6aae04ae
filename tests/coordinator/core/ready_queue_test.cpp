// Shares, priorities, caps, starvation and shapes; then random histories against the rules in words.
#include "coordinator/core/ready_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace loopmind::core {
namespace {

using Shape = ReadyQueue::Shape;
constexpr Millis kNow{1000};

bool any_room(Shape) {
    return true;
}

/// Grants `count` tasks one after the other, each ending at once, and counts them by `name(job)`.
template <typename Name>
std::map<std::string, int> grants(ReadyQueue& queue, int count, Name name, double cost = 1) {
    std::map<std::string, int> out;
    for (int i = 0; i < count; ++i) {
        const auto task = queue.pick(any_room, kNow);
        if (!task) break;
        queue.grant(*task, cost, kNow);
        queue.count_running(task->job);
        queue.ended(task->job, 0);
        ++out[name(task->job)];
    }
    return out;
}

void fill(ReadyQueue& queue, JobKey job, const ShareOf& share, std::uint32_t tasks, Shape shape = 1) {
    queue.add_job(job, share);
    for (std::uint32_t i = 0; i < tasks; ++i)
        ASSERT_TRUE(queue.insert({job, i}, shape, kNow));
}

TEST(ReadyQueue, TenantsShareByWeightWhateverTheyQueue) {
    ReadyQueue queue;
    queue.set_tenant_rule("large", {3, UINT32_MAX});
    fill(queue, 1, {JobClass::kNormal, "large", "ann", 0}, 300);
    fill(queue, 2, {JobClass::kNormal, "small", "bob", 0}, 300);
    fill(queue, 3, {JobClass::kNormal, "small", "bob", 0}, 300); // two jobs are no second share
    const auto got = grants(queue, 200, [](JobKey job) { return job == 1 ? "large" : "small"; });
    EXPECT_NEAR(got.at("large"), 150, 2);
    EXPECT_NEAR(got.at("small"), 50, 2);
}

TEST(ReadyQueue, UsersAndTheirJobsShareEqually) {
    ReadyQueue queue;
    fill(queue, 1, {JobClass::kNormal, "t", "ann", 0}, 200);
    fill(queue, 2, {JobClass::kNormal, "t", "bob", 0}, 200);
    fill(queue, 3, {JobClass::kNormal, "t", "bob", 0}, 200);
    const auto got = grants(queue, 120, [](JobKey job) { return std::to_string(job); });
    EXPECT_NEAR(got.at("1"), 60, 1);
    EXPECT_NEAR(got.at("2"), 30, 1);
    EXPECT_NEAR(got.at("3"), 30, 1);
}

TEST(ReadyQueue, CostIsWhatIsSharedNotTheNumberOfTasks) {
    ReadyQueue queue;
    fill(queue, 1, {JobClass::kNormal, "slow", "s", 0}, 100);
    fill(queue, 2, {JobClass::kNormal, "quick", "q", 0}, 400);
    int slow = 0, quick = 0;
    while (slow + quick < 250) {
        const auto task = queue.pick(any_room, kNow);
        ASSERT_TRUE(task);
        // Every grant is expected to take a second; the slow ones take four, and that is made up for.
        queue.grant(*task, 1, kNow);
        queue.count_running(task->job);
        queue.ended(task->job, task->job == 1 ? 3 : 0);
        ++(task->job == 1 ? slow : quick);
    }
    EXPECT_NEAR(slow, 50, 2);
}

TEST(ReadyQueue, PriorityOrdersTheWorkOfOneUserOnly) {
    ReadyQueue queue;
    fill(queue, 1, {JobClass::kNormal, "t", "ann", 0}, 10);
    fill(queue, 2, {JobClass::kNormal, "t", "ann", 100}, 10);
    fill(queue, 3, {JobClass::kNormal, "t", "bob", -5}, 20);
    std::vector<JobKey> order;
    for (int i = 0; i < 20; ++i) {
        const auto task = queue.pick(any_room, kNow);
        queue.grant(*task, 1, kNow);
        queue.count_running(task->job);
        order.push_back(task->job);
    }
    EXPECT_EQ(std::count(order.begin(), order.end(), JobKey{3}), 10) << "bob's share is his";
    EXPECT_EQ(std::count(order.begin(), order.end(), JobKey{2}), 10);
    EXPECT_EQ(std::count(order.begin(), order.end(), JobKey{1}), 0) << "ann's other job waits for it";
}

TEST(ReadyQueue, IdlingEarnsNoClaimOnThePast) {
    ReadyQueue queue;
    fill(queue, 1, {JobClass::kNormal, "busy", "b", 0}, 1000);
    grants(queue, 500, [](JobKey) { return "busy"; });
    fill(queue, 2, {JobClass::kNormal, "late", "l", 0}, 1000);
    const auto got = grants(queue, 100, [](JobKey job) { return job == 1 ? "busy" : "late"; });
    EXPECT_NEAR(got.at("late"), 50, 1);
}

TEST(ReadyQueue, ClassesGoInOrderButNoneStarves) {
    ReadyQueue queue(ReadyQueueConfig{{Millis{0}, Millis{100}, Millis{500}}});
    queue.add_job(1, {JobClass::kInteractive, "t", "u", 0});
    queue.add_job(2, {JobClass::kNormal, "t", "u", 0});
    queue.add_job(3, {JobClass::kBulk, "t", "u", 0});
    for (std::uint32_t i = 0; i < 2000; ++i)
        for (const JobKey job : {1, 2, 3})
            ASSERT_TRUE(queue.insert({job, i}, 1, Millis{0}));
    std::map<JobKey, int> got;
    for (Millis now{1}; now <= Millis{1000}; ++now) {
        const auto task = queue.pick(any_room, now);
        queue.grant(*task, 1, now);
        queue.count_running(task->job);
        queue.ended(task->job, 0);
        ++got[task->job];
    }
    EXPECT_NEAR(got[2], 10, 1) << "one each 100 ms";
    EXPECT_NEAR(got[3], 2, 1) << "one each 500 ms";
    EXPECT_EQ(got[1] + got[2] + got[3], 1000);
}

TEST(ReadyQueue, CapsHoldAcrossClassesAndOpenAgain) {
    ReadyQueue queue;
    queue.set_tenant_rule("t", {1, 3});
    queue.set_user_rule("t", "ann", {1, 2});
    fill(queue, 1, {JobClass::kNormal, "t", "ann", 0}, 10);
    fill(queue, 2, {JobClass::kBulk, "t", "ann", 0}, 10);
    fill(queue, 3, {JobClass::kBulk, "t", "bob", 0}, 10);
    std::map<JobKey, int> got;
    while (const auto task = queue.pick(any_room, kNow)) {
        queue.grant(*task, 1, kNow);
        queue.count_running(task->job);
        ++got[task->job];
        ASSERT_LE(queue.tenant_running("t"), 3u);
    }
    EXPECT_EQ(got[1], 2) << "the user's cap";
    EXPECT_EQ(got[3], 1) << "the tenant's cap";
    queue.ended(1, 0);
    const auto next = queue.pick(any_room, kNow);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->job, 1u);
    queue.set_job_cap(1, 1);
    EXPECT_EQ(queue.pick(any_room, kNow)->job, 2u) << "its own cap is reached, ann has one left";
    queue.set_tenant_rule("t", {1, 2});
    EXPECT_FALSE(queue.pick(any_room, kNow)) << "a cap that is lowered holds at once";
}

TEST(ReadyQueue, AShapeWithoutRoomHoldsNobodyUp) {
    ReadyQueue queue;
    fill(queue, 1, {JobClass::kNormal, "a", "u", 0}, 5, 1);
    fill(queue, 2, {JobClass::kNormal, "b", "u", 0}, 5, 2);
    int asked = 0;
    const auto task = queue.pick(
        [&asked](Shape shape) {
            ++asked;
            return shape == 2;
        },
        kNow);
    ASSERT_TRUE(task);
    EXPECT_EQ(task->job, 2u);
    EXPECT_EQ(asked, 2);
    EXPECT_FALSE(queue.pick([](Shape) { return false; }, kNow));
}

TEST(ReadyQueue, ForgetsWhatIsErased) {
    ReadyQueue queue;
    fill(queue, 1, {JobClass::kNormal, "t", "u", 0}, 2);
    EXPECT_FALSE(queue.insert({1, 0}, 1, kNow)) << "it waits already";
    EXPECT_FALSE(queue.insert({9, 0}, 1, kNow)) << "no such job";
    EXPECT_TRUE(queue.erase({1, 0}));
    EXPECT_FALSE(queue.erase({1, 0}));
    EXPECT_EQ(queue.pick(any_room, kNow), (TaskRef{1, 1}));
    queue.grant({1, 1}, 1, kNow);
    queue.count_running(1);
    queue.remove_job(1);
    EXPECT_EQ(queue.size(), 0u);
    EXPECT_EQ(queue.tenant_running("t"), 0u);
    EXPECT_FALSE(queue.pick(any_room, kNow));
}

/// What a random history knows of the queue, kept in the plainest way.
struct Model {
    struct Entry {
        ShareOf share;
        Shape shape = 0;
    };
    std::map<TaskRef, Entry> waiting;
    std::map<std::string, std::uint32_t> caps, running; ///< by tenant
    std::vector<TaskRef> granted;
    std::map<JobKey, ShareOf> jobs;

    bool eligible(const Entry& entry, const std::set<Shape>& room) const {
        const auto cap = caps.find(entry.share.tenant);
        const auto used = running.find(entry.share.tenant);
        return room.contains(entry.shape) &&
               (cap == caps.end() || used == running.end() || used->second < cap->second);
    }
};

TEST(ReadyQueue, RandomHistoriesKeepTheRules) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        std::mt19937_64 random(seed);
        const auto below = [&random](std::uint64_t n) { return random() % n; };
        ReadyQueue queue(ReadyQueueConfig{{Millis{0}, Millis{1'000'000'000}, Millis{1'000'000'000}}});
        Model model;
        for (const char* tenant : {"a", "b", "c"})
            if (below(2) == 0) {
                model.caps[tenant] = static_cast<std::uint32_t>(1 + below(4));
                queue.set_tenant_rule(tenant, {1.0 + static_cast<double>(below(4)), model.caps[tenant]});
            }
        JobKey next_job = 1;
        Millis now{0};
        for (int step = 0; step < 400; ++step) {
            now += Millis{1};
            switch (below(6)) {
            case 0: {
                const ShareOf share{static_cast<JobClass>(below(3)), std::string(1, "abc"[below(3)]),
                                    std::string(1, "xy"[below(2)]), static_cast<std::int32_t>(below(3))};
                queue.add_job(next_job, share);
                model.jobs[next_job] = share;
                for (std::uint32_t i = 0; i < 1 + below(6); ++i) {
                    const auto shape = static_cast<Shape>(below(4));
                    ASSERT_TRUE(queue.insert({next_job, i}, shape, now));
                    model.waiting[{next_job, i}] = {share, shape};
                }
                ++next_job;
                break;
            }
            case 1:
                if (!model.waiting.empty()) {
                    auto it = model.waiting.begin();
                    std::advance(it, static_cast<std::ptrdiff_t>(below(model.waiting.size())));
                    ASSERT_TRUE(queue.erase(it->first));
                    model.waiting.erase(it);
                }
                break;
            case 2:
                if (!model.granted.empty()) {
                    const std::size_t at = below(model.granted.size());
                    const JobKey job = model.granted[at].job;
                    queue.ended(job, static_cast<double>(below(3)) - 1);
                    --model.running[model.jobs[job].tenant];
                    model.granted.erase(model.granted.begin() + static_cast<std::ptrdiff_t>(at));
                }
                break;
            default: {
                std::set<Shape> room;
                for (Shape shape = 0; shape < 4; ++shape)
                    if (below(3) != 0) room.insert(shape);
                const auto picked = queue.pick([&room](Shape shape) { return room.contains(shape); }, now);
                std::vector<const Model::Entry*> eligible;
                for (const auto& [task, entry] : model.waiting)
                    if (model.eligible(entry, room)) eligible.push_back(&entry);
                ASSERT_EQ(picked.has_value(), !eligible.empty()) << "seed " << seed << " step " << step;
                if (!picked) break;
                ASSERT_TRUE(model.waiting.contains(*picked));
                const Model::Entry entry = model.waiting.at(*picked);
                ASSERT_TRUE(model.eligible(entry, room));
                for (const Model::Entry* other : eligible) {
                    ASSERT_LE(entry.share.job_class, other->share.job_class) << "seed " << seed;
                    if (other->share.job_class == entry.share.job_class &&
                        other->share.tenant == entry.share.tenant && other->share.user == entry.share.user) {
                        ASSERT_GE(entry.share.priority, other->share.priority) << "seed " << seed;
                    }
                }
                queue.grant(*picked, 1 + static_cast<double>(below(3)), now);
                queue.count_running(picked->job);
                model.granted.push_back(*picked);
                ++model.running[entry.share.tenant];
                model.waiting.erase(*picked);
                break;
            }
            }
            ASSERT_EQ(queue.size(), model.waiting.size());
            for (const auto& [tenant, count] : model.running)
                ASSERT_EQ(queue.tenant_running(tenant), count);
        }
    }
}

} // namespace
} // namespace loopmind::core
