// WAV (RIFF, and RF64 of EBU Tech 3306 once 4 GiB are passed) and AIFF or AIFC.
#include "engine/files/encoder.h"
#include "engine/files/wav_tags.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace loopmind::files {
namespace {

constexpr std::int64_t kMaxSize = 0xFFFFFFFF;
constexpr std::size_t kDs64Bytes = 28;

void little(std::string& out, std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i)
        out += static_cast<char>(value >> (8 * i) & 0xFF);
}

void big(std::string& out, std::uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i)
        out += static_cast<char>(value >> (8 * i) & 0xFF);
}

/// Interleaves and converts; both formats differ in byte order and in the sign of 8 bits only.
class SampleBytes {
  public:
    SampleBytes(const WriterSettings& settings, bool big_endian)
        : format_(settings.sample_format.value_or(SampleFormat::kInt24)), big_endian_(big_endian),
          quantiser_(is_integer(format_) ? bits_of(format_) : 24, settings.channels, settings.sample_rate,
                     bits_of(format_) <= 24 ? settings.dither : Dither::kNone, settings.dither_seed) {}

    const std::string& convert(ConstPlanes planes) {
        const std::size_t channels = planes.size(), frames = planes.front().size();
        const auto bytes = static_cast<std::size_t>(bits_of(format_) / 8);
        out_.resize(frames * channels * bytes);
        char* at = out_.data();
        if (is_integer(format_)) {
            quantiser_.run(planes, whole_);
            const std::uint32_t flip = format_ == SampleFormat::kInt8 && !big_endian_ ? 0x80 : 0;
            for (const std::int32_t value : whole_) {
                put(at, static_cast<std::uint32_t>(value) ^ flip, bytes);
                at += bytes;
            }
            return out_;
        }
        for (std::size_t i = 0; i < frames; ++i) {
            for (std::size_t c = 0; c < channels; ++c, at += bytes) {
                if (format_ == SampleFormat::kFloat32)
                    put(at, std::bit_cast<std::uint32_t>(planes[c][i]), bytes);
                else
                    put(at, std::bit_cast<std::uint64_t>(static_cast<double>(planes[c][i])), bytes);
            }
        }
        return out_;
    }
    SampleFormat format() const { return format_; }
    void report(WriteReport& report) const {
        report.clipped = is_integer(format_) && quantiser_.clipped();
        report.dithered = is_integer(format_) && quantiser_.dithered();
    }

  private:
    void put(char* out, std::uint64_t value, std::size_t bytes) const {
        for (std::size_t i = 0; i < bytes; ++i)
            out[big_endian_ ? bytes - 1 - i : i] = static_cast<char>(value >> (8 * i) & 0xFF);
    }

    SampleFormat format_;
    bool big_endian_;
    Quantiser quantiser_;
    std::vector<std::int32_t> whole_;
    std::string out_;
};

/// Speakers of WAVE_FORMAT_EXTENSIBLE for the usual orders; 0 (none said) above eight channels.
std::uint32_t speakers(int channels) {
    static constexpr std::uint32_t kMasks[] = {0, 0x4, 0x3, 0x7, 0x33, 0x37, 0x3F, 0x70F, 0x63F};
    return channels <= 8 ? kMasks[channels] : 0;
}

class WavEncoder final : public Encoder {
  public:
    WavEncoder(PartFile& file, const WriterSettings& settings)
        : file_(file), settings_(settings), samples_(settings, false) {}

    Status start() override {
        std::string head = "RIFF";
        little(head, 0, 4);
        head += "WAVE";
        head += riff_chunk("JUNK", std::string(kDs64Bytes, '\0')); // becomes ds64 when the file grows large
        head += riff_chunk("fmt ", format_chunk());
        if (!is_integer(samples_.format()) || settings_.channels > 2) {
            fact_at_ = static_cast<std::int64_t>(head.size()) + 8;
            head += riff_chunk("fact", std::string(4, '\0'));
        }
        head += tags();
        head += "data";
        little(head, 0, 4);
        data_at_ = static_cast<std::int64_t>(head.size());
        file_.write(head.data(), head.size());
        return {};
    }

