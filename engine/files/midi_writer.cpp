// Bytes of type 1 Standard MIDI files.
#include "engine/files/midi.h"

#include "engine/files/key_signature.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <tuple>

namespace loopmind::files {
namespace {

constexpr double kMaxBeats = 1e5; // ticks stay far inside a variable-length quantity of 28 bits

/// An event of a track. At one tick the order is: meta and programs, note-offs, note-ons, each by pitch.
struct Event {
    std::int64_t tick = 0;
    int rank = 0;
    int pitch = 0;
    std::string bytes;
};

void put_big(std::string& out, std::uint32_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i)
        out += static_cast<char>(value >> (8 * i) & 0xFF);
}

void put_length(std::string& out, std::uint32_t value) {
    char groups[5];
    int count = 0;
    do {
        groups[count++] = static_cast<char>(value & 0x7F);
        value >>= 7;
    } while (value > 0);
    while (--count > 0)
        out += static_cast<char>(groups[count] | 0x80);
    out += groups[0];
}

std::string meta(int type, const std::string& body) {
    std::string out = {static_cast<char>(0xFF), static_cast<char>(type)};
    put_length(out, static_cast<std::uint32_t>(body.size()));
    return out + body;
}

std::string message(int status, int channel, int first, int second = -1) {
    std::string out = {static_cast<char>(status | (channel - 1)), static_cast<char>(first)};
    if (second >= 0) out += static_cast<char>(second);
    return out;
}

std::string track_chunk(std::vector<Event> events, std::int64_t end) {
    std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
        return std::tie(a.tick, a.rank, a.pitch) < std::tie(b.tick, b.rank, b.pitch);
    });
    std::string body;
    std::int64_t at = 0;
    for (const Event& event : events) {
        put_length(body, static_cast<std::uint32_t>(event.tick - at));
        body += event.bytes;
        at = event.tick;
    }
    put_length(body, static_cast<std::uint32_t>(std::max(end, at) - at));
    body += meta(0x2F, "");
    std::string out = "MTrk";
    put_big(out, static_cast<std::uint32_t>(body.size()), 4);
    return out + body;
}

std::int64_t to_ticks(double beats) {
    return std::llround(beats * kTicksPerBeat);
}

Error bad(const std::string& field, const std::string& message) {
    return {ErrorCode::kInvalidArgument, field, message, {}};
}

Status check_song(const MidiSong& song) {
    if (!(song.tempo >= 4 && song.tempo <= 1000)) return bad("tempo", "must be 4 to 1000");
    if (song.meter_numerator < 1 || song.meter_numerator > 64)
        return bad("meter_numerator", "must be 1 to 64");
    const auto denominator = static_cast<unsigned>(std::max(song.meter_denominator, 0));
    if (!std::has_single_bit(denominator) || denominator > 32)
        return bad("meter_denominator", "must be 1, 2, 4, 8, 16 or 32");
    if (!song.key.empty() && !key_signature(song.key)) return bad("key", "is no key: " + song.key);
    if (!(song.length >= 0 && song.length <= kMaxBeats)) return bad("length", "must be 0 to 100000 beats");
    if (song.tracks.size() > 1000) return bad("tracks", "are too many");
    for (const MidiMarker& marker : song.markers) {
        if (!(marker.start >= 0 && marker.start <= kMaxBeats))
            return bad("markers", "must start at 0 to 100000 beats");
    }
    return {};
}

Status check_track(const MidiTrack& track, const std::string& path) {
    if (track.channel < 1 || track.channel > 16) return bad(path + ".channel", "must be 1 to 16");
    if (track.program < -1 || track.program > 127) return bad(path + ".program", "must be 0 to 127");
    for (std::size_t i = 0; i < track.notes.size(); ++i) {
        const MidiNote& note = track.notes[i];
        const std::string at = path + ".notes[" + std::to_string(i) + "]";
        if (note.pitch < 0 || note.pitch > 127) return bad(at + ".pitch", "must be 0 to 127");
        if (note.velocity < 1 || note.velocity > 127) return bad(at + ".velocity", "must be 1 to 127");
        if (!(note.start >= 0 && note.start <= kMaxBeats))
            return bad(at + ".start", "must be 0 to 100000 beats");
        if (!(note.length > 0 && note.length <= kMaxBeats))
            return bad(at + ".length", "must be more than 0 beats");
    }
    return {};
}

