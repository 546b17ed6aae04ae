// Attacks on memory and descriptors by peers with a key that is let in: what they send must not stay here.
#include "proto/wire/connection.h"
#include "proto/wire/listener.h"
#include "proto/wire/wait.h"
#include "proto/wire/zap.h"

#include "loopmind/v1/worker.pb.h"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

namespace loopmind::wire {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{60}; // a test that waits so long has failed
constexpr std::uint64_t kLimit = 4u << 20;

std::uint64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t all = 0, resident = 0;
    file >> all >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// A process that attacks: what it holds of its own attack is not counted here. Forked before this process
/// has ZeroMQ threads; it waits for the endpoint.
class Attacker {
  public:
    explicit Attacker(const std::function<void(const std::string& endpoint)>& attack) {
        int ends[2];
        EXPECT_EQ(::pipe(ends), 0);
        child_ = ::fork();
        if (child_ == 0) {
            ::close(ends[1]);
            char text[200] = {};
            if (::read(ends[0], text, sizeof text - 1) > 0) attack(text);
            ::_exit(0);
        }
        ::close(ends[0]);
        pipe_ = ends[1];
    }
    ~Attacker() {
        ::close(pipe_);
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
    }
    void begin(const std::string& endpoint) {
        EXPECT_EQ(::write(pipe_, endpoint.data(), endpoint.size()), static_cast<ssize_t>(endpoint.size()));
    }

  private:
    pid_t child_ = -1;
    int pipe_ = -1;
};

class Flood : public testing::Test {
  protected:
    KeyPair server_keys = *generate_keys();

    /// A coordinator's side that admits everybody.
    struct Server {
        zmq::context_t context;
        std::unique_ptr<ZapHandler> zap;
        std::unique_ptr<Listener> listener;
        std::uint64_t peak = 0;
        std::uint64_t heard = 0;

        Server(const KeyPair& keys, const PeerLimits& limits) {
            zap = std::move(
                *ZapHandler::start(context, {{"all", [](const std::string&) { return Identity{}; }}}));
            Listener::Limits all;
            all.peers = limits;
            listener = std::move(
                *Listener::bind(context, "tcp://127.0.0.1:*", keys, "all", Listener::kHandshakeTime, all));
        }
        /// Serves as a coordinator does until `done`.
        bool serve(const std::function<bool()>& done) {
            const auto end = Clock::now() + kPatience;
            while (Clock::now() < end) {
                std::vector<zmq::pollitem_t> items{listener->poll_item()};
                wait(items,
                     std::min(until(Clock::now(), listener->next_tend()), std::chrono::milliseconds(50)));
                listener->tend(Clock::now());
                v1::WorkerMessage message;
                Incoming incoming;
                while (listener->receive(message, incoming)) {
                    ++heard;
                    (void)listener->send(incoming.routing_id, v1::WorkerCommand());
                }
                peak = std::max(peak, resident_bytes());
                if (done()) return true;
            }
            return false;
        }
    };

