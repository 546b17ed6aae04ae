// The WAV reader: walks the chunks, checks every size against the file, converts samples to float.
#include "engine/files/wav.h"

#include "proto/base/durable_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace loopmind::files {
namespace {

constexpr std::uint16_t kTagPcm = 1, kTagFloat = 3, kTagExtensible = 0xFFFE;
constexpr std::uint32_t kUnknownSize = 0xFFFFFFFF; // written by programs that stream to a pipe
constexpr int kMaxChunks = 10000;
constexpr std::size_t kBlockFrames = 4096;

std::uint32_t get(const std::byte* in, int bytes) {
    std::uint32_t value = 0;
    for (int i = 0; i < bytes; ++i)
        value |= static_cast<std::uint32_t>(in[i]) << (8 * i);
    return value;
}

float to_float(const std::byte* in, SampleFormat format) {
    switch (format) {
    case SampleFormat::kInt16:
        return static_cast<float>(static_cast<std::int16_t>(get(in, 2))) / 32768.0f;
    case SampleFormat::kInt24:
        return static_cast<float>(static_cast<std::int32_t>(get(in, 3) << 8) >> 8) / 8388608.0f;
    case SampleFormat::kInt32:
        return static_cast<float>(static_cast<double>(static_cast<std::int32_t>(get(in, 4))) / 2147483648.0);
    case SampleFormat::kFloat32:
        return std::bit_cast<float>(get(in, 4));
    }
    return 0;
}

} // namespace

/// Random access to the file's bytes.
class WavReader::Source {
  public:
    virtual ~Source() = default;
    virtual std::int64_t size() const = 0;
    virtual const std::string& name() const = 0;
    virtual Status read(std::int64_t offset, std::span<std::byte> out) = 0;

    Error corrupt(const std::string& message, const std::string& hint = {}) const {
        return {ErrorCode::kDataCorrupt, name(), message, hint};
    }
    Error truncated() const {
        return corrupt("is truncated: it ends before the length that it states", "copy it again");
    }
};

class WavReader::FileSource final : public Source {
  public:
    FileSource(int fd, std::int64_t size, std::string name) : fd_(fd), size_(size), name_(std::move(name)) {}
    ~FileSource() override { ::close(fd_); }
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;
    std::int64_t size() const override { return size_; }
    const std::string& name() const override { return name_; }

    Status read(std::int64_t offset, std::span<std::byte> out) override {
        while (!out.empty()) {
            const ssize_t got = ::pread(fd_, out.data(), out.size(), offset);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return base::file_error(name_, "cannot be read", errno);
            if (got == 0) return truncated(); // became shorter while it was read
            out = out.subspan(static_cast<std::size_t>(got));
            offset += got;
        }
        return {};
    }

  private:
    int fd_;
    std::int64_t size_;
    std::string name_;
};

class WavReader::MemorySource final : public Source {
  public:
    MemorySource(std::span<const std::byte> bytes, std::string name)
        : bytes_(bytes), name_(std::move(name)) {}
    std::int64_t size() const override { return static_cast<std::int64_t>(bytes_.size()); }
    const std::string& name() const override { return name_; }

    Status read(std::int64_t offset, std::span<std::byte> out) override {
        if (offset < 0 || static_cast<std::int64_t>(out.size()) > size() - offset) return truncated();
        if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
        return {};
    }

  private:
    std::span<const std::byte> bytes_;
    std::string name_;
};

WavReader::WavReader(std::unique_ptr<Source> source) : source_(std::move(source)) {}
WavReader::WavReader(WavReader&&) noexcept = default;
WavReader& WavReader::operator=(WavReader&&) noexcept = default;
WavReader::~WavReader() = default;

Result<WavReader> WavReader::open(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return base::file_error(path, "cannot be opened", errno);
    struct stat status {};
    const bool regular = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    WavReader reader(std::make_unique<FileSource>(fd, regular ? status.st_size : 0, path.string()));
    if (!regular) return Error{ErrorCode::kInvalidArgument, path.string(), "is not a file", {}};
    if (Status parsed = reader.parse(); !parsed) return parsed.error();
    return reader;
}

