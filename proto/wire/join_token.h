// One-time tokens as text: "loopmind-join-" and a JoinToken with a checksum in base64url, one word for any
// shell.
#pragma once

#include "proto/base/result.h"

#include "loopmind/v1/join.pb.h"

#include <string>
#include <string_view>

namespace loopmind::wire {

inline constexpr std::size_t kJoinSecretDigits = 64;

std::string format_join_token(const v1::JoinToken& token);
/// Errors: invalid_argument, when it is no token, mistyped or cut off; the text is never repeated, it may be
/// a secret.
Result<v1::JoinToken> parse_join_token(std::string_view text);

} // namespace loopmind::wire
