// Key files: made once with mode 0600, refused when others may read them or when they hold no pair.
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "proto/wire/keys.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <sys/stat.h>
#include <thread>
#include <vector>

namespace loopmind::wire {
namespace {

namespace fs = std::filesystem;

class Keys : public testing::Test {
  protected:
    fs::path folder = fs::path(testing::TempDir()) / ("keys-" + base::random_hex(8));
    fs::path path = folder / "worker.key";
    void SetUp() override { fs::create_directories(folder); }
    void TearDown() override { fs::remove_all(folder); }
};

TEST_F(Keys, AreMadeOnceWithMode0600) {
    const auto first = load_or_create_keys(path);
    ASSERT_TRUE(first) << first.error().text();
    EXPECT_TRUE(is_z85_key(first->public_key));
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    const auto second = load_or_create_keys(path);
    ASSERT_TRUE(second);
    EXPECT_EQ(first->public_key, second->public_key);
    EXPECT_EQ(first->secret_key, second->secret_key);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1) << "no draft is left behind";
}

TEST_F(Keys, LooseModesAreRefusedAndTheHintSaysWhat) {
    ASSERT_TRUE(load_or_create_keys(path));
    for (const auto mode : {0640, 0604, 0660, 0644}) {
        ASSERT_EQ(::chmod(path.c_str(), static_cast<mode_t>(mode)), 0);
        const auto keys = load_or_create_keys(path);
        ASSERT_FALSE(keys);
        EXPECT_EQ(keys.error().code, ErrorCode::kPermissionDenied);
        EXPECT_EQ(keys.error().field, path.string());
        EXPECT_NE(keys.error().hint.find("chmod 600"), std::string::npos);
    }
}

TEST_F(Keys, DamagedFilesAreRefusedAndNotReplaced) {
    const auto good = generate_keys();
    const auto other = generate_keys();
    ASSERT_TRUE(good && other);
    for (const std::string& text :
         {std::string(""), std::string("{"), std::string("[1]"), std::string("{\"public\":1}"),
          "{\"public\":\"" + good->public_key + "\",\"secret\":\"short\"}"}) {
        ASSERT_TRUE(base::write_durably(path, text, 0600));
        const auto keys = load_or_create_keys(path);
        ASSERT_FALSE(keys) << text;
        EXPECT_EQ(keys.error().code, ErrorCode::kDataCorrupt);
        EXPECT_EQ(keys.error().text().find(good->secret_key), std::string::npos);
        EXPECT_EQ(*base::read_file(path, 1000), text);
    }
}

TEST_F(Keys, PublicKeyMustBelongToTheSecretKey) {
    const auto good = generate_keys();
    const auto other = generate_keys();
    ASSERT_TRUE(good && other);
    ASSERT_TRUE(base::write_durably(
        path, "{\"public\":\"" + other->public_key + "\",\"secret\":\"" + good->secret_key + "\"}", 0600));
    EXPECT_EQ(load_keys(path).error().code, ErrorCode::kDataCorrupt);
}

TEST_F(Keys, ManyStartersEndUpWithOnePair) {
    std::vector<std::string> seen(8);
    std::vector<std::thread> threads;
    for (auto& slot : seen) {
        threads.emplace_back([&] {
            const auto keys = load_or_create_keys(path);
            slot = keys ? keys->public_key : keys.error().text();
        });
    }
    for (auto& thread : threads)
        thread.join();
    for (const auto& key : seen)
        EXPECT_EQ(key, seen[0]);
    EXPECT_TRUE(is_z85_key(seen[0])) << seen[0];
}

TEST_F(Keys, MissingFolderIsAClearError) {
    const auto keys = load_or_create_keys(folder / "no" / "worker.key");
    ASSERT_FALSE(keys);
    EXPECT_EQ(keys.error().code, ErrorCode::kNotFound);
}

TEST_F(Keys, Z85IsChecked) {
    const auto keys = generate_keys();
    ASSERT_TRUE(keys);
    EXPECT_TRUE(is_z85_key(keys->secret_key));
    EXPECT_FALSE(is_z85_key(""));
    EXPECT_FALSE(is_z85_key(keys->secret_key.substr(1)));
    EXPECT_FALSE(is_z85_key(std::string(39, 'a') + "\""));
}

} // namespace
} // namespace loopmind::wire
