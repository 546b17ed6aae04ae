// Probe files in the blob folder.
#include "proto/wire/storage_probe.h"

#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"

#include <fcntl.h>
#include <string>
#include <system_error>
#include <unistd.h>

namespace loopmind::wire {
namespace {

constexpr std::string_view kPrefix = "probe-";
constexpr std::size_t kSecretBytes = 32;

bool is_probe_name(std::string_view name) {
    return name.size() > kPrefix.size() && name.size() <= 64 && name.substr(0, kPrefix.size()) == kPrefix &&
           name.find('/') == std::string_view::npos;
}

} // namespace

Result<v1::StorageLocation> publish_probe(const std::filesystem::path& root) {
    std::error_code problem;
    const auto absolute = std::filesystem::canonical(root, problem);
    if (problem) return base::file_error(root, "cannot be used as the blob folder", problem.value());
    for (const auto& entry : std::filesystem::directory_iterator(absolute, problem)) {
        if (!is_probe_name(entry.path().filename().string())) continue;
        std::error_code ignored;
        std::filesystem::remove(entry.path(), ignored);
    }
    v1::StorageLocation location;
    location.set_root(absolute.string());
    location.set_probe_name(std::string(kPrefix) + base::random_hex(8));
    location.set_probe_secret(base::random_hex(kSecretBytes));
    const auto status = base::write_durably(absolute / location.probe_name(), location.probe_secret());
    if (!status) return status.error();
    return location;
}

std::optional<DirectStorage> reach_storage(const v1::StorageLocation& location) {
    const std::filesystem::path root = location.root();
    if (!root.is_absolute() || !is_probe_name(location.probe_name())) return std::nullopt;
    if (location.probe_secret().size() != 2 * kSecretBytes) return std::nullopt;
    const auto found = base::read_file(root / location.probe_name(), 2 * kSecretBytes);
    if (!found || *found != location.probe_secret()) return std::nullopt;
    const auto incoming = root / "incoming";
    return DirectStorage{root, ::access(incoming.c_str(), W_OK | X_OK) == 0};
}

} // namespace loopmind::wire
