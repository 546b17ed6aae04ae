// Reads and writes `Cache/metadata.json`; the caller holds the cache's lock.
#include "client/farm/cache_metadata.h"

#include "proto/base/durable_file.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <ctime>
#include <fstream>
#include <map>
#include <sstream>

namespace loopmind::farm {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* kFileName = "metadata.json";

Error corrupt(const fs::path& file, const std::string& what) {
    return {ErrorCode::kDataCorrupt, file.string(), what, "it is rebuilt from the files in the cache"};
}

std::string text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

json params_of(const std::string& text) {
    json params = json::parse(text, nullptr, false);
    return params.is_object() ? params : json::object();
}

} // namespace

Result<std::vector<CacheEntry>> read_cache_metadata(const fs::path& root) {
    const fs::path file = root / kFileName;
    std::ifstream in(file, std::ios::binary);
    if (!in) {
        std::error_code ignored;
        if (!fs::exists(file, ignored)) return std::vector<CacheEntry>{};
        return base::file_error(file, "cannot be read", EACCES);
    }
    std::stringstream text;
    text << in.rdbuf();
    const json document = json::parse(text.str(), nullptr, false);
    if (!document.is_array()) return corrupt(file, "is not a JSON list");
    std::vector<CacheEntry> entries;
    entries.reserve(document.size());
    for (const json& object : document) {
        if (!object.is_object()) return corrupt(file, "holds something that is not an entry");
        CacheEntry entry;
        entry.sha256 = text_of(object, "sha256");
        if (!base::is_sha256_hex(entry.sha256)) return corrupt(file, "holds an entry without a valid sha256");
        entry.file = text_of(object, "file");
        entry.params = object.contains("params") ? object["params"].dump() : "{}";
        entry.created_at = text_of(object, "created_at");
        const auto size = object.find("size");
        entry.size = size != object.end() && size->is_number_unsigned() ? size->get<std::uint64_t>() : 0;
        entry.role = text_of(object, "role");
        entry.stem = text_of(object, "stem");
        entry.job = text_of(object, "job");
        entries.push_back(std::move(entry));
    }
    return entries;
}

Status write_cache_metadata(const fs::path& root, const std::vector<CacheEntry>& entries) {
    json document = json::array();
    for (const CacheEntry& entry : entries) {
        json object = {{"file", entry.file},
                       {"params", params_of(entry.params)},
                       {"sha256", entry.sha256},
                       {"created_at", entry.created_at},
                       {"size", entry.size}};
        if (!entry.role.empty()) object["role"] = entry.role;
        if (!entry.stem.empty()) object["stem"] = entry.stem;
        if (!entry.job.empty()) object["job"] = entry.job;
        document.push_back(std::move(object));
    }
    return base::write_durably(root / kFileName,
                               document.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

std::vector<CacheEntry> rebuild_cache_entries(const fs::path& root, const std::vector<CacheEntry>& known) {
    std::map<std::string, CacheEntry> by_name;
    for (const CacheEntry& entry : known)
        by_name.emplace(entry.sha256, entry);
    std::vector<CacheEntry> entries;
    std::error_code error;
    for (fs::recursive_directory_iterator it(root / "blobs", error), end; !error && it != end;
         it.increment(error)) {
        const std::string name = it->path().filename().string();
        std::error_code failed;
        const std::uint64_t size = it->is_regular_file(failed) ? it->file_size(failed) : 0;
        if (failed || !base::is_sha256_hex(name)) continue;
        const auto found = by_name.find(name);
        CacheEntry entry = found != by_name.end() ? found->second : CacheEntry{};
        entry.sha256 = name;
        entry.file = "blobs/" + name.substr(0, 2) + "/" + name;
        entry.size = size;
        if (entry.params.empty()) entry.params = "{}";
        if (entry.created_at.empty()) entry.created_at = utc_now_text();
        entries.push_back(std::move(entry));
    }
    return entries;
}

std::string utc_now_text() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

} // namespace loopmind::farm
