// The WAV reader: walks the chunks, checks every size against the file, converts samples to float.
#include "engine/files/wav.h"

#include "engine/files/sample_convert.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace loopmind::files {
namespace {

constexpr std::uint16_t kTagPcm = 1, kTagFloat = 3, kTagExtensible = 0xFFFE;
constexpr std::uint32_t kUnknownSize = 0xFFFFFFFF; // written by programs that stream to a pipe
constexpr int kMaxChunks = 10000;
constexpr std::int64_t kMaxDs64 = 1 << 20;
/// Bytes fetched at once when a file is read in order: few calls into the kernel, and many files that play
/// together still fit the cache.
constexpr std::int64_t kAheadBytes = std::int64_t{1} << 15;

std::uint32_t get(const std::byte* in, int bytes) {
    std::uint32_t value = 0;
    for (int i = 0; i < bytes; ++i)
        value |= static_cast<std::uint32_t>(in[i]) << (8 * i);
    return value;
}

std::int64_t get64(const std::byte* in) {
    return static_cast<std::int64_t>(get(in, 4)) | static_cast<std::int64_t>(get(in + 4, 4)) << 32;
}

std::optional<SampleFormat> sample_format(std::uint32_t tag, std::uint32_t bits) {
    if (tag == kTagFloat && bits == 32) return SampleFormat::kFloat32;
    if (tag == kTagFloat && bits == 64) return SampleFormat::kFloat64;
    if (tag != kTagPcm) return std::nullopt;
    switch (bits) {
    case 8:
        return SampleFormat::kInt8;
    case 16:
        return SampleFormat::kInt16;
    case 24:
        return SampleFormat::kInt24;
    case 32:
        return SampleFormat::kInt32;
    default:
        return std::nullopt;
    }
}

} // namespace

/// 64-bit sizes of a ds64 chunk; -1 where there is none.
struct WavReader::LargeSizes {
    std::int64_t data = -1;
    std::vector<std::pair<std::string, std::int64_t>> others; ///< chunk id, size
};

WavReader::WavReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}
WavReader::WavReader(WavReader&&) noexcept = default;
WavReader& WavReader::operator=(WavReader&&) noexcept = default;
WavReader::~WavReader() = default;

Result<WavReader> WavReader::open(const std::filesystem::path& path) {
    Result<std::unique_ptr<ByteSource>> source = open_bytes(path);
    if (!source) return source.error();
    return from_source(std::move(*source));
}

Result<WavReader> WavReader::from_bytes(std::span<const std::byte> bytes, const std::string& name) {
    return from_source(memory_bytes(bytes, name));
}

Result<WavReader> WavReader::from_source(std::unique_ptr<ByteSource> source) {
    WavReader reader(std::move(source));
    if (Status parsed = reader.parse(); !parsed) return parsed.error();
    return reader;
}

Status WavReader::parse_fmt(std::int64_t at, std::int64_t size) {
    if (size < 16 || size > 4096) return source_->corrupt("has a format chunk of an impossible size");
    std::vector<std::byte> body(static_cast<std::size_t>(size));
    if (Status read = source_->read(at, body); !read) return read;
    info_.fmt_chunk.assign(reinterpret_cast<const char*>(body.data()), body.size());
    std::uint32_t tag = get(&body[0], 2);
    info_.channels = static_cast<int>(get(&body[2], 2));
    const std::uint32_t rate = get(&body[4], 4);
    const std::uint32_t align = get(&body[12], 2);
    const std::uint32_t bits = get(&body[14], 2);
    if (tag == kTagExtensible) {
        if (size < 40) return source_->corrupt("has an extensible format chunk that is too short");
        tag = get(&body[24], 2);
        info_.channel_mask = get(&body[20], 4);
    }
    if (rate < 1000 || rate > 768000)
        return source_->corrupt("states a sample rate of " + std::to_string(rate) +
                                " Hz, allowed is 1000 to 768000");
    if (info_.channels < 1 || info_.channels > 64)
        return source_->corrupt("states " + std::to_string(info_.channels) + " channels, allowed is 1 to 64");
    info_.sample_rate = static_cast<int>(rate);
    const std::optional<SampleFormat> kind = sample_format(tag, bits);
    if (!kind) {
        return Error{ErrorCode::kInvalidArgument, source_->name(),
                     "holds samples of an unread kind (format " + std::to_string(tag) + ", " +
                         std::to_string(bits) + " bits)",
                     "convert it to PCM of 8 to 32 bits or to float of 32 or 64 bits"};
    }
    info_.format = *kind;
    info_.frame_bytes = info_.channels * static_cast<int>(bits / 8);
    if (align != static_cast<std::uint32_t>(info_.frame_bytes))
        return source_->corrupt("states a frame size that does not fit its channels and bits");
    return {};
}

