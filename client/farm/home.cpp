// The folders of one farm user on this machine, and `farm.json`: which coordinator to speak to.
#include "client/farm/home.h"

#include "proto/base/durable_file.h"
#include "proto/wire/keys.h"

#include <nlohmann/json.hpp>

#include <cstdlib>

namespace loopmind::farm {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::size_t kFarmFileMax = 64 * 1024;

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

Error corrupt(const fs::path& file, const std::string& what) {
    return {ErrorCode::kDataCorrupt, file.string(), what, "delete it and run `loopmind up`"};
}

} // namespace

Home home_from_environment() {
    if (const std::string root = environment("LOOPMIND_HOME"); !root.empty()) {
        std::error_code failed;
        const fs::path absolute = fs::absolute(root, failed);
        return {failed ? fs::path(root) : absolute};
    }
    if (const std::string data = environment("XDG_DATA_HOME"); fs::path(data).is_absolute())
        return {fs::path(data) / "loopmind"};
    const std::string user = environment("HOME");
    return {fs::path(user.empty() ? "/tmp" : user) / ".local/share/loopmind"};
}

Result<FarmAddress> read_farm_file(const fs::path& file) {
    auto text = base::read_file(file, kFarmFileMax);
    if (!text.ok()) {
        if (text.error().code != ErrorCode::kNotFound) return text.error();
        return Error{ErrorCode::kNotFound, file.string(), "there is no farm set up here yet",
                     "run `loopmind up`, or `loopmind join TOKEN` for a farm elsewhere"};
    }
    const json document = json::parse(*text, nullptr, false);
    if (!document.is_object()) return corrupt(file, "is not a JSON object");
    FarmAddress address;
    const auto text_of = [&](const char* name) {
        const auto found = document.find(name);
        return found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    address.coordinator_key = text_of("coordinator_key");
    if (!wire::is_z85_key(address.coordinator_key)) return corrupt(file, "holds no valid coordinator_key");
    const auto endpoints = document.find("endpoints");
    if (endpoints == document.end() || !endpoints->is_array() || endpoints->empty())
        return corrupt(file, "holds no endpoints");
    for (const json& endpoint : *endpoints) {
        if (!endpoint.is_string()) return corrupt(file, "holds an endpoint that is not text");
        address.endpoints.push_back(endpoint.get<std::string>());
    }
    address.worker_endpoint = text_of("worker_endpoint");
    return address;
}

Status write_farm_file(const fs::path& file, const FarmAddress& address) {
    const json document = {{"version", 1},
                           {"coordinator_key", address.coordinator_key},
                           {"endpoints", address.endpoints},
                           {"worker_endpoint", address.worker_endpoint}};
    return base::write_durably(file, document.dump(2) + "\n");
}

} // namespace loopmind::farm
