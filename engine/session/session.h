// The `.loopmind` document: a juce::ValueTree with typed views, JSON in and out, ready for undo.
#pragma once

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
inline constexpr int kVersionMinor = 0;

/// What a track holds. kOther: a type of a newer version; kept, never played.
enum class TrackType { kAudio, kMidi, kBus, kMaster, kVideo, kOther };

/// One node of the document. A view: copies share the node, which lives as long as the tree. Getters give the
/// documented default when the file leaves a field out. Setters take an optional UndoManager.
class Node {
  public:
    Node() = default;
    explicit Node(juce::ValueTree tree) : state(std::move(tree)) {}
    bool valid() const { return state.isValid(); }

    juce::ValueTree state;

  protected:
    std::string text(const char* name, const char* fallback = "") const;
    double number(const char* name, double fallback) const;
    std::int64_t integer(const char* name, std::int64_t fallback) const;
    bool flag(const char* name, bool fallback) const;
    void put(const char* name, const juce::var& value, juce::UndoManager* undo);
};

/// An effect in a track's chain.
class Insert : public Node {
  public:
    using Node::Node;
    std::string id() const { return text("id"); }
    std::string effect() const { return text("effect"); } ///< one of session::effect, or unknown
    bool bypass() const { return flag("bypass", false); }
    std::string macro() const { return text("macro"); } ///< fx amount this insert follows; "" none
    bool has_param(const std::string& name) const;
    double param(const std::string& name,
                 double fallback) const; ///< booleans are 0 and 1; text gives fallback
    std::vector<std::string> param_names() const;
    void set_bypass(bool on, juce::UndoManager* undo = nullptr) { put("bypass", on, undo); }
    /// Sets the parameter alone; Session::set_param also moves the fx amount that the insert follows.
    void set_param(const std::string& name, double value, juce::UndoManager* undo = nullptr);
};

/// A copy of a track's signal sent to a bus.
class Send : public Node {
  public:
    using Node::Node;
    std::string to() const { return text("to"); }       ///< id of a bus track
    double level() const { return number("level", 1); } ///< linear gain, 0..4
    bool pre_fader() const { return flag("pre", false); }
    void set_level(double level, juce::UndoManager* undo = nullptr) { put("level", level, undo); }
};

/// A pattern placed in time. Beats are quarter notes from the session's start.
class Clip : public Node {
  public:
    using Node::Node;
    std::string id() const { return text("id"); }
    std::string pattern() const { return text("pattern"); } ///< id of a Pattern
    double start() const { return number("start", 0); }     ///< beats
    double length() const { return number("length", 0); }   ///< beats, > 0
    double offset() const { return number("offset", 0); } ///< beats into the pattern at which the clip starts
    double gain_db() const { return number("gain_db", 0); }
    bool loop() const { return flag("loop", false); } ///< pattern repeats until the clip ends
    bool mute() const { return flag("mute", false); }
};

class Track : public Node {
  public:
    using Node::Node;
    std::string id() const { return text("id"); }
    std::string name() const { return text("name"); }
    std::string role() const { return text("role"); } ///< drums bass ... ; "" none
    TrackType type() const;
    double gain_db() const { return number("gain_db", 0); } ///< fader, -144 is silence
    double pan() const { return number("pan", 0); }         ///< -1 left .. 1 right
    bool mute() const { return flag("mute", false); }
    bool solo() const { return flag("solo", false); }
    std::string output() const;          ///< id of a bus; kMasterId for the master, whatever its id
    std::vector<Insert> inserts() const; ///< in signal order
    std::vector<Send> sends() const;
    std::vector<Clip> clips() const;
    std::optional<Insert> insert_of(std::string_view effect) const; ///< first insert of that effect

    void set_name(const std::string& name, juce::UndoManager* undo = nullptr);
    void set_gain_db(double db, juce::UndoManager* undo = nullptr) { put("gain_db", db, undo); }
    void set_pan(double pan, juce::UndoManager* undo = nullptr) { put("pan", pan, undo); }
    void set_mute(bool on, juce::UndoManager* undo = nullptr) { put("mute", on, undo); }
    void set_solo(bool on, juce::UndoManager* undo = nullptr) { put("solo", on, undo); }
    /// Inserts an effect at `index` (-1: last). Its id is unique in the track.
    Insert add_insert(const std::string& effect, int index = -1, juce::UndoManager* undo = nullptr);
    Send add_send(const std::string& to, double level, juce::UndoManager* undo = nullptr);
    Clip add_clip(const std::string& pattern, double start, double length, bool loop,
                  juce::UndoManager* undo = nullptr);
};

