// AI mix: gains, pans, tilt and compression of a session's tracks, from what they measure, towards a genre.
#pragma once

#include "engine/graph/insert_factory.h"
#include "engine/graph/media_source.h"
#include "proto/base/result.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace loopmind::session {
class Session;
class History;
} // namespace loopmind::session

namespace loopmind::automix {

/// Names of the inserts that the mix owns: it finds them again, changes and removes them, and never adds a
/// second one. A track that has one of them bypassed says that it wants none.
inline constexpr const char* kEqId = "automix-eq";
inline constexpr const char* kCompressorId = "automix-compressor";

struct Options {
    std::string genre;          ///< one of genre_names(); "": what the session was generated as, else generic
    std::set<std::string> keep; ///< ids of tracks that stay as they are; the others are mixed around them
    bool pans = true;           ///< false: pans stay
    bool tilt = true;           ///< false: no EQ; one from an earlier run stays
    bool compression = true;    ///< false: no compressor; one from an earlier run stays
    /// Loudness of the mix ahead of the master inserts, LUFS -60..-6. None: the mix is brought to -14 LUFS
    /// behind the master inserts where those master it already (a gain insert that turns it up, and a
    /// limiter: so generated projects are made), else to -23 LUFS ahead of them.
    std::optional<double> lufs;
    int threads = 1; ///< for rendering; no influence on the result
    /// Plug-ins of this machine; null: a session with plug-ins is refused. One that fails is bypassed and
    /// noted.
    std::shared_ptr<graph::InsertFactory> plugins{};
    std::filesystem::path scratch{};        ///< folder for stretched media; empty: they stay in memory
    std::function<bool()> cancelled{};      ///< asked while rendering; may be empty
    std::function<void(double)> progress{}; ///< 0..1; may be empty
};

/// A number of an explanation, and how to come by it again. Everything is read behind the track's own fader
/// (pan and fader group with it), rendered linearly with nothing soloed and half a second of silence behind
/// it.
struct Figure {
    enum class Kind {
        kMeasured, ///< can be measured again
        kTarget,   ///< what the genre wants
        kSetting,  ///< a value of the document, or chosen by the mix
    };
    /// lufs: gated integrated loudness (BS.1770-4). crest: sample peak over it, ahead of the fader. slope:
    /// slope_of() the mean spectrum, ahead of the fader. position: see position(). masked: share of
    /// masking(). mastered: loudness behind the master inserts. With _before or _after: in the session as it
    /// was, or as it is now; with _without: as it was, without the inserts of the mix.
    std::string name;
    double value = 0;
    std::string unit;
    std::string track; ///< of which it is; "" the mix ahead of the master inserts
    Kind kind = Kind::kMeasured;
};

/// One change, in numbers and in a line for people.
struct Change {
    enum class What { kGain, kPan, kTilt, kCompression };
    std::string track; ///< id
    std::string name;  ///< for people
    What what = What::kGain;
    double before = 0;
    double after = 0; ///< gain: fader dB. pan: -1..1. tilt: dB that the high shelf adds and the low one
                      ///< takes; compression: threshold in dBFS, 0 for none
    std::string unit;
    std::vector<Figure> figures;
    std::string line;
};

/// Something that was left as it is, and why.
struct Note {
    std::string track; ///< "" the mix
    std::string line;
};

/// How a track stands, before and after; -infinity for silence.
struct TrackFigures {
    std::string id, name;
    std::string role;      ///< "" for what has no sound
    std::string role_from; ///< "role", "name", "program" or "sound"
    bool mixed = false;    ///< false: it was left alone
    double lufs_before = 0, lufs_after = 0;
    double wanted_lu = 0;                       ///< against the reference, masking relief included
    double relief_lu = 0;                       ///< of which for masking
    double masked_before = 0, masked_after = 0; ///< 0..1
    std::string masked_by;                      ///< id, after
};

struct Report {
    std::string genre;
    std::string genre_from; ///< "option", "session" or "none"
    std::string reference;  ///< id of the track that the others' loudness is counted against; "" none
    double lufs_before = 0; ///< of the mix ahead of the master inserts
    double lufs_after = 0;
    bool mastered = false;                          ///< lufs_wanted is meant behind the master inserts
    double mastered_before = 0, mastered_after = 0; ///< LUFS there, the master's fader not counted
    double lufs_wanted = 0;
    bool around_kept = false;         ///< tracks that stay as they are set the level, not lufs_wanted
    double peak_after_db = 0;         ///< dBFS, samples, ahead of the master inserts
    std::vector<TrackFigures> tracks; ///< in document order
    std::vector<Change> changes;      ///< in document order; empty: the mix is as it should be
    std::vector<Note> notes;
};

/// What becomes of one track.
struct TrackEdit {
    std::string track;
    std::optional<double> gain_db, pan; ///< none: stays
    bool set_tilt = false;              ///< the own EQ becomes `tilt_db`, 0: it goes
    double tilt_db = 0;
    bool set_compressor = false; ///< the own compressor becomes this; threshold 0: it goes
    double threshold_db = 0, ratio = 1;
};

struct Mix {
    Report report;
    std::vector<TrackEdit> edits; ///< empty: nothing to change
};

/// Measures `session` and decides; changes nothing. Deterministic, and a second run finds its own result:
/// levels are decided from the signals ahead of the faders and of the mix's own inserts. Untouched stay:
/// muted tracks, tracks with automated faders, automated pans, tracks that are kept, buses and the master,
/// inserts of others, side-chains (a track that keys another gets no inserts). Renders every track several
/// times; any thread that owns the session. Errors: invalid_argument (genre, an id in `keep`, options out of
/// range, what the graph refuses), what `media` gives, cancelled.
Result<Mix> decide(const session::Session& session, const graph::MediaLibrary& media,
                   const Options& options = {});

/// Makes the edits: one undoable step of `history` ("AI mix"), or without undo when it is null. No edits, no
/// step. Message thread. Errors change nothing when there is a history.
Status apply(session::Session& session, session::History* history, const Mix& mix);

/// decide() and apply().
Result<Report> mix(session::Session& session, session::History* history, const graph::MediaLibrary& media,
                   const Options& options = {});

/// Report as JSON: genre, reference, loudness, changes[] (track, what, before, after, unit, figures[], line),
/// notes[], tracks[]. What is not finite is null.
std::string report_json(const Report& report);

/// "gain", "pan", "tilt", "compression".
const char* change_name(Change::What what);

} // namespace loopmind::automix
