// The outbox keeps what was put, across crashes, and drops what is damaged.
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "worker/outbox/outbox.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace loopmind::outbox {
namespace {

namespace fs = std::filesystem;

class OutboxTest : public testing::Test {
  protected:
    fs::path root = fs::path(testing::TempDir()) / ("outbox-" + base::random_hex(8));
    fs::path folder = root / "outbox";
    void SetUp() override { fs::create_directories(root); }
    void TearDown() override { fs::remove_all(root); }

    std::unique_ptr<Outbox> open() {
        auto outbox = Outbox::open(folder);
        EXPECT_TRUE(outbox) << outbox.error().text();
        return std::move(*outbox);
    }

    static Entry complete(const Attempt& attempt, std::vector<OutputFile> files = {}) {
        Entry entry{attempt, {}, std::move(files)};
        auto* report = entry.report.mutable_complete();
        report->mutable_attempt()->set_task_id(attempt.task_id);
        report->mutable_attempt()->set_epoch(attempt.epoch);
        for (const auto& file : entry.files) {
            auto* output = report->add_outputs();
            output->set_role(file.role);
            output->mutable_blob()->set_sha256(std::string(64, 'a'));
            output->mutable_blob()->set_size(file.size);
        }
        report->set_compute_ms(12);
        return entry;
    }

    static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

    fs::path only_entry_file() const {
        for (const auto& item : fs::directory_iterator(folder)) {
            if (item.path().extension() == ".done") return item.path();
        }
        return {};
    }
};

TEST_F(OutboxTest, KeepsEntriesUntilRemoved) {
    const Attempt attempt{"job.1", (3ull << 32) | 5};
    {
        const auto outbox = open();
        const auto part = outbox->part_path(attempt, "audio");
        write(part, "bytes");
        ASSERT_TRUE(outbox->put(complete(attempt, {{"audio", part, 5, false}})));
    }
    const auto outbox = open();
    ASSERT_EQ(outbox->attempts(), std::vector{attempt});
    const auto entry = outbox->find(attempt);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->report.complete().compute_ms(), 12u);
    EXPECT_EQ(entry->report.SerializeAsString(),
              complete(attempt, {{"audio", outbox->part_path(attempt, "audio"), 5, false}})
                  .report.SerializeAsString());
    ASSERT_EQ(entry->files.size(), 1u);
    EXPECT_EQ(*base::read_file(entry->files[0].path, 100), "bytes");
    outbox->remove(attempt);
    EXPECT_TRUE(fs::is_empty(folder));
    EXPECT_TRUE(open()->attempts().empty());
}

TEST_F(OutboxTest, EpochsOfOneTaskAreApart) {
    const auto outbox = open();
    ASSERT_TRUE(outbox->put(complete({"t", 1})));
    ASSERT_TRUE(outbox->put(complete({"t", 2})));
    outbox->remove({"t", 1});
    EXPECT_EQ(open()->attempts(), (std::vector<Attempt>{{"t", 2}}));
}

TEST_F(OutboxTest, DirectFilesAreNeverTouched) {
    const auto blob = root / "attempt.part";
    write(blob, "x");
    const auto outbox = open();
    ASSERT_TRUE(outbox->put(complete({"t", 1}, {{"audio", blob, 1, true}})));
    outbox->remove({"t", 1});
    EXPECT_TRUE(fs::exists(blob));
    // A direct file that the coordinator has taken already does not make the entry void.
    ASSERT_TRUE(outbox->put(complete({"t", 2}, {{"audio", blob, 1, true}})));
    fs::remove(blob);
    EXPECT_EQ(open()->attempts().size(), 1u);
}

TEST_F(OutboxTest, EveryTruncationAndEveryFlippedByteIsNoticed) {
    {
        const auto outbox = open();
        ASSERT_TRUE(outbox->put(complete({"t", 1}, {{"plan", root / "direct", 5, true}})));
    }
    const auto path = only_entry_file();
    const auto whole = *base::read_file(path, 1 << 20);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        write(path, whole.substr(0, size));
        const auto outbox = open();
        ASSERT_TRUE(outbox->attempts().empty()) << size;
        ASSERT_EQ(outbox->dropped().size(), 1u);
        ASSERT_FALSE(fs::exists(path)) << "a damaged entry is removed";
    }
    for (std::size_t i = 0; i < whole.size(); ++i) {
        auto damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ 1);
        write(path, damaged);
        ASSERT_TRUE(open()->attempts().empty()) << i;
    }
    write(path, whole);
    EXPECT_EQ(open()->attempts().size(), 1u);
}

TEST_F(OutboxTest, CutOrMissingOutputsMakeAnEntryVoid) {
    const Attempt attempt{"t", 1};
    const auto put = [&] {
        const auto outbox = open();
        const auto part = outbox->part_path(attempt, "audio");
        write(part, "12345");
        ASSERT_TRUE(outbox->put(complete(attempt, {{"audio", part, 5, false}})));
    };
    put();
    fs::resize_file(folder / "t-1-audio.part", 4);
    EXPECT_TRUE(open()->attempts().empty());
    EXPECT_TRUE(fs::is_empty(folder));
    put();
    fs::remove(folder / "t-1-audio.part");
    EXPECT_TRUE(open()->attempts().empty());
}

TEST_F(OutboxTest, PartsWithoutAnEntryAreRemovedAtStart) {
    open();
    write(folder / "t-1-audio.part", "half");
    write(folder / "t-1-report.part.done.0123.tmp", "half");
    open();
    EXPECT_TRUE(fs::is_empty(folder));
}

TEST_F(OutboxTest, UnwritableHomeIsAClearError) {
    write(root / "file", "");
    const auto outbox = Outbox::open(root / "file" / "outbox");
    ASSERT_FALSE(outbox);
    EXPECT_EQ(outbox.error().field, (root / "file" / "outbox").string());
}

TEST_F(OutboxTest, SurvivesKillNineAtAnyMoment) {
    for (int round = 0; round < 12; ++round) {
        int pipe_ends[2];
        ASSERT_EQ(::pipe(pipe_ends), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            // Every attempt that put() has confirmed is told to the parent.
            auto outbox = std::move(*Outbox::open(folder));
            for (std::uint64_t epoch = 1000ull * (round + 1);; ++epoch) {
                const Attempt attempt{"t", epoch};
                const auto part = outbox->part_path(attempt, "audio");
                write(part, "12345");
                if (!outbox->put(complete(attempt, {{"audio", part, 5, false}}))) ::_exit(1);
                if (::write(pipe_ends[1], &epoch, sizeof epoch) != sizeof epoch) ::_exit(1);
            }
        }
        ::close(pipe_ends[1]);
        std::this_thread::sleep_for(std::chrono::milliseconds(4 + 3 * round));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        const auto outbox = open();
        EXPECT_TRUE(outbox->dropped().empty());
        std::uint64_t epoch = 0;
        while (::read(pipe_ends[0], &epoch, sizeof epoch) == sizeof epoch) {
            EXPECT_TRUE(outbox->find({"t", epoch})) << epoch << " was confirmed and is lost";
        }
        ::close(pipe_ends[0]);
    }
}

} // namespace
} // namespace loopmind::outbox
