// A mixdown job: which track tasks it has, what each reads, and what the sum writes.
#pragma once

#include "proto/base/result.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loopmind::request {

inline constexpr std::size_t kMixdownTracksMax = 2000;
inline constexpr std::size_t kMixdownExportsMax = 16;
inline constexpr std::size_t kMixdownJsonMax = 2u << 20; ///< bytes of a mixdown document

/// A blob that the farm has: 64 lower-case hexadecimal digits, and its size in bytes.
struct BlobName {
    std::string sha256;
    std::uint64_t size = 0;
    bool operator==(const BlobName&) const = default;
    auto operator<=>(const BlobName&) const = default;
};

/// One track before its fader. `session` is the part of the document that decides how it sounds, so that a
/// moved fader leaves its hash as it was.
struct MixdownTrack {
    std::string id;                 ///< 1..128 bytes without control characters, unique in the job
    BlobName session;               ///< a `.loopmind` document that holds this track alone
    std::vector<BlobName> media;    ///< audio that its clips play
    std::vector<std::string> needs; ///< tracks whose sound its side chains listen to; no circles
};

/// One file format that the sum writes.
struct MixdownExport {
    std::string format; ///< wav aiff flac ogg mp3 opus aac
    int bits = 24;      ///< wav 16 24 32 (float); aiff 16 24; flac 16 24; else 0
    int kbps = 0;       ///< ogg mp3 opus aac: 32..512; else 0
    bool operator==(const MixdownExport&) const = default;
};

/// What a mixdown job asks for.
struct Mixdown {
    std::string name;            ///< of the project, for people and titles
    int sample_rate = 48000;     ///< Hz, of the session
    BlobName session;            ///< the document without clips: faders, buses, sends, master
    std::vector<BlobName> media; ///< audio of tracks that have no task of their own: their keys are buses
    std::vector<MixdownTrack> tracks;
    std::vector<MixdownExport> exports; ///< at least one
    bool stems = false;                 ///< every track's own file too: after its fader, before the master
    std::optional<double> lufs;         ///< integrated loudness wanted, -40..-5; none: as it sounds
    double ceiling_db = -1;             ///< dBTP, with `lufs`; -12..0
    std::map<std::string, std::string> tags; ///< title artist isrc genre comment
};

/// Reads a mixdown document. Unknown fields, wrong types, bad values, repeated ids and side chains in a
/// circle are errors that name the field.
Result<Mixdown> parse_mixdown(std::string_view json);

/// Sorted keys, no white space: equal mixdowns give equal bytes. parse_mixdown() reads it back.
std::string canonical_json(const Mixdown& mixdown);

/// A task of the job: its spec and the indices of the tasks it waits for. Track tasks in the job's order,
/// then the sum, which waits for all.
struct MixdownTask {
    std::string track; ///< empty: the sum
    std::string spec_json;
    std::vector<std::uint32_t> needs;
};
std::vector<MixdownTask> mixdown_tasks(const Mixdown& mixdown);

/// What a track or sum task is asked to do.
struct MixdownSpec {
    std::string track; ///< of a track task
    int sample_rate = 48000;
    BlobName session;
    std::vector<BlobName> media;     ///< that the task plays itself
    std::vector<std::string> tracks; ///< whose sound is read: side chains of a track, everything of the sum
    std::string name;                ///< below: of the sum
    std::vector<MixdownExport> exports;
    bool stems = false;
    std::optional<double> lufs;
    double ceiling_db = -1;
    std::map<std::string, std::string> tags;
};

/// Reads the spec of a track or sum task. Errors name the field.
Result<MixdownSpec> parse_mixdown_spec(std::string_view spec_json);

/// Roles of a task's inputs: the document, a medium, another track's sound.
inline constexpr const char* kSessionRole = "session";
std::string media_role(const std::string& sha256);   ///< "media:<sha256>"
std::string track_role(const std::string& track_id); ///< "track:<id>"

/// A blob that a spec itself names, and the role under which the task reads it.
struct SpecInput {
    std::string role;
    BlobName blob;
};
/// Blobs named by a spec that this coordinator made; none for the specs of other kinds.
std::vector<SpecInput> spec_inputs(std::string_view spec_json);

/// All blobs that must be on the farm before the job can begin, each once.
std::vector<BlobName> blobs_of(const Mixdown& mixdown);

} // namespace loopmind::request
