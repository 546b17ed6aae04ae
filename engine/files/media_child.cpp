// The parent's side: start, read with suspicion, reap.
#include "engine/files/media_child.h"

#include "engine/process/contained_child.h"
#include "proto/base/durable_file.h"

#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace loopmind::files {
namespace {

constexpr std::size_t kMaxFrame = 512 * 1024;

class Child {
  public:
    Child(std::string name, const ChildLimits& limits)
        : name_(std::move(name)), limits_(limits),
          deadline_(std::chrono::steady_clock::now() + std::chrono::seconds(limits.wall_seconds)) {}
    ~Child() {
        if (pipe_ >= 0) ::close(pipe_);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    Status start(const std::filesystem::path& path, const std::vector<std::string>& more) {
        const std::filesystem::path program =
            limits_.program.empty() ? find_media_program() : limits_.program;
        if (program.empty())
            return Error{ErrorCode::kNotFound, "loopmind-media", "is not beside this program",
                         "install it: files from outside are decoded by it"};
        const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (file < 0) return base::file_error(path, "cannot be opened", errno);
        int ends[2] = {-1, -1};
        if (::pipe2(ends, O_CLOEXEC) != 0) {
            const int problem = errno;
            ::close(file);
            return base::file_error(path, "cannot be decoded", problem);
        }
        process::ChildStart what{program, {}, {}, {file, ends[1]}};
        what.arguments = {"--memory", std::to_string(limits_.memory_bytes),
                          "--cpu",    std::to_string(limits_.cpu_seconds),
                          "--name",   name_};
        what.arguments.insert(what.arguments.end(), more.begin(), more.end());
        auto started = process::ContainedChild::start(what);
        ::close(file);
        ::close(ends[1]);
        pipe_ = ends[0];
        if (!started) return started.error();
        child_ = std::move(*started);
        return {};
    }

    struct Frame {
        char kind = 0;
        std::string body;
    };
    /// The next frame; the child's own error and its death are errors.
    Status next(Frame& frame) {
        std::array<char, 5> head{};
        if (Status got = fill(head.data(), head.size()); !got) return got;
        std::uint32_t size = 0;
        for (int i = 4; i >= 1; --i)
            size = size << 8 | static_cast<unsigned char>(head[static_cast<std::size_t>(i)]);
        if (size > kMaxFrame) return nonsense();
        frame.kind = head[0];
        frame.body.resize(size);
        if (Status got = fill(frame.body.data(), size); !got) return got;
        return frame.kind == 'E' ? reported(frame.body) : Status();
    }

    Error nonsense() const {
        return {ErrorCode::kDataCorrupt, name_, "made its decoder misbehave", "copy or export it again"};
    }
    const std::string& name() const { return name_; }

  private:
    Status fill(char* out, std::size_t size) {
        while (size > 0) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                deadline_ - std::chrono::steady_clock::now());
            pollfd waiting{pipe_, POLLIN, 0};
            const int ready =
                left.count() <= 0
                    ? 0
                    : ::poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60000)));
            if (ready < 0 && errno == EINTR) continue;
            if (ready == 0 && left.count() > 0) continue;
            if (ready <= 0) return Error{ErrorCode::kResourceExhausted, name_, "took too long to decode", {}};
            const ssize_t got = ::read(pipe_, out, size);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return died();
            out += got;
            size -= static_cast<std::size_t>(got);
        }
        return {};
    }

    Error died() {
        child_.kill(); // its pipe is closed: nothing more is to come
        const int status = child_.reap();
        if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU))
            return {ErrorCode::kResourceExhausted, name_, "took too long to decode", {}};
        return {ErrorCode::kDataCorrupt, name_, "made its decoder crash", "copy or export it again"};
    }

    Status reported(const std::string& body) const {
        const std::size_t first = body.find('\n');
        const std::size_t second = first == std::string::npos ? first : body.find('\n', first + 1);
        if (second == std::string::npos) return nonsense();
        int code = 0;
        std::from_chars(body.data(), body.data() + first, code);
        if (code != static_cast<int>(ErrorCode::kInvalidArgument) &&
            code != static_cast<int>(ErrorCode::kResourceExhausted))
            code = static_cast<int>(ErrorCode::kDataCorrupt);
        return Error{static_cast<ErrorCode>(code), name_, body.substr(first + 1, second - first - 1),
                     body.substr(second + 1)};
    }

    std::string name_;
    const ChildLimits& limits_;
    std::chrono::steady_clock::time_point deadline_;
    int pipe_ = -1;
    process::ContainedChild child_;
};

std::uint64_t little(const std::string& body) {
    std::uint64_t value = 0;
    for (std::size_t i = 8; i-- > 0;)
        value = value << 8 | static_cast<unsigned char>(body[i]);
    return value;
}

