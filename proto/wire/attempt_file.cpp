// Names in the blob folder.
#include "proto/wire/attempt_file.h"

#include "proto/base/sha256.h"

namespace loopmind::wire {
namespace {

std::string safe(std::string_view text) {
    static constexpr char kDigits[] = "0123456789ABCDEF";
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '_' || c == '-' || (c == '.' && i > 0);
        if (plain) {
            out += static_cast<char>(c);
        } else {
            out += '%';
            out += kDigits[c >> 4];
            out += kDigits[c & 15];
        }
    }
    return out;
}

} // namespace

std::string attempt_file_name(std::string_view task_id, std::uint64_t epoch, std::string_view role) {
    std::string name = safe(task_id) + "-" + std::to_string(epoch) + "-" + safe(role);
    if (name.size() > 200) name = base::sha256_hex(name);
    return name + ".part";
}

std::filesystem::path attempt_file_path(const std::filesystem::path& root, std::string_view task_id,
                                        std::uint64_t epoch, std::string_view role) {
    return root / "incoming" / attempt_file_name(task_id, epoch, role);
}

std::filesystem::path blob_path(const std::filesystem::path& root, std::string_view sha256) {
    return root / std::string(sha256.substr(0, 2)) / std::string(sha256);
}

} // namespace loopmind::wire
