// Typed views of the document's nodes.
#pragma once

#include "engine/session/automation_curve.h"
#include "engine/session/fade_curve.h"
#include "engine/session/tempo_map.h"
#include "engine/session/vocabulary.h"

#include <juce_data_structures/juce_data_structures.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loopmind::session {

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
    /// Id of the track whose signal (post-insert, pre-fader) is the key; "" none.
    std::string sidechain() const { return text("sidechain"); }
    std::string preset() const { return text("preset"); } ///< name it was last set from; for people
    std::string uri() const { return text("uri"); }       ///< of the plug-in, with effect "lv2"
    /// What the plug-in wants to find again beside its parameters: its own text; "" none.
    std::string plugin_state() const { return text("state"); }
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
    /// Beats into the pattern at which the clip starts, counted in the pattern as it plays: turned round when
    /// reversed, and stretched.
    double offset() const { return number("offset", 0); }
    double gain_db() const { return number("gain_db", 0); }
    bool loop() const { return flag("loop", false); } ///< pattern repeats until the clip ends
    bool mute() const { return flag("mute", false); }
    double end() const { return start() + length(); }
    double fade_in() const { return number("fade_in", 0); }   ///< beats from the clip's start
    double fade_out() const { return number("fade_out", 0); } ///< beats to the clip's end
    FadeCurve fade_in_curve() const;                          ///< see fade_gain
    FadeCurve fade_out_curve() const;
    bool reverse() const { return flag("reverse", false); } ///< one round of the pattern plays backwards
    double stretch() const { return number("stretch", 1); } ///< duration ratio: 2 is twice as long
    double pitch() const { return number("pitch", 0); }     ///< semitones, -24..24
};

/// Automation of one target of a track.
class AutomationLane : public Node {
  public:
    using Node::Node;
    std::string target() const { return text("target"); } ///< see parse_automation_target
    AutomationMode mode() const;
    bool plays() const { return mode() != AutomationMode::kOff; }
    std::vector<AutomationPoint> points() const; ///< ascending by beat
    /// See automation_value. Reads all points: players keep points() instead.
    double value_at(double beat, double fallback = 0) const;
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
    bool phase_invert() const { return flag("phase_invert", false); } ///< both channels, before the inserts
    bool arm() const { return flag("arm", false); }                   ///< records when the transport does
    std::string color() const { return text("color"); }               ///< "#rrggbb"; "" the program's choice
    std::string group() const { return text("group"); }               ///< id of a Group; "" none
    std::string output() const;          ///< id of a bus; kMasterId for the master, whatever its id
    std::vector<Insert> inserts() const; ///< in signal order
    std::vector<Send> sends() const;
    std::vector<Clip> clips() const;
    std::vector<AutomationLane> automation() const;
    std::optional<AutomationLane> lane(std::string_view target) const;
    std::optional<Insert> insert(std::string_view id) const;
    std::optional<Send> send(std::string_view to) const; ///< first send to that bus
    std::optional<Clip> clip(std::string_view id) const;
    std::optional<Insert> insert_of(std::string_view effect) const; ///< first insert of that effect

    void set_name(const std::string& name, juce::UndoManager* undo = nullptr);
    void set_gain_db(double db, juce::UndoManager* undo = nullptr) { put("gain_db", db, undo); }
    void set_pan(double pan, juce::UndoManager* undo = nullptr) { put("pan", pan, undo); }
    void set_mute(bool on, juce::UndoManager* undo = nullptr) { put("mute", on, undo); }
    void set_solo(bool on, juce::UndoManager* undo = nullptr) { put("solo", on, undo); }
    void set_phase_invert(bool on, juce::UndoManager* undo = nullptr) { put("phase_invert", on, undo); }
    void set_arm(bool on, juce::UndoManager* undo = nullptr) { put("arm", on, undo); }
    /// Inserts an effect at `index` (-1: last). Its id is unique in the track.
    Insert add_insert(const std::string& effect, int index = -1, juce::UndoManager* undo = nullptr);
    Send add_send(const std::string& to, double level, juce::UndoManager* undo = nullptr);
    Clip add_clip(const std::string& pattern, double start, double length, bool loop,
                  juce::UndoManager* undo = nullptr);
};

/// Tracks whose faders, mutes and solos move together (a VCA): their own settings stay as they are.
class Group : public Node {
  public:
    using Node::Node;
    std::string id() const { return text("id"); }
    std::string name() const { return text("name"); }
    double gain_db() const { return number("gain_db", 0); } ///< added to each member's fader
    bool mute() const { return flag("mute", false); }
    bool solo() const { return flag("solo", false); }
};

/// A note of a pattern kept inside the document.
struct Note {
    double start = 0;   ///< beats from the pattern's start
    double length = 0;  ///< beats, > 0
    int pitch = 60;     ///< 0..127
    int velocity = 100; ///< 1..127

    bool operator==(const Note&) const = default;
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
    double end() const { return start() + length(); }
    std::string material() const { return text("material"); } ///< sections that share it; "" not told
    int variant() const { return static_cast<int>(integer("variant", 0)); }
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

} // namespace loopmind::session
