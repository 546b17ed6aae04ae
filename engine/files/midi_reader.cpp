// Reads Standard MIDI files; every length is checked against the bytes that are there.
#include "engine/files/midi.h"

#include "engine/files/key_signature.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <tuple>

namespace loopmind::files {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
constexpr std::size_t kMaxNotes = 2'000'000;

/// Bytes read in order; good() turns false at the first byte that is missing.
class Bytes {
  public:
    Bytes(std::string_view bytes, std::size_t base) : bytes_(bytes), base_(base) {}
    bool good() const { return good_; }
    bool at_end() const { return at_ >= bytes_.size(); }
    std::size_t position() const { return base_ + at_; }
    int peek() const { return at_end() ? -1 : static_cast<unsigned char>(bytes_[at_]); }

    int byte() {
        if (at_end()) {
            good_ = false;
            return 0;
        }
        return static_cast<unsigned char>(bytes_[at_++]);
    }
    std::uint32_t big(int count) {
        std::uint32_t value = 0;
        for (int i = 0; i < count; ++i)
            value = value << 8 | static_cast<std::uint32_t>(byte());
        return value;
    }
    std::uint32_t length() {
        std::uint32_t value = 0;
        for (int i = 0; i < 4; ++i) {
            const int next = byte();
            value = value << 7 | static_cast<std::uint32_t>(next & 0x7F);
            if (!(next & 0x80)) return value;
        }
        good_ = false; // more than four bytes
        return 0;
    }
    std::string_view take(std::size_t count) {
        if (count > bytes_.size() - std::min(at_, bytes_.size())) {
            good_ = false;
            return {};
        }
        at_ += count;
        return bytes_.substr(at_ - count, count);
    }

  private:
    std::string_view bytes_;
    std::size_t base_;
    std::size_t at_ = 0;
    bool good_ = true;
};

class Reader {
  public:
    Reader(std::string_view bytes, const std::string& name) : bytes_(bytes), name_(name) {}

    Result<MidiSong> read() {
        if (bytes_.size() > kMaxBytes) return fail(0, "is larger than this program reads");
        Bytes file(bytes_, 0);
        if (file.take(4) != "MThd") return fail(0, "is not a MIDI file");
        const std::uint32_t head = file.big(4);
        const std::uint32_t format = file.big(2), tracks = file.big(2), division = file.big(2);
        if (!file.good() || head < 6) return fail(0, "is truncated in its header");
        if (format > 1) return fail(8, "is of type " + std::to_string(format) + ", types 0 and 1 are read");
        if ((division & 0x8000) || division == 0)
            return fail(12, "counts time in SMPTE frames, not in beats");
        division_ = division;
        file.take(head - 6);
        for (std::uint32_t i = 0; i < tracks && file.good();) {
            const std::string_view id = file.take(4);
            const std::uint32_t size = file.big(4);
            const std::size_t begin = file.position();
            const std::string_view body = file.take(size);
            if (!file.good())
                return fail(begin, "is truncated: track " + std::to_string(i + 1) + " is not whole");
            if (id != "MTrk") continue; // chunks of other kinds are allowed and skipped
            if (!read_track(Bytes(body, begin))) return *error_;
            ++i;
        }
        if (!file.good()) return fail(bytes_.size(), "is truncated");
        song_.length = static_cast<double>(last_tick_) / division_;
        return std::move(song_);
    }

  private:
    struct Sounding {
        std::uint64_t start = 0;
        int velocity = 0;
    };
    struct Channel {
        int program = -1;
        int bank = 0;
        std::vector<MidiNote> notes;
        std::map<int, std::deque<Sounding>> on; // by pitch, oldest first
    };

    Error fail(std::size_t at, const std::string& message) const {
        return {ErrorCode::kDataCorrupt, name_, message + " (byte " + std::to_string(at) + ")", {}};
    }
    bool stop(std::size_t at, const std::string& message) {
        error_ = fail(at, message);
        return false;
    }