Status WavReader::parse_ds64(std::int64_t at, std::int64_t size, LargeSizes& sizes) {
    if (size < 28 || size > kMaxDs64) return source_->corrupt("has a ds64 chunk of an impossible size");
    std::vector<std::byte> body(static_cast<std::size_t>(size));
    if (Status read = source_->read(at, body); !read) return read;
    sizes.data = get64(&body[8]);
    if (sizes.data < 0) return source_->corrupt("states an impossible length");
    const std::uint32_t entries = get(&body[24], 4);
    for (std::uint32_t i = 0; i < entries && 28 + (std::int64_t{i} + 1) * 12 <= size; ++i) {
        const std::byte* entry = &body[28 + std::size_t{i} * 12];
        sizes.others.emplace_back(std::string(reinterpret_cast<const char*>(entry), 4), get64(entry + 4));
    }
    return {};
}

Status WavReader::take_data(std::int64_t at, std::int64_t stated, bool unknown) {
    if (info_.frame_bytes == 0) return source_->corrupt("has its samples before their format");
    const std::int64_t left = source_->size() - at;
    info_.data_offset = at;
    info_.data_bytes = unknown ? left : stated;
    if (info_.data_bytes > left) return source_->truncated();
    info_.frames = info_.data_bytes / info_.frame_bytes;
    if (!unknown && info_.data_bytes % info_.frame_bytes != 0)
        return source_->corrupt("ends in the middle of a frame");
    return {};
}

Status WavReader::parse() {
    const std::int64_t size = source_->size();
    std::array<std::byte, 12> riff{};
    if (size < static_cast<std::int64_t>(riff.size()))
        return source_->corrupt("is too short to be a WAV file");
    if (Status read = source_->read(0, riff); !read) return read;
    info_.large = std::memcmp(riff.data(), "RF64", 4) == 0 || std::memcmp(riff.data(), "BW64", 4) == 0;
    if ((!info_.large && std::memcmp(riff.data(), "RIFF", 4) != 0) || std::memcmp(&riff[8], "WAVE", 4) != 0)
        return source_->corrupt("is not a WAV file");
    LargeSizes sizes;
    std::int64_t at = 12;
    for (int chunk = 0; chunk < kMaxChunks; ++chunk) {
        std::array<std::byte, 8> header{};
        if (size - at < static_cast<std::int64_t>(header.size())) break;
        if (Status read = source_->read(at, header); !read) return read;
        at += 8;
        const std::string id(reinterpret_cast<const char*>(header.data()), 4);
        std::int64_t stated = get(&header[4], 4);
        bool unknown = stated == kUnknownSize;
        if (unknown && info_.large) {
            std::int64_t large = id == "data" ? sizes.data : -1;
            for (const auto& [name, bytes] : sizes.others)
                if (name == id && id != "data") large = bytes;
            if (large < 0 && id == "data") return source_->corrupt("does not state its length (no ds64)");
            stated = large < 0 ? stated : large;
            unknown = false;
        }
        if (id == "data") return take_data(at, stated, unknown);
        if (stated > size - at) return source_->truncated();
        if (id == "fmt ") {
            if (info_.frame_bytes != 0) return source_->corrupt("has two format chunks");
            if (Status parsed = parse_fmt(at, stated); !parsed) return parsed;
        } else if (id == "ds64" && info_.large && sizes.data < 0) {
            if (Status parsed = parse_ds64(at, stated, sizes); !parsed) return parsed;
        }
        at += stated + (stated & 1);
    }
    return source_->corrupt(info_.frame_bytes == 0 ? "has no format chunk" : "has no samples");
}

Status WavReader::read(std::int64_t first, std::span<float> left, std::span<float> right) {
    std::array<std::span<float>, 2> both{left, right};
    if (info_.channels > 1 || right.empty()) return read(first, std::span<const std::span<float>>(both));
    if (Status status = read(first, std::span<const std::span<float>>(both).first(1)); !status) return status;
    std::copy(left.begin(), left.end(), right.begin());
    return {};
}

