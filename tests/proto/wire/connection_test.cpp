// Real sockets on loopback: who gets in, who does not, and what malformed messages do.
#include "proto/base/random_id.h"
#include "proto/wire/connection.h"
#include "proto/wire/limits.h"
#include "proto/wire/listener.h"
#include "proto/wire/wait.h"
#include "proto/wire/zap.h"

#include "loopmind/v1/worker.pb.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <mutex>
#include <set>
#include <thread>

namespace loopmind::wire {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortHandshake(400); // how long a refused peer is left waiting

class Wire : public testing::Test {
  protected:
    zmq::context_t context;  ///< of the server
    zmq::context_t peers{1}; ///< of everybody else
    KeyPair server_keys = *generate_keys();
    std::mutex mutex;
    std::set<std::string> enrolled;
    std::unique_ptr<ZapHandler> zap;
    std::unique_ptr<Listener> listener;
    std::vector<int> reserved_;

    void SetUp() override {
        auto handler =
            ZapHandler::start(context, {{"workers",
                                         [this](const std::string& key) -> std::optional<Identity> {
                                             const std::lock_guard lock(mutex);
                                             if (!enrolled.contains(key)) return std::nullopt;
                                             return Identity{"w", "worker", "t"};
                                         }},
                                        {"clients", [](const std::string&) { return std::nullopt; }}});
        ASSERT_TRUE(handler) << handler.error().text();
        zap = std::move(*handler);
        auto bound = Listener::bind(context, "tcp://127.0.0.1:*", server_keys, "workers", kShortHandshake);
        ASSERT_TRUE(bound) << bound.error().text();
        listener = std::move(*bound);
    }

    KeyPair enrol() {
        auto keys = *generate_keys();
        const std::lock_guard lock(mutex);
        enrolled.insert(keys.public_key);
        return keys;
    }

    std::unique_ptr<Connection> connect(const KeyPair& keys, const std::vector<std::string>& endpoints,
                                        const std::string& key) {
        auto connection = Connection::open(peers, endpoints, key, keys);
        EXPECT_TRUE(connection);
        return std::move(*connection);
    }
    std::unique_ptr<Connection> connect(const KeyPair& keys, const std::string& endpoint,
                                        const std::string& key) {
        return connect(keys, std::vector{endpoint}, key);
    }
    /// A second coordinator of the same farm.
    std::unique_ptr<Listener> another() {
        auto bound = Listener::bind(context, "tcp://127.0.0.1:*", server_keys, "workers", kShortHandshake);
        EXPECT_TRUE(bound);
        return std::move(*bound);
    }
    /// An endpoint at which nobody listens: a port that is bound, so that nobody else gets it, and not
    /// listened at.
    std::string deserted() {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
        reserved_.push_back(fd);
        return "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    }
    void TearDown() override {
        for (const int fd : reserved_)
            ::close(fd);
    }
    std::unique_ptr<Connection> connect(const KeyPair& keys) {
        return connect(keys, listener->endpoint(), server_keys.public_key);
    }

    /// Runs a connection until `done`, at most 20 seconds.
    static bool drive(Connection& connection, const std::function<bool(Connection::Change)>& done) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (std::chrono::steady_clock::now() < end) {
            if (done(connection.update())) return true;
            auto items = connection.poll_items();
            wait(items, until(std::chrono::steady_clock::now(), connection.next_wakeup(), end));
        }
        return false;
    }
    static bool drive_connected(Connection& connection) {
        return drive(connection,
                     [](Connection::Change change) { return change == Connection::Change::kConnected; });
    }

    bool receive(v1::WorkerMessage& message, Incoming& incoming, milliseconds timeout = milliseconds(20000)) {
        const auto end = std::chrono::steady_clock::now() + timeout;
        do {
            if (listener->receive(message, incoming)) return true;
            std::vector<zmq::pollitem_t> items{listener->poll_item()};
            wait(items, until(std::chrono::steady_clock::now(), end));
        } while (std::chrono::steady_clock::now() < end);
        return listener->receive(message, incoming);
    }

