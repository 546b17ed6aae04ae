// The journal after every kind of interruption: cut at every byte, flipped bytes, killed writers, other
// programs.
#include "engine/session/journal.h"

#include "engine/session/project.h"
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "proto/base/sha256.h"

#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

namespace loopmind::session {
namespace {

using Kind = Recovery::Kind;

class JournalTest : public testing::Test {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / ("loopmind-journal-" + base::random_hex(6));
        std::filesystem::create_directories(folder_);
        project_ = folder_ / "song.loopmind";
        save("saved");
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    void save(const std::string& text) { ASSERT_TRUE(base::write_durably(project_, text).ok()); }
    /// Bytes as a crash or a bad disk left them.
    void overwrite(const std::string& bytes) {
        std::ofstream(journal_path(project_), std::ios::binary | std::ios::trunc) << bytes;
    }
    std::string journal() { return *base::read_file(journal_path(project_), 1 << 30); }
    static std::string document(int i) {
        return "{\"head\": [1, 2, 3], \"gain_db\": " + std::to_string(i * 37 % 100) + ", \"tail\": \"" +
               std::string(static_cast<std::size_t>(i % 7), 'x') + "\"}\n";
    }
    /// A journal of documents 1..count whose writer has gone.
    void write(int count, const JournalLimits& limits = {}) {
        auto journal = Journal::start(project_, limits);
        ASSERT_TRUE(journal.ok()) << journal.error().text();
        for (int i = 1; i <= count; ++i)
            ASSERT_TRUE(journal->append(document(i), i).ok());
    }

