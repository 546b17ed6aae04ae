// Forwarding bytes, watching for "COMMIT".
#include "tests/coordinator/postgres_proxy.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <stdexcept>
#include <string_view>

namespace loopmind::testing {
namespace {

constexpr const char* kSocketName = ".s.PGSQL.5432";

sockaddr_un address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
}

bool forward(int to, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

} // namespace

PostgresProxy::PostgresProxy(const std::filesystem::path& folder, const std::string& url)
    : server_socket_(folder / kSocketName), folder_(folder / "proxy"), url_(url) {
    std::filesystem::create_directories(folder_);
    url_.replace(url_.find(folder.string()), folder.string().size(), folder_.string());
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(folder_ / kSocketName);
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 8) != 0 || ::pipe2(stop_, O_CLOEXEC) != 0)
        throw std::runtime_error("the proxy cannot listen in " + folder_.string());
    thread_ = std::thread([this] { loop(); });
}

PostgresProxy::~PostgresProxy() {
    ::close(stop_[1]);
    thread_.join();
    ::close(stop_[0]);
    ::close(listener_);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void PostgresProxy::loop() {
    for (;;) {
        pollfd wanted[2] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
        ::poll(wanted, 2, -1);
        if (wanted[1].revents != 0) return;
        const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) continue;
        serve(client);
        ::close(client);
    }
}

void PostgresProxy::serve(int client) {
    const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(server_socket_);
    if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        bool swallow_answer = false;
        std::string buffer(1 << 16, '\0');
        for (;;) {
            pollfd wanted[3] = {{client, POLLIN, 0}, {server, POLLIN, 0}, {stop_[0], POLLIN, 0}};
            ::poll(wanted, 3, -1);
            if (wanted[2].revents != 0) break;
            const bool from_client = wanted[0].revents != 0;
            const ssize_t got = ::recv(from_client ? client : server, buffer.data(), buffer.size(), 0);
            if (got <= 0) break;
            const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
            if (from_client && bytes.find("COMMIT") != std::string_view::npos) {
                const Cut cut = cut_.exchange(Cut::kNone);
                if (cut != Cut::kNone) ++cuts_;
                if (cut == Cut::kBeforeCommit) break;
                swallow_answer = cut == Cut::kAfterCommit;
            } else if (!from_client && swallow_answer) {
                if (meanwhile_) meanwhile_();
                break; // the server committed, nobody will know
            }
            if (!forward(from_client ? server : client, bytes)) break;
        }
    }
    ::close(server);
}

} // namespace loopmind::testing
