// Truncated and damaged WAV files end in an error that says so.
#include "engine/files/wav.h"

#include "tests/engine/files/test_folder.h"
#include "tests/engine/files/wav_example.h"

#include <gtest/gtest.h>

#include <random>

namespace loopmind::files {
namespace {

std::string message_of(const std::string& bytes) {
    const auto audio = decode_wav(as_bytes(bytes), "x.wav");
    if (audio) return "accepted";
    EXPECT_EQ(audio.error().field, "x.wav");
    return audio.error().message;
}

TEST(WavHostile, EveryPrefixIsTruncated) {
    const std::string bytes = wav_bytes(tone(100));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const auto audio = decode_wav(as_bytes(bytes.substr(0, size)));
        ASSERT_FALSE(audio.ok()) << size;
        if (size >= 44) {
            EXPECT_NE(audio.error().message.find("truncated"), std::string::npos) << size;
        }
    }
}

TEST(WavHostile, SaysWhatIsWrong) {
    const auto has = [](const std::string& bytes, const std::string& part) {
        const std::string message = message_of(bytes);
        EXPECT_NE(message.find(part), std::string::npos) << message;
    };
    const std::string data(24, '\0');
    has("RIFX1234WAVE", "is not a WAV file");
    has(std::string(100, 'x'), "is not a WAV file");
    has(raw_wav(1, 2, 0, 16, data), "sample rate of 0");
    has(raw_wav(1, 0, 48000, 16, data), "0 channels");
    has(raw_wav(1, 6, 48000, 16, data), "6 channels");
    has(raw_wav(1, 2, 48000, 12, data), "unread kind");
    has(raw_wav(2, 2, 48000, 16, data), "unread kind");
    has(raw_wav(1, 2, 48000, 16, std::string(23, '\0')), "middle of a frame");
    std::string align = raw_wav(1, 2, 48000, 16, data);
    align[32] = 5;
    has(align, "frame size");
    std::string big = raw_wav(1, 2, 48000, 16, data);
    big[40] = '\xff';
    big[43] = '\x7f';
    has(big, "truncated");
    std::string loop = "RIFF";
    put_little(loop, 0xFFFFFFF0u, 4);
    loop += "WAVELIST";
    put_little(loop, 0xFFFFFFF8u, 4);
    has(loop + std::string(50, 'x'), "truncated");
    has("RIFF____WAVE", "no format chunk");
    std::string order = "RIFF____WAVEdata";
    put_little(order, 4, 4);
    has(order + "abcd", "before their format");
    std::string many = "RIFF____WAVE";
    for (int i = 0; i < 20000; ++i)
        many += std::string("junk\0\0\0\0", 8);
    has(many, "no format chunk");
}

TEST(WavHostile, FilesAreErrorsToo) {
    const TestFolder folder;
    EXPECT_EQ(read_wav(folder / "none.wav").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(read_wav(folder.path()).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(decode_wav(as_bytes(wav_bytes(tone(100))), "x", 50).error().code,
              ErrorCode::kResourceExhausted);
}

TEST(WavHostile, SurvivesRandomDamage) {
    const std::string whole = wav_bytes(tone(300));
    std::mt19937 random(7);
    for (int i = 0; i < 20000; ++i) {
        std::string bytes = whole;
        const int times = 1 + static_cast<int>(random() % 4);
        for (int k = 0; k < times; ++k)
            bytes[random() % 48] = static_cast<char>(random());
        if (random() % 4 == 0) bytes.resize(random() % bytes.size());
        const auto audio = decode_wav(as_bytes(bytes));
        if (audio) {
            ASSERT_LE(audio->info.data_bytes, static_cast<std::int64_t>(bytes.size()));
            ASSERT_EQ(static_cast<std::int64_t>(audio->channels[0].size()), audio->info.frames);
        }
    }
}

} // namespace
} // namespace loopmind::files
