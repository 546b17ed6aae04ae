// Remembered digests.
#include "worker/tasks/file_digest.h"

#include "proto/base/durable_file.h"
#include "proto/base/sha256.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <sys/stat.h>

namespace loopmind::tasks {

Result<std::string> remembered_sha256(const std::filesystem::path& file,
                                      const std::filesystem::path& memory) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) return base::file_error(file, "cannot be read", errno);
    const nlohmann::json key{{"path", file.string()},
                             {"size", info.st_size},
                             {"mtime", {info.st_mtim.tv_sec, info.st_mtim.tv_nsec}}};
    if (const auto text = base::read_file(memory, 65536)) {
        const auto known = nlohmann::json::parse(*text, nullptr, false);
        if (known.is_object() && known.value("key", nlohmann::json()) == key) {
            const auto digest = known.value("sha256", nlohmann::json());
            if (digest.is_string() && base::is_sha256_hex(digest.get<std::string>()))
                return digest.get<std::string>();
        }
    }
    const auto digest = base::sha256_file(file);
    if (!digest) return digest.error();
    (void)base::write_durably(memory, nlohmann::json{{"key", key}, {"sha256", digest->sha256}}.dump());
    return digest->sha256;
}

} // namespace loopmind::tasks
