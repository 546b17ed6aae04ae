// What every access store must do.
#include "tests/coordinator/store/access_conformance.h"

#include <atomic>
#include <thread>

namespace loopmind::store {
namespace {

using State = Redemption::State;
using ::testing::ElementsAre;

const Actor kAdmin{"root@console", "", "", "console"};

Invitation invitation(char digit, core::Millis valid_for = core::Millis(60'000)) {
    return {std::string(64, digit), "producer", "ada", "studio", valid_for};
}

std::vector<std::string> actions(AccessStore& store) {
    std::vector<std::string> all;
    const auto records = *store.audit(0, 1000);
    for (const AuditRecord& record : records)
        all.push_back(record.action);
    return all;
}

TEST_P(AccessConformance, AnInvitationEnrolsOneKeyOnce) {
    ASSERT_TRUE(store_->add_invitation(invitation('a'), kAdmin).ok());
    const auto first = store_->redeem(std::string(64, 'a'), "key-1", "10.0.0.7");
    ASSERT_TRUE(first.ok()) << first.error().text();
    ASSERT_EQ(first->state, State::kEnrolled);
    EXPECT_EQ(first->identity.role, "producer");
    EXPECT_EQ(first->identity.name, "ada");
    EXPECT_EQ(first->identity.tenant, "studio");
    EXPECT_GT(first->identity.created_ms, 1'600'000'000'000u);
    EXPECT_EQ(store_->redeem(std::string(64, 'a'), "key-2", "")->state, State::kUsed);
    // The answer was lost: the same key asks again.
    const auto again = open()->redeem(std::string(64, 'a'), "key-1", "");
    EXPECT_EQ(again->state, State::kEnrolled);
    EXPECT_EQ(again->identity.name, "ada");
    const auto all = *store_->identities();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].public_key, "key-1");
    EXPECT_FALSE(all[0].revoked);
}

TEST_P(AccessConformance, UnknownAndExpiredInvitationsEnrolNobody) {
    EXPECT_EQ(store_->redeem(std::string(64, 'b'), "key", "")->state, State::kUnknown);
    ASSERT_TRUE(store_->add_invitation(invitation('c', core::Millis(0)), kAdmin).ok());
    EXPECT_EQ(store_->redeem(std::string(64, 'c'), "key", "")->state, State::kExpired);
    EXPECT_TRUE(store_->identities()->empty());
}

TEST_P(AccessConformance, AKeyKeepsItsRoleAndARevokedOneStaysOut) {
    ASSERT_TRUE(store_->add_invitation(invitation('a'), kAdmin).ok());
    auto admin = invitation('b');
    admin.role = "admin";
    ASSERT_TRUE(store_->add_invitation(admin, kAdmin).ok());
    ASSERT_EQ(store_->redeem(std::string(64, 'a'), "key", "")->state, State::kEnrolled);
    EXPECT_EQ(store_->redeem(std::string(64, 'b'), "key", "")->state, State::kKeyEnrolled);
    EXPECT_TRUE(*store_->revoke("key", kAdmin));
    EXPECT_FALSE(*store_->revoke("key", kAdmin));
    EXPECT_FALSE(*store_->revoke("nobody", kAdmin));
    EXPECT_EQ(store_->redeem(std::string(64, 'a'), "key", "")->state, State::kUsed);
    EXPECT_EQ(store_->redeem(std::string(64, 'b'), "key", "")->state, State::kKeyRevoked);
    EXPECT_TRUE((*store_->identities())[0].revoked);
    // The second invitation was not spent on the refusals.
    EXPECT_EQ(store_->redeem(std::string(64, 'b'), "other", "")->identity.role, "admin");
}

TEST_P(AccessConformance, OfThoseWhoRedeemAtOnceOneWins) {
    ASSERT_TRUE(store_->add_invitation(invitation('a'), kAdmin).ok());
    constexpr int kRacers = 6;
    std::vector<std::unique_ptr<AccessStore>> stores;
    for (int i = 0; i < kRacers; ++i)
        stores.push_back(open());
    std::atomic<int> enrolled = 0, used = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < kRacers; ++i)
        threads.emplace_back([&, i] {
            const auto got = stores[i]->redeem(std::string(64, 'a'), "key-" + std::to_string(i), "");
            if (got.ok() && got->state == State::kEnrolled) ++enrolled;
            if (got.ok() && got->state == State::kUsed) ++used;
        });
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(enrolled, 1);
    EXPECT_EQ(used, kRacers - 1);
    EXPECT_EQ(store_->identities()->size(), 1u);
}

TEST_P(AccessConformance, EveryChangeOfAnIdentityShowsInItsVersion) {
    ASSERT_TRUE(store_->add_invitation(invitation('a'), kAdmin).ok());
    const std::string before = *store_->identities_version();
    ASSERT_TRUE(open()->redeem(std::string(64, 'a'), "key", "").ok());
    const std::string enrolled = *store_->identities_version();
    EXPECT_NE(enrolled, before);
    EXPECT_EQ(*store_->identities_version(), enrolled);
    ASSERT_TRUE(*open()->revoke("key", kAdmin));
    EXPECT_NE(*store_->identities_version(), enrolled);
}

TEST_P(AccessConformance, AnUnknownRoleIsRefused) {
    auto wrong = invitation('a');
    wrong.role = "emperor";
    EXPECT_EQ(store_->add_invitation(wrong, kAdmin).error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(actions(*store_).empty());
}

TEST_P(AccessConformance, TheAuditLogTellsWhoDidWhatFromWhere) {
    ASSERT_TRUE(store_->add_invitation(invitation('a'), kAdmin).ok());
    ASSERT_TRUE(store_->redeem(std::string(64, 'a'), "key", "10.0.0.7").ok());
    const std::vector<AuditRecord> more{
        {0, {"ada", "key", "studio", "10.0.0.7"}, "submit", "job \xff\\ 1", "ok"},
        {0, {"ada", "key", "studio", "10.0.0.7"}, "refuse", "cancel", "no such job"}};
    ASSERT_TRUE(store_->append_audit(more).ok());
    ASSERT_TRUE(*store_->revoke("key", kAdmin));
    EXPECT_THAT(actions(*open()), ElementsAre("invite", "enrol", "submit", "refuse", "revoke"));
    const auto all = *store_->audit(0, 1000);
    EXPECT_EQ(all[1].who.address, "10.0.0.7");
    EXPECT_EQ(all[1].who.key, "key");
    EXPECT_EQ(all[2].subject, more[0].subject) << "any bytes";
    EXPECT_EQ(all[3].outcome, "no such job");
    EXPECT_EQ(all[4].who.name, "root@console");
    EXPECT_GE(all[4].at_ms, all[0].at_ms);
    // The newest ones win, in their order; later than the last: none.
    const auto last = *store_->audit(all[0].at_ms, 2);
    ASSERT_EQ(last.size(), 2u);
    EXPECT_EQ(last[0].action, "refuse");
    EXPECT_TRUE(store_->audit(all[4].at_ms + 3'600'000, 1000)->empty());
    for (const AuditRecord& record : all)
        EXPECT_EQ(record.subject.find(std::string(64, 'a')), std::string::npos)
            << "not even the secret's hash";
}

} // namespace
} // namespace loopmind::store
