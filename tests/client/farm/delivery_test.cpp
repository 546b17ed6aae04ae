// Deliveries: everything a person gets, all of it or nothing.
#include "client/farm/delivery.h"

#include "client/farm/file_names.h"
#include "engine/files/midi.h"
#include "engine/files/wav.h"
#include "engine/session/project.h"
#include "proto/request/params.h"
#include "tests/client/farm/finished_job.h"
#include "tests/client/temporary_folder.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <set>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace loopmind::farm {
namespace {

namespace fs = std::filesystem;
using testing::read_text;
using testing::TemporaryFolder;
using testing::write_text;

constexpr const char* kRequest =
    R"({"prompt":"Rain / on: \"tin\" roofs!","tempo":120,"bars":1,"key":"A minor","stems":["drums","bass"],"seed":7})";

class DeliveryTest : public ::testing::Test {
  protected:
    DeliveryTest() : cache_(*Cache::open(folder_.path() / "Cache")), out_(folder_.path() / "music") {}

    Result<Delivered> deliver_to(const v1::JobInfo& job, const fs::path& out, bool force = false,
                                 bool embed = false) {
        return deliver(job, [this](const std::string& name) { return cache_.find(name); },
                       {out, force, embed});
    }

    static std::set<std::string> files_below(const fs::path& folder) {
        std::set<std::string> found;
        if (!fs::exists(folder)) return found;
        for (const auto& entry : fs::recursive_directory_iterator(folder))
            if (entry.is_regular_file())
                found.insert(entry.path().lexically_relative(folder).generic_string());
        return found;
    }

    /// Nothing beside `Cache` in the test's folder: no temporary folder was left.
    std::set<std::string> names_beside_the_cache() {
        std::set<std::string> found;
        for (const auto& entry : fs::directory_iterator(folder_.path()))
            found.insert(entry.path().filename());
        found.erase("Cache");
        return found;
    }

    TemporaryFolder folder_;
    Cache cache_;
    fs::path out_;
};

TEST_F(DeliveryTest, HoldsEverythingUnderItsName) {
    const v1::JobInfo job = testing::make_finished_job(cache_, kRequest);
    const auto delivered = deliver_to(job, out_);
    ASSERT_TRUE(delivered.ok()) << delivered.error().text();
    EXPECT_EQ(
        files_below(out_),
        (std::set<std::string>{".loopmind-delivery.json", "midi/01-drums.mid", "midi/02-bass.mid",
                               "midi/all.mid", "mix.wav", "params.json", "premaster.wav",
                               "rain-on-tin-roofs.loopmind", "stems/01-drums.wav", "stems/02-bass.wav"}));
    EXPECT_EQ(names_beside_the_cache(), std::set<std::string>{"music"});
    EXPECT_FALSE(delivered->unchanged);
    EXPECT_EQ(delivered->files.size(), 9u);
}

TEST_F(DeliveryTest, StemsKeepTheirSamplesAndCarryTheirTags) {
    const v1::JobInfo job = testing::make_finished_job(cache_, kRequest);
    ASSERT_TRUE(deliver_to(job, out_).ok());
    const auto source = files::read_wav(*cache_.find(job.tasks(0).outputs(0).blob().sha256()));
    const auto stem = files::read_wav(out_ / "stems/01-drums.wav");
    ASSERT_TRUE(source.ok() && stem.ok());
    EXPECT_EQ(source->channels, stem->channels);
    const std::string bytes = read_text(out_ / "stems/02-bass.wav");
    for (const char* chunk :
         {"bext", "smpl", "acid", "LIST", "INFO", "\"seed\":7", "LoopMind Farm " LOOPMIND_VERSION, "CC0"})
        EXPECT_NE(bytes.find(chunk), std::string::npos) << chunk;
}

