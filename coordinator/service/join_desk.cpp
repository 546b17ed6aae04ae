// Tokens in, one clear answer out.
#include "coordinator/service/join_desk.h"

#include <spdlog/spdlog.h>

#include "coordinator/service/clock.h"
#include "proto/base/sha256.h"
#include "proto/wire/convert.h"
#include "proto/wire/join_token.h"

namespace loopmind::service {
namespace {

constexpr double kAttemptsPerSecond = 1.0 / 3;
constexpr double kAttemptsAtOnce = 20; // a room of people behind one address

const Error kUnknownToken{ErrorCode::kNotFound, "token", "the coordinator does not know this token",
                          "ask for a new one"};

Error refusal(store::Redemption::State state) {
    using State = store::Redemption::State;
    switch (state) {
    case State::kExpired:
        return {ErrorCode::kPermissionDenied, "token", "this token is too old", "ask for a new one"};
    case State::kUsed:
        return {ErrorCode::kPermissionDenied, "token", "this token was used already", "ask for a new one"};
    case State::kKeyEnrolled:
        return {ErrorCode::kAlreadyExists, "key", "this key is enrolled already, with another token",
                "it needs no token; for a second identity use another --home"};
    case State::kKeyRevoked:
        return {ErrorCode::kPermissionDenied, "key", "this key was revoked",
                "use another --home, or remove its key file, to join with a new key"};
    case State::kUnknown:
    case State::kEnrolled:
        break;
    }
    return kUnknownToken;
}

} // namespace

wire::Listener::Limits JoinDesk::limits() {
    wire::Listener::Limits limits;
    limits.message_bytes = kMostMessageBytes;
    limits.peers.undelivered = 64u << 10;
    limits.peers.undelivered_by_all = 64u << 20;
    limits.peers.silence = limits.peers.lifetime = std::chrono::milliseconds(30'000);
    limits.peers.silent_per_address = 64;
    return limits;
}

JoinDesk::JoinDesk(std::unique_ptr<wire::Listener> listener, Registrar& registrar)
    : listener_(std::move(listener)), registrar_(registrar), attempts_(kAttemptsPerSecond, kAttemptsAtOnce) {}

bool JoinDesk::receive(int most) {
    v1::JoinRequest request;
    for (int n = 0; n < most; ++n) {
        wire::Incoming incoming;
        if (!listener_->receive(request, incoming)) return false;
        handle(request, incoming);
    }
    return true;
}

void JoinDesk::handle(const v1::JoinRequest& request, const wire::Incoming& incoming) {
    if (!attempts_.allow(incoming.address, boot_now()))
        return refuse(incoming.routing_id, {ErrorCode::kResourceExhausted, "token",
                                            "too many attempts from this address", "try again in a minute"});
    if (request.secret().size() != wire::kJoinSecretDigits || !incoming.payload.empty())
        return refuse(incoming.routing_id, kUnknownToken);
    const bool taken = registrar_.redeem(
        base::sha256_hex(request.secret()), incoming.user_id, incoming.address,
        [this, route = incoming.routing_id](Result<store::Redemption> verdict) { answer(route, verdict); });
    if (!taken)
        refuse(incoming.routing_id, {ErrorCode::kResourceExhausted, "", "many join at this moment",
                                     "try again with the same token"});
}

void JoinDesk::answer(const std::string& routing_id, const Result<store::Redemption>& verdict) {
    if (!verdict.ok()) {
        spdlog::warn("an enrolment could not be stored: {}", verdict.error().text());
        return refuse(routing_id, {ErrorCode::kUnavailable, "", "the coordinator cannot enrol anybody now",
                                   "try again later with the same token"});
    }
    if (verdict->state != store::Redemption::State::kEnrolled)
        return refuse(routing_id, refusal(verdict->state));
    const store::StoredIdentity& who = verdict->identity;
    spdlog::info("{} {} of {} joined", who.role, who.name, who.tenant);
    v1::JoinReply reply;
    reply.set_role(who.role);
    reply.set_name(who.name);
    reply.set_tenant(who.tenant);
    (void)listener_->send(routing_id, reply);
}

void JoinDesk::refuse(const std::string& routing_id, const Error& error) {
    v1::JoinReply reply;
    *reply.mutable_error() = wire::to_proto(error);
    (void)listener_->send(routing_id, reply);
}

} // namespace loopmind::service