    /// An enrolled peer with a bare socket, for frames that a Connection would not send.
    zmq::socket_t raw_peer(const KeyPair& keys) {
        zmq::socket_t socket(peers, zmq::socket_type::dealer);
        socket.set(zmq::sockopt::linger, 0);
        socket.set(zmq::sockopt::curve_serverkey, server_keys.public_key);
        socket.set(zmq::sockopt::curve_publickey, keys.public_key);
        socket.set(zmq::sockopt::curve_secretkey, keys.secret_key);
        socket.connect(listener->endpoint());
        return socket;
    }
};

v1::WorkerMessage hello(std::uint64_t id) {
    v1::WorkerMessage message;
    message.set_request_id(id);
    message.mutable_goodbye();
    return message;
}

TEST_F(Wire, EnrolledPeersTalkBothWaysAndAreNamedByTheirKey) {
    const auto keys = enrol();
    auto connection = connect(keys);
    ASSERT_TRUE(drive_connected(*connection));
    const std::string bytes(kChunkBytes, 'b');
    ASSERT_TRUE(connection->send(hello(7), std::as_bytes(std::span(bytes))));
    v1::WorkerMessage message;
    Incoming incoming;
    ASSERT_TRUE(receive(message, incoming));
    EXPECT_EQ(message.request_id(), 7u);
    EXPECT_EQ(incoming.user_id, keys.public_key);
    EXPECT_EQ(incoming.text(), bytes);
    EXPECT_EQ(incoming.address, "127.0.0.1");

    v1::WorkerCommand command;
    command.set_request_id(7);
    ASSERT_TRUE(listener->send(incoming.routing_id, command, std::as_bytes(std::span("abc", 3))));
    v1::WorkerCommand answer;
    Incoming answered;
    ASSERT_TRUE(drive(*connection, [&](auto) { return connection->receive(answer, answered); }));
    EXPECT_EQ(answer.request_id(), 7u);
    EXPECT_EQ(answered.text(), "abc");
}

TEST_F(Wire, AnUnenrolledPeerGetsNothing) {
    const auto stranger = *generate_keys();
    auto connection = connect(stranger);
    // It is cut during the handshake, again and again, and never gets a message through.
    int refusals = 0;
    ASSERT_TRUE(drive(*connection, [&](Connection::Change change) {
        EXPECT_NE(change, Connection::Change::kConnected);
        if (change == Connection::Change::kLost) ++refusals;
        return refusals == 2;
    }));
    EXPECT_EQ(connection->problem(), Connection::Problem::kRefused);
    EXPECT_FALSE(connection->send(hello(1)));
    v1::WorkerMessage message;
    Incoming incoming;
    EXPECT_FALSE(receive(message, incoming, milliseconds(100)));
    EXPECT_EQ(listener->dropped().total(), 0u);
}

/// The events of a bare socket that tries to connect, until it is cut.
std::vector<int> handshake_events(zmq::context_t& context, const std::string& endpoint,
                                  const std::string& server_key, const KeyPair& keys) {
    zmq::socket_t socket(context, zmq::socket_type::dealer);
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::curve_serverkey, server_key);
    socket.set(zmq::sockopt::curve_publickey, keys.public_key);
    socket.set(zmq::sockopt::curve_secretkey, keys.secret_key);
    const auto watch = "inproc://watch-" + base::random_hex(8);
    zmq_socket_monitor(socket.handle(), watch.c_str(), ZMQ_EVENT_ALL);
    zmq::socket_t monitor(context, zmq::socket_type::pair);
    monitor.set(zmq::sockopt::rcvtimeo, 20000);
    monitor.connect(watch);
    socket.connect(endpoint);
    std::vector<int> seen;
    for (;;) {
        zmq::message_t event, address;
        if (!monitor.recv(event) || !monitor.recv(address)) break;
        seen.push_back(*event.data<std::uint16_t>());
        const int last = seen.back();
        if (last == ZMQ_EVENT_DISCONNECTED || last == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) break;
    }
    zmq_socket_monitor(socket.handle(), nullptr, 0);
    return seen;
}