    Status write(ConstPlanes planes) override {
        const std::string& bytes = samples_.convert(planes);
        file_.write(bytes.data(), bytes.size());
        frames_ += static_cast<std::int64_t>(planes.front().size());
        return {};
    }

    Status finish() override {
        const std::int64_t data = file_.size() - data_at_;
        if (data & 1) file_.write("", 1);
        const std::int64_t riff = file_.size() - 8;
        const auto patch = [this](std::int64_t at, std::uint64_t value, int bytes) {
            std::string text;
            little(text, value, bytes);
            file_.write_at(at, text.data(), text.size());
        };
        const bool large = riff > std::min(settings_.rf64_above, kMaxSize);
        if (large) {
            file_.write_at(0, "RF64", 4);
            file_.write_at(12, "ds64", 4);
            patch(20, static_cast<std::uint64_t>(riff), 8);
            patch(28, static_cast<std::uint64_t>(data), 8);
            patch(36, static_cast<std::uint64_t>(frames_), 8);
        }
        patch(4, static_cast<std::uint64_t>(large ? kMaxSize : riff), 4);
        patch(data_at_ - 4, static_cast<std::uint64_t>(large ? kMaxSize : data), 4);
        if (fact_at_ > 0) patch(fact_at_, static_cast<std::uint64_t>(std::min(frames_, kMaxSize)), 4);
        return {};
    }

    void report(WriteReport& report) const override { samples_.report(report); }

  private:
    std::string format_chunk() const {
        const int bits = bits_of(samples_.format());
        const bool integer = is_integer(samples_.format());
        const int frame = settings_.channels * bits / 8;
        const bool extensible = settings_.channels > 2 || (integer && bits > 24);
        std::string fmt;
        little(fmt, extensible ? 0xFFFE : integer ? 1 : 3, 2);
        little(fmt, static_cast<std::uint64_t>(settings_.channels), 2);
        little(fmt, static_cast<std::uint64_t>(settings_.sample_rate), 4);
        little(fmt, static_cast<std::uint64_t>(settings_.sample_rate) * static_cast<std::uint64_t>(frame), 4);
        little(fmt, static_cast<std::uint64_t>(frame), 2);
        little(fmt, static_cast<std::uint64_t>(bits), 2);
        if (extensible) {
            little(fmt, 22, 2);
            little(fmt, static_cast<std::uint64_t>(bits), 2);
            little(fmt, speakers(settings_.channels), 4);
            little(fmt, integer ? 1 : 3, 2);
            fmt += std::string("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71", 14);
        } else if (!integer) {
            little(fmt, 0, 2);
        }
        return fmt;
    }

    std::string tags() const {
        const AudioTags& tags = settings_.tags;
        if (tags == AudioTags{}) return {};
        const std::string mode = settings_.channels == 1   ? "mono"
                                 : settings_.channels == 2 ? "stereo"
                                                           : "multitrack";
        const std::string history = "A=PCM,F=" + std::to_string(settings_.sample_rate) +
                                    ",W=" + std::to_string(bits_of(samples_.format())) + ",M=" + mode +
                                    (tags.software.empty() ? "" : ",T=" + tags.software) + "\r\n";
        std::string description = tags.title;
        if (!tags.comment.empty()) description += (description.empty() ? "" : " | ") + tags.comment;
        std::string out = bext_chunk({description, "LoopMind Farm", "", "", "", history});
        out += info_chunk({{"INAM", tags.title},
                           {"IART", tags.artist},
                           {"IPRD", tags.album},
                           {"IGNR", tags.genre},
                           {"ICMT", tags.comment},
                           {"ICOP", tags.copyright},
                           {"ISFT", tags.software}});
        // INFO has no place for tempo, key and ISRC; the ID3 chunk has, and most programs read it.
        if (tags.bpm > 0 || !tags.key.empty() || !tags.isrc.empty()) out += riff_chunk("id3 ", id3_tag(tags));
        return out;
    }

    PartFile& file_;
    const WriterSettings& settings_;
    SampleBytes samples_;
    std::int64_t data_at_ = 0;
    std::int64_t fact_at_ = 0;
    std::int64_t frames_ = 0;
};