Result<WavReader> WavReader::from_bytes(std::span<const std::byte> bytes, const std::string& name) {
    WavReader reader(std::make_unique<MemorySource>(bytes, name));
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
    }
    if (rate < 1000 || rate > 768000)
        return source_->corrupt("states a sample rate of " + std::to_string(rate) +
                                " Hz, allowed is 1000 to 768000");
    if (info_.channels < 1 || info_.channels > 64)
        return source_->corrupt("states " + std::to_string(info_.channels) + " channels, allowed is 1 to 64");
    info_.sample_rate = static_cast<int>(rate);
    if (tag == kTagPcm && bits == 16) {
        info_.format = SampleFormat::kInt16;
    } else if (tag == kTagPcm && bits == 24) {
        info_.format = SampleFormat::kInt24;
    } else if (tag == kTagPcm && bits == 32) {
        info_.format = SampleFormat::kInt32;
    } else if (tag == kTagFloat && bits == 32) {
        info_.format = SampleFormat::kFloat32;
    } else {
        return Error{ErrorCode::kInvalidArgument, source_->name(),
                     "holds samples of an unread kind (format " + std::to_string(tag) + ", " +
                         std::to_string(bits) + " bits)",
                     "convert it to PCM of 16, 24 or 32 bits or to 32-bit float"};
    }
    info_.frame_bytes = info_.channels * static_cast<int>(bits / 8);
    if (align != static_cast<std::uint32_t>(info_.frame_bytes))
        return source_->corrupt("states a frame size that does not fit its channels and bits");
    return {};
}

Status WavReader::parse() {
    const std::int64_t size = source_->size();
    std::array<std::byte, 12> riff{};
    if (size < static_cast<std::int64_t>(riff.size()))
        return source_->corrupt("is too short to be a WAV file");
    if (Status read = source_->read(0, riff); !read) return read;
    if (std::memcmp(riff.data(), "RIFF", 4) != 0 || std::memcmp(&riff[8], "WAVE", 4) != 0)
        return source_->corrupt("is not a WAV file");
    std::int64_t at = 12;
    for (int chunk = 0; chunk < kMaxChunks; ++chunk) {
        std::array<std::byte, 8> header{};
        if (size - at < static_cast<std::int64_t>(header.size())) break;
        if (Status read = source_->read(at, header); !read) return read;
        at += 8;
        const std::uint32_t stated = get(&header[4], 4);
        const std::int64_t left = size - at;
        if (std::memcmp(header.data(), "data", 4) == 0) {
            if (info_.frame_bytes == 0) return source_->corrupt("has its samples before their format");
            info_.data_offset = at;
            info_.data_bytes = stated == kUnknownSize ? left : stated;
            if (info_.data_bytes > left) return source_->truncated();
            info_.frames = info_.data_bytes / info_.frame_bytes;
            if (stated != kUnknownSize && info_.data_bytes % info_.frame_bytes != 0)
                return source_->corrupt("ends in the middle of a frame");
            return {};
        }
        if (stated > left) return source_->truncated();
        if (std::memcmp(header.data(), "fmt ", 4) == 0) {
            if (info_.frame_bytes != 0) return source_->corrupt("has two format chunks");
            if (Status parsed = parse_fmt(at, stated); !parsed) return parsed;
        }
        at += static_cast<std::int64_t>(stated) + (stated & 1);
    }
    return source_->corrupt(info_.frame_bytes == 0 ? "has no format chunk" : "has no samples");
}

Status WavReader::read(std::int64_t first, std::span<float> left, std::span<float> right) {
    const auto frames = static_cast<std::int64_t>(left.size());
    if (first < 0 || first > info_.frames || frames > info_.frames - first)
        return Error{ErrorCode::kInvalidArgument, source_->name(), "was read beyond its end", {}};
    const auto step = static_cast<std::size_t>(info_.frame_bytes);
    const std::size_t second = info_.channels > 1 ? step / static_cast<std::size_t>(info_.channels) : 0;
    for (std::size_t done = 0; done < left.size();) {
        const std::size_t count = std::min(kBlockFrames, left.size() - done);
        buffer_.resize(count * step);
        const std::int64_t offset = (first + static_cast<std::int64_t>(done)) * info_.frame_bytes;
        if (Status read = read_raw(offset, buffer_); !read) return read;
        for (std::size_t i = 0; i < count; ++i) {
            left[done + i] = to_float(&buffer_[i * step], info_.format);
            if (!right.empty()) right[done + i] = to_float(&buffer_[i * step + second], info_.format);
        }
        done += count;
    }
    return {};
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