    std::filesystem::path folder_, project_;
};

TEST_F(JournalTest, GivesBackWhatWasWritten) {
    write(5);
    const Recovery found = read_journal(project_);
    EXPECT_EQ(found.kind, Kind::kUnsaved);
    EXPECT_FALSE(found.damaged);
    ASSERT_EQ(found.states.size(), 5u);
    for (int i = 1; i <= 5; ++i) {
        EXPECT_EQ(found.states[static_cast<std::size_t>(i - 1)].text, document(i));
        EXPECT_EQ(found.states[static_cast<std::size_t>(i - 1)].time, i);
    }
}

TEST_F(JournalTest, WithoutAJournalThereIsNothing) {
    const Recovery found = read_journal(project_);
    EXPECT_EQ(found.kind, Kind::kNone);
    EXPECT_FALSE(found.damaged);
}

TEST_F(JournalTest, CutAtEveryByteItGivesTheWholeRecordsBefore) {
    write(4);
    const std::string whole = journal();
    std::size_t last = 0;
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        overwrite(whole.substr(0, size));
        const Recovery found = read_journal(project_);
        ASSERT_GE(found.states.size(), last) << size;
        last = found.states.size();
        for (std::size_t i = 0; i < last; ++i)
            ASSERT_EQ(found.states[i].text, document(static_cast<int>(i) + 1)) << size;
        ASSERT_EQ(found.kind, last > 0 ? Kind::kUnsaved : Kind::kNone);
    }
    EXPECT_EQ(last, 4u);
}

TEST_F(JournalTest, FlippedBytesNeverGiveAWrongDocument) {
    write(4);
    const std::string whole = journal();
    for (std::size_t at = 0; at < whole.size(); ++at) {
        std::string bad = whole;
        bad[at] = static_cast<char>(bad[at] ^ 0x41);
        overwrite(bad);
        const Recovery found = read_journal(project_);
        ASSERT_LE(found.states.size(), 4u);
        for (std::size_t i = 0; i < found.states.size(); ++i)
            ASSERT_EQ(found.states[i].text, document(static_cast<int>(i) + 1)) << at;
        // In the heading's hash it only looks as if the project had changed.
        if (found.states.size() == 4u) {
            ASSERT_EQ(found.kind, Kind::kDiverged) << at;
        }
    }
}

TEST_F(JournalTest, RubbishBehindTheEndIsLeftOut) {
    write(2);
    ASSERT_TRUE(base::write_durably(journal_path(project_), journal() + std::string(1000, '\0')).ok());
    const Recovery found = read_journal(project_);
    EXPECT_TRUE(found.damaged);
    EXPECT_EQ(found.states.size(), 2u);
}

TEST_F(JournalTest, ACorruptJournalBlocksNothing) {
    ASSERT_TRUE(base::write_durably(journal_path(project_), "no journal at all").ok());
    EXPECT_TRUE(read_journal(project_).damaged);
    EXPECT_EQ(read_journal(project_).kind, Kind::kNone);
    write(2);
    EXPECT_EQ(read_journal(project_).states.size(), 2u);
    std::filesystem::remove(journal_path(project_));
    std::filesystem::create_directory(journal_path(project_));
    EXPECT_EQ(read_journal(project_).kind, Kind::kNone);
    EXPECT_FALSE(Journal::start(project_).ok()); // no autosave, said once
}

TEST_F(JournalTest, IsEmptiedOnlyByAVerifiedSave) {
    auto journal = Journal::start(project_);
    ASSERT_TRUE(journal.ok());
    ASSERT_TRUE(journal->append(document(1), 1).ok());
    const Status lost = journal->saved(document(1)); // the disk says otherwise
    ASSERT_FALSE(lost.ok());
    EXPECT_EQ(lost.error().code, ErrorCode::kDataCorrupt);
    save(document(1));
    ASSERT_TRUE(journal->saved(document(1)).ok());
    ASSERT_TRUE(journal->append(document(2), 2).ok());
    journal = Error{};
    const Recovery found = read_journal(project_);
    EXPECT_EQ(found.kind, Kind::kUnsaved);
    ASSERT_EQ(found.states.size(), 1u);
    EXPECT_EQ(found.states[0].text, document(2));
}

TEST_F(JournalTest, ACrashBetweenSaveAndEmptyingOffersNothingOld) {
    write(3);
    save(document(3));
    EXPECT_EQ(read_journal(project_).kind, Kind::kNone);
    save(document(2)); // saved, changed once more, then the crash
    const Recovery found = read_journal(project_);
    EXPECT_EQ(found.kind, Kind::kUnsaved);
    ASSERT_EQ(found.states.size(), 1u);
    EXPECT_EQ(found.states[0].text, document(3));
}

TEST_F(JournalTest, AProjectThatWasReplacedIsToldApart) {
    write(3);
    save("from a backup");
    const Recovery found = read_journal(project_);
    EXPECT_EQ(found.kind, Kind::kDiverged);
    EXPECT_EQ(found.states.size(), 3u);
    std::filesystem::remove(project_);
    EXPECT_EQ(read_journal(project_).kind, Kind::kDiverged);
}

TEST_F(JournalTest, ANewJournalKeepsTheOldOneAside) {
    write(3);
    const std::string old = journal();
    write(0);
    std::filesystem::path aside = journal_path(project_);
    aside += ".old";
    EXPECT_EQ(*base::read_file(aside, 1 << 20), old);
    write(0); // an empty one replaces nothing
    EXPECT_EQ(*base::read_file(aside, 1 << 20), old);
    EXPECT_EQ(read_journal(project_).kind, Kind::kNone);
}

TEST_F(JournalTest, StaysSmallAndKeepsTheNewest) {
    JournalLimits limits;
    limits.states = 5;
    limits.bytes = 20000;
    auto journal = Journal::start(project_, limits);
    ASSERT_TRUE(journal.ok());
    std::uint64_t largest = 0;
    for (int i = 1; i <= 500; ++i) {
        ASSERT_TRUE(journal->append(document(i), i).ok());
        ASSERT_TRUE(journal->append(document(i), i).ok()); // nothing new, nothing written
        largest = std::max(largest, journal->size());
        ASSERT_EQ(journal->size(), std::filesystem::file_size(journal_path(project_)));
    }
    EXPECT_LT(largest, 20000u);
    journal = Error{};
    const Recovery found = read_journal(project_);
    ASSERT_GE(found.states.size(), 5u);
    for (std::size_t i = 0; i < found.states.size(); ++i)
        EXPECT_EQ(found.states[i].text, document(500 - static_cast<int>(found.states.size() - 1 - i)));

    // Documents larger than the limit: the newest alone.
    auto large = Journal::start(project_, limits);
    for (int i = 0; i < 20; ++i)
        ASSERT_TRUE(large->append(std::string(30000, static_cast<char>('a' + i)), i).ok());
    EXPECT_LT(large->size(), 70000u);
    large = Error{};
    EXPECT_EQ(read_journal(project_).states.back().text, std::string(30000, 't'));
}

TEST_F(JournalTest, SmallEditsOfALargeDocumentCostLittle) {
    auto journal = Journal::start(project_);
    ASSERT_TRUE(journal.ok());
    std::string large(1 << 20, 'x');
    ASSERT_TRUE(journal->append(large, 0).ok());
    const std::uint64_t first = journal->size();
    for (int i = 0; i < 10; ++i) {
        large[static_cast<std::size_t>(i) * 1000 + 500] = 'y';
        ASSERT_TRUE(journal->append(large, i).ok());
    }
    EXPECT_LT(journal->size() - first, 3000u);
}

TEST_F(JournalTest, TwoProgramsDoNotWriteOne) {
    auto mine = Journal::start(project_);
    ASSERT_TRUE(mine.ok());
    ASSERT_TRUE(mine->append(document(1), 1).ok());
    EXPECT_EQ(read_journal(project_).kind, Kind::kInUse);
    const auto theirs = Journal::start(project_);
    ASSERT_FALSE(theirs.ok());
    EXPECT_EQ(theirs.error().code, ErrorCode::kUnavailable);
    ASSERT_TRUE(mine->append(document(2), 2).ok());
    ASSERT_TRUE(mine->discard().ok());
    EXPECT_EQ(read_journal(project_).kind, Kind::kNone);
    EXPECT_TRUE(Journal::start(project_).ok());
}

/// A program that edits and saves on, killed at a random moment: what it said to be written is there, and
/// what is there is a document it made.
TEST_F(JournalTest, SurvivesKillAtAnyMoment) {
    for (int round = 0; round < 12; ++round) {
        int reports[2];
        ASSERT_EQ(pipe(reports), 0);
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            JournalLimits limits;
            limits.states = 4; // so that the file is often written anew
            auto journal = Journal::start(project_, limits);
            for (std::int32_t i = 1; journal.ok(); ++i) {
                if (!journal->append(document(i), i).ok()) _exit(2);
                if (::write(reports[1], &i, sizeof i) != sizeof i) _exit(3);
            }
            _exit(1);
        }
        ::close(reports[1]);
        std::int32_t reported = 0, number = 0;
        const int until = 1 + round * 7;
        while (reported < until && ::read(reports[0], &number, sizeof number) == sizeof number)
            reported = number;
        ASSERT_EQ(reported, until) << "the writer failed";
        ::kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFSIGNALED(status));
        while (::read(reports[0], &number, sizeof number) == sizeof number)
            reported = number; // said before it died
        ::close(reports[0]);
        const Recovery found = read_journal(project_);
        ASSERT_EQ(found.kind, Kind::kUnsaved);
        ASSERT_GE(found.states.back().time, reported);
        for (const JournalState& state : found.states)
            ASSERT_EQ(state.text, document(static_cast<int>(state.time)));
    }
}

TEST(AutosaveTimer, WaitsForARestButNotForEver) {
    AutosaveTimer timer(2000, 15000);
    EXPECT_FALSE(timer.due(0));
    timer.changed(1000);
    EXPECT_FALSE(timer.due(2999));
    EXPECT_TRUE(timer.due(3000));
    for (std::int64_t now = 1000; now < 16000; now += 500)
        timer.changed(now);
    EXPECT_TRUE(timer.due(16000));
    timer.written();
    EXPECT_FALSE(timer.due(99999));
    timer.changed(100000);
    EXPECT_FALSE(timer.due(100001));
}

} // namespace
} // namespace loopmind::session