    zmq::socket_t raw(zmq::context_t& context, const std::string& endpoint, const KeyPair& keys) {
        zmq::socket_t socket(context, zmq::socket_type::dealer);
        socket.set(zmq::sockopt::linger, 0);
        socket.set(zmq::sockopt::curve_serverkey, server_keys.public_key);
        socket.set(zmq::sockopt::curve_publickey, keys.public_key);
        socket.set(zmq::sockopt::curve_secretkey, keys.secret_key);
        socket.connect(endpoint);
        return socket;
    }
};

// libzmq counts whole messages: parts of one that never ends would stay until memory is full.
TEST_F(Flood, AMessageThatNeverEndsIsCutAndItsMemoryComesBack) {
    const auto keys = *generate_keys();
    Attacker attacker([&](const std::string& endpoint) {
        zmq::context_t context;
        auto socket = raw(context, endpoint, keys);
        const std::string part(1u << 20, 'x');
        for (int i = 0; i < 1000; ++i) // a gigabyte for each connection that it gets
            socket.send(zmq::buffer(part), zmq::send_flags::sndmore);
        ::sleep(60);
    });
    PeerLimits limits;
    limits.undelivered = kLimit;
    Server server(server_keys, limits);
    const std::uint64_t before = resident_bytes();
    attacker.begin(server.listener->endpoint());
    ASSERT_TRUE(server.serve([&] { return server.listener->peers().cut() >= 1; })) << "nobody was cut";
    EXPECT_EQ(server.heard, 0u);
    // What comes in between two looks is all that it gets beyond the limit.
    EXPECT_LT(server.peak - before, 600u << 20);

    // Somebody honest is served meanwhile.
    zmq::context_t peers;
    auto honest = std::move(
        *Connection::open(peers, {server.listener->endpoint()}, server_keys.public_key, *generate_keys()));
    bool sent = false, answered = false;
    EXPECT_TRUE(server.serve([&] {
        (void)honest->update();
        if (honest->connected() && !sent) sent = honest->send(v1::WorkerMessage()).ok();
        v1::WorkerCommand command;
        Incoming incoming;
        answered = answered || honest->receive(command, incoming);
        return answered;
    }));
}

TEST_F(Flood, MessagesThatAreTakenNeverCountHoweverManyThereAre) {
    PeerLimits limits;
    limits.undelivered = 1u << 20;
    Server server(server_keys, limits);
    zmq::context_t peers;
    auto honest = std::move(
        *Connection::open(peers, {server.listener->endpoint()}, server_keys.public_key, *generate_keys()));
    // Twenty times the limit in messages of all sizes, with an answer awaited for each.
    std::uint64_t bytes = 0;
    std::size_t size = 1;
    bool waiting = false;
    EXPECT_TRUE(server.serve([&] {
        (void)honest->update();
        v1::WorkerCommand command;
        Incoming incoming;
        if (waiting && honest->receive(command, incoming)) waiting = false;
        if (honest->connected() && !waiting) {
            const std::string payload(size, 'p');
            waiting = honest->send(v1::WorkerMessage(), std::as_bytes(std::span(payload))).ok();
            bytes += payload.size();
            size = size * 3 % 700'001;
        }
        return bytes > 20u << 20;
    }));
    EXPECT_EQ(server.listener->peers().cut(), 0u);
}

TEST_F(Flood, WhoConnectsAndSaysNothingIsCut) {
    PeerLimits limits;
    limits.silence = std::chrono::milliseconds(300);
    Server server(server_keys, limits);
    zmq::context_t peers;
    auto silent = raw(peers, server.listener->endpoint(), *generate_keys());
    EXPECT_TRUE(server.serve([&] { return server.listener->peers().cut() >= 1; }));
}

TEST_F(Flood, ConnectionsOfOneAddressThatSayNothingAreLimited) {
    PeerLimits limits;
    limits.silent_per_address = 3;
    Server server(server_keys, limits);
    zmq::context_t peers;
    std::vector<zmq::socket_t> crowd;
    for (int i = 0; i < 6; ++i)
        crowd.push_back(raw(peers, server.listener->endpoint(), *generate_keys()));
    EXPECT_TRUE(server.serve([&] { return server.listener->peers().cut() >= 3; }));
    EXPECT_TRUE(server.serve([&] { return server.listener->peers().count() <= 4; }));
}

TEST_F(Flood, CuttingAKeyClosesItsConnectionsAndNoOthers) {
    Server server(server_keys, {});
    zmq::context_t peers;
    const auto wicked_keys = *generate_keys();
    auto wicked = std::move(
        *Connection::open(peers, {server.listener->endpoint()}, server_keys.public_key, wicked_keys));
    auto honest = std::move(
        *Connection::open(peers, {server.listener->endpoint()}, server_keys.public_key, *generate_keys()));
    std::set<Connection*> sent;
    int lost = 0, honest_lost = 0;
    const auto drive = [&] {
        if (wicked->update() == Connection::Change::kLost) ++lost;
        if (honest->update() == Connection::Change::kLost) ++honest_lost;
    };
    ASSERT_TRUE(server.serve([&] {
        drive();
        for (auto* one : {wicked.get(), honest.get()})
            if (one->connected() && !sent.contains(one) && one->send(v1::WorkerMessage()).ok())
                sent.insert(one);
        return server.heard >= 2;
    }));
    server.listener->cut_key(wicked_keys.public_key);
    EXPECT_TRUE(server.serve([&] {
        drive();
        return lost > 0;
    }));
    EXPECT_EQ(honest_lost, 0);
    EXPECT_TRUE(honest->connected());
}

} // namespace
} // namespace loopmind::wire