TEST_F(Wire, ARefusedKeyIsToldNothingAndSeesWhatAWrongServerKeySees) {
    const auto stranger = *generate_keys();
    const auto refused = handshake_events(peers, listener->endpoint(), server_keys.public_key, stranger);
    const auto wrong = handshake_events(peers, listener->endpoint(), generate_keys()->public_key, stranger);
    EXPECT_EQ(refused, wrong);
    for (const int event : refused) {
        EXPECT_NE(event, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) << "a ZAP status was sent to the stranger";
        EXPECT_NE(event, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    }
}

TEST_F(Wire, ASilentHandshakeCountsAsRefusedBeforeItIsCut) {
    auto patient = Listener::bind(context, "tcp://127.0.0.1:*", server_keys, "workers", milliseconds(60000));
    ASSERT_TRUE(patient);
    auto connection = connect(*generate_keys(), (*patient)->endpoint(), server_keys.public_key);
    ASSERT_TRUE(drive(*connection, [&](Connection::Change change) {
        EXPECT_NE(change, Connection::Change::kConnected);
        return connection->problem() == Connection::Problem::kRefused;
    }));
}

TEST_F(Wire, AWrongServerKeyIsRefused) {
    auto connection = connect(enrol(), listener->endpoint(), generate_keys()->public_key);
    ASSERT_TRUE(
        drive(*connection, [](Connection::Change change) { return change == Connection::Change::kLost; }));
    EXPECT_EQ(connection->problem(), Connection::Problem::kRefused);
    EXPECT_EQ(connection->problem_error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(connection->problem_error().field, listener->endpoint());
}

TEST_F(Wire, DomainsAreSeparate) {
    auto clients = Listener::bind(context, "tcp://127.0.0.1:*", server_keys, "clients", kShortHandshake);
    auto unserved = Listener::bind(context, "tcp://127.0.0.1:*", server_keys, "nobody", kShortHandshake);
    ASSERT_TRUE(clients && unserved);
    const auto keys = enrol(); // as a worker
    for (const auto* other : {&*clients, &*unserved}) {
        auto connection = connect(keys, (*other)->endpoint(), server_keys.public_key);
        ASSERT_TRUE(drive(*connection, [](Connection::Change change) {
            EXPECT_NE(change, Connection::Change::kConnected);
            return change == Connection::Change::kLost;
        }));
    }
}

TEST_F(Wire, PlainAndNullPeersGetNothing) {
    zmq::socket_t socket(peers, zmq::socket_type::dealer);
    socket.set(zmq::sockopt::linger, 0);
    socket.connect(listener->endpoint());
    socket.send(zmq::str_buffer("hello"), zmq::send_flags::none);
    v1::WorkerMessage message;
    Incoming incoming;
    EXPECT_FALSE(receive(message, incoming, milliseconds(200)));
    EXPECT_EQ(listener->dropped().total(), 0u);
}

TEST_F(Wire, AListenerWithoutAZapHandlerIsNotOpened) {
    zmq::context_t bare;
    const auto bound = Listener::bind(bare, "tcp://127.0.0.1:*", server_keys, "workers");
    ASSERT_FALSE(bound);
    EXPECT_EQ(bound.error().code, ErrorCode::kInternal);
}

TEST_F(Wire, BadEndpointsAreNamed) {
    const auto taken = Listener::bind(context, listener->endpoint(), server_keys, "workers");
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().field, listener->endpoint());
    EXPECT_EQ(Listener::bind(context, "nonsense", server_keys, "workers").error().code,
              ErrorCode::kInvalidArgument);
    EXPECT_EQ(Connection::open(peers, {"nonsense"}, server_keys.public_key, enrol()).error().code,
              ErrorCode::kInvalidArgument);
    EXPECT_EQ(Connection::open(peers, {listener->endpoint()}, "short", enrol()).error().field,
              "coordinator key");
    EXPECT_EQ(Connection::open(peers, {}, server_keys.public_key, enrol()).error().field, "endpoints");
    for (const char* bad :
         {"tcp://127.0.0.1", "tcp://:1", "tcp://host:0", "tcp://host:65536", "tcp://host:1x"})
        EXPECT_EQ(Connection::open(peers, {listener->endpoint(), bad}, server_keys.public_key, enrol())
                      .error()
                      .field,
                  bad);
}

TEST_F(Wire, MalformedMessagesAreDroppedAndCountedAndThePeerGoesOn) {
    const auto keys = enrol();
    auto peer = raw_peer(keys);
    const auto good = hello(1).SerializeAsString();
    const auto more = zmq::send_flags::sndmore;
    for (int i = 0; i < 5000; ++i)
        peer.send(zmq::buffer(good), more); // one message of 5,001 frames
    peer.send(zmq::buffer(good), zmq::send_flags::none);
    peer.send(zmq::str_buffer("\xff\xff not protobuf"), zmq::send_flags::none);
    peer.send(zmq::buffer(good), more); // three frames
    peer.send(zmq::buffer(good), more);
    peer.send(zmq::buffer(good), zmq::send_flags::none);
    peer.send(zmq::buffer(hello(42).SerializeAsString()), zmq::send_flags::none);

    v1::WorkerMessage message;
    Incoming incoming;
    ASSERT_TRUE(receive(message, incoming));
    EXPECT_EQ(message.request_id(), 42u);
    EXPECT_EQ(listener->dropped().frames, 2u);
    EXPECT_EQ(listener->dropped().unparsable, 1u);
}

TEST_F(Wire, AnOversizeFrameCutsItsSenderOnly) {
    auto honest = connect(enrol());
    ASSERT_TRUE(drive_connected(*honest));
    auto peer = raw_peer(enrol());
    peer.send(zmq::message_t(kMaxMessageBytes + 1), zmq::send_flags::none);
    ASSERT_TRUE(honest->send(hello(5)));
    v1::WorkerMessage message;
    Incoming incoming;
    ASSERT_TRUE(receive(message, incoming));
    EXPECT_EQ(message.request_id(), 5u);
    EXPECT_FALSE(receive(message, incoming, milliseconds(200))) << "the oversize message came through";
    const std::string large(kMaxMessageBytes + 1, 'x');
    EXPECT_EQ(honest->send(hello(6), std::as_bytes(std::span(large))).error().code,
              ErrorCode::kInvalidArgument);
    EXPECT_TRUE(honest->send(hello(8), std::as_bytes(std::span(large)).first(kMaxMessageBytes - 64)));
    ASSERT_TRUE(receive(message, incoming));
    EXPECT_EQ(message.request_id(), 8u);
}

TEST_F(Wire, SendingToNobodyIsAnErrorValue) {
    EXPECT_EQ(listener->send("no such peer", v1::WorkerCommand()).error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(listener->send("", v1::WorkerCommand()).error().code, ErrorCode::kUnavailable);
}

TEST_F(Wire, NobodyListeningIsToldApartFromARefusal) {
    const auto endpoint = listener->endpoint();
    listener.reset();
    auto connection = connect(enrol(), endpoint, server_keys.public_key);
    ASSERT_TRUE(
        drive(*connection, [&](auto) { return connection->problem() == Connection::Problem::kNobodyThere; }));
    EXPECT_FALSE(connection->connected());
    EXPECT_EQ(connection->send(hello(1)).error().code, ErrorCode::kUnavailable);
}

TEST_F(Wire, ReconnectsToARestartedServerAndNothingOldIsDelivered) {
    auto connection = connect(enrol());
    ASSERT_TRUE(drive_connected(*connection));
    const auto endpoint = listener->endpoint();
    listener.reset();
    ASSERT_TRUE(
        drive(*connection, [](Connection::Change change) { return change == Connection::Change::kLost; }));
    EXPECT_EQ(connection->problem(), Connection::Problem::kBroken);
    EXPECT_FALSE(connection->send(hello(1))) << "messages do not queue up for a server that is away";
    // The old socket may take a moment to give its port back.
    for (int attempt = 0; attempt < 200 && !listener; ++attempt) {
        auto bound = Listener::bind(context, endpoint, server_keys, "workers");
        if (bound) {
            listener = std::move(*bound);
        } else {
            std::this_thread::sleep_for(milliseconds(10));
        }
    }
    ASSERT_TRUE(listener);
    ASSERT_TRUE(drive_connected(*connection));
    ASSERT_TRUE(connection->send(hello(2)));
    v1::WorkerMessage message;
    Incoming incoming;
    ASSERT_TRUE(receive(message, incoming));
    EXPECT_EQ(message.request_id(), 2u);
}

TEST_F(Wire, OfSeveralEndpointsTheOneThatAnswersIsUsed) {
    // One where nobody listens, and one that takes connections and stays silent, as a stopped process does.
    auto silent = Listener::bind(context, "tcp://127.0.0.1:*", server_keys, "nobody", milliseconds(60000));
    ASSERT_TRUE(silent);
    auto connection =
        connect(enrol(), {deserted(), (*silent)->endpoint(), listener->endpoint()}, server_keys.public_key);
    ASSERT_TRUE(drive_connected(*connection));
    EXPECT_EQ(connection->endpoint(), listener->endpoint());
    EXPECT_EQ(connection->problem(), Connection::Problem::kNone);
}

TEST_F(Wire, ALostCoordinatorIsReplacedByTheNext) {
    auto second = another();
    auto connection = connect(enrol(), {listener->endpoint(), second->endpoint()}, server_keys.public_key);
    ASSERT_TRUE(drive_connected(*connection));
    EXPECT_EQ(connection->endpoint(), listener->endpoint());
    listener = std::move(second); // the first is gone
    ASSERT_TRUE(drive_connected(*connection));
    EXPECT_EQ(connection->endpoint(), listener->endpoint());
    ASSERT_TRUE(connection->send(hello(7)));
    v1::WorkerMessage message;
    Incoming incoming;
    ASSERT_TRUE(receive(message, incoming));
    EXPECT_EQ(message.request_id(), 7u);
}

TEST_F(Wire, ARefusalByOneOfSeveralIsWhatIsTold) {
    const auto nobody = deserted(), none = deserted();
    auto connection = connect(*generate_keys(), {nobody, listener->endpoint(), none}, server_keys.public_key);
    ASSERT_TRUE(
        drive(*connection, [&](auto) { return connection->problem() != Connection::Problem::kNone; }));
    EXPECT_EQ(connection->problem(), Connection::Problem::kRefused);
    EXPECT_EQ(connection->problem_error().field, listener->endpoint());

    auto away = connect(enrol(), {nobody, none}, server_keys.public_key);
    ASSERT_TRUE(drive(*away, [&](auto) { return away->problem() != Connection::Problem::kNone; }));
    EXPECT_EQ(away->problem(), Connection::Problem::kNobodyThere);
    EXPECT_EQ(away->problem_error().field, nobody + ", " + none);
}

TEST_F(Wire, TwoPeersWithOneRoutingIdDoNotReadEachOthersAnswers) {
    const auto victim_keys = enrol();
    zmq::socket_t victim(peers, zmq::socket_type::dealer), thief(peers, zmq::socket_type::dealer);
    for (auto* socket : {&victim, &thief}) {
        const auto keys = socket == &victim ? victim_keys : enrol();
        socket->set(zmq::sockopt::linger, 0);
        socket->set(zmq::sockopt::routing_id, "same");
        socket->set(zmq::sockopt::curve_serverkey, server_keys.public_key);
        socket->set(zmq::sockopt::curve_publickey, keys.public_key);
        socket->set(zmq::sockopt::curve_secretkey, keys.secret_key);
        socket->connect(listener->endpoint());
        if (socket == &victim) {
            victim.send(zmq::buffer(hello(1).SerializeAsString()), zmq::send_flags::none);
            v1::WorkerMessage message;
            Incoming incoming;
            ASSERT_TRUE(receive(message, incoming));
            EXPECT_EQ(incoming.user_id, victim_keys.public_key);
            EXPECT_EQ(incoming.routing_id, "same");
        }
    }
    thief.send(zmq::buffer(hello(2).SerializeAsString()), zmq::send_flags::none);
    v1::WorkerMessage message;
    Incoming incoming;
    EXPECT_FALSE(receive(message, incoming, milliseconds(300)));
    ASSERT_TRUE(listener->send("same", v1::WorkerCommand()));
    victim.set(zmq::sockopt::rcvtimeo, 20000);
    zmq::message_t answer;
    EXPECT_TRUE(victim.recv(answer));
    thief.set(zmq::sockopt::rcvtimeo, 100);
    EXPECT_FALSE(thief.recv(answer));
}

} // namespace
} // namespace loopmind::wire