TEST_F(DeliveryTest, OneMidiFileHoldsAllStems) {
    const v1::JobInfo job = testing::make_finished_job(cache_, kRequest);
    ASSERT_TRUE(deliver_to(job, out_).ok());
    const auto all = files::read_midi(read_text(out_ / "midi/all.mid"));
    ASSERT_TRUE(all.ok()) << all.error().text();
    ASSERT_EQ(all->tracks.size(), 2u);
    EXPECT_EQ(all->tracks[0].name, "drums");
    EXPECT_EQ(all->tracks[1].name, "bass");
    EXPECT_EQ(all->tempo, 120);
    EXPECT_EQ(all->tracks[1].notes.size(), 2u);
}

TEST_F(DeliveryTest, TheProjectLinksTheDeliveredFiles) {
    const v1::JobInfo job = testing::make_finished_job(cache_, kRequest);
    ASSERT_TRUE(deliver_to(job, out_).ok());
    auto project = session::Project::load(out_ / "rain-on-tin-roofs.loopmind");
    ASSERT_TRUE(project.ok()) << project.error().text();
    EXPECT_EQ(project->info().media.size(), 4u);
    for (const auto& media : project->info().media) {
        EXPECT_FALSE(media.embedded);
        EXPECT_TRUE(fs::exists(out_ / media.file)) << media.file;
        EXPECT_TRUE(project->media_bytes(media.id, out_).ok()) << "its hash is that of the file";
    }
    ASSERT_EQ(project->info().layers.size(), 1u);
    EXPECT_EQ(project->info().layers[0].created_at, "2023-11-14T22:13:21Z");
}

TEST_F(DeliveryTest, AnEmbeddedProjectIsPortable) {
    const v1::JobInfo job = testing::make_finished_job(cache_, kRequest);
    ASSERT_TRUE(deliver_to(job, out_, false, true).ok());
    fs::rename(out_ / "rain-on-tin-roofs.loopmind", folder_.path() / "alone.loopmind");
    fs::remove_all(out_);
    auto project = session::Project::load(folder_.path() / "alone.loopmind");
    ASSERT_TRUE(project.ok());
    for (const auto& media : project->info().media) {
        EXPECT_TRUE(media.embedded);
        EXPECT_TRUE(project->media_bytes(media.id, folder_.path() / "nowhere").ok());
    }
}

TEST_F(DeliveryTest, ParamsJsonIsARequestAgain) {
    const v1::JobInfo job = testing::make_finished_job(cache_, kRequest);
    ASSERT_TRUE(deliver_to(job, out_).ok());
    const auto params = request::params_from_json(read_text(out_ / "params.json"));
    ASSERT_TRUE(params.ok()) << params.error().text();
    EXPECT_EQ(request::canonical_json(*params), job.resolved_json());
}

TEST_F(DeliveryTest, VariationsHaveTheirFolders) {
    const v1::JobInfo job = testing::make_finished_job(
        cache_, R"({"prompt":"two","tempo":120,"bars":1,"stems":["drums"],"variations":2,"seed":7})");
    ASSERT_TRUE(deliver_to(job, out_).ok());
    EXPECT_EQ(
        files_below(out_),
        (std::set<std::string>{".loopmind-delivery.json", "params.json", "variation-1/midi/01-drums.mid",
                               "variation-1/midi/all.mid", "variation-1/mix.wav", "variation-1/premaster.wav",
                               "variation-1/stems/01-drums.wav", "variation-1/two.loopmind",
                               "variation-2/midi/01-drums.mid", "variation-2/midi/all.mid",
                               "variation-2/mix.wav", "variation-2/premaster.wav",
                               "variation-2/stems/01-drums.wav", "variation-2/two.loopmind"}));
    EXPECT_NE(read_text(out_ / "variation-1/stems/01-drums.wav"),
              read_text(out_ / "variation-2/stems/01-drums.wav"));
}

