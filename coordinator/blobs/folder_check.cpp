// A merge of two ordered lists: the files of the folder, and what should be there.
#include "coordinator/blobs/folder_check.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "proto/base/durable_file.h"
#include "proto/base/sha256.h"
#include "proto/wire/attempt_file.h"

namespace loopmind::blobs {

namespace fs = std::filesystem;

namespace {

constexpr const char* kDamagedFolder = "damaged";

bool is_known_folder(const std::string& name) {
    return name == "incoming" || name == kDamagedFolder;
}

bool is_prefix(const std::string& name) {
    return name.size() == 2 && std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

} // namespace

/// The blobs of the folder in order of hash, one of its 256 folders in memory at a time.
struct FolderCheck::Files {
    Files(const fs::path& root, const std::function<void(const std::string&, const std::string&)>& stray)
        : root_(root), stray_(stray) {
        std::error_code problem;
        for (const auto& entry : fs::directory_iterator(root, problem)) {
            const std::string name = entry.path().filename().string();
            if (is_prefix(name) && entry.is_directory(problem))
                folders_.push_back(name);
            else if (!is_known_folder(name) && name.rfind("probe-", 0) != 0)
                stray_(name, "is no part of a blob folder");
        }
        std::sort(folders_.begin(), folders_.end());
        load();
    }

    bool at_end() const { return at_ == names_.size(); }
    const std::string& name() const { return names_[at_]; }
    fs::path path() const { return wire::blob_path(root_, name()); }
    void next() {
        if (++at_ == names_.size()) load();
    }

  private:
    void load() {
        at_ = 0;
        names_.clear();
        while (names_.empty() && folder_ < folders_.size()) {
            const std::string& folder = folders_[folder_++];
            std::error_code problem;
            for (const auto& entry : fs::directory_iterator(root_ / folder, problem)) {
                std::string name = entry.path().filename().string();
                const bool plain = entry.symlink_status(problem).type() == fs::file_type::regular;
                if (plain && base::is_sha256_hex(name) && name.compare(0, 2, folder) == 0)
                    names_.push_back(std::move(name));
                else
                    stray_(folder + "/" + name, "is no blob");
            }
        }
        std::sort(names_.begin(), names_.end());
    }

    fs::path root_;
    std::function<void(const std::string&, const std::string&)> stray_;
    std::vector<std::string> folders_, names_;
    std::size_t folder_ = 0, at_ = 0;
};

FolderCheck::FolderCheck(fs::path root, CheckOptions options,
                         std::function<void(const CheckFinding&)> on_finding)
    : root_(std::move(root)), options_(options), on_finding_(std::move(on_finding)) {}

FolderCheck::~FolderCheck() = default;

Result<std::unique_ptr<FolderCheck>> FolderCheck::open(const fs::path& root, CheckOptions options,
                                                       std::function<void(const CheckFinding&)> on_finding) {
    std::error_code problem;
    if (!fs::is_directory(root, problem))
        return Error{ErrorCode::kNotFound, root.string(), "is no folder",
                     "name the blob folder of the farm with --blobs"};
    std::unique_ptr<FolderCheck> check(new FolderCheck(root, options, std::move(on_finding)));
    check->files_ = std::make_unique<Files>(
        check->root_, [raw = check.get()](const std::string& name, const std::string& what) {
            ++raw->report_.strays;
            raw->on_finding_({CheckFinding::Kind::kStray, name, what});
        });
    return check;
}

Status FolderCheck::add(const std::string& sha256, std::uint64_t size, const std::string& who) {
    while (!files_->at_end() && files_->name() < sha256)
        if (Status done = orphan(); !done) return done;
    if (files_->at_end() || files_->name() != sha256) {
        ++report_.lost;
        on_finding_({CheckFinding::Kind::kLost, sha256, who});
        return {};
    }
    if (Status done = verify(size, who); !done) return done;
    files_->next();
    return {};
}

Status FolderCheck::verify(std::uint64_t size, const std::string& who) {
    const std::string sha256 = files_->name();
    const fs::path path = files_->path();
    std::error_code problem;
    const std::uint64_t bytes = fs::file_size(path, problem);
    if (problem) return base::file_error(path, "cannot be looked at", problem.value());
    ++report_.blobs;
    report_.bytes += bytes;
    std::string wrong;
    if (bytes != size) {
        wrong = "has " + std::to_string(bytes) + " bytes, not " + std::to_string(size);
    } else if (options_.read_all) {
        const auto digest = base::sha256_file(path);
        if (!digest) return digest.error();
        if (digest->sha256 != sha256) wrong = "holds other bytes (SHA-256 " + digest->sha256 + ")";
    }
    if (wrong.empty()) return {};
    ++report_.damaged;
    on_finding_({CheckFinding::Kind::kDamaged, sha256, wrong + "; " + who});
    return options_.repair ? set_aside(sha256) : Status();
}

Status FolderCheck::orphan() {
    const fs::path path = files_->path();
    std::error_code problem;
    const std::uint64_t bytes = fs::file_size(path, problem);
    const auto changed = fs::last_write_time(path, problem);
    if (problem) return base::file_error(path, "cannot be looked at", problem.value());
    ++report_.blobs;
    report_.bytes += bytes;
    if (fs::file_time_type::clock::now() - changed < kOrphanAge) {
        ++report_.young;
    } else {
        ++report_.orphans;
        report_.orphan_bytes += bytes;
        on_finding_({CheckFinding::Kind::kOrphan, files_->name(), "nobody refers to it"});
        if (options_.repair && !fs::remove(path, problem))
            return base::file_error(path, "cannot be removed", problem.value());
    }
    files_->next();
    return {};
}

Status FolderCheck::set_aside(const std::string& sha256) {
    std::error_code problem;
    fs::create_directory(root_ / kDamagedFolder, problem);
    if (!problem) fs::rename(wire::blob_path(root_, sha256), root_ / kDamagedFolder / sha256, problem);
    if (problem)
        return base::file_error(root_ / kDamagedFolder, "cannot take a damaged blob", problem.value());
    return {};
}

Result<CheckReport> FolderCheck::finish() {
    while (!files_->at_end())
        if (Status done = orphan(); !done) return done.error();
    return report_;
}

} // namespace loopmind::blobs