class AiffEncoder final : public Encoder {
  public:
    AiffEncoder(PartFile& file, const WriterSettings& settings)
        : file_(file), settings_(settings), samples_(settings, true) {}

    Status start() override {
        const bool integer = is_integer(samples_.format());
        std::string head = "FORM";
        big(head, 0, 4);
        head += integer ? "AIFF" : "AIFC";
        if (!integer) {
            std::string version;
            big(version, 0xA2805140, 4); // AIFF-C version 1
            head += chunk("FVER", version);
        }
        std::string common;
        big(common, static_cast<std::uint64_t>(settings_.channels), 2);
        frames_at_ = static_cast<std::int64_t>(head.size()) + 8 + 2;
        big(common, 0, 4);
        big(common, static_cast<std::uint64_t>(bits_of(samples_.format())), 2);
        common += extended(settings_.sample_rate);
        if (!integer)
            common += samples_.format() == SampleFormat::kFloat32 ? std::string("fl32\0\0", 6)
                                                                  : std::string("fl64\0\0", 6);
        head += chunk("COMM", common);
        head += tags();
        head += "SSND";
        data_at_ = static_cast<std::int64_t>(head.size()) + 12;
        head += std::string(12, '\0'); // size, offset, block size
        file_.write(head.data(), head.size());
        return {};
    }

    Status write(ConstPlanes planes) override {
        const std::string& bytes = samples_.convert(planes);
        if (file_.size() + static_cast<std::int64_t>(bytes.size()) > kMaxSize)
            return Error{ErrorCode::kInvalidArgument, file_.target().string(),
                         "is too long for an AIFF file of 4 GiB", "write WAV, which becomes RF64"};
        file_.write(bytes.data(), bytes.size());
        frames_ += static_cast<std::int64_t>(planes.front().size());
        return {};
    }

    Status finish() override {
        const std::int64_t data = file_.size() - data_at_;
        if (data & 1) file_.write("", 1);
        const auto patch = [this](std::int64_t at, std::int64_t value) {
            std::string text;
            big(text, static_cast<std::uint64_t>(value), 4);
            file_.write_at(at, text.data(), text.size());
        };
        patch(4, file_.size() - 8);
        patch(frames_at_, frames_);
        patch(data_at_ - 12, data + 8);
        return {};
    }

    void report(WriteReport& report) const override { samples_.report(report); }

  private:
    static std::string chunk(const char* id, const std::string& body) {
        std::string out(id, 4);
        big(out, body.size(), 4);
        out += body;
        if (body.size() & 1) out += '\0';
        return out;
    }

    /// A whole number as 80-bit extended float: exponent biased by 16383, 64 bits with the leading one.
    static std::string extended(int value) {
        const auto number = static_cast<std::uint64_t>(value);
        const int exponent = std::bit_width(number) - 1;
        std::string out;
        big(out, static_cast<std::uint64_t>(16383 + exponent), 2);
        big(out, number << (63 - exponent), 8);
        return out;
    }

    std::string tags() const {
        const AudioTags& tags = settings_.tags;
        std::string out;
        const auto text = [&out](const char* id, const std::string& value) {
            if (!value.empty()) out += chunk(id, value);
        };
        text("NAME", tags.title);
        text("AUTH", tags.artist);
        text("(c) ", tags.copyright);
        text("ANNO", tags.comment);
        if (const std::string id3 = id3_tag(tags); !id3.empty()) out += chunk("ID3 ", id3);
        return out;
    }

    PartFile& file_;
    const WriterSettings& settings_;
    SampleBytes samples_;
    std::int64_t frames_at_ = 0;
    std::int64_t data_at_ = 0;
    std::int64_t frames_ = 0;
};

} // namespace

std::unique_ptr<Encoder> wav_encoder(PartFile& file, const WriterSettings& settings) {
    return std::make_unique<WavEncoder>(file, settings);
}

std::unique_ptr<Encoder> aiff_encoder(PartFile& file, const WriterSettings& settings) {
    return std::make_unique<AiffEncoder>(file, settings);
}

} // namespace loopmind::files