TEST_F(DeliveryTest, TheSameAgainTouchesNothing) {
    const v1::JobInfo job = testing::make_finished_job(cache_, kRequest);
    ASSERT_TRUE(deliver_to(job, out_).ok());
    const auto before = fs::last_write_time(out_ / "mix.wav");
    ASSERT_TRUE(cache_.clear().ok()); // not even blobs are needed
    const auto again = deliver_to(job, out_);
    ASSERT_TRUE(again.ok()) << again.error().text();
    EXPECT_TRUE(again->unchanged);
    EXPECT_EQ(again->files.size(), 9u);
    EXPECT_EQ(fs::last_write_time(out_ / "mix.wav"), before);
}

TEST_F(DeliveryTest, AChangedFileIsDeliveredAgain) {
    const v1::JobInfo job = testing::make_finished_job(cache_, kRequest);
    ASSERT_TRUE(deliver_to(job, out_).ok());
    const std::string mix = read_text(out_ / "mix.wav");
    write_text(out_ / "mix.wav", "scratched");
    const auto again = deliver_to(job, out_);
    ASSERT_TRUE(again.ok()) << again.error().text();
    EXPECT_FALSE(again->unchanged);
    EXPECT_EQ(read_text(out_ / "mix.wav"), mix);
}

TEST_F(DeliveryTest, AFolderWithOtherThingsIsRefusedUnlessForced) {
    const v1::JobInfo job = testing::make_finished_job(cache_, kRequest);
    write_text(out_ / "letter.txt", "dear");
    const auto refused = deliver_to(job, out_);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
    EXPECT_EQ(files_below(out_), std::set<std::string>{"letter.txt"});
    ASSERT_TRUE(deliver_to(job, out_, true).ok());
    EXPECT_EQ(read_text(out_ / "letter.txt"), "dear");
    EXPECT_TRUE(fs::exists(out_ / "mix.wav"));
}

TEST_F(DeliveryTest, TheResultOfAnotherRequestIsRefused) {
    const v1::JobInfo job = testing::make_finished_job(cache_, kRequest);
    ASSERT_TRUE(deliver_to(job, out_).ok());
    const v1::JobInfo other = testing::make_finished_job(
        cache_, R"({"prompt":"other","bars":1,"tempo":120,"stems":["drums"],"seed":1})");
    const Status refused = check_delivery_folder(out_, other.resolved_json(), false);
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().message.find("another request"), std::string::npos);
    EXPECT_TRUE(check_delivery_folder(out_, job.resolved_json(), false).ok());
}

TEST_F(DeliveryTest, AnEmptyFolderIsFilled) {
    const v1::JobInfo job = testing::make_finished_job(cache_, kRequest);
    fs::create_directories(out_);
    ASSERT_TRUE(deliver_to(job, out_).ok());
    EXPECT_EQ(files_below(out_).size(), 10u);
    EXPECT_EQ(std::distance(fs::directory_iterator(out_), fs::directory_iterator{}), 7)
        << "no temporary folder inside";
}

/// While it lives, files of this process cannot grow beyond `bytes`: what a full disk does, for any user.
class FullDisk {
  public:
    explicit FullDisk(rlim_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        old_ = ::signal(SIGXFSZ, SIG_IGN);
        const struct rlimit small { bytes, before_.rlim_max };
        ::setrlimit(RLIMIT_FSIZE, &small);
    }
    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, old_);
    }

  private:
    struct rlimit before_ {};
    void (*old_)(int);
};

