// Bytes of the tag chunks; field orders from EBU Tech 3285, the RIFF specification and ACID's published
// struct.
#include "engine/files/wav_tags.h"

#include <bit>

namespace loopmind::files {
namespace {

void put(std::string& out, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i)
        out += static_cast<char>(value >> (8 * i) & 0xFF);
}

/// `text` cut to at most `size` bytes without splitting a UTF-8 character, padded with NUL.
void put_fixed(std::string& out, const std::string& text, std::size_t size) {
    std::size_t length = text.size();
    if (length > size) {
        length = size;
        while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
            --length;
    }
    out.append(text, 0, length);
    out.append(size - length, '\0');
}

} // namespace

std::string riff_chunk(const char* id, const std::string& body) {
    std::string out(id, 4);
    put(out, static_cast<std::uint32_t>(body.size()), 4);
    out += body;
    if (body.size() & 1) out += '\0';
    return out;
}

std::string bext_chunk(const BroadcastText& text) {
    std::string body;
    put_fixed(body, text.description, 256);
    put_fixed(body, text.originator, 32);
    put_fixed(body, text.originator_reference, 32);
    put_fixed(body, text.date, 10);
    put_fixed(body, text.time, 8);
    put(body, 0, 4); // time reference: the first sample stands at 0
    put(body, 0, 4);
    put(body, 1, 2);        // version
    body.append(64, '\0');  // UMID: none
    body.append(190, '\0'); // reserved
    body += text.coding_history;
    return riff_chunk("bext", body);
}

std::string smpl_chunk(int sample_rate, std::int64_t frames, int unity_note) {
    std::string body;
    put(body, 0, 4);                                                                          // manufacturer
    put(body, 0, 4);                                                                          // product
    put(body, static_cast<std::uint32_t>((1000000000LL + sample_rate / 2) / sample_rate), 4); // ns per sample
    put(body, static_cast<std::uint32_t>(unity_note), 4);
    put(body, 0, 4);                                                       // pitch fraction
    put(body, 0, 4);                                                       // SMPTE format
    put(body, 0, 4);                                                       // SMPTE offset
    put(body, 1, 4);                                                       // loops
    put(body, 0, 4);                                                       // sampler data
    put(body, 0, 4);                                                       // cue id
    put(body, 0, 4);                                                       // forward
    put(body, 0, 4);                                                       // first frame
    put(body, static_cast<std::uint32_t>(frames > 0 ? frames - 1 : 0), 4); // last frame, played too
    put(body, 0, 4);                                                       // fraction
    put(body, 0, 4);                                                       // play count: endless
    return riff_chunk("smpl", body);
}

std::string acid_chunk(int beats, int meter_numerator, int meter_denominator, double tempo, int root_note) {
    constexpr std::uint32_t kRootSet = 0x02, kStretch = 0x04;
    std::string body;
    put(body, kStretch | (root_note >= 0 ? kRootSet : 0u), 4);
    put(body, root_note >= 0 ? static_cast<std::uint32_t>(root_note) : 0u, 2);
    put(body, 0x8000, 2); // reserved, as ACID writes it
    put(body, 0, 4);      // reserved float
    put(body, static_cast<std::uint32_t>(beats), 4);
    put(body, static_cast<std::uint32_t>(meter_denominator), 2);
    put(body, static_cast<std::uint32_t>(meter_numerator), 2);
    put(body, std::bit_cast<std::uint32_t>(static_cast<float>(tempo)), 4);
    return riff_chunk("acid", body);
}

std::string info_chunk(const std::vector<std::pair<const char*, std::string>>& texts) {
    std::string body = "INFO";
    for (const auto& [id, text] : texts) {
        if (text.empty()) continue;
        std::string value = text.substr(0, text.find('\0'));
        value += '\0';
        body += riff_chunk(id, value);
    }
    return riff_chunk("LIST", body);
}

} // namespace loopmind::files