/// A note of a pattern kept inside the document.
struct Note {
    double start = 0;   ///< beats from the pattern's start
    double length = 0;  ///< beats, > 0
    int pitch = 60;     ///< 0..127
    int velocity = 100; ///< 1..127
};

/// Notes or audio of one stem; clips refer to it.
class Pattern : public Node {
  public:
    using Node::Node;
    std::string id() const { return text("id"); }
    std::string name() const { return text("name"); }
    std::string role() const { return text("role"); }
    double length() const { return number("length", 0); } ///< beats; 0: the media's own length
    double tempo() const { return number("tempo", 0); }   ///< BPM of the audio; 0: the session's
    std::string audio() const { return text("audio"); }   ///< media id; "" none
    std::string midi() const { return text("midi"); }     ///< media id; "" none
    int program() const { return static_cast<int>(integer("program", 0)); }
    int midi_channel() const { return static_cast<int>(integer("midi_channel", 1)); }
    std::vector<Note> notes() const; ///< inline notes; may be empty
};

/// A file the session uses: linked (`file`), known by hash (`sha256`) or embedded (`data`), or several of
/// these.
class Media : public Node {
  public:
    using Node::Node;
    std::string id() const { return text("id"); }
    std::string kind() const { return text("kind", "audio"); } ///< audio midi video
    std::string file() const { return text("file"); } ///< path relative to the project's folder; "" none
    std::string sha256() const { return text("sha256"); }
    std::int64_t size() const { return integer("size", 0); } ///< bytes; 0 unknown
    std::int64_t frames() const { return integer("frames", 0); }
    int sample_rate() const { return static_cast<int>(integer("sample_rate", 0)); }
    int channels() const { return static_cast<int>(integer("channels", 0)); }
    bool embedded() const { return state.hasProperty("data"); } ///< `data` is base64
};

class Section : public Node {
  public:
    using Node::Node;
    std::string name() const { return text("name"); }
    double start() const { return number("start", 0); }   ///< beats
    double length() const { return number("length", 0); } ///< beats
};

class Marker : public Node {
  public:
    using Node::Node;
    std::string name() const { return text("name"); }
    std::string kind() const { return text("kind", "marker"); } ///< "marker", "cut"
    double start() const { return number("start", 0); }         ///< beats
};

/// One generation kept in the project.
class Layer : public Node {
  public:
    using Node::Node;
    std::string id() const { return text("id"); }
    std::string name() const { return text("name"); }
    std::string params_json() const { return text("params", "{}"); } ///< resolved request, raw JSON object
    std::int64_t seed() const { return integer("seed", 0); }
    std::string created_at() const { return text("created_at"); } ///< RFC 3339; "" unknown
    bool starred() const { return flag("starred", false); }
    std::vector<std::string> stems() const; ///< pattern ids
    void set_starred(bool on, juce::UndoManager* undo = nullptr) { put("starred", on, undo); }
};

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
    double tempo() const;         ///< quarter notes per minute
    std::string meter() const;    ///< "4/4"
    double beats_per_bar() const; ///< quarter notes per bar: 4 for 4/4, 3 for 3/4 and 6/8
    std::string key() const;      ///< "A minor"; "" unknown
    int bars() const;
    double total_beats() const { return bars() * beats_per_bar(); }
    int sample_rate() const;  ///< Hz
    std::string mode() const; ///< "creative" or "studio"
    /// round(beats * 60 / tempo * sample_rate); total_frames() is that of total_beats().
    std::int64_t frames_at(double beats) const;
    std::int64_t total_frames() const { return frames_at(total_beats()); }
    void set_tempo(double bpm, juce::UndoManager* undo = nullptr);
    void set_mode(const std::string& mode, juce::UndoManager* undo = nullptr);

    std::vector<Track> tracks() const; ///< document order, the master and buses among them
    std::optional<Track> track(std::string_view id) const;
    Track master() const; ///< always valid
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

    /// Sets gain and limiter at the end of the master chain, making them when missing: the mastering of the
    /// preview mix. `gain_db` in dB, `ceiling_db` in dBTP.
    void set_master(double gain_db, double ceiling_db, juce::UndoManager* undo = nullptr);

    /// Rebuilds the published timeline[] from the clips; keeps video entries and unknown fields of entries.
    void sync_timeline(juce::UndoManager* undo = nullptr);

  private:
    explicit Session(juce::ValueTree state) : state_(std::move(state)) {}
    void complete(); ///< adds the lists and the master that every session has; applies fx amounts
    juce::ValueTree state_;
};

} // namespace loopmind::session
