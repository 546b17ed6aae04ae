// Drives one fuzz target without libFuzzer: seeded mutations of its seed inputs, the same ones on every
// machine.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
std::vector<std::string> fuzz_seeds();

namespace {

using Random = std::mt19937_64;

/// Overwrites, inserts, removes, repeats or splices a piece of `text`.
void mutate(std::string& text, const std::vector<std::string>& seeds, Random& random) {
    static const std::string kTelling[] = {"\"",
                                           "{",
                                           "}",
                                           "[",
                                           "]",
                                           "-1",
                                           "1e999",
                                           "null",
                                           "\\u0000",
                                           "\xff\xff\xff\xff",
                                           std::string(4, '\0'),
                                           "\x7f\xff\xff\xff",
                                           "9007199254740993",
                                           "0.1",
                                           ","};
    const std::size_t at = text.empty() ? 0 : random() % text.size();
    switch (random() % 8) {
    case 0:
    case 6:
    case 7:
        if (!text.empty()) text[at] = static_cast<char>(random());
        break;
    case 1: {
        const std::string& piece = kTelling[random() % std::size(kTelling)];
        // In place half of the time, so that lengths inside binary files stay true.
        text.replace(at, random() % 2 == 0 ? 0 : std::min(piece.size(), text.size() - at), piece);
        break;
    }
    case 2:
        text.erase(at, 1 + random() % 16);
        break;
    case 3:
        text.insert(at, text.substr(at, 1 + random() % 64));
        break;
    case 4:
        text.resize(at);
        break;
    default: {
        if (random() % 8 != 0) break;
        const std::string& other = seeds[random() % seeds.size()];
        text = text.substr(0, at) + other.substr(other.empty() ? 0 : random() % other.size());
    }
    }
    if (text.size() > 64 * 1024) text.resize(64 * 1024);
}

} // namespace

/// usage: fuzz_X [runs]           Crashes or a sanitizer's report are the findings.
///        fuzz_X --seeds FOLDER   Writes the seed inputs as files, for libFuzzer to begin with.
int main(int argc, char** argv) {
    if (argc == 3 && std::string(argv[1]) == "--seeds") {
        int number = 0;
        for (const std::string& seed : fuzz_seeds()) {
            std::ofstream file(std::string(argv[2]) + "/seed-" + std::to_string(number++), std::ios::binary);
            file << seed;
            if (!file.flush()) return 1;
        }
        return 0;
    }
    const long runs = argc > 1 ? std::atol(argv[1]) : 200000;
    const std::vector<std::string> seeds = fuzz_seeds();
    Random random(1);
    const auto run = [](const std::string& text) {
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    };
    for (const std::string& seed : seeds)
        run(seed);
    for (long n = 0; n < runs; ++n) {
        std::string text = seeds[random() % seeds.size()];
        for (auto changes = 1 + random() % 8; changes > 0; --changes)
            mutate(text, seeds, random);
        run(text);
    }
    std::printf("%ld inputs\n", runs + static_cast<long>(seeds.size()));
    return 0;
}
