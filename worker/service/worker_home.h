// The worker's folder: its key, its stable id, and the lock that keeps a second process out.
#pragma once

#include "proto/base/result.h"
#include "proto/wire/keys.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace loopmind::worker {

/// Makes the folder when missing (mode 0700) and returns `<home>/worker.key`, made when missing.
Result<wire::KeyPair> home_keys(const std::filesystem::path& home);

/// Whose worker a home is, as `loopmind-worker join` left it.
struct JoinedFarm {
    std::string coordinator_key;
    std::vector<std::string> endpoints;
};
/// Reads `<home>/farm.json`. Errors: not_found, data_corrupt.
Result<JoinedFarm> read_joined_farm(const std::filesystem::path& home);
/// Errors: already_exists when the home belongs to another farm.
Status write_joined_farm(const std::filesystem::path& home, const JoinedFarm& farm);

/// An opened home; the lock lasts as long as the object, and ends with the process however that dies.
class WorkerHome {
  public:
    /// Errors: permission_denied (not writable), already_exists (another worker process uses it).
    static Result<std::unique_ptr<WorkerHome>> open(const std::filesystem::path& home);
    ~WorkerHome();
    WorkerHome(const WorkerHome&) = delete;
    WorkerHome& operator=(const WorkerHome&) = delete;

    const std::filesystem::path& path() const { return path_; }
    const wire::KeyPair& keys() const { return keys_; }
    /// 16 hexadecimal digits, drawn once per home.
    const std::string& worker_id() const { return worker_id_; }

  private:
    WorkerHome(std::filesystem::path path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}

    const std::filesystem::path path_;
    const int lock_fd_;
    wire::KeyPair keys_;
    std::string worker_id_;
};

} // namespace loopmind::worker