/// A note in whole ticks.
struct TickNote {
    int pitch = 0;
    std::int64_t start = 0;
    std::int64_t end = 0;
    int velocity = 0;
};

/// Notes of one track without overlaps of one pitch, cut at `end`, sorted by pitch, then start.
std::vector<TickNote> settle_notes(const std::vector<MidiNote>& notes, std::int64_t end) {
    std::vector<TickNote> sorted;
    for (const MidiNote& note : notes) {
        TickNote tick{note.pitch, to_ticks(note.start), to_ticks(note.start + note.length), note.velocity};
        // A start that only rounding moved to the end still sounds.
        if (tick.start >= end && note.start * kTicksPerBeat < static_cast<double>(end)) tick.start = end - 1;
        if (tick.start >= end) continue;
        tick.end = std::clamp(tick.end, tick.start + 1, end);
        sorted.push_back(tick);
    }
    std::sort(sorted.begin(), sorted.end(), [](const TickNote& a, const TickNote& b) {
        return std::tie(a.pitch, a.start, a.end, a.velocity) < std::tie(b.pitch, b.start, b.end, b.velocity);
    });
    std::vector<TickNote> out;
    for (const TickNote& note : sorted) {
        if (!out.empty() && out.back().pitch == note.pitch) {
            TickNote& last = out.back();
            if (last.start == note.start) {
                last.end = std::max(last.end, note.end);
                last.velocity = std::max(last.velocity, note.velocity);
                continue;
            }
            last.end = std::min(last.end, note.start);
        }
        out.push_back(note);
    }
    return out;
}

std::string conductor(const MidiSong& song, std::int64_t end) {
    std::vector<Event> events;
    const auto add = [&](std::int64_t tick, int rank, std::string bytes) {
        events.push_back({tick, rank, 0, std::move(bytes)});
    };
    if (!song.title.empty()) add(0, 0, meta(0x03, song.title));
    std::string tempo;
    put_big(tempo, static_cast<std::uint32_t>(std::llround(60e6 / song.tempo)), 3);
    add(0, 1, meta(0x51, tempo));
    const int power = std::countr_zero(static_cast<unsigned>(song.meter_denominator));
    const std::string meter = {static_cast<char>(song.meter_numerator), static_cast<char>(power), 24, 8};
    add(0, 2, meta(0x58, meter));
    if (const auto key = key_signature(song.key))
        add(0, 3, meta(0x59, {static_cast<char>(key->sharps), static_cast<char>(key->minor ? 1 : 0)}));
    for (const MidiMarker& marker : song.markers)
        add(to_ticks(marker.start), 4, meta(0x06, marker.text));
    return track_chunk(std::move(events), end);
}

std::string note_track(const MidiTrack& track, std::int64_t end) {
    std::vector<Event> events;
    if (!track.name.empty()) events.push_back({0, 0, 0, meta(0x03, track.name)});
    if (track.bank > 0 && track.bank < 128 && track.channel != 10)
        events.push_back({0, 1, 0, message(0xB0, track.channel, 0, track.bank)});
    if (track.program >= 0) events.push_back({0, 2, 0, message(0xC0, track.channel, track.program)});
    for (const TickNote& note : settle_notes(track.notes, end)) {
        events.push_back(
            {note.start, 4, note.pitch, message(0x90, track.channel, note.pitch, note.velocity)});
        events.push_back({note.end, 3, note.pitch, message(0x80, track.channel, note.pitch, 64)});
    }
    return track_chunk(std::move(events), end);
}

} // namespace

Result<std::string> write_midi(const MidiSong& song) {
    if (Status good = check_song(song); !good) return good.error();
    double length = song.length;
    for (std::size_t i = 0; i < song.tracks.size(); ++i) {
        if (Status good = check_track(song.tracks[i], "tracks[" + std::to_string(i) + "]"); !good)
            return good.error();
        if (song.length > 0) continue;
        for (const MidiNote& note : song.tracks[i].notes)
            length = std::max(length, note.start + note.length);
    }
    const std::int64_t end = to_ticks(length);
    std::string out = "MThd";
    put_big(out, 6, 4);
    put_big(out, 1, 2);
    put_big(out, static_cast<std::uint32_t>(song.tracks.size() + 1), 2);
    put_big(out, kTicksPerBeat, 2);
    out += conductor(song, end);
    for (const MidiTrack& track : song.tracks)
        out += note_track(track, end);
    return out;
}

} // namespace loopmind::files
