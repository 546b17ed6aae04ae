// Fuzz target: the text of one-time tokens, which people paste from anywhere. What is taken must survive its
// own form.
#include "proto/wire/join_token.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

using namespace loopmind;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto token = wire::parse_join_token({reinterpret_cast<const char*>(data), size});
    if (!token) return 0;
    const auto again = wire::parse_join_token(wire::format_join_token(*token));
    if (!again || again->SerializeAsString() != token->SerializeAsString()) std::abort();
    return 0;
}

std::vector<std::string> fuzz_seeds() {
    v1::JoinToken token;
    token.set_coordinator_key("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7");
    token.set_secret(std::string(wire::kJoinSecretDigits, '4'));
    token.add_join_endpoints("tcp://127.0.0.1:7763");
    token.add_endpoints("tcp://127.0.0.1:7761");
    token.set_role("producer");
    return {wire::format_join_token(token), "loopmind-join-"};
}
