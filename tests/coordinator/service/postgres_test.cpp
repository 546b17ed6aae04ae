// A coordinator whose metadata are in PostgreSQL: the database away, a standby, a leader that was replaced.
#include <future>

#include "tests/coordinator/postgres_server.h"
#include "tests/coordinator/service/service_fixture.h"

namespace loopmind::service {
namespace {

class PostgresService : public ServiceTest {
  protected:
    void SetUp() override {
        url_ = database_.new_place();
        const auto place = store::StorePlace::parse(url_, "");
        ASSERT_TRUE(place->migrate(place->newest_schema()).ok());
        ServiceTest::SetUp();
    }
    ServerConfig config() override {
        ServerConfig config = ServiceTest::config();
        config.store = url_;
        // A fake worker says nothing while the database starts.
        config.farm.lease = core::Millis(600'000);
        config.farm.heartbeat = core::Millis(60'000);
        return config;
    }
    // A coordinator with a home of its own, but the same keys, as two machines of one farm have.
    ServerConfig second_config() {
        ServerConfig second = config();
        second.home = home_ / "second";
        std::filesystem::create_directories(second.home / "coordinator");
        std::filesystem::copy_file(home_ / "coordinator" / "coordinator.key",
                                   second.home / "coordinator" / "coordinator.key");
        return second;
    }
    std::string sql(const std::string& statement) {
        return database_.sql("SET search_path = " + url_.substr(url_.rfind("%3D") + 3) + "; " + statement);
    }

    testing::PostgresServer& database_ = testing::PostgresServer::shared();
    std::string url_;
};

TEST_F(PostgresService, AJobIsDoneAndItsRepeatComesFromTheCache) {
    ASSERT_TRUE(client()->submit(id('a'), kParams)->message.has_submit_ack());
    stop();
    start();
    worker()->work(kTasks);
    EXPECT_EQ(client()->show(id('a'))->message.job_info().state(), v1::JOB_STATE_DONE);
    EXPECT_TRUE(client()->submit(id('b'), kParams)->message.submit_ack().cached());
}

TEST_F(PostgresService, AResultWaitsForADatabaseThatIsAway) {
    ASSERT_TRUE(client()->submit(id('a'), kParams));
    auto w = worker();
    const auto first = w->next_start();
    ASSERT_TRUE(first);
    database_.crash();
    const auto outputs = FakeWorker::outputs_of(*first);
    for (const auto& [role, text] : outputs)
        w->chunk(first->attempt(), role, 0, text.size(), text);
    w->report(first->attempt(), outputs);
    const auto refused = client()->submit(id('b'), kParams);
    EXPECT_EQ(refused->message.error().code(), v1::ERROR_CODE_UNAVAILABLE);
    EXPECT_FALSE(w->has([](const v1::WorkerCommand& command) { return command.has_verdict(); }));
    database_.start();
    const auto verdict = w->verdict(first->attempt());
    ASSERT_TRUE(verdict);
    EXPECT_TRUE(verdict->accepted());
    w->work(kTasks - 1);
    EXPECT_EQ(client()->show(id('a'))->message.job_info().state(), v1::JOB_STATE_DONE);
}

// A retry that was committed while its answer was lost: nobody knows of it but the database.
TEST_F(PostgresService, WhatWasCommittedWithoutAnAnswerIsTakenUpWhenTheDatabaseIsBack) {
    ASSERT_TRUE(client()->submit(id('a'), kParams));
    ASSERT_TRUE(client()->cancel(id('a')));
    sql("UPDATE jobs SET state = 1; UPDATE tasks SET state = CASE WHEN waiting = 0 THEN 2 ELSE 1 END");
    auto w = worker();
    database_.crash();
    EXPECT_EQ(client()->submit(id('b'), kParams)->message.error().code(), v1::ERROR_CODE_UNAVAILABLE);
    database_.start();
    w->work(kTasks);
    EXPECT_EQ(client()->show(id('a'))->message.job_info().state(), v1::JOB_STATE_DONE);
}

TEST_F(PostgresService, AStandbyWaitsAndGoesOnWhereTheLeaderStopped) {
    ASSERT_TRUE(client()->submit(id('a'), kParams)->message.has_submit_ack());
    auto standby = std::async(std::launch::async, [this] { return Server::open(second_config()); });
    const std::string key = server_->public_key();
    stop();
    auto opened = standby.get();
    ASSERT_TRUE(opened.ok()) << opened.error().text();
    server_ = std::move(*opened);
    thread_ = std::thread([this] { EXPECT_TRUE(server_->run().ok()); });
    EXPECT_EQ(server_->public_key(), key);
    EXPECT_EQ(sql("SELECT term FROM leader"), "2\n");
    worker()->work(kTasks);
    EXPECT_EQ(client()->show(id('a'))->message.job_info().state(), v1::JOB_STATE_DONE);
}

TEST_F(PostgresService, ALeaderThatWasReplacedStopsServingAndKnowsWhy) {
    stop();
    auto opened = Server::open(config());
    ASSERT_TRUE(opened.ok());
    auto run = std::async(std::launch::async, [&] { return (*opened)->run(); });
    sql("UPDATE leader SET term = term + 1, holder = 'another', until = now() + interval '1 hour'");
    EXPECT_TRUE(run.get().ok());
    EXPECT_TRUE((*opened)->replaced()) << "so that its program stands by instead of ending";
    opened->reset();
    EXPECT_EQ(sql("SELECT holder FROM leader"), "another\n") << "it resigns nothing";
    sql("UPDATE leader SET until = 'epoch'");
}

TEST_F(PostgresService, AWrongSchemaIsRefusedInWords) {
    stop();
    url_ = database_.new_place();
    const auto opened = Server::open(config());
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, ErrorCode::kVersionMismatch);
    EXPECT_THAT(opened.error().text(), ::testing::HasSubstr("loopmind-coordinator migrate"));
}

TEST_F(PostgresService, ADatabaseThatIsDownAtTheStartIsWaitedFor) {
    stop();
    database_.crash();
    auto opening = std::async(std::launch::async, [this] { return Server::open(config()); });
    EXPECT_EQ(opening.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout) << "it waits";
    database_.start();
    auto opened = opening.get();
    ASSERT_TRUE(opened.ok()) << opened.error().text();
    server_ = std::move(*opened);
    thread_ = std::thread([this] { EXPECT_TRUE(server_->run().ok()); });
    ASSERT_TRUE(client()->submit(id('a'), kParams)->message.has_submit_ack());
}

} // namespace
} // namespace loopmind::service