Status WavReader::read(std::int64_t first, std::span<const std::span<float>> channels) {
    std::size_t total = 0;
    for (const std::span<float>& channel : channels)
        total = std::max(total, channel.size());
    const auto frames = static_cast<std::int64_t>(total);
    if (first < 0 || first > info_.frames || frames > info_.frames - first)
        return Error{ErrorCode::kInvalidArgument, source_->name(), "was read beyond its end", {}};
    for (std::int64_t done = 0; done < frames;) {
        if (Status status = fetch(first + done, frames - done); !status) return status;
        const std::int64_t count = std::min(frames - done, buffer_first_ + buffer_frames_ - (first + done));
        convert(first + done - buffer_first_, channels, static_cast<std::size_t>(done),
                static_cast<std::size_t>(count));
        done += count;
    }
    return {};
}

/// Makes the frame `first` the first or a later one of the buffer. Who goes on where the buffer ends reads in
/// order and gets more than was asked for.
Status WavReader::fetch(std::int64_t first, std::int64_t wanted) {
    if (first >= buffer_first_ && first < buffer_first_ + buffer_frames_) return {};
    const std::int64_t most = std::max<std::int64_t>(1, kAheadBytes / info_.frame_bytes);
    const bool in_order = first == buffer_first_ + buffer_frames_;
    const std::int64_t count = std::min(in_order ? most : std::min(wanted, most), info_.frames - first);
    const auto bytes = static_cast<std::size_t>(count * info_.frame_bytes);
    buffer_.resize(std::max(buffer_.size(), bytes + kConvertSlack));
    buffer_frames_ = 0; // until it is there
    if (Status status = read_raw(first * info_.frame_bytes, {buffer_.data(), bytes}); !status) return status;
    buffer_first_ = first;
    buffer_frames_ = count;
    return {};
}

void WavReader::convert(std::int64_t from, std::span<const std::span<float>> channels, std::size_t at,
                        std::size_t count) const {
    const auto step = static_cast<std::size_t>(info_.frame_bytes);
    const std::byte* in = buffer_.data() + static_cast<std::size_t>(from) * step;
    if (info_.format == SampleFormat::kInt24 && info_.channels == 2 && channels.size() == 2 &&
        !channels[0].empty() && !channels[1].empty())
        return stereo24_to_floats(in, channels[0].data() + at, channels[1].data() + at, count);
    const auto known = static_cast<std::size_t>(info_.channels);
    for (std::size_t channel = 0; channel < std::min(channels.size(), known); ++channel)
        if (!channels[channel].empty())
            to_floats(in + channel * (step / known), step, info_.format, channels[channel].data() + at,
                      count);
}

Status WavReader::read_raw(std::int64_t offset, std::span<std::byte> out) {
    if (offset < 0 || offset > info_.data_bytes ||
        static_cast<std::int64_t>(out.size()) > info_.data_bytes - offset)
        return Error{ErrorCode::kInvalidArgument, source_->name(), "was read beyond its end", {}};
    return source_->read(info_.data_offset + offset, out);
}

namespace {

Result<WavAudio> read_all(WavReader reader, const std::string& name, std::int64_t max_frames) {
    const WavInfo& info = reader.info();
    if (info.channels > 2)
        return Error{ErrorCode::kInvalidArgument, name, "has " + std::to_string(info.channels) + " channels",
                     "give a mono or stereo file"};
    if (info.frames > max_frames)
        return Error{ErrorCode::kResourceExhausted, name, "is longer than this program reads at once", {}};
    WavAudio audio;
    audio.info = info;
    audio.channels.assign(static_cast<std::size_t>(info.channels),
                          std::vector<float>(static_cast<std::size_t>(info.frames)));
    const std::span<float> right =
        info.channels == 2 ? std::span<float>(audio.channels[1]) : std::span<float>();
    if (Status read = reader.read(0, audio.channels[0], right); !read) return read.error();
    return audio;
}

} // namespace

Result<WavAudio> read_wav(const std::filesystem::path& path, std::int64_t max_frames) {
    Result<WavReader> reader = WavReader::open(path);
    if (!reader) return reader.error();
    return read_all(std::move(*reader), path.string(), max_frames);
}

Result<WavAudio> decode_wav(std::span<const std::byte> bytes, const std::string& name,
                            std::int64_t max_frames) {
    Result<WavReader> reader = WavReader::from_bytes(bytes, name);
    if (!reader) return reader.error();
    return read_all(std::move(*reader), name, max_frames);
}

} // namespace loopmind::files
