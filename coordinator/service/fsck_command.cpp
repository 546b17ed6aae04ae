// A census of the database merged with the files of the folder.
#include "coordinator/service/fsck_command.h"

#include <nlohmann/json.hpp>

#include <iostream>

#include "coordinator/service/home.h"
#include "coordinator/service/leadership.h"

namespace loopmind::service {
namespace {

using nlohmann::json;
using Kind = blobs::CheckFinding::Kind;

const char* kind_name(Kind kind) {
    switch (kind) {
    case Kind::kLost:
        return "lost";
    case Kind::kDamaged:
        return "damaged";
    case Kind::kOrphan:
        return "orphan";
    case Kind::kStray:
        break;
    }
    return "stray";
}

std::string who_refers(const store::CensusEntry& entry) {
    std::string who;
    for (const auto& [refers, name] : {std::pair(entry.output, "an output of a job"),
                                       {entry.cached, "in the cache"},
                                       {entry.owned, "kept for a tenant"}})
        if (refers) who += (who.empty() ? "" : ", ") + std::string(name);
    return who;
}

std::string in_gigabytes(std::uint64_t bytes) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f GB", static_cast<double>(bytes) / 1e9);
    return text;
}

/// What keeps coordinators away while a folder is repaired.
struct Exclusion {
    std::unique_ptr<HomeLock> lock;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<LeaderKeeper> keeper;
};

/// With SQLite the home's lock; on a shared database a term of one's own.
Result<Exclusion> keep_others_away(const store::StorePlace& place, const HomePaths& paths) {
    Exclusion out;
    auto lock = HomeLock::take(paths.lock);
    if (!lock.ok()) return lock.error();
    out.lock = std::move(*lock);
    if (!place.shared()) return out;
    auto store = place.open();
    if (!store.ok()) return store.error();
    out.store = std::move(*store);
    const auto verdict = out.store->acquire_leadership("fsck --repair", kLeaderTtl);
    if (!verdict.ok()) return verdict.error();
    if (!verdict->acquired)
        return Error{ErrorCode::kAlreadyExists, "leader", verdict->leader.holder + " uses the blob folder",
                     "stop the coordinators of this database for --repair"};
    auto keeper = LeaderKeeper::start(place, verdict->leader.term, [] {});
    if (!keeper.ok()) return keeper.error();
    out.keeper = std::move(*keeper);
    return out;
}

} // namespace

FsckCommand::FsckCommand(CLI::App& app, std::filesystem::path& home, std::string& store)
    : home_(home), store_(store) {
    command_ = app.add_subcommand(
        "fsck", "Check that the blob folder holds what the database says; beside a running server too");
    command_->add_option("--home", home_, "Folder of the farm")->capture_default_str();
    command_
        ->add_option("--store", store_,
                     "Metadata: postgresql://user@host:port/database; without it SQLite in --home")
        ->envname("LOOPMIND_STORE");
    command_->add_option("--blobs", blobs_, "Folder of all audio (default: in --home)");
    command_->add_flag("--sizes-only", sizes_only_, "Do not read the files: only whether they are there");
    command_->add_flag(
        "--repair", repair_,
        "Remove blobs that nobody refers to for a day, and move damaged ones to BLOBS/damaged, so "
        "that they are rendered again; the coordinators must be stopped");
    command_->add_flag("--json", json_, "One JSON object a line: each finding, then the sum");
}

std::optional<int> FsckCommand::run() const {
    if (!*command_) return std::nullopt;
    const auto report = check();
    if (!report.ok()) {
        std::cerr << "loopmind-coordinator: " << report.error().text() << "\n";
        return 1;
    }
    tell(*report);
    return report->lost + report->damaged > 0 ? 1 : 0;
}

Result<blobs::CheckReport> FsckCommand::check() const {
    auto paths = prepare_home(home_);
    if (!paths.ok()) return paths.error();
    const auto place = store::StorePlace::parse(store_, paths->database);
    if (!place.ok()) return place.error();
    Exclusion exclusion;
    if (repair_) {
        auto kept = keep_others_away(*place, *paths);
        if (!kept.ok()) return kept.error();
        exclusion = std::move(*kept);
    }
    auto census = place->open_census();
    if (!census.ok()) return census.error();
    return compare(blobs_.empty() ? paths->blobs : blobs_, **census);
}

Result<blobs::CheckReport> FsckCommand::compare(const std::filesystem::path& folder,
                                                store::BlobCensus& census) const {
    auto opened = blobs::FolderCheck::open(folder, {!sizes_only_, repair_},
                                           [this](const blobs::CheckFinding& finding) { tell(finding); });
    if (!opened.ok()) return opened.error();
    blobs::FolderCheck& check = **opened;
    Status compared;
    const Status read = census.run([&](const store::CensusEntry& entry) {
        compared = check.add(entry.sha256, entry.size, who_refers(entry));
        return compared.ok();
    });
    if (!compared) return compared.error();
    if (!read) return read.error();
    return check.finish();
}

void FsckCommand::tell(const blobs::CheckFinding& finding) const {
    if (json_)
        std::cout << json{{"finding", kind_name(finding.kind)},
                          {"blob", finding.name},
                          {"what", finding.what}}
                         .dump()
                  << "\n";
    else
        std::cout << kind_name(finding.kind) << "  " << finding.name << "  " << finding.what << "\n";
}

void FsckCommand::tell(const blobs::CheckReport& report) const {
    if (json_) {
        std::cout << json{{"blobs", report.blobs},     {"bytes", report.bytes},
                          {"lost", report.lost},       {"damaged", report.damaged},
                          {"orphans", report.orphans}, {"orphan_bytes", report.orphan_bytes},
                          {"young", report.young},     {"strays", report.strays},
                          {"repaired", repair_}}
                         .dump()
                  << "\n";
        return;
    }
    std::cout << report.blobs << " blobs, " << in_gigabytes(report.bytes) << ": " << report.lost << " lost, "
              << report.damaged << " damaged, " << report.orphans << " that nobody refers to ("
              << in_gigabytes(report.orphan_bytes) << "), " << report.strays << " strays";
    if (report.young > 0)
        std::cout << "; " << report.young << " younger than a day that may yet be referred to";
    std::cout << "\n";
    if (repair_ && report.orphans + report.damaged > 0)
        std::cout << "removed what nobody refers to; damaged blobs are in the folder \"damaged\"\n";
    else if (report.orphans + report.damaged > 0)
        std::cout << "`fsck --repair` removes what nobody refers to and sets damaged blobs aside\n";
}

} // namespace loopmind::service
