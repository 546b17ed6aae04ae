// Addresses of databases: what libpq is told, what people see, and that passwords stay hidden.
#include "coordinator/store/postgres/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/store/place.h"

namespace loopmind::store {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(PostgresAddress, IsShownWithoutItsPassword) {
    const auto address =
        PostgresAddress::parse("postgresql://ada:s3cr%20t@db.studio:5433/farm?sslmode=require");
    ASSERT_TRUE(address.ok());
    EXPECT_EQ(address->display(), "postgresql://ada@db.studio:5433/farm");
    EXPECT_THAT(address->conninfo(), HasSubstr("password='s3cr t'"));
    EXPECT_THAT(address->conninfo(), HasSubstr("sslmode='require'"));
    EXPECT_EQ(address->scrub("login with s3cr t failed, s3cr t"), "login with *** failed, ***");
}

TEST(PostgresAddress, HasShortTimeoutsUnlessTold) {
    const auto plain = PostgresAddress::parse("postgres://db/farm");
    EXPECT_THAT(plain->conninfo(), HasSubstr("connect_timeout='3'"));
    EXPECT_THAT(plain->conninfo(), HasSubstr("target_session_attrs='read-write'"));
    const auto own =
        PostgresAddress::parse("postgres://db/farm?connect_timeout=9&options=-c%20work_mem%3D8MB");
    EXPECT_THAT(own->conninfo(), HasSubstr("connect_timeout='9'"));
    EXPECT_THAT(own->conninfo(), HasSubstr("work_mem=8MB -c enable_seqscan=off"));
}

TEST(PostgresAddress, SeveralHostsAndSocketsAreTaken) {
    EXPECT_EQ(PostgresAddress::parse("postgresql://a:1,b:2/farm")->display(), "postgresql://a,b:1,2/farm");
    EXPECT_EQ(PostgresAddress::parse("postgresql://ada@/farm?host=/run/pg")->display(),
              "postgresql://ada@/run/pg/farm");
}

TEST(PostgresAddress, MalformedOnesAreRefusedWithoutRepeatingThem) {
    for (const std::string url :
         {"mysql://ada:s3cret@db/farm", "postgresql://ada:s3cret@db", "postgresql://ada:s3cret@db/",
          "postgresql://ada:s3cret@[db/farm", "postgresql://ada:s3cret%zz@db/farm",
          "postgresql://ada:s3cret@db/farm?nonsense=1", "s3cret", ""}) {
        const auto address = PostgresAddress::parse(url);
        ASSERT_FALSE(address.ok()) << url;
        EXPECT_EQ(address.error().code, ErrorCode::kInvalidArgument);
        EXPECT_THAT(address.error().text(), Not(HasSubstr("s3cret")));
        EXPECT_THAT(address.error().text(), HasSubstr("postgresql://"));
    }
}

TEST(HidePassword, WorksOnTheCommandLine) {
    EXPECT_EQ(hide_password("--store=postgresql://ada:s3cret@db/farm"),
              "--store=postgresql://ada:***@db/farm");
    EXPECT_EQ(hide_password("postgresql://ada:p@ss@db/farm?x=1"), "postgresql://ada:***@db/farm?x=1");
    EXPECT_EQ(hide_password("postgresql://db/farm?user=a&password=s3cret&x=1"),
              "postgresql://db/farm?user=a&password=***&x=1");
    EXPECT_EQ(hide_password("postgresql://ada@db:5432/farm"), "postgresql://ada@db:5432/farm");
    EXPECT_EQ(hide_password("tcp://127.0.0.1:7761"), "tcp://127.0.0.1:7761");
}

TEST(StorePlace, AnEmptyAddressIsTheFileOfTheHome) {
    const auto place = StorePlace::parse("", "/home/coordinator.db");
    ASSERT_TRUE(place.ok());
    EXPECT_FALSE(place->shared());
    EXPECT_EQ(place->display(), "/home/coordinator.db");
    EXPECT_TRUE(StorePlace::parse("postgresql://db/farm", "")->shared());
    EXPECT_FALSE(StorePlace::parse("sqlite:/x", "").ok());
}

} // namespace
} // namespace loopmind::store
