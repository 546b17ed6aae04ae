// The local cache: durable metadata, verification on read, two processes at once, least recently used first
// out.
#include "client/farm/cache.h"

#include "proto/base/sha256.h"
#include "tests/client/temporary_folder.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <set>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace loopmind::farm {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::read_text;
using testing::TemporaryFolder;
using testing::write_text;

std::string put(const Cache& cache, const std::string& bytes) {
    const std::string name = base::sha256_hex(bytes);
    const auto incoming = cache.new_incoming("test");
    EXPECT_TRUE(incoming.ok());
    write_text(*incoming, bytes);
    EXPECT_TRUE(cache.place(*incoming, name).ok());
    return name;
}

CacheEntry entry_for(const std::string& sha256, const std::string& params = R"({"prompt":"rain"})") {
    CacheEntry entry;
    entry.sha256 = sha256;
    entry.params = params;
    entry.role = "audio";
    entry.stem = "drums";
    entry.job = "00000000000000000000000000000001";
    return entry;
}

void set_used(const fs::path& file, std::time_t seconds) {
    const struct timespec times[2] = {{seconds, 0}, {0, UTIME_OMIT}};
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
}

TEST(Cache, WritesThePublishedFields) {
    TemporaryFolder folder;
    const auto cache = Cache::open(folder.path() / "Cache");
    ASSERT_TRUE(cache.ok());
    const std::string name = put(*cache, "pling");
    ASSERT_TRUE(cache->describe({entry_for(name)}).ok());
    const json document = json::parse(read_text(folder.path() / "Cache/metadata.json"));
    ASSERT_EQ(document.size(), 1u);
    const json& entry = document[0];
    EXPECT_EQ(read_text(folder.path() / "Cache" / entry["file"].get<std::string>()), "pling");
    EXPECT_EQ(entry["params"], json::parse(R"({"prompt":"rain"})"));
    EXPECT_EQ(entry["created_at"].get<std::string>().size(), 20u);
    EXPECT_EQ(entry["created_at"].get<std::string>().back(), 'Z');
    EXPECT_EQ(entry["sha256"], name);
    EXPECT_EQ(entry["size"], 5);
    EXPECT_EQ(entry["stem"], "drums");
    EXPECT_EQ(entry["job"], "00000000000000000000000000000001");
}

TEST(Cache, FindsWhatItHoldsAndNothingElse) {
    TemporaryFolder folder;
    const auto cache = Cache::open(folder.path());
    ASSERT_TRUE(cache.ok());
    const std::string name = put(*cache, "pling");
    const auto found = cache->find(name);
    ASSERT_TRUE(found);
    EXPECT_EQ(read_text(*found), "pling");
    EXPECT_FALSE(cache->find(base::sha256_hex("other")));
    EXPECT_FALSE(cache->find("../../etc/passwd"));
}

TEST(Cache, ABlobChangedOnDiskIsGone) {
    TemporaryFolder folder;
    const auto cache = Cache::open(folder.path());
    ASSERT_TRUE(cache.ok());
    const std::string name = put(*cache, "pling");
    const fs::path blob = *cache->find(name);
    write_text(blob, "plong"); // same size
    EXPECT_FALSE(cache->find(name));
    EXPECT_FALSE(fs::exists(blob));
}

TEST(Cache, ABlobWithoutItsStampIsHashedAgain) {
    TemporaryFolder folder;
    const auto cache = Cache::open(folder.path());
    ASSERT_TRUE(cache.ok());
    const std::string name = put(*cache, "pling");
    fs::remove(cache->find(name)->string() + ".verified");
    EXPECT_TRUE(cache->find(name));
    EXPECT_TRUE(fs::exists(cache->find(name)->string() + ".verified"));
}

TEST(Cache, PlaceCopyRefusesOtherBytes) {
    TemporaryFolder folder;
    const auto cache = Cache::open(folder.path() / "Cache");
    ASSERT_TRUE(cache.ok());
    write_text(folder.path() / "source", "pling");
    const auto wrong = cache->place_copy(folder.path() / "source", base::sha256_hex("plong"));
    ASSERT_FALSE(wrong.ok());
    EXPECT_EQ(wrong.error().code, ErrorCode::kDataCorrupt);
    EXPECT_TRUE(fs::is_empty(folder.path() / "Cache/incoming"));
    EXPECT_TRUE(cache->place_copy(folder.path() / "source", base::sha256_hex("pling")).ok());
}

TEST(Cache, RecoversFromCorruptMetadata) {
    for (const std::string garbage : {"{", "[1,2]", R"([{"sha256":"zz"}])", "{\"a\":1}"}) {
        TemporaryFolder folder;
        const auto cache = Cache::open(folder.path());
        ASSERT_TRUE(cache.ok());
        const std::string name = put(*cache, "pling");
        ASSERT_TRUE(cache->describe({entry_for(name)}).ok());
        write_text(folder.path() / "metadata.json", garbage);
        const auto entries = cache->list();
        ASSERT_TRUE(entries.ok()) << garbage;
        ASSERT_EQ(entries->size(), 1u);
        EXPECT_EQ((*entries)[0].sha256, name);
        EXPECT_EQ(read_text(folder.path() / "metadata.json.corrupt"), garbage);
        ASSERT_TRUE(cache->describe({entry_for(name)}).ok());
        EXPECT_EQ(json::parse(read_text(folder.path() / "metadata.json"))[0]["params"]["prompt"], "rain");
    }
}

