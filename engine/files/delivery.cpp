// Tagged copies of rendered audio.
#include "engine/files/delivery.h"

#include "engine/files/key_signature.h"
#include "engine/files/wav.h"
#include "engine/files/wav_tags.h"
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <unistd.h>
#include <vector>

namespace loopmind::files {
namespace {

constexpr std::size_t kCopyBytes = std::size_t{1} << 20;

/// A new file that disappears unless kept.
class PartFile {
  public:
    explicit PartFile(std::filesystem::path path)
        : path_(std::move(path)), fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)),
          open_error_(fd_ < 0 ? errno : 0) {}
    ~PartFile() {
        if (fd_ < 0) return;
        ::close(fd_);
        if (!kept_) ::unlink(path_.c_str());
    }
    PartFile(const PartFile&) = delete;
    PartFile& operator=(const PartFile&) = delete;

    int open_error() const { return open_error_; }
    const std::filesystem::path& path() const { return path_; }
    void keep() { kept_ = true; }

    /// 0 or errno.
    int write(const void* bytes, std::size_t size) {
        const char* at = static_cast<const char*>(bytes);
        while (size > 0) {
            const ssize_t done = ::write(fd_, at, size);
            if (done < 0 && errno == EINTR) continue;
            if (done < 0) return errno;
            at += done;
            size -= static_cast<std::size_t>(done);
        }
        return 0;
    }

  private:
    std::filesystem::path path_;
    int fd_;
    int open_error_;
    bool kept_ = false;
};

std::string coding_history(const WavInfo& info, const std::string& software) {
    const int bits = 8 * info.frame_bytes / info.channels;
    const char* mode = info.channels == 1 ? "mono" : info.channels == 2 ? "stereo" : "multitrack";
    return "A=PCM,F=" + std::to_string(info.sample_rate) + ",W=" + std::to_string(bits) + ",M=" + mode +
           (software.empty() ? "" : ",T=" + software) + "\r\n";
}

Status check(const DeliveryTags& tags) {
    if (!(tags.tempo > 0 && tags.tempo < 1000))
        return Error{ErrorCode::kInvalidArgument, "tempo", "is out of range", {}};
    if (tags.beats < 0) return Error{ErrorCode::kInvalidArgument, "beats", "must not be negative", {}};
    for (int part : {tags.meter_numerator, tags.meter_denominator}) {
        if (part < 1 || part > 64) return Error{ErrorCode::kInvalidArgument, "meter", "is out of range", {}};
    }
    if (!tags.key.empty() && !key_signature(tags.key))
        return Error{ErrorCode::kInvalidArgument, "key", "is no key: " + tags.key, "write it as \"A minor\""};
    return {};
}

/// All chunks before the data.
std::string tag_chunks(const WavInfo& info, const DeliveryTags& tags) {
    const std::optional<KeySignature> key = key_signature(tags.key);
    const int tonic = key ? 60 + key->tonic : 60;
    std::string description = tags.prompt;
    if (!tags.params_json.empty()) description += (description.empty() ? "" : " | ") + tags.params_json;
    std::string out = riff_chunk("fmt ", info.fmt_chunk); // first: simple readers expect it there
    out += bext_chunk(
        {description, "LoopMind Farm", "", tags.date, tags.time, coding_history(info, tags.software)});
    out += smpl_chunk(info.sample_rate, info.frames, tonic);
    // ACID counts beats of the meter's denominator.
    const int acid_beats = static_cast<int>(std::lround(tags.beats * tags.meter_denominator / 4.0));
    out += acid_chunk(acid_beats, tags.meter_numerator, tags.meter_denominator, tags.tempo,
                      tags.pitched && key ? tonic : -1);
    out += info_chunk({{"INAM", tags.title},
                       {"IART", tags.artist},
                       {"IGNR", tags.genre},
                       {"ICMT", tags.params_json},
                       {"ICOP", tags.licence},
                       {"ICRD", tags.date},
                       {"ISFT", tags.software}});
    return out;
}

} // namespace

Status deliver_wav(const std::filesystem::path& source, const std::filesystem::path& target,
                   const DeliveryTags& tags) {
    if (Status good = check(tags); !good) return good;
    Result<WavReader> reader = WavReader::open(source);
    if (!reader) return reader.error();
    const WavInfo& info = reader->info();

    const std::string chunks = tag_chunks(info, tags);
    const std::int64_t padded = info.data_bytes + (info.data_bytes & 1);
    const std::int64_t riff_size = 4 + static_cast<std::int64_t>(chunks.size()) + 8 + padded;
    if (riff_size > 0xFFFFFFFFLL)
        return Error{ErrorCode::kInvalidArgument, source.string(), "is too long for a WAV file of 4 GiB", {}};
    std::string head = "RIFF";
    const auto put = [&head](std::int64_t value) {
        for (int i = 0; i < 4; ++i)
            head += static_cast<char>(value >> (8 * i) & 0xFF);
    };
    put(riff_size);
    head += "WAVE" + chunks + "data";
    put(info.data_bytes);

    std::filesystem::path part_path = target;
    part_path += "." + base::random_hex(8) + ".part";
    PartFile part(part_path);
    if (part.open_error() != 0) return base::file_error(target, "cannot be written", part.open_error());
    int problem = part.write(head.data(), head.size());
    std::vector<std::byte> block(kCopyBytes);
    for (std::int64_t done = 0; problem == 0 && done < info.data_bytes;) {
        const auto count =
            static_cast<std::size_t>(std::min<std::int64_t>(kCopyBytes, info.data_bytes - done));
        if (Status read = reader->read_raw(done, {block.data(), count}); !read) return read;
        problem = part.write(block.data(), count);
        done += static_cast<std::int64_t>(count);
    }
    if (problem == 0 && padded != info.data_bytes) problem = part.write("", 1);
    if (problem != 0) return base::file_error(target, "cannot be written", problem);
    if (Status durable = base::make_durable_as(part.path(), target); !durable) return durable;
    part.keep();
    return {};
}

} // namespace loopmind::files
