// Tags as ID3v2.3 frames and as Vorbis comments.
#include "engine/files/encoder.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace loopmind::files {
namespace {

/// UTF-8 to UTF-16 with byte order mark, little endian; what is no UTF-8 becomes U+FFFD.
std::string utf16(const std::string& text) {
    std::string out = "\xFF\xFE";
    const auto unit = [&out](std::uint32_t value) {
        out += static_cast<char>(value & 0xFF);
        out += static_cast<char>(value >> 8 & 0xFF);
    };
    for (std::size_t i = 0; i < text.size();) {
        const auto first = static_cast<unsigned char>(text[i]);
        const int more = first < 0x80 ? 0 : first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC2 ? 1 : -1;
        std::uint32_t value = more <= 0 ? first : first & (0x3Fu >> more);
        bool good = more >= 0 && i + static_cast<std::size_t>(more) < text.size();
        for (int k = 1; good && k <= more; ++k) {
            const auto next = static_cast<unsigned char>(text[i + static_cast<std::size_t>(k)]);
            good = (next & 0xC0) == 0x80;
            value = value << 6 | (next & 0x3Fu);
        }
        good = good && value <= 0x10FFFF && !(value >= 0xD800 && value < 0xE000);
        i += good ? static_cast<std::size_t>(more) + 1 : 1;
        if (!good) value = 0xFFFD;
        if (value >= 0x10000) {
            unit(0xD800 + ((value - 0x10000) >> 10));
            unit(0xDC00 + ((value - 0x10000) & 0x3FF));
        } else {
            unit(value);
        }
    }
    return out;
}

bool is_ascii(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
}

std::string big(std::uint32_t value) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8)
        out += static_cast<char>(value >> shift & 0xFF);
    return out;
}

std::string frame(const char* id, const std::string& body) {
    return std::string(id, 4) + big(static_cast<std::uint32_t>(body.size())) + std::string(2, '\0') + body;
}

std::string text_frame(const char* id, const std::string& text) {
    if (text.empty()) return {};
    return frame(id, is_ascii(text) ? '\0' + text : '\1' + utf16(text));
}

std::string comment_frame(const std::string& text) {
    if (text.empty()) return {};
    if (is_ascii(text)) return frame("COMM", std::string("\0eng\0", 5) + text);
    return frame("COMM", std::string("\1eng\xFF\xFE\0\0", 8) + utf16(text));
}

void append_utf8(std::string& out, std::uint32_t value) {
    if (value < 0x80) {
        out += static_cast<char>(value);
        return;
    }
    const int more = value < 0x800 ? 1 : value < 0x10000 ? 2 : 3;
    static constexpr std::uint32_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
    out += static_cast<char>(kLead[more] | value >> (6 * more));
    for (int k = more - 1; k >= 0; --k)
        out += static_cast<char>(0x80 | (value >> (6 * k) & 0x3F));
}

/// Body of a text frame as UTF-8: its first byte is the encoding (Latin-1, UTF-16 with mark, UTF-16BE,
/// UTF-8).
std::string id3_text(std::string_view body) {
    const int encoding = body[0];
    body.remove_prefix(1);
    std::string out;
    if (encoding == 3) {
        out = body;
    } else if (encoding == 1 || encoding == 2) {
        bool big_endian = encoding == 2;
        for (std::size_t i = 0; i + 1 < body.size(); i += 2) {
            const auto unit = [&](std::size_t k) {
                const auto first = static_cast<unsigned char>(body[k]),
                           second = static_cast<unsigned char>(body[k + 1]);
                return static_cast<std::uint32_t>(big_endian ? first << 8 | second : second << 8 | first);
            };
            std::uint32_t value = unit(i);
            if (value == 0xFFFE) big_endian = !big_endian;
            if (value == 0xFFFE || value == 0xFEFF) continue;
            if (value >= 0xD800 && value < 0xDC00 && i + 3 < body.size()) {
                value = 0x10000 + ((value - 0xD800) << 10) + (unit(i + 2) & 0x3FF);
                i += 2;
            }
            append_utf8(out, value);
        }
    } else {
        for (const char c : body)
            append_utf8(out, static_cast<unsigned char>(c));
    }
    return out.substr(0, out.find('\0'));
}

