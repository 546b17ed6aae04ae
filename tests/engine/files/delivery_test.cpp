// Delivered WAVs: same samples, and tags that an independent parser, sox and ffprobe read.
#include "engine/files/delivery.h"

#include "engine/files/wav.h"
#include "proto/base/durable_file.h"
#include "tests/engine/files/run_program.h"
#include "tests/engine/files/test_folder.h"
#include "tests/engine/files/wav_example.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

namespace loopmind::files {
namespace {

DeliveryTags example_tags() {
    DeliveryTags tags;
    tags.title = "Dusty Kit";
    tags.artist = "LoopMind";
    tags.genre = "LoFi";
    tags.prompt = "Dreamy lofi with vinyl crackle é";
    tags.params_json = R"({"prompt":"Dreamy lofi with vinyl crackle é","seed":123,"tempo":82})";
    tags.software = "LoopMind Farm 0.1.0";
    tags.licence = "CC0";
    tags.tempo = 82;
    tags.beats = 32;
    tags.key = "A minor";
    return tags;
}

/// The chunks of a RIFF file by their ids, read by the letter of the format.
std::map<std::string, std::string> chunks_of(const std::string& file) {
    const auto size_at = [&](std::size_t at) {
        std::uint32_t size = 0;
        std::memcpy(&size, file.data() + at, 4);
        return size;
    };
    std::map<std::string, std::string> out;
    EXPECT_EQ(file.substr(0, 4), "RIFF");
    EXPECT_EQ(size_at(4) + 8, file.size());
    std::size_t at = 12;
    while (at + 8 <= file.size()) {
        const std::size_t size = size_at(at + 4);
        EXPECT_LE(at + 8 + size, file.size());
        EXPECT_TRUE(out.emplace(file.substr(at, 4), file.substr(at + 8, size)).second);
        at += 8 + size + (size & 1);
    }
    EXPECT_EQ(at, file.size());
    return out;
}

template <typename T> T field(const std::string& body, std::size_t at) {
    T value{};
    EXPECT_LE(at + sizeof value, body.size());
    std::memcpy(&value, body.data() + at, sizeof value);
    return value;
}

class DeliveryTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(base::write_durably(folder_ / "plain.wav", wav_bytes(tone(48001))).ok());
    }
    std::string deliver(const DeliveryTags& tags) {
        const Status delivered = deliver_wav(folder_ / "plain.wav", folder_ / "loop.wav", tags);
        EXPECT_TRUE(delivered.ok()) << (delivered.ok() ? "" : delivered.error().text());
        return *base::read_file(folder_ / "loop.wav", 10000000);
    }
    TestFolder folder_;
};

TEST_F(DeliveryTest, KeepsEverySample) {
    const auto chunks = chunks_of(deliver(example_tags()));
    const std::string plain = *base::read_file(folder_ / "plain.wav", 10000000);
    EXPECT_EQ(chunks.at("data"), plain.substr(44));
    EXPECT_EQ(chunks.at("fmt "), plain.substr(20, 16));
    const auto audio = read_wav(folder_ / "loop.wav");
    ASSERT_TRUE(audio.ok());
    EXPECT_EQ(audio->channels, read_wav(folder_ / "plain.wav")->channels);
}

TEST_F(DeliveryTest, CarriesLoopTempoAndTexts) {
    const auto chunks = chunks_of(deliver(example_tags()));
    const std::string& smpl = chunks.at("smpl");
    ASSERT_EQ(smpl.size(), 36u + 24u);
    EXPECT_EQ(field<std::uint32_t>(smpl, 8), 20833u);  // ns per sample at 48 kHz
    EXPECT_EQ(field<std::uint32_t>(smpl, 12), 69u);    // A
    EXPECT_EQ(field<std::uint32_t>(smpl, 28), 1u);     // one loop
    EXPECT_EQ(field<std::uint32_t>(smpl, 40), 0u);     // forward
    EXPECT_EQ(field<std::uint32_t>(smpl, 44), 0u);     // first frame
    EXPECT_EQ(field<std::uint32_t>(smpl, 48), 48000u); // last frame of 48001
    EXPECT_EQ(field<std::uint32_t>(smpl, 56), 0u);     // endless

    const std::string& acid = chunks.at("acid");
    ASSERT_EQ(acid.size(), 24u);
    EXPECT_EQ(field<std::uint32_t>(acid, 0), 0x06u); // root set, stretch; not one-shot
    EXPECT_EQ(field<std::uint16_t>(acid, 4), 69u);
    EXPECT_EQ(field<std::uint32_t>(acid, 12), 32u);
    EXPECT_EQ(field<std::uint16_t>(acid, 16), 4u);
    EXPECT_EQ(field<std::uint16_t>(acid, 18), 4u);
    EXPECT_EQ(field<float>(acid, 20), 82.0f);

    const std::string& bext = chunks.at("bext");
    ASSERT_GT(bext.size(), 602u);
    const DeliveryTags tags = example_tags();
    EXPECT_EQ(bext.substr(0, tags.prompt.size()), tags.prompt);
    EXPECT_NE(bext.substr(0, 256).find("\"seed\":123"), std::string::npos);
    EXPECT_STREQ(bext.substr(256, 32).c_str(), "LoopMind Farm");
    EXPECT_EQ(bext.substr(320, 18), std::string(18, '\0')); // no date, no time
    EXPECT_EQ(field<std::uint16_t>(bext, 346), 1u);
    EXPECT_EQ(bext.substr(602), "A=PCM,F=48000,W=24,M=stereo,T=LoopMind Farm 0.1.0\r\n");

    std::map<std::string, std::string> info;
    const std::string& list = chunks.at("LIST");
    EXPECT_EQ(list.substr(0, 4), "INFO");
    for (std::size_t at = 4; at + 8 <= list.size();) {
        const auto size = field<std::uint32_t>(list, at + 4);
        info[list.substr(at, 4)] = list.substr(at + 8, size - 1);
        at += 8 + size + (size & 1);
    }
    EXPECT_EQ(info, (std::map<std::string, std::string>{{"INAM", tags.title},
                                                        {"IART", tags.artist},
                                                        {"IGNR", tags.genre},
                                                        {"ICMT", tags.params_json},
                                                        {"ICOP", tags.licence},
                                                        {"ISFT", tags.software}}));
}

