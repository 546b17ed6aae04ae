// A worker's home: one process, a stable id, clear errors.
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "worker/service/worker_home.h"

#include <gtest/gtest.h>

namespace loopmind::worker {
namespace {

namespace fs = std::filesystem;

class Home : public testing::Test {
  protected:
    fs::path path = fs::path(testing::TempDir()) / ("home-" + base::random_hex(8)) / "worker-1";
    void TearDown() override { fs::remove_all(path.parent_path()); }
};

TEST_F(Home, IdAndKeysStay) {
    std::string id, key;
    {
        const auto home = WorkerHome::open(path);
        ASSERT_TRUE(home) << home.error().text();
        id = (*home)->worker_id();
        key = (*home)->keys().public_key;
    }
    const auto home = WorkerHome::open(path);
    ASSERT_TRUE(home);
    EXPECT_EQ((*home)->worker_id(), id);
    EXPECT_EQ((*home)->keys().public_key, key);
    EXPECT_EQ(home_keys(path)->public_key, key);
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
}

TEST_F(Home, OneProcessOnly) {
    auto first = WorkerHome::open(path);
    ASSERT_TRUE(first);
    const auto second = WorkerHome::open(path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kAlreadyExists);
    EXPECT_EQ(second.error().field, path.string());
    first->reset();
    EXPECT_TRUE(WorkerHome::open(path));
}

TEST_F(Home, AFileInTheWayIsNamed) {
    fs::create_directories(path.parent_path());
    ASSERT_TRUE(base::write_durably(path, "x"));
    const auto home = WorkerHome::open(path);
    ASSERT_FALSE(home);
    EXPECT_NE(home.error().field.find("worker-1"), std::string::npos);
}

TEST_F(Home, ADamagedIdIsNotGuessedAt) {
    ASSERT_TRUE(WorkerHome::open(path));
    ASSERT_TRUE(base::write_durably(path / "id", "../../x\n"));
    const auto home = WorkerHome::open(path);
    ASSERT_FALSE(home);
    EXPECT_EQ(home.error().code, ErrorCode::kDataCorrupt);
}

} // namespace
} // namespace loopmind::worker