TEST(Cache, KeepsCreationTimeAndFirstDescription) {
    TemporaryFolder folder;
    const auto cache = Cache::open(folder.path());
    ASSERT_TRUE(cache.ok());
    const std::string name = put(*cache, "pling");
    CacheEntry first = entry_for(name);
    first.created_at = "2020-01-01T00:00:00Z";
    ASSERT_TRUE(cache->describe({first}).ok());
    ASSERT_TRUE(cache->describe({entry_for(name, R"({"prompt":"snow"})")}).ok());
    const auto entries = cache->list();
    ASSERT_EQ(entries->size(), 1u);
    EXPECT_EQ((*entries)[0].created_at, "2020-01-01T00:00:00Z");
    EXPECT_EQ(json::parse((*entries)[0].params)["prompt"], "rain");
}

TEST(Cache, TrimsTheLeastRecentlyUsedFirst) {
    TemporaryFolder folder;
    const auto cache = Cache::open(folder.path(), {.max_bytes = 250, .in_use = std::chrono::seconds(0)});
    ASSERT_TRUE(cache.ok());
    std::vector<std::string> names;
    for (char c : {'a', 'b', 'c', 'd'})
        names.push_back(put(*cache, std::string(100, c)));
    std::vector<CacheEntry> entries;
    for (const auto& name : names)
        entries.push_back(entry_for(name));
    ASSERT_TRUE(cache->describe(entries).ok());
    const std::time_t base = std::time(nullptr) - 1000;
    const int used[] = {3, 1, 2, 4}; // b is the oldest, then c
    for (int i = 0; i < 4; ++i)
        set_used(*cache->find(names[static_cast<std::size_t>(i)]), base + used[i]);
    const auto removed = cache->trim();
    ASSERT_TRUE(removed.ok());
    EXPECT_EQ(removed->files, 2u);
    EXPECT_EQ(removed->bytes, 200u);
    EXPECT_TRUE(cache->find(names[0]));
    EXPECT_FALSE(cache->find(names[1]));
    EXPECT_FALSE(cache->find(names[2]));
    EXPECT_TRUE(cache->find(names[3]));
    EXPECT_EQ(json::parse(read_text(folder.path() / "metadata.json")).size(), 2u);
}

TEST(Cache, NeverTrimsWhatWasJustUsed) {
    TemporaryFolder folder;
    const auto cache = Cache::open(folder.path(), {.max_bytes = 10, .in_use = std::chrono::seconds(3600)});
    ASSERT_TRUE(cache.ok());
    const std::string name = put(*cache, std::string(100, 'a'));
    ASSERT_TRUE(cache->trim().ok());
    EXPECT_TRUE(cache->find(name));
}

TEST(Cache, ClearEmptiesIt) {
    TemporaryFolder folder;
    const auto cache = Cache::open(folder.path());
    ASSERT_TRUE(cache.ok());
    const std::string name = put(*cache, "pling");
    ASSERT_TRUE(cache->describe({entry_for(name)}).ok());
    const auto removed = cache->clear();
    ASSERT_TRUE(removed.ok());
    EXPECT_EQ(removed->files, 1u);
    EXPECT_EQ(cache->total_bytes(), 0u);
    EXPECT_TRUE(cache->list()->empty());
}

TEST(Cache, SweepsWhatDeadProcessesLeft) {
    TemporaryFolder folder;
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    ::waitpid(child, nullptr, 0);
    write_text(folder.path() / "incoming" / (std::to_string(child) + "-0-x"), "left");
    write_text(folder.path() / "incoming" / (std::to_string(::getpid()) + "-0-x"), "mine");
    ASSERT_TRUE(Cache::open(folder.path()).ok());
    EXPECT_FALSE(fs::exists(folder.path() / "incoming" / (std::to_string(child) + "-0-x")));
    EXPECT_TRUE(fs::exists(folder.path() / "incoming" / (std::to_string(::getpid()) + "-0-x")));
}

TEST(Cache, TwoProcessesLoseNoEntry) {
    TemporaryFolder folder;
    constexpr int kProcesses = 2, kBlobs = 40;
    std::vector<pid_t> children;
    for (int process = 0; process < kProcesses; ++process) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            const auto cache = Cache::open(folder.path());
            bool good = cache.ok();
            for (int i = 0; good && i < kBlobs; ++i) {
                const std::string name = put(*cache, std::to_string(process) + "/" + std::to_string(i));
                good = cache->describe({entry_for(name)}).ok();
            }
            ::_exit(good ? 0 : 1);
        }
        children.push_back(child);
    }
    for (pid_t child : children) {
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    std::set<std::string> names;
    for (const json& entry : json::parse(read_text(folder.path() / "metadata.json")))
        names.insert(entry["sha256"]);
    EXPECT_EQ(names.size(), static_cast<std::size_t>(kProcesses * kBlobs));
}

TEST(Cache, AFolderThatCannotBeMadeIsAClearError) {
    TemporaryFolder folder;
    write_text(folder.path() / "file", "not a folder");
    const auto cache = Cache::open(folder.path() / "file" / "Cache");
    ASSERT_FALSE(cache.ok());
    EXPECT_NE(cache.error().field.find("Cache"), std::string::npos);
}

} // namespace
} // namespace loopmind::farm