TEST_F(DeliveryTest, OtherProgramsReadItWithoutAWarning) {
    deliver(example_tags());
    const std::string path = (folder_ / "loop.wav").string();
    const auto soxi = run_program("soxi " + path + " > /dev/null");
    EXPECT_EQ(soxi.exit_code, 0);
    EXPECT_EQ(soxi.output, "");
    const auto sox =
        run_program("sox " + path + " -n stat > /dev/null 2>&1; sox -V2 " + path + " -n trim 0 1 ");
    EXPECT_EQ(sox.exit_code, 0);
    EXPECT_EQ(sox.output, "");
    EXPECT_EQ(run_program("soxi -s " + path).output, "48001\n");
    EXPECT_EQ(run_program("soxi -b " + path).output, "24\n");
    const auto probe = run_program("ffprobe -v warning -show_format -show_streams " + path);
    EXPECT_EQ(probe.exit_code, 0);
    for (const char* expected : {"codec_name=pcm_s24le", "sample_rate=48000", "duration_ts=48001",
                                 "TAG:title=Dusty Kit", "TAG:genre=LoFi", "TAG:encoder=LoopMind Farm 0.1.0",
                                 "TAG:copyright=CC0", "TAG:coding_history=A=PCM,F=48000,W=24"})
        EXPECT_NE(probe.output.find(expected), std::string::npos) << expected << "\n" << probe.output;
    EXPECT_NE(probe.output.find("TAG:comment=" + example_tags().params_json), std::string::npos)
        << probe.output;
    EXPECT_EQ(run_program("ffprobe -v warning -show_entries stream=channels " + path + " > /dev/null").output,
              "");
    const auto aubio = run_program("aubioonset -B512 -H128 -i " + path + " > /dev/null");
    EXPECT_EQ(aubio.exit_code, 0);
    EXPECT_EQ(aubio.output, "");
    EXPECT_EQ(run_program("ffmpeg -v warning -guess_layout_max 0 -i " + path + " -f null -").output, "");
}

TEST_F(DeliveryTest, SameInputSameBytes) {
    EXPECT_EQ(deliver(example_tags()), deliver(example_tags()));
}

TEST_F(DeliveryTest, UnpitchedLoopsHaveNoRootAndDatesOnlyWhenGiven) {
    DeliveryTags tags = example_tags();
    tags.pitched = false;
    tags.meter_numerator = 3;
    tags.date = "2026-11-23";
    tags.time = "12:34:56";
    tags.prompt = std::string(300, 'x');
    tags.prompt.replace(254, 4, "😀"); // stands across the border of the field
    const auto chunks = chunks_of(deliver(tags));
    EXPECT_EQ(field<std::uint32_t>(chunks.at("acid"), 0), 0x04u);
    EXPECT_EQ(field<std::uint16_t>(chunks.at("acid"), 18), 3u);
    EXPECT_EQ(chunks.at("bext").substr(320, 18), "2026-11-2312:34:56");
    EXPECT_EQ(chunks.at("bext").substr(0, 256), std::string(254, 'x') + std::string(2, '\0'));
    EXPECT_NE(chunks.at("LIST").find("ICRD"), std::string::npos);
}

TEST_F(DeliveryTest, FailuresLeaveNothingBehind) {
    const auto files = [&] { return std::distance(std::filesystem::directory_iterator(folder_.path()), {}); };
    const auto before = files();
    EXPECT_EQ(deliver_wav(folder_ / "none.wav", folder_ / "out.wav", example_tags()).error().code,
              ErrorCode::kNotFound);
    EXPECT_EQ(deliver_wav(folder_ / "plain.wav", folder_ / "no/out.wav", example_tags()).error().code,
              ErrorCode::kNotFound);
    DeliveryTags tags = example_tags();
    tags.key = "H minor";
    EXPECT_EQ(deliver_wav(folder_ / "plain.wav", folder_ / "out.wav", tags).error().field, "key");
    tags = example_tags();
    tags.tempo = 0;
    EXPECT_EQ(deliver_wav(folder_ / "plain.wav", folder_ / "out.wav", tags).error().field, "tempo");
    std::filesystem::create_directories(folder_ / "taken.wav/full");
    EXPECT_FALSE(deliver_wav(folder_ / "plain.wav", folder_ / "taken.wav", example_tags()).ok());
    std::filesystem::remove_all(folder_ / "taken.wav");
    ASSERT_TRUE(base::write_durably(folder_ / "short.wav", wav_bytes(tone(100)).substr(0, 200)).ok());
    EXPECT_EQ(deliver_wav(folder_ / "short.wav", folder_ / "out.wav", example_tags()).error().code,
              ErrorCode::kDataCorrupt);
    std::filesystem::remove(folder_ / "short.wav");
    EXPECT_EQ(files(), before);
}

} // namespace
} // namespace loopmind::files
