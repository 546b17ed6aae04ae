// Edit list and timescales of an MP4's sound track (ISO 14496-12), which libavformat keeps to itself.
#include "engine/files/audio_backends.h"

#include <array>
#include <cstring>

namespace loopmind::files {
namespace {

constexpr int kMaxBoxes = 20000;

struct Box {
    std::array<char, 4> type{};
    std::int64_t begin = 0; ///< of its body
    std::int64_t end = 0;
    bool is(const char* name) const { return std::memcmp(type.data(), name, 4) == 0; }
};

class Mp4Walker {
  public:
    explicit Mp4Walker(ByteSource& source) : source_(source) {}

    Mp4Programme read() {
        Box file{{}, 0, source_.size()};
        each(file, [&](const Box& box) {
            if (!box.is("moov")) return true;
            each(box, [&](const Box& inner) {
                if (inner.is("mvhd")) out_.movie_timescale = timescale(inner);
                return !(inner.is("trak") && sound_track(inner));
            });
            return false;
        });
        return out_;
    }

  private:
    std::int64_t number(std::int64_t at, std::int64_t end, int bytes) {
        std::array<std::byte, 8> in{};
        if (at < 0 || at + bytes > end ||
            !source_.read(at, std::span(in).first(static_cast<std::size_t>(bytes))))
            return -1;
        std::uint64_t value = 0;
        for (int i = 0; i < bytes; ++i)
            value = value << 8 | std::to_integer<std::uint64_t>(in[static_cast<std::size_t>(i)]);
        return value > static_cast<std::uint64_t>(INT64_MAX) ? -1 : static_cast<std::int64_t>(value);
    }

    /// Calls `visit` for the boxes inside `outer` until it returns false.
    template <typename Visit> void each(const Box& outer, Visit visit) {
        std::int64_t at = outer.begin;
        while (outer.end - at >= 8 && ++boxes_ < kMaxBoxes) {
            Box box;
            if (!source_.read(at + 4, std::as_writable_bytes(std::span(box.type)))) return;
            std::int64_t size = number(at, outer.end, 4);
            box.begin = at + 8;
            if (size == 1) {
                size = number(at + 8, outer.end, 8);
                box.begin = at + 16;
            } else if (size == 0) {
                size = outer.end - at;
            }
            if (size < box.begin - at || size > outer.end - at) return;
            box.end = at + size;
            if (!visit(box)) return;
            at = box.end;
        }
    }

    /// mvhd and mdhd: version and flags, then two times of 4 or 8 bytes, then the timescale.
    std::int64_t timescale(const Box& box) {
        const bool wide = number(box.begin, box.end, 1) == 1;
        return number(box.begin + (wide ? 20 : 12), box.end, 4);
    }

    bool sound_track(const Box& trak) {
        bool sound = false;
        Mp4Programme found;
        each(trak, [&](const Box& box) {
            if (box.is("mdia")) {
                each(box, [&](const Box& inner) {
                    if (inner.is("mdhd")) found.media_timescale = timescale(inner);
                    if (inner.is("hdlr"))
                        sound = number(inner.begin + 8, inner.end, 4) == 0x736F756E; // "soun"
                    return true;
                });
            } else if (box.is("edts")) {
                each(box, [&](const Box& inner) {
                    if (inner.is("elst")) edits(inner, found);
                    return true;
                });
            }
            return true;
        });
        if (!sound) return false;
        found.movie_timescale = out_.movie_timescale;
        out_ = found;
        return true;
    }

    /// The first edit that plays media; empty edits (media time -1) before it are silence that we leave out.
    void edits(const Box& box, Mp4Programme& found) {
        const bool wide = number(box.begin, box.end, 1) == 1;
        const std::int64_t count = number(box.begin + 4, box.end, 4);
        std::int64_t at = box.begin + 8;
        for (std::int64_t i = 0; i < count && i < 16; ++i, at += wide ? 20 : 12) {
            const std::int64_t length = number(at, box.end, wide ? 8 : 4);
            const std::int64_t start = number(at + (wide ? 8 : 4), box.end, wide ? 8 : 4);
            if (length < 0 || start < 0 || (!wide && start == 0xFFFFFFFF)) continue;
            found.start = start;
            found.length = length;
            return;
        }
    }

    ByteSource& source_;
    Mp4Programme out_;
    int boxes_ = 0;
};

} // namespace

Status check_mp4_boxes(ByteSource& source) {
    std::int64_t at = 0;
    bool media = false, header = false;
    for (int box = 0; box < kMaxBoxes && source.size() - at >= 8; ++box) {
        std::array<std::byte, 16> head{};
        const std::size_t bytes = source.size() - at >= 16 ? 16 : 8;
        if (Status read = source.read(at, std::span(head).first(bytes)); !read) return read;
        const auto number = [&head](std::size_t from, std::size_t count) {
            std::uint64_t value = 0;
            for (std::size_t i = from; i < from + count; ++i)
                value = value << 8 | std::to_integer<std::uint64_t>(head[i]);
            return value;
        };
        std::uint64_t size = number(0, 4);
        if (size == 1) size = number(8, 8);
        const auto left = static_cast<std::uint64_t>(source.size() - at);
        if (size == 0) size = left; // to the end of the file
        if (size < 8) return source.corrupt("holds a box of an impossible size");
        if (size > left) return source.truncated();
        media = media || std::memcmp(&head[4], "mdat", 4) == 0;
        header = header || std::memcmp(&head[4], "moov", 4) == 0;
        at += static_cast<std::int64_t>(size);
    }
    if (!media || !header) return source.truncated();
    return {};
}

Mp4Programme read_mp4_programme(ByteSource& source) {
    return Mp4Walker(source).read();
}

} // namespace loopmind::files