    bool read_track(Bytes bytes) {
        std::array<Channel, 16> channels;
        std::string track_name;
        std::uint64_t tick = 0;
        int running = 0;
        bool ended = false;
        while (!ended && !bytes.at_end()) {
            const std::size_t at = bytes.position();
            tick += bytes.length();
            if (tick > 0xFFFFFFFFull) return stop(at, "is longer than a MIDI file can be");
            int status = bytes.peek();
            if (status >= 0x80) {
                bytes.byte();
            } else {
                status = running;
                if (status == 0 && bytes.good()) return stop(at, "has a message without status");
            }
            if (status == 0xFF) {
                ended = read_meta(bytes, tick, track_name);
            } else if (status == 0xF0 || status == 0xF7) {
                bytes.take(bytes.length());
            } else if (status >= 0xF0) {
                return stop(at, "holds a system message that has no place in a file");
            } else {
                running = status;
                if (!read_message(bytes, status, tick, channels[static_cast<std::size_t>(status & 15)], at))
                    return false;
            }
            if (!bytes.good()) return stop(at, "is truncated inside an event");
        }
        last_tick_ = std::max(last_tick_, tick);
        for (std::size_t i = 0; i < channels.size(); ++i)
            close_channel(channels[i], static_cast<int>(i) + 1, tick, track_name);
        if (tracks_read_++ == 0 && song_.tracks.empty()) song_.title = track_name;
        return true;
    }

    bool read_meta(Bytes& bytes, std::uint64_t tick, std::string& track_name) {
        const int type = bytes.byte();
        const std::string_view body = bytes.take(bytes.length());
        const auto at = [&](std::size_t i) { return static_cast<int>(static_cast<unsigned char>(body[i])); };
        if (type == 0x2F) return true;
        if (type == 0x03 && track_name.empty()) track_name = body;
        if (type == 0x06) song_.markers.push_back({beats(tick), std::string(body)});
        if (type == 0x51 && body.size() >= 3 && !have_tempo_) {
            const int microseconds = at(0) << 16 | at(1) << 8 | at(2);
            if (microseconds > 0) song_.tempo = 60e6 / microseconds;
            have_tempo_ = true;
        }
        if (type == 0x58 && body.size() >= 2 && !have_meter_ && at(0) > 0 && at(1) <= 5) {
            song_.meter_numerator = at(0);
            song_.meter_denominator = 1 << at(1);
            have_meter_ = true;
        }
        if (type == 0x59 && body.size() >= 2 && song_.key.empty()) {
            const int sharps = at(0) < 128 ? at(0) : at(0) - 256;
            if (sharps >= -7 && sharps <= 7) song_.key = key_name(sharps, body[1] == 1);
        }
        return false;
    }

    bool read_message(Bytes& bytes, int status, std::uint64_t tick, Channel& channel, std::size_t at) {
        const int kind = status & 0xF0;
        const int first = bytes.byte();
        const int second = kind == 0xC0 || kind == 0xD0 ? 0 : bytes.byte();
        if (first > 127 || second > 127) return stop(at, "has a data byte above 127");
        if (kind == 0x90 && second > 0) {
            if (++notes_ > kMaxNotes) return stop(at, "holds too many notes");
            channel.on[first].push_back({tick, second});
        } else if (kind == 0x80 || kind == 0x90) {
            std::deque<Sounding>& sounding = channel.on[first];
            if (!sounding.empty()) {
                add_note(channel, first, sounding.front(), tick);
                sounding.pop_front();
            }
        } else if (kind == 0xC0 && channel.program < 0) {
            channel.program = first;
        } else if (kind == 0xB0 && first == 0 && channel.bank == 0) {
            channel.bank = second;
        }
        return true;
    }

    void add_note(Channel& channel, int pitch, const Sounding& from, std::uint64_t end) const {
        if (end <= from.start) return; // no length, no sound
        channel.notes.push_back({beats(from.start), beats(end - from.start), pitch, from.velocity});
    }

    void close_channel(Channel& channel, int number, std::uint64_t end, const std::string& track_name) {
        for (const auto& [pitch, sounding] : channel.on) {
            for (const Sounding& from : sounding)
                add_note(channel, pitch, from, end);
        }
        if (channel.notes.empty() && channel.program < 0) return;
        std::sort(channel.notes.begin(), channel.notes.end(), [](const MidiNote& a, const MidiNote& b) {
            return std::tie(a.start, a.pitch, a.length, a.velocity) <
                   std::tie(b.start, b.pitch, b.length, b.velocity);
        });
        song_.tracks.push_back({track_name, number, channel.program, channel.bank, std::move(channel.notes)});
    }

    double beats(std::uint64_t ticks) const { return static_cast<double>(ticks) / division_; }

    std::string_view bytes_;
    std::string name_;
    MidiSong song_;
    std::optional<Error> error_;
    std::uint32_t division_ = kTicksPerBeat;
    std::uint64_t last_tick_ = 0;
    std::size_t notes_ = 0;
    int tracks_read_ = 0;
    bool have_tempo_ = false;
    bool have_meter_ = false;
};

} // namespace

Result<MidiSong> read_midi(std::string_view bytes, const std::string& name) {
    return Reader(bytes, name).read();
}

} // namespace loopmind::files
