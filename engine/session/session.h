// The `.loopmind` document: a juce::ValueTree with typed views, JSON in and out, ready for undo.
#pragma once

#include "engine/session/views.h"
#include "engine/session/vocabulary.h"
#include "proto/base/result.h"

#include <juce_data_structures/juce_data_structures.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loopmind::session {

/// Version that this code writes. A file of the same major version opens, whatever its minor version; what a
/// newer minor version added is kept as raw text.
inline constexpr int kVersionMajor = 1;
inline constexpr int kVersionMinor = 1;

/// The whole document. Owned and changed by one thread (the message thread in the app); movable, not
/// copyable, clone() copies. Needs no message loop.
class Session {
  public:
    /// An empty session at 120 BPM, 4/4, with a master track.
    Session();
    Session(Session&&) = default;
    Session& operator=(Session&&) = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    Session clone() const;

    /// Reads a document of any minor version of our major version, or the published form that has only
    /// timeline, fx and mode. Safe on hostile input. Errors name line and column, or a path such as
    /// `tracks[2].gain_db`; a higher major version is version_mismatch.
    static Result<Session> from_json(std::string_view text);
    /// Writes the document: fixed field order, two-space indent, unknown fields byte for byte.
    std::string to_json() const;

    juce::ValueTree state() const { return state_; } ///< node "session"; listen here

    std::string name() const;
    double tempo() const;         ///< quarter notes per minute, at 0
    std::string meter() const;    ///< "4/4", at 0
    double beats_per_bar() const; ///< quarter notes per bar at 0: 4 for 4/4, 3 for 3/4 and 6/8
    std::string key() const;      ///< "A minor"; "" unknown
    int bars() const;
    double total_beats() const; ///< the beat at which bar number bars() would begin
    int sample_rate() const;    ///< Hz
    std::string mode() const;   ///< "creative" or "studio"
    PanLaw pan_law() const;
    std::vector<TempoPoint> tempo_points() const; ///< the tempo map as written; empty: tempo() everywhere
    std::vector<MeterPoint> meter_points() const;
    TempoMap tempo_map() const; ///< made anew on every call: keep it for many lookups
    MeterMap meter_map() const;
    double tempo_at(double beats) const;
    /// round(seconds * sample_rate) of the tempo map's seconds: round(beats * 60 / tempo * sample_rate) while
    /// one tempo holds. total_frames() is that of total_beats().
    std::int64_t frames_at(double beats) const;
    double beats_at(std::int64_t frames) const;
    std::int64_t total_frames() const { return frames_at(total_beats()); }
    void set_tempo(double bpm, juce::UndoManager* undo = nullptr); ///< at 0, in a tempo map too
    void set_mode(const std::string& mode, juce::UndoManager* undo = nullptr);

    std::vector<Track> tracks() const; ///< document order, the master and buses among them
    std::optional<Track> track(std::string_view id) const;
    Track master() const; ///< always valid
    std::vector<Group> groups() const;
    std::optional<Group> group(std::string_view id) const;
    std::vector<Pattern> patterns() const;
    std::optional<Pattern> pattern(std::string_view id) const;
    std::vector<Media> media() const;
    std::optional<Media> media(std::string_view id) const;
    std::vector<Section> sections() const;
    std::vector<Marker> markers() const;
    std::vector<Layer> layers() const;

    /// Adds a track before the buses and the master (buses: before the master). `id` is made unique.
    Track add_track(TrackType type, const std::string& id, const std::string& name,
                    juce::UndoManager* undo = nullptr);

    /// The published amounts fx{reverb, delay, drive, eq}, 0..1; nullopt when the document has none.
    std::optional<double> fx(std::string_view name) const;
    /// Sets an amount and the parameter of the insert that follows it; makes bus or insert when there is none
    /// yet. Names other than reverb, delay, drive and eq are invalid_argument.
    Status set_fx(const std::string& name, double amount, juce::UndoManager* undo = nullptr);
    /// Sets a parameter of an insert and, when the insert follows an fx amount, that amount.
    void set_param(Insert insert, const std::string& name, double value, juce::UndoManager* undo = nullptr);

    /// After an insert was taken out: forgets the fx amount that nothing follows any more, so that reading
    /// the document does not bring the insert back.
    void release_macro(const Insert& removed, juce::UndoManager* undo = nullptr);

    /// Sets gain and limiter at the end of the master chain, making them when missing: the mastering of the
    /// preview mix. `gain_db` in dB, `ceiling_db` in dBTP.
    void set_master(double gain_db, double ceiling_db, juce::UndoManager* undo = nullptr);

    /// Rebuilds the published timeline[] from the clips; keeps video entries and unknown fields of entries.
    /// Touches nothing when it is true already.
    void sync_timeline(juce::UndoManager* undo = nullptr);

  private:
    explicit Session(juce::ValueTree state) : state_(std::move(state)) {}
    void complete(); ///< adds the lists and the master that every session has; applies fx amounts
    void
    settle_macros(); ///< brings amounts and inserts in step: the amount wins, an insert names a missing one
    juce::ValueTree state_;
};

} // namespace loopmind::session
