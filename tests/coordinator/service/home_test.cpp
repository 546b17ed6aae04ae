// Homes that are in use, not writable, or of another time; ports in use.
#include <fstream>
#include <sys/stat.h>

#include "coordinator/store/sqlite/database.h"
#include "tests/coordinator/service/service_fixture.h"

namespace loopmind::service {
namespace {

class Home : public ServiceTest {
  protected:
    Error open_error(ServerConfig config) {
        auto opened = Server::open(std::move(config));
        return opened.ok() ? Error{ErrorCode::kInternal, "", "it opened", ""} : opened.error();
    }
};

TEST_F(Home, IsUsedByOneServerAtATime) {
    const Error error = open_error(config());
    EXPECT_EQ(error.code, ErrorCode::kAlreadyExists) << error.text();
    EXPECT_THAT(error.message, ::testing::HasSubstr(std::to_string(::getpid())));
    stop();
    start(); // released with the server
}

TEST_F(Home, ATakenPortIsTold) {
    ServerConfig other = config();
    other.home = home_ / "other";
    other.client_endpoint = server_->client_endpoint();
    const Error error = open_error(other);
    EXPECT_EQ(error.code, ErrorCode::kUnavailable) << error.text();
    EXPECT_EQ(error.field, server_->client_endpoint());
}

TEST_F(Home, ANewerDatabaseIsRefused) {
    stop();
    {
        store::Database database(home_ / "coordinator" / "coordinator.db", store::Database::Mode::kReadWrite);
        database.execute("PRAGMA user_version = 77");
    }
    EXPECT_EQ(open_error(config()).code, ErrorCode::kVersionMismatch);
}

TEST_F(Home, AKeyThatOthersMayReadIsRefused) {
    stop();
    ASSERT_EQ(::chmod((home_ / "coordinator" / "coordinator.key").c_str(), 0644), 0);
    const Error error = open_error(config());
    EXPECT_EQ(error.code, ErrorCode::kPermissionDenied) << error.text();
    EXPECT_THAT(error.field, ::testing::HasSubstr("coordinator.key"));
}

TEST_F(Home, AFileWhereTheFolderShouldBeIsTold) {
    ServerConfig other = config();
    other.home = home_ / "file";
    std::ofstream(other.home) << "x";
    EXPECT_THAT(open_error(other).field, ::testing::HasSubstr("file"));
}

TEST_F(Home, TheReadyFileNamesTheEndpoints) {
    stop();
    auto with_file = config();
    with_file.ready_file = home_ / "ready";
    auto opened = Server::open(with_file);
    ASSERT_TRUE(opened.ok());
    server_ = std::move(*opened);
    thread_ = std::thread([this] { EXPECT_TRUE(server_->run().ok()); });
    ASSERT_TRUE(client());
    std::string text;
    std::getline(std::ifstream(with_file.ready_file), text);
    EXPECT_THAT(text, ::testing::HasSubstr(server_->client_endpoint()));
}

} // namespace
} // namespace loopmind::service
