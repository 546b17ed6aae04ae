// The migration algorithm on a host of text: order, one transaction each, what is refused.
#include "coordinator/store/migrations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace loopmind::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<Migration> kKnown{
    {"001_a", "up a", "down a"}, {"002_b", "up b", "down b"}, {"003_c", "up c", "down c"}};

// Keeps what was committed apart from what a transaction did so far.
class FakeHost : public SchemaHost {
  public:
    void begin() override { open_rows = rows; }
    void commit() override {
        rows = open_rows;
        log.push_back("commit");
    }
    void rollback() override { log.push_back("rollback"); }
    std::vector<AppliedMigration> applied() override { return open_rows; }
    void run(std::string_view script) override {
        log.emplace_back(script);
        if (script == failing) throw SqlFailure{{ErrorCode::kInternal, "", "broke", ""}};
    }
    void add(const AppliedMigration& migration) override { open_rows.push_back(migration); }
    void remove(int version) override {
        EXPECT_EQ(open_rows.back().version, version);
        open_rows.pop_back();
    }
    std::string name() const override { return "the database"; }

    std::vector<AppliedMigration> rows, open_rows;
    std::vector<std::string> log;
    std::string failing;
};

TEST(Migrate, GoesUpAndDownInOrderOneTransactionEach) {
    FakeHost host;
    migrate(host, kKnown, 3);
    EXPECT_THAT(host.log, ElementsAre("up a", "commit", "up b", "commit", "up c", "commit", "commit"));
    host.log.clear();
    migrate(host, kKnown, 1);
    EXPECT_THAT(host.log, ElementsAre("down c", "commit", "down b", "commit", "commit"));
    ASSERT_EQ(host.rows.size(), 1u);
    EXPECT_EQ(host.rows[0].checksum, checksum_of(kKnown[0]));
}

TEST(Migrate, AFailureKeepsWhatWasCommittedAndNothingOfTheRest) {
    FakeHost host;
    host.failing = "up b";
    EXPECT_THROW(migrate(host, kKnown, 3), SqlFailure);
    EXPECT_THAT(host.log, ElementsAre("up a", "commit", "up b", "rollback"));
    EXPECT_EQ(host.rows.size(), 1u);
    host.failing.clear();
    migrate(host, kKnown, 3);
    EXPECT_EQ(host.rows.size(), 3u);
}

std::string refusal(const std::vector<AppliedMigration>& rows) {
    try {
        schema_version_of(rows, kKnown, "the database");
    } catch (const SqlFailure& failure) {
        EXPECT_EQ(failure.error.code, ErrorCode::kVersionMismatch);
        EXPECT_EQ(failure.error.field, "the database");
        return failure.error.text();
    }
    return "";
}

TEST(SchemaVersion, RefusesWhatThisProgramDidNotMake) {
    const AppliedMigration one{1, "001_a", checksum_of(kKnown[0])};
    const AppliedMigration two{2, "002_b", checksum_of(kKnown[1])};
    const AppliedMigration three{3, "003_c", checksum_of(kKnown[2])};
    EXPECT_EQ(schema_version_of(std::vector{one, two}, kKnown, ""), 2);
    EXPECT_EQ(schema_version_of({}, kKnown, ""), 0);
    EXPECT_THAT(refusal({one, two, three, {4, "004_d", ""}}),
                HasSubstr("has schema 4, this program knows up to 3"));
    EXPECT_THAT(refusal({one, three}), HasSubstr("migration 2 is missing"));
    EXPECT_THAT(refusal({one, {2, "002_b", "other"}}), HasSubstr("migration 002_b in the database is not"));
    EXPECT_THAT(refusal({one, {2, "002_x", two.checksum}}), HasSubstr("002_x"));
}

TEST(Checksum, CoversBothDirections) {
    EXPECT_NE(checksum_of({"a", "up", "down"}), checksum_of({"a", "up", "other"}));
    EXPECT_NE(checksum_of({"a", "up", "down"}), checksum_of({"a", "other", "down"}));
    EXPECT_NE(checksum_of({"a", "updown", ""}), checksum_of({"a", "up", "down"}));
}

} // namespace
} // namespace loopmind::store