std::string without_dashes(std::string isrc) {
    isrc.erase(std::remove(isrc.begin(), isrc.end(), '-'), isrc.end());
    return isrc;
}

} // namespace

std::vector<std::pair<std::string, std::string>> vorbis_comments(const AudioTags& tags) {
    std::vector<std::pair<std::string, std::string>> all{
        {"TITLE", tags.title},         {"ARTIST", tags.artist},
        {"ALBUM", tags.album},         {"GENRE", tags.genre},
        {"COMMENT", tags.comment},     {"ISRC", without_dashes(tags.isrc)},
        {"BPM", bpm_text(tags.bpm)},   {"INITIALKEY", short_key(tags.key)},
        {"COPYRIGHT", tags.copyright}, {"ENCODER", tags.software}};
    std::erase_if(all, [](const auto& entry) { return entry.second.empty(); });
    return all;
}

std::string id3_tag(const AudioTags& tags) {
    const std::string frames =
        text_frame("TIT2", tags.title) + text_frame("TPE1", tags.artist) + text_frame("TALB", tags.album) +
        text_frame("TCON", tags.genre) + text_frame("TSRC", without_dashes(tags.isrc)) +
        text_frame("TBPM", bpm_text(tags.bpm)) + text_frame("TKEY", short_key(tags.key)) +
        text_frame("TCOP", tags.copyright) + text_frame("TSSE", tags.software) + comment_frame(tags.comment);
    if (frames.empty()) return {};
    std::string out("ID3\3\0\0", 6);
    for (int shift = 21; shift >= 0; shift -= 7) // seven bits a byte, so that no size looks like a sync word
        out += static_cast<char>(frames.size() >> shift & 0x7F);
    return out + frames;
}

void read_id3(std::string_view bytes, AudioTags& tags) {
    const auto at = [&bytes](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
    };
    const auto number = [&at](std::size_t from, int bits) {
        return at(from) << (3 * bits) | at(from + 1) << (2 * bits) | at(from + 2) << bits | at(from + 3);
    };
    if (bytes.size() < 10 || bytes.substr(0, 3) != "ID3" || at(3) < 3 || at(3) > 4) return;
    if (at(5) != 0) return; // unsynchronised or with an extended header: rare in chunks
    const std::size_t end = std::min<std::size_t>(bytes.size(), 10 + number(6, 7));
    const auto keep = [](std::string& field, const std::string& text) {
        if (field.empty()) field = text;
    };
    for (std::size_t from = 10; from + 10 <= end && bytes[from] != 0;) {
        const std::string_view id = bytes.substr(from, 4);
        const std::size_t size = number(from + 4, at(3) == 4 ? 7 : 8);
        from += 10;
        if (size == 0 || size > end - from) return;
        const std::string text = id3_text(bytes.substr(from, size));
        from += size;
        if (id == "TIT2") keep(tags.title, text);
        if (id == "TPE1") keep(tags.artist, text);
        if (id == "TALB") keep(tags.album, text);
        if (id == "TCON") keep(tags.genre, text);
        if (id == "TSRC") keep(tags.isrc, text);
        if (id == "TKEY") keep(tags.key, long_key(text));
        if (id == "TCOP") keep(tags.copyright, text);
        const double bpm = id == "TBPM" && tags.bpm == 0 ? std::strtod(text.c_str(), nullptr) : 0;
        if (bpm > 0 && bpm < 10000) tags.bpm = bpm;
    }
}

Error encoder_error(const PartFile& file, const std::string& what) {
    if (Status status = file.status(); !status) return status.error();
    return {ErrorCode::kInternal, file.target().string(), what, {}};
}

} // namespace loopmind::files
