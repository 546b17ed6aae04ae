// Enrolling the own key with a one-time token: the client's half of proto/loopmind/v1/join.proto.
#pragma once

#include "proto/base/result.h"
#include "proto/wire/keys.h"

#include "loopmind/v1/join.pb.h"

#include <chrono>
#include <string>

namespace loopmind::wire {

/// Sends the token to the coordinator that it names and nobody else; waits for the answer, at most `patience`
/// for each of its endpoints. May be repeated with the same key when the answer was lost. Errors: those of
/// the coordinator (not_found, permission_denied, already_exists, resource_exhausted); unavailable.
Result<v1::JoinReply> join(const v1::JoinToken& token, const KeyPair& own_keys, const std::string& software,
                           std::chrono::milliseconds patience = std::chrono::milliseconds(5000));

} // namespace loopmind::wire
