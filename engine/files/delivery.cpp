// Tagged copies of rendered audio.
#include "engine/files/delivery.h"

#include "engine/files/key_signature.h"
#include "engine/files/part_file.h"
#include "engine/files/wav.h"
#include "engine/files/wav_tags.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <vector>

namespace loopmind::files {
namespace {

constexpr std::size_t kCopyBytes = std::size_t{1} << 20;

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

    PartFile part(target);
    if (Status opened = part.status(); !opened) return opened;
    bool good = part.write(head.data(), head.size());
    std::vector<std::byte> block(kCopyBytes);
    for (std::int64_t done = 0; good && done < info.data_bytes;) {
        const auto count =
            static_cast<std::size_t>(std::min<std::int64_t>(kCopyBytes, info.data_bytes - done));
        if (Status read = reader->read_raw(done, {block.data(), count}); !read) return read;
        good = part.write(block.data(), count);
        done += static_cast<std::int64_t>(count);
    }
    if (good && padded != info.data_bytes) part.write("", 1);
    return part.keep();
}

} // namespace loopmind::files
