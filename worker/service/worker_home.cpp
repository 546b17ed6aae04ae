// The worker's folder.
#include "worker/service/worker_home.h"

#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>

namespace loopmind::worker {
namespace {

Status make_home(const std::filesystem::path& home) {
    std::error_code problem;
    const bool made = std::filesystem::create_directories(home, problem);
    if (problem) return base::file_error(home, "cannot be made", problem.value());
    if (made) std::filesystem::permissions(home, std::filesystem::perms::owner_all, problem);
    return {};
}

Result<std::string> load_or_create_id(const std::filesystem::path& path) {
    auto id = base::read_file(path, 64);
    if (id) {
        while (!id->empty() && id->back() == '\n')
            id->pop_back();
        const bool good = id->size() == 16 && id->find_first_not_of("0123456789abcdef") == std::string::npos;
        if (good) return id;
        return Error{ErrorCode::kDataCorrupt, path.string(), "does not hold a worker id",
                     "delete it to get a new one"};
    }
    if (id.error().code != ErrorCode::kNotFound) return id;
    const auto drawn = base::random_hex(8);
    if (auto status = base::write_durably(path, drawn + "\n"); !status) return status.error();
    return drawn;
}

} // namespace

Result<wire::KeyPair> home_keys(const std::filesystem::path& home) {
    if (auto status = make_home(home); !status) return status.error();
    return wire::load_or_create_keys(home / "worker.key");
}

Result<JoinedFarm> read_joined_farm(const std::filesystem::path& home) {
    const auto path = home / "farm.json";
    const auto text = base::read_file(path, 64 * 1024);
    if (!text) return text.error();
    const Error corrupt{ErrorCode::kDataCorrupt, path.string(),
                        "does not hold a coordinator's key and endpoints", "join again with a new token"};
    const auto document = nlohmann::json::parse(*text, nullptr, false);
    if (!document.is_object() || !document.contains("coordinator_key") || !document.contains("endpoints") ||
        !document["coordinator_key"].is_string() || !document["endpoints"].is_array())
        return corrupt;
    JoinedFarm farm;
    farm.coordinator_key = document["coordinator_key"].get<std::string>();
    for (const auto& endpoint : document["endpoints"])
        if (endpoint.is_string()) farm.endpoints.push_back(endpoint.get<std::string>());
    if (!wire::is_z85_key(farm.coordinator_key) || farm.endpoints.empty()) return corrupt;
    return farm;
}

Status write_joined_farm(const std::filesystem::path& home, const JoinedFarm& farm) {
    const auto path = home / "farm.json";
    const auto known = read_joined_farm(home);
    if (known && known->coordinator_key != farm.coordinator_key)
        return Error{ErrorCode::kAlreadyExists, path.string(), "this home belongs to another farm",
                     "join with another --home"};
    const nlohmann::json document{{"coordinator_key", farm.coordinator_key}, {"endpoints", farm.endpoints}};
    return base::write_durably(path, document.dump(2) + "\n");
}

Result<std::unique_ptr<WorkerHome>> WorkerHome::open(const std::filesystem::path& home) {
    if (auto status = make_home(home); !status) return status.error();
    const auto lock_path = home / "lock";
    const int fd = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return base::file_error(lock_path, "cannot be written", errno);
    std::unique_ptr<WorkerHome> opened(new WorkerHome(home, fd));
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return Error{ErrorCode::kAlreadyExists, home.string(), "another worker process uses this home",
                     "stop it, or give this one its own --home"};
    }
    auto keys = home_keys(home);
    if (!keys) return keys.error();
    opened->keys_ = std::move(*keys);
    auto id = load_or_create_id(home / "id");
    if (!id) return id.error();
    opened->worker_id_ = std::move(*id);
    return opened;
}

WorkerHome::~WorkerHome() {
    ::close(lock_fd_);
}

} // namespace loopmind::worker
