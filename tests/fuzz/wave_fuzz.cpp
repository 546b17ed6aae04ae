// Fuzz target: the WAV reader, on files from anywhere.
#include "engine/files/wav.h"

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

using namespace loopmind;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto audio = files::decode_wav(std::as_bytes(std::span(data, size)), "wav", 1 << 20);
    if (!audio.ok() && audio.error().message.empty()) std::abort();
    if (audio.ok())
        for (const auto& channel : audio->channels)
            if (static_cast<std::int64_t>(channel.size()) != audio->info.frames) std::abort();
    return 0;
}

std::vector<std::string> fuzz_seeds() {
    const auto le = [](std::uint32_t value, int bytes) {
        std::string text;
        for (int n = 0; n < bytes; ++n)
            text += static_cast<char>(value >> (8 * n));
        return text;
    };
    std::vector<std::string> seeds;
    for (const int bits : {16, 24, 32}) {
        const std::uint32_t block = 2 * bits / 8;
        const std::string data(block * 64, '\x11');
        const std::string fmt = le(bits == 32 ? 3 : 1, 2) + le(2, 2) + le(48000, 4) + le(48000 * block, 4) +
                                le(block, 2) + le(bits, 2);
        const std::string body = "WAVEfmt " + le(16, 4) + fmt + "LIST" + le(4, 4) + "INFO" + "data" +
                                 le(static_cast<std::uint32_t>(data.size()), 4) + data;
        seeds.push_back("RIFF" + le(static_cast<std::uint32_t>(body.size()), 4) + body);
    }
    return seeds;
}
