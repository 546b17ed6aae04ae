// Seeded mutation of byte strings, so that a failing input can be made again from its round number.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace loopmind::fuzz {

/// xorshift64* (Vigna 2016): the same numbers everywhere.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ull + 1) {}
    std::uint64_t next() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545F4914F6CDD1Dull;
    }
    std::size_t below(std::size_t bound) { return bound == 0 ? 0 : next() % bound; }

  private:
    std::uint64_t state_;
};

/// One to three edits: flipped bits, interesting values, cut, doubled and swapped ranges, tokens of
/// `dictionary`.
inline std::string mutate(std::string input, Random& random, const std::vector<std::string>& dictionary) {
    static constexpr unsigned char kValues[] = {0x00, 0x01, 0x7f, 0x80, 0xff, '"',
                                                '{',  '}',  '[',  ']',  '-',  '9'};
    for (std::size_t edits = 1 + random.below(3); edits > 0; --edits) {
        const std::size_t at = random.below(input.size() + 1);
        switch (random.below(7)) {
        case 0:
            if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << random.below(8)));
            break;
        case 1:
            if (at < input.size()) input[at] = static_cast<char>(kValues[random.below(sizeof kValues)]);
            break;
        case 2:
            input.resize(at);
            break;
        case 3:
            input.erase(at, random.below(16));
            break;
        case 4:
            input.insert(at, input.substr(random.below(input.size() + 1), random.below(64)));
            break;
        case 5:
            if (!dictionary.empty()) input.insert(at, dictionary[random.below(dictionary.size())]);
            break;
        case 6:
            for (std::size_t i = at; i < std::min(at + 4, input.size()); ++i)
                input[i] = static_cast<char>(random.next());
            break;
        }
    }
    return input;
}

/// Calls `check` with mutations of each seed input. Rounds per seed: LOOPMIND_FUZZ_ROUNDS or `rounds`.
inline void for_mutations(const std::vector<std::string>& seeds, const std::vector<std::string>& dictionary,
                          std::size_t rounds, const std::function<void(const std::string&)>& check) {
    if (const char* wanted = std::getenv("LOOPMIND_FUZZ_ROUNDS")) rounds = std::strtoull(wanted, nullptr, 10);
    for (std::size_t s = 0; s < seeds.size(); ++s) {
        check(seeds[s]);
        for (std::size_t round = 0; round < rounds; ++round) {
            Random random(s * 1000003 + round);
            check(mutate(seeds[s], random, dictionary));
        }
    }
}

/// Tokens that JSON readers stumble over.
inline const std::vector<std::string>& json_tokens() {
    static const std::vector<std::string> tokens = {
        "null",    "true",    "1e999",    "-0", "18446744073709551616",
        "\\u0000", "[[[[[[",  "{}",       "[]", "\"\":",
        "1e-999",  "\\ud800", "\xc0\xaf", ","};
    return tokens;
}

} // namespace loopmind::fuzz
