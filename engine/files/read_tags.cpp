// Tags of every format through libavformat, whose demuxers turn ID3, Vorbis comments, INFO and iTunes atoms
// into names; the names that differ are joined here.
#include "engine/files/audio_backends.h"
#include "engine/files/encoder.h"
#include "engine/files/ffmpeg_common.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <initializer_list>

namespace loopmind::files {
namespace {

constexpr std::size_t kMaxText = 64 * 1024;
constexpr std::size_t kMaxChunk = 1 << 20;

/// The first that is there, whatever the case of its letters.
std::string find(const AVFormatContext& context, std::initializer_list<const char*> names) {
    const auto look = [](const AVDictionary* from, const char* name) -> std::string {
        const AVDictionaryEntry* entry = av_dict_get(from, name, nullptr, 0);
        return entry && entry->value ? std::string(entry->value).substr(0, kMaxText) : std::string();
    };
    for (const char* name : names) {
        std::string text = look(context.metadata, name);
        for (unsigned i = 0; text.empty() && i < context.nb_streams; ++i)
            text = look(context.streams[i]->metadata, name); // Ogg keeps them per stream
        if (!text.empty()) return text;
    }
    return {};
}

const char* demuxer_of(AudioFormat format, ByteSource& source) {
    std::array<std::byte, 4> head{};
    switch (format) {
    case AudioFormat::kWav:
        return "wav";
    case AudioFormat::kAiff:
        return "aiff";
    case AudioFormat::kFlac:
        return "flac";
    case AudioFormat::kVorbis:
    case AudioFormat::kOpus:
        return "ogg";
    case AudioFormat::kMp3:
        return "mp3";
    case AudioFormat::kAac:
        return source.size() > 8 && source.read(4, head) && head[0] == std::byte{'f'} ? "mov" : "aac";
    }
    return "wav";
}

/// The ID3 chunk of a WAV file, which FFmpeg 5.1 passes over.
void read_id3_chunk(ByteSource& source, AudioTags& tags) {
    std::int64_t at = 12;
    for (int chunk = 0; chunk < 100 && source.size() - at >= 8; ++chunk) {
        std::array<std::byte, 8> head{};
        if (!source.read(at, head)) return;
        std::int64_t size = 0;
        for (int i = 7; i >= 4; --i)
            size = size << 8 | std::to_integer<int>(head[static_cast<std::size_t>(i)]);
        const std::string_view id(reinterpret_cast<const char*>(head.data()), 4);
        if (size > source.size() - at - 8) return;
        if ((id == "id3 " || id == "ID3 ") && size <= static_cast<std::int64_t>(kMaxChunk)) {
            std::string body(static_cast<std::size_t>(size), '\0');
            if (source.read(at + 8, std::as_writable_bytes(std::span(body)))) read_id3(body, tags);
            return;
        }
        at += 8 + size + (size & 1);
    }
}

} // namespace

AudioTags read_tags(ByteSource& source, AudioFormat format) {
    FfmpegInput input;
    AudioTags tags;
    if (input.open(source, demuxer_of(format, source)) < 0) return tags;
    const AVFormatContext& context = *input.get();
    tags.title = find(context, {"title"});
    tags.artist = find(context, {"artist", "author"});
    tags.album = find(context, {"album"});
    tags.genre = find(context, {"genre"});
    tags.comment = find(context, {"comment", "description"});
    tags.isrc = find(context, {"TSRC", "ISRC"});
    tags.key = long_key(find(context, {"TKEY", "INITIALKEY", "KEY"}));
    tags.copyright = find(context, {"copyright"});
    tags.software = find(context, {"encoder", "encoded_by", "encoding"});
    const double bpm = std::strtod(find(context, {"TBPM", "BPM", "tmpo"}).c_str(), nullptr);
    tags.bpm = std::isfinite(bpm) && bpm > 0 && bpm < 10000 ? bpm : 0;
    if (format == AudioFormat::kWav) read_id3_chunk(source, tags);
    return tags;
}

} // namespace loopmind::files
