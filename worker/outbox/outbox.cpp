// The outbox folder. An entry file is: magic, SHA-256 of the rest, one JSON line about the files, the
// report's bytes.
#include "worker/outbox/outbox.h"

#include "proto/base/durable_file.h"
#include "proto/base/sha256.h"
#include "proto/wire/attempt_file.h"

#include <nlohmann/json.hpp>

#include <set>
#include <string_view>
#include <system_error>

namespace loopmind::outbox {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kMagic = "LOOPMIND-OUTBOX-1\n";
constexpr std::size_t kMaxEntryBytes = 4u << 20;

std::string serialize(const Entry& entry) {
    nlohmann::json files = nlohmann::json::array();
    for (const auto& file : entry.files) {
        files.push_back({{"direct", file.direct},
                         {"path", file.path.string()},
                         {"role", file.role},
                         {"size", file.size}});
    }
    const std::string body = files.dump() + "\n" + entry.report.SerializeAsString();
    return std::string(kMagic) + base::sha256_hex(body) + "\n" + body;
}

const v1::AttemptKey* attempt_of(const v1::WorkerMessage& report) {
    if (report.has_complete()) return &report.complete().attempt();
    if (report.has_failed()) return &report.failed().attempt();
    return nullptr;
}

/// The entry, or in words why the bytes are none.
Result<Entry> deserialize(std::string_view text) {
    const auto broken = [](const char* why) { return Error{ErrorCode::kDataCorrupt, "", why, ""}; };
    if (text.substr(0, kMagic.size()) != kMagic) return broken("is not an outbox entry");
    text.remove_prefix(kMagic.size());
    if (text.size() < 65 || text[64] != '\n') return broken("is cut short");
    const auto digest = text.substr(0, 64);
    text.remove_prefix(65);
    if (base::sha256_hex(text) != digest) return broken("does not match its checksum");
    const auto line = text.find('\n');
    if (line == std::string_view::npos) return broken("is cut short");
    Entry entry;
    if (!entry.report.ParseFromArray(text.data() + line + 1, static_cast<int>(text.size() - line - 1))) {
        return broken("holds no report");
    }
    const auto* attempt = attempt_of(entry.report);
    if (!attempt) return broken("holds no report");
    entry.attempt = {attempt->task_id(), attempt->epoch()};
    try {
        for (const auto& file : nlohmann::json::parse(text.substr(0, line))) {
            entry.files.push_back({file.at("role").get<std::string>(), file.at("path").get<std::string>(),
                                   file.at("size").get<std::uint64_t>(), file.at("direct").get<bool>()});
        }
    } catch (const nlohmann::json::exception&) {
        return broken("holds no list of files");
    }
    return entry;
}

/// A direct file may be gone because the coordinator took it already: only it can tell.
bool files_present(const Entry& entry) {
    for (const auto& file : entry.files) {
        std::error_code problem;
        if (!file.direct && (fs::file_size(file.path, problem) != file.size || problem)) return false;
    }
    return true;
}

} // namespace

Result<std::unique_ptr<Outbox>> Outbox::open(const fs::path& folder) {
    std::error_code problem;
    fs::create_directories(folder, problem);
    if (problem) return base::file_error(folder, "cannot be made", problem.value());
    std::unique_ptr<Outbox> outbox(new Outbox(folder));
    if (auto status = outbox->load(); !status) return status.error();
    return outbox;
}

Status Outbox::load() {
    std::error_code problem;
    std::vector<fs::path> found;
    for (const auto& item : fs::directory_iterator(folder_, problem))
        found.push_back(item.path());
    if (problem) return base::file_error(folder_, "cannot be read", problem.value());
    std::set<fs::path> wanted;
    for (const auto& path : found) {
        if (path.extension() != ".done") continue;
        const auto text = base::read_file(path, kMaxEntryBytes);
        if (!text) return text.error();
        auto entry = deserialize(*text);
        if (!entry || !files_present(*entry)) {
            dropped_.push_back(path.filename().string() + ": " +
                               (entry ? "an output file is missing or cut short" : entry.error().message));
            continue;
        }
        wanted.insert(path);
        for (const auto& file : entry->files)
            wanted.insert(file.path);
        const auto attempt = entry->attempt;
        entries_[attempt] = std::move(*entry);
    }
    for (const auto& path : found) {
        if (!wanted.contains(path)) fs::remove(path, problem);
    }
    return {};
}

fs::path Outbox::part_path(const Attempt& attempt, const std::string& role) const {
    return folder_ / wire::attempt_file_name(attempt.task_id, attempt.epoch, role);
}

fs::path Outbox::entry_path(const Attempt& attempt) const {
    return folder_ / (wire::attempt_file_name(attempt.task_id, attempt.epoch, "report") + ".done");
}

Status Outbox::put(const Entry& entry) {
    if (auto status = base::write_durably(entry_path(entry.attempt), serialize(entry), 0600); !status)
        return status;
    const std::lock_guard lock(mutex_);
    entries_[entry.attempt] = entry;
    return {};
}

void Outbox::remove(const Attempt& attempt) {
    const auto entry = find(attempt);
    if (!entry) return;
    // The entry goes first: a crash in between leaves part files without an entry, which the next start
    // removes.
    std::error_code ignored;
    fs::remove(entry_path(attempt), ignored);
    for (const auto& file : entry->files) {
        if (!file.direct) fs::remove(file.path, ignored);
    }
    const std::lock_guard lock(mutex_);
    entries_.erase(attempt);
}

std::optional<Entry> Outbox::find(const Attempt& attempt) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(attempt);
    if (found == entries_.end()) return std::nullopt;
    return found->second;
}

std::vector<Attempt> Outbox::attempts() const {
    const std::lock_guard lock(mutex_);
    std::vector<Attempt> out;
    for (const auto& [attempt, entry] : entries_)
        out.push_back(attempt);
    return out;
}

} // namespace loopmind::outbox
