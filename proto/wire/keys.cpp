// CURVE keys by libzmq; key files as small JSON that only their owner may read.
#include "proto/wire/keys.h"

#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

namespace loopmind::wire {
namespace {

constexpr std::size_t kKeyLength = 40;

Error bad_file(const std::filesystem::path& path, ErrorCode code, std::string message, std::string hint) {
    return {code, path.string(), std::move(message), std::move(hint)};
}

/// True when the public key is the one of the secret key.
bool matching(const KeyPair& keys) {
    char derived[kKeyLength + 1] = {};
    return zmq_curve_public(derived, keys.secret_key.c_str()) == 0 && keys.public_key == derived;
}

} // namespace

Result<KeyPair> generate_keys() {
    char public_key[kKeyLength + 1] = {};
    char secret_key[kKeyLength + 1] = {};
    if (zmq_curve_keypair(public_key, secret_key) != 0) {
        return Error{ErrorCode::kUnavailable, "", "this libzmq was built without CURVE",
                     "install a libzmq with libsodium"};
    }
    return KeyPair{public_key, secret_key};
}

bool is_z85_key(std::string_view text) {
    std::uint8_t raw[32];
    return text.size() == kKeyLength && text.find('\0') == std::string_view::npos &&
           zmq_z85_decode(raw, std::string(text).c_str()) != nullptr;
}

Result<KeyPair> load_keys(const std::filesystem::path& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) return base::file_error(path, "cannot be read", errno);
    if (!S_ISREG(info.st_mode)) {
        return bad_file(path, ErrorCode::kPermissionDenied, "is not a plain file",
                        "put the key file there itself");
    }
    if (info.st_uid != ::geteuid()) {
        return bad_file(path, ErrorCode::kPermissionDenied, "belongs to another user",
                        "run as its owner or use another home");
    }
    if ((info.st_mode & 077) != 0) {
        return bad_file(path, ErrorCode::kPermissionDenied, "others may read or write this secret key",
                        "chmod 600 it, and enrol a new key if someone may have seen it");
    }
    const auto text = base::read_file(path, 4096);
    if (!text) return text.error();
    const auto document = nlohmann::json::parse(*text, nullptr, false);
    const auto field = [&](const char* name) {
        return document.is_object() && document.contains(name) && document[name].is_string()
                   ? document[name].get<std::string>()
                   : std::string();
    };
    KeyPair keys{field("public"), field("secret")};
    if (!is_z85_key(keys.public_key) || !is_z85_key(keys.secret_key) || !matching(keys)) {
        return bad_file(path, ErrorCode::kDataCorrupt, "does not hold a matching key pair",
                        "restore it from a copy, or delete it to get a new key and enrol that");
    }
    return keys;
}

Result<KeyPair> load_or_create_keys(const std::filesystem::path& path) {
    auto found = load_keys(path);
    if (found || found.error().code != ErrorCode::kNotFound) return found;
    auto keys = generate_keys();
    if (!keys) return keys;
    const nlohmann::json document{{"public", keys->public_key}, {"secret", keys->secret_key}};
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    auto draft = path;
    draft += "." + base::random_hex(8) + ".new";
    if (auto status = base::write_durably(draft, document.dump() + "\n", 0600); !status) {
        Error error = status.error();
        error.field = path.string();
        return error;
    }
    // link() gives the name only when nobody else made the file meanwhile; the first one counts.
    const int problem = ::link(draft.c_str(), path.c_str()) == 0 ? 0 : errno;
    ::unlink(draft.c_str());
    if (problem != 0 && problem != EEXIST) return base::file_error(path, "cannot be written", problem);
    if (auto status = base::sync_folder(folder); !status) return status.error();
    return load_keys(path);
}

} // namespace loopmind::wire