void take_field(AudioInfo& info, std::string_view name, const std::string& value) {
    const auto number = [&value] {
        std::int64_t out = 0;
        std::from_chars(value.data(), value.data() + value.size(), out);
        return out;
    };
    if (name == "format") info.format = format_from_name(value).value_or(AudioFormat::kWav);
    if (name == "codec") info.codec = value;
    if (name == "rate") info.sample_rate = static_cast<int>(number());
    if (name == "channels") info.channels = static_cast<int>(number());
    if (name == "frames") info.frames = number();
    if (name == "samples")
        info.sample_format = static_cast<SampleFormat>(std::clamp<std::int64_t>(number(), 0, 5));
    if (name == "mask") info.channel_mask = static_cast<std::uint32_t>(number());
    if (name == "title") info.tags.title = value;
    if (name == "artist") info.tags.artist = value;
    if (name == "album") info.tags.album = value;
    if (name == "genre") info.tags.genre = value;
    if (name == "comment") info.tags.comment = value;
    if (name == "isrc") info.tags.isrc = value;
    if (name == "key") info.tags.key = value;
    if (name == "copyright") info.tags.copyright = value;
    if (name == "software") info.tags.software = value;
    if (name == "bpm") info.tags.bpm = std::strtod(value.c_str(), nullptr);
}

} // namespace

std::filesystem::path find_media_program() {
    return process::find_program("loopmind-media");
}

bool needs_contained_decoder(AudioFormat format) {
    return format != AudioFormat::kWav;
}

Status stream_media_contained(const std::filesystem::path& path, int sample_rate,
                              const std::function<Status(std::int64_t)>& begin, const StereoBlocks& blocks,
                              const ChildLimits& limits) {
    Child child(path.string(), limits);
    if (Status started = child.start(path, {"--rate", std::to_string(sample_rate), "--max-frames",
                                            std::to_string(limits.load.max_frames)});
        !started)
        return started;
    std::int64_t frames = -1, given = 0;
    std::vector<float> left, right;
    for (Child::Frame frame;;) {
        if (Status got = child.next(frame); !got) return got;
        if (frame.kind == 'H' && frames < 0 && frame.body.size() == 8) {
            const std::uint64_t stated = little(frame.body);
            if (stated > static_cast<std::uint64_t>(limits.load.max_frames)) return child.nonsense();
            frames = static_cast<std::int64_t>(stated);
            if (Status begun = begin(frames); !begun) return begun;
        } else if (frame.kind == 'A' && frame.body.size() % 8 == 0) {
            const std::size_t count = frame.body.size() / 8;
            given += static_cast<std::int64_t>(count);
            if (given > frames) return child.nonsense();
            left.resize(count);
            right.resize(count);
            for (std::size_t i = 0; i < count; ++i) {
                std::array<float, 2> pair;
                std::memcpy(pair.data(), frame.body.data() + 8 * i, 8);
                left[i] = pair[0];
                right[i] = pair[1];
            }
            if (Status passed = blocks(left, right); !passed) return passed;
        } else if (frame.kind == 'Z' && given == frames) {
            return {};
        } else {
            return child.nonsense();
        }
    }
}

Result<LoadedMedia> load_media_contained(const std::filesystem::path& path, int sample_rate,
                                         const ChildLimits& limits) {
    const auto buffer = std::make_shared<graph::StereoBuffer>();
    buffer->sample_rate = sample_rate;
    try {
        const Status streamed = stream_media_contained(
            path, sample_rate,
            [](std::int64_t) { return Status(); }, // memory is taken as samples come, not as stated
            [&buffer](std::span<const float> left, std::span<const float> right) {
                buffer->left.insert(buffer->left.end(), left.begin(), left.end());
                buffer->right.insert(buffer->right.end(), right.begin(), right.end());
                return Status();
            },
            limits);
        if (!streamed) return streamed.error();
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::kResourceExhausted, path.string(), "needs more memory than there is",
                     "close other programs"};
    }
    return LoadedMedia(buffer);
}

Result<AudioInfo> probe_media_contained(const std::filesystem::path& path, const ChildLimits& limits) {
    Child child(path.string(), limits);
    if (Status started = child.start(path, {"--probe"}); !started) return started.error();
    Child::Frame frame, end;
    if (Status got = child.next(frame); !got) return got.error();
    if (Status got = child.next(end); !got) return got.error();
    if (frame.kind != 'I' || end.kind != 'Z') return child.nonsense();
    AudioInfo info;
    for (std::size_t at = 0; at < frame.body.size();) {
        const std::size_t stop = std::min(frame.body.find('\n', at), frame.body.size());
        const std::string line = frame.body.substr(at, stop - at);
        const std::size_t equals = line.find('=');
        if (equals != std::string::npos)
            take_field(info, std::string_view(line).substr(0, equals), line.substr(equals + 1));
        at = stop + 1;
    }
    if (info.sample_rate < 1000 || info.sample_rate > 768000 || info.channels < 1 ||
        info.channels > kMaxChannels || info.frames < 0 || info.frames > kMaxFrames)
        return child.nonsense();
    return info;
}

Result<AudioInfo> measure_media(const std::filesystem::path& path) {
    Result<std::unique_ptr<ByteSource>> source = open_bytes(path);
    if (!source) return source.error();
    const Result<AudioFormat> format = sniff_format(**source);
    if (!format) return format.error();
    if (needs_contained_decoder(*format)) return probe_media_contained(path);
    const auto reader = AudioReader::from_source(std::move(*source), {.with_tags = false});
    if (!reader) return reader.error();
    return (*reader)->info();
}

} // namespace loopmind::files
