// Tokens to text and back.
#include "proto/wire/join_token.h"

#include "proto/base/sha256.h"
#include "proto/wire/keys.h"

#include <array>

namespace loopmind::wire {
namespace {

constexpr std::string_view kPrefix = "loopmind-join-";
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kMostText = 4096;
constexpr int kMostEndpoints = 16;
constexpr std::size_t kCheckDigits = 8;

std::string encode(std::string_view bytes) {
    std::string text;
    std::uint32_t bits = 0;
    int count = 0;
    for (const unsigned char byte : bytes) {
        bits = (bits << 8) | byte;
        for (count += 8; count >= 6; count -= 6)
            text += kAlphabet[(bits >> (count - 6)) & 63];
    }
    if (count > 0) text += kAlphabet[(bits << (6 - count)) & 63];
    return text;
}

/// False at the first character that is none.
bool decode(std::string_view text, std::string& bytes) {
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const auto value = kAlphabet.find(c);
        if (value == std::string_view::npos) return false;
        bits = (bits << 6) | static_cast<std::uint32_t>(value);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes += static_cast<char>((bits >> count) & 255);
    }
    return true;
}

std::string check(std::string_view bytes) {
    return base::sha256_hex(bytes).substr(0, kCheckDigits);
}

bool complete(const v1::JoinToken& token) {
    return is_z85_key(token.coordinator_key()) && token.secret().size() == kJoinSecretDigits &&
           !token.role().empty() && token.join_endpoints_size() > 0 && token.endpoints_size() > 0 &&
           token.join_endpoints_size() <= kMostEndpoints && token.endpoints_size() <= kMostEndpoints;
}

} // namespace

std::string format_join_token(const v1::JoinToken& token) {
    const std::string bytes = token.SerializeAsString();
    return std::string(kPrefix) + encode(check(bytes) + bytes);
}

Result<v1::JoinToken> parse_join_token(std::string_view text) {
    const Error wrong{ErrorCode::kInvalidArgument, "token", "this is no token, or not all of it",
                      "copy the whole line that `loopmind-coordinator invite` printed"};
    std::string bytes;
    if (text.size() > kMostText || !text.starts_with(kPrefix)) return wrong;
    const std::string_view word = text.substr(kPrefix.size());
    // One form only: characters at the end that carry nothing are not ours.
    if (!decode(word, bytes) || encode(bytes) != word || bytes.size() < kCheckDigits) return wrong;
    const std::string_view body = std::string_view(bytes).substr(kCheckDigits);
    v1::JoinToken token;
    if (check(body) != std::string_view(bytes).substr(0, kCheckDigits) ||
        !token.ParseFromArray(body.data(), static_cast<int>(body.size())) || !complete(token))
        return wrong;
    return token;
}

} // namespace loopmind::wire
