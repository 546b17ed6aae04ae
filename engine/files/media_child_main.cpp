// The child's side: gives up its rights, decodes standard input to standard output.
#include "engine/files/media_child.h"

#include "engine/process/child_limits.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace loopmind::files {
namespace {

struct Arguments {
    std::string name = "media";
    std::int64_t memory = std::int64_t{1} << 30;
    std::int64_t cpu = 600;
    std::int64_t rate = 0;
    std::int64_t max_frames = std::int64_t{1} << 31;
    bool probe = false;
};

std::optional<Arguments> parse(int argc, char** argv) {
    Arguments out;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--probe") {
            out.probe = true;
            continue;
        }
        if (++i >= argc) return std::nullopt;
        const std::string_view value = argv[i];
        std::int64_t number = 0;
        const bool whole =
            std::from_chars(value.data(), value.data() + value.size(), number).ec == std::errc();
        if (word == "--name")
            out.name = value;
        else if (!whole)
            return std::nullopt;
        else if (word == "--memory")
            out.memory = number;
        else if (word == "--cpu")
            out.cpu = number;
        else if (word == "--rate")
            out.rate = number;
        else if (word == "--max-frames")
            out.max_frames = number;
        else
            return std::nullopt;
    }
    return out.probe || out.rate > 0 ? std::optional(out) : std::nullopt;
}

/// Allows what decoding needs; every other call fails with EPERM, so that libraries give up politely.
bool forbid_system_calls() {
    static constexpr int kAllowed[] = {
        SYS_read,         SYS_pread64, SYS_write,      SYS_lseek,         SYS_fstat,
        SYS_newfstatat,   SYS_close,   SYS_brk,        SYS_munmap,        SYS_mremap,
        SYS_mprotect,     SYS_madvise, SYS_futex,      SYS_rt_sigreturn,  SYS_rt_sigprocmask,
        SYS_rt_sigaction, SYS_exit,    SYS_exit_group, SYS_clock_gettime, SYS_getrandom,
        SYS_sched_yield,  SYS_getpid,  SYS_gettid,     SYS_tgkill,        SYS_sched_getaffinity,
        SYS_mmap};
    return process::allow_only_calls(kAllowed);
}

bool give_up_rights(const Arguments& arguments) {
    return process::limit_resources({arguments.memory, arguments.cpu, 0}) && forbid_system_calls();
}

void write_all(const char* bytes, std::size_t size) {
    while (size > 0) {
        const ssize_t done = ::write(1, bytes, size);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) ::_exit(3); // the parent is gone
        bytes += done;
        size -= static_cast<std::size_t>(done);
    }
}

void send(char kind, std::string_view body) {
    std::array<char, 5> head{kind};
    for (std::size_t i = 0; i < 4; ++i)
        head[i + 1] = static_cast<char>(body.size() >> (8 * i) & 0xFF);
    write_all(head.data(), head.size());
    write_all(body.data(), body.size());
}

std::string one_line(std::string text) {
    for (char& c : text)
        if (c == '\n' || c == '\r') c = ' ';
    return text.substr(0, 16 * 1024);
}

int fail(const Error& error) {
    send('E', std::to_string(static_cast<int>(error.code)) + "\n" + one_line(error.message) + "\n" +
                  one_line(error.hint));
    return 1;
}

int probe(std::unique_ptr<ByteSource> source) {
    const auto reader = AudioReader::from_source(std::move(source));
    if (!reader) return fail(reader.error());
    const AudioInfo& info = (*reader)->info();
    std::string text;
    const auto put = [&text](const char* name, const std::string& value) {
        text += std::string(name) + "=" + one_line(value) + "\n";
    };
    put("format", std::string(format_name(info.format)));
    put("codec", info.codec);
    put("rate", std::to_string(info.sample_rate));
    put("channels", std::to_string(info.channels));
    put("frames", std::to_string(info.frames));
    put("samples", std::to_string(static_cast<int>(info.sample_format)));
    put("mask", std::to_string(info.channel_mask));
    put("title", info.tags.title);
    put("artist", info.tags.artist);
    put("album", info.tags.album);
    put("genre", info.tags.genre);
    put("comment", info.tags.comment);
    put("isrc", info.tags.isrc);
    put("key", info.tags.key);
    put("copyright", info.tags.copyright);
    put("software", info.tags.software);
    put("bpm", bpm_text(info.tags.bpm));
    send('I', text);
    send('Z', {});
    return 0;
}

int decode(std::unique_ptr<ByteSource> source, const Arguments& arguments) {
    static constexpr std::size_t kFrames = 32768;
    std::string body;
    const auto begin = [](std::int64_t frames) {
        std::string text;
        for (int i = 0; i < 8; ++i)
            text += static_cast<char>(frames >> (8 * i) & 0xFF);
        send('H', text);
        return Status();
    };
    const auto blocks = [&body](std::span<const float> left, std::span<const float> right) {
        for (std::size_t at = 0; at < left.size(); at += kFrames) {
            const std::size_t count = std::min(kFrames, left.size() - at);
            body.resize(count * 8);
            for (std::size_t i = 0; i < count; ++i) {
                const std::array<float, 2> pair{left[at + i], right[at + i]};
                std::memcpy(body.data() + 8 * i, pair.data(), 8);
            }
            send('A', body);
        }
        return Status();
    };
    const Status done = stream_media(std::move(source), static_cast<int>(arguments.rate), begin, blocks,
                                     {.max_frames = arguments.max_frames});
    if (!done) return fail(done.error());
    send('Z', {});
    return 0;
}

} // namespace

int media_child_main(int argc, char** argv) {
    const std::optional<Arguments> arguments = parse(argc, argv);
    if (!arguments || ::isatty(1)) {
        constexpr std::string_view kUsage =
            "loopmind-media decodes one audio file for LoopMind in a process without rights.\n"
            "usage: loopmind-media --rate HZ | --probe  [--name TEXT] [--memory BYTES] [--cpu SECONDS]\n"
            "       [--max-frames N]   with the file as standard input; frames of media_child.h as output\n";
        const ssize_t ignored = ::write(2, kUsage.data(), kUsage.size());
        return ignored < 0 ? 3 : 2;
    }
    Result<std::unique_ptr<ByteSource>> source = adopt_bytes(0, arguments->name);
    if (!source) return fail(source.error());
    if (!give_up_rights(*arguments))
        return fail({ErrorCode::kResourceExhausted,
                     "",
                     "cannot be decoded: this system gives no limits to the decoder",
                     {}});
    try {
        return arguments->probe ? probe(std::move(*source)) : decode(std::move(*source), *arguments);
    } catch (const std::bad_alloc&) {
        return fail({ErrorCode::kResourceExhausted, "", "needs more memory to decode than it may have", {}});
    }
}

} // namespace loopmind::files
