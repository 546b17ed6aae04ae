// One request, one answer.
#include "proto/wire/joining.h"

#include "proto/wire/connection.h"
#include "proto/wire/convert.h"
#include "proto/wire/wait.h"

namespace loopmind::wire {
namespace {

using Clock = std::chrono::steady_clock;

Result<v1::JoinReply> ask(zmq::context_t& context, const std::string& endpoint, const v1::JoinToken& token,
                          const KeyPair& own_keys, const v1::JoinRequest& request,
                          std::chrono::milliseconds patience) {
    auto opened = Connection::open(context, {endpoint}, token.coordinator_key(), own_keys);
    if (!opened) return opened.error();
    Connection& connection = **opened;
    const auto end = Clock::now() + patience;
    while (Clock::now() < end) {
        for (auto change = connection.update(); change != Connection::Change::kNone;
             change = connection.update())
            if (change == Connection::Change::kConnected)
                if (const auto sent = connection.send(request); !sent) return sent.error();
        v1::JoinReply reply;
        Incoming incoming;
        if (connection.receive(reply, incoming)) {
            if (reply.has_error()) return from_proto(reply.error());
            return reply;
        }
        auto items = connection.poll_items();
        wait(items, until(Clock::now(), std::min(connection.next_wakeup(), end)));
    }
    if (!connection.connected()) return connection.problem_error();
    return Error{ErrorCode::kUnavailable, endpoint, "the coordinator does not answer",
                 "try again with the same token"};
}

} // namespace

Result<v1::JoinReply> join(const v1::JoinToken& token, const KeyPair& own_keys, const std::string& software,
                           std::chrono::milliseconds patience) {
    v1::JoinRequest request;
    request.set_secret(token.secret());
    request.set_software(software.substr(0, 100));
    zmq::context_t context;
    Error last{ErrorCode::kInvalidArgument, "token", "it names no coordinator", ""};
    for (const std::string& endpoint : token.join_endpoints()) {
        auto reply = ask(context, endpoint, token, own_keys, request, patience);
        if (reply || reply.error().code != ErrorCode::kUnavailable) return reply;
        last = reply.error();
    }
    return last;
}

} // namespace loopmind::wire
