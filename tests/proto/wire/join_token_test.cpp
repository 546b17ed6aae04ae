// Tokens survive as one word, and nothing else passes for one.
#include "proto/wire/join_token.h"
#include "proto/wire/keys.h"

#include <gtest/gtest.h>

namespace loopmind::wire {
namespace {

v1::JoinToken token() {
    v1::JoinToken token;
    token.set_coordinator_key(generate_keys()->public_key);
    token.set_secret(std::string(kJoinSecretDigits, '7'));
    token.add_join_endpoints("tcp://farm.studio:7763");
    token.add_endpoints("tcp://farm.studio:7761");
    token.set_role("producer");
    return token;
}

TEST(JoinToken, IsOneWordAndComesBackWhole) {
    for (int extra = 0; extra < 4; ++extra) { // every length of the last group
        auto made = token();
        made.set_role(std::string("producer").substr(0, 8 - extra));
        const std::string text = format_join_token(made);
        EXPECT_EQ(text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"),
                  std::string::npos);
        const auto read = parse_join_token(text);
        ASSERT_TRUE(read) << read.error().text();
        EXPECT_EQ(read->SerializeAsString(), made.SerializeAsString());
    }
}

TEST(JoinToken, AnythingElseIsRefusedWithoutRepeatingIt) {
    const std::string text = format_join_token(token());
    std::vector<std::string> wrong{"",
                                   "hello",
                                   text + "x",
                                   text.substr(0, text.size() - 3),
                                   text.substr(14),
                                   text + std::string(10'000, 'A'),
                                   "loopmind-join-",
                                   "loopmind-join-\n"};
    for (std::size_t at = 14; at < text.size(); at += 7) { // one character mistyped
        std::string typo = text;
        typo[at] = typo[at] == 'A' ? 'B' : 'A';
        wrong.push_back(typo);
    }
    for (const std::string& one : wrong) {
        const auto read = parse_join_token(one);
        ASSERT_FALSE(read) << one;
        EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument);
        if (one.size() > 20) {
            EXPECT_EQ(read.error().text().find(one.substr(14, 20)), std::string::npos);
        }
    }
}

TEST(JoinToken, OneThatLacksSomethingIsNone) {
    for (const auto& spoil : std::vector<void (*)(v1::JoinToken&)>{
             [](v1::JoinToken& t) { t.set_coordinator_key("short"); },
             [](v1::JoinToken& t) { t.set_secret("guess"); },
             [](v1::JoinToken& t) { t.clear_join_endpoints(); },
             [](v1::JoinToken& t) { t.clear_endpoints(); }, [](v1::JoinToken& t) { t.clear_role(); }}) {
        auto made = token();
        spoil(made);
        EXPECT_FALSE(parse_join_token(format_join_token(made)));
    }
}

} // namespace
} // namespace loopmind::wire