TEST_F(DeliveryTest, AFullDiskLeavesNothing) {
    const v1::JobInfo job = testing::make_finished_job(cache_, kRequest);
    for (const bool exists : {false, true}) {
        const fs::path out = exists ? folder_.path() / "there" : folder_.path() / "deep/down/music";
        if (exists) fs::create_directories(out);
        Result<Delivered> failed = Error{};
        for (const rlim_t bytes : {rlim_t{0}, rlim_t{1000}, rlim_t{100'000}}) {
            {
                const FullDisk full(bytes);
                failed = deliver_to(job, out);
            }
            ASSERT_FALSE(failed.ok()) << bytes;
            EXPECT_NE(failed.error().field.find(out.string()), std::string::npos) << failed.error().text();
            EXPECT_EQ(failed.error().field.find(".partial"), std::string::npos) << failed.error().text();
            EXPECT_TRUE(files_below(out).empty());
            EXPECT_EQ(fs::exists(folder_.path() / "deep"), false) << "folders that were made are gone";
        }
        EXPECT_TRUE(deliver_to(job, out).ok()) << "and with room it works";
        fs::remove_all(folder_.path() / "deep");
    }
}

TEST_F(DeliveryTest, WhatADeadProcessLeftIsSweptAway) {
    const v1::JobInfo job = testing::make_finished_job(cache_, kRequest);
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    ::waitpid(child, nullptr, 0);
    const std::string mine = ".music.partial-" + std::to_string(::getpid()) + "-0";
    write_text(folder_.path() / (".music.partial-" + std::to_string(child) + "-0") / "mix.wav", "half");
    write_text(folder_.path() / mine / "mix.wav", "somebody is at it");
    ASSERT_TRUE(deliver_to(job, out_).ok());
    EXPECT_EQ(names_beside_the_cache(), (std::set<std::string>{"music", mine}));
}

TEST_F(DeliveryTest, AMissingBlobLeavesNothing) {
    const v1::JobInfo job = testing::make_finished_job(cache_, kRequest);
    fs::remove(*cache_.find(job.tasks(2).outputs(2).blob().sha256())); // the session, written last
    const auto failed = deliver_to(job, out_);
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code, ErrorCode::kNotFound);
    EXPECT_TRUE(names_beside_the_cache().empty());
}

TEST_F(DeliveryTest, AnIncompleteJobIsRefused) {
    v1::JobInfo job = testing::make_finished_job(cache_, kRequest);
    job.mutable_tasks(1)->mutable_outputs()->RemoveLast();
    EXPECT_EQ(deliver_to(job, out_).error().code, ErrorCode::kDataCorrupt);
    job = testing::make_finished_job(cache_, kRequest);
    job.mutable_tasks(0)->mutable_outputs(0)->mutable_blob()->set_sha256("../../etc/passwd");
    EXPECT_EQ(deliver_to(job, out_).error().code, ErrorCode::kDataCorrupt);
    EXPECT_FALSE(blobs_to_deliver(job).ok());
}

TEST_F(DeliveryTest, APlaceThatIsAFileIsRefusedEarly) {
    write_text(folder_.path() / "file", "x");
    EXPECT_EQ(check_delivery_folder(folder_.path() / "file", "", false).error().code,
              ErrorCode::kAlreadyExists);
    EXPECT_EQ(check_delivery_folder(folder_.path() / "file/below", "", false).error().code,
              ErrorCode::kAlreadyExists);
    EXPECT_TRUE(check_delivery_folder(folder_.path() / "not/yet", "", false).ok());
}

TEST(FileNames, AreReadableAndSafe) {
    EXPECT_EQ(file_name_from("Dreamy lofi with vinyl crackle", "x"), "dreamy-lofi-with-vinyl-crackle");
    EXPECT_EQ(file_name_from("../../etc/passwd", "x"), "etc-passwd");
    EXPECT_EQ(file_name_from("...", "loop"), "loop");
    EXPECT_EQ(file_name_from("", "loop"), "loop");
    EXPECT_EQ(file_name_from("Äther & Öl", "x"), "Äther-Öl");
    EXPECT_EQ(file_name_from("雨の夜 🎧", "x"), "雨の夜");
    EXPECT_EQ(file_name_from("NUL", "x"), "nul-loop");
    EXPECT_EQ(file_name_from("a\xff\nb", "x"), "a-b");
    EXPECT_LE(file_name_from(std::string(500, 'a'), "x").size(), 48u);
    EXPECT_EQ(file_name_from(std::string(47, 'a') + "  bcd", "x").back(), 'a') << "no hyphen at the end";
}

} // namespace
} // namespace loopmind::farm
