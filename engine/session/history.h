// Undo and redo of a session: one named step for each gesture.
#pragma once

#include "engine/session/session.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace loopmind::session {

/// The undo history of one session. Edits that are given undo() between begin_gesture() and end_gesture()
/// become one step, however many they are: a fader that is dragged, a thousand notes that are quantised.
/// When a gesture ends, timeline[] is brought in step with the clips, as part of it.
/// Message thread. The session must outlive the history.
class History : private juce::ValueTree::Listener {
  public:
    explicit History(Session& session);
    ~History() override;
    History(const History&) = delete;
    History& operator=(const History&) = delete;

    /// Give this to every edit. Edits outside a gesture make steps without a name.
    juce::UndoManager* undo_manager() { return &undo_; }

    /// Opens a step. A gesture inside a gesture belongs to the outer one.
    void begin_gesture(const std::string& name);
    void end_gesture();
    /// Takes back what the open gesture did and forgets it; what could be redone before can be again.
    void cancel_gesture();
    bool in_gesture() const { return depth_ > 0; }

    /// Runs `edit(undo manager)` as one step; taken back when it returns an error.
    template <typename Edit> auto perform(const std::string& name, Edit&& edit) {
        begin_gesture(name);
        auto result = edit(undo_manager());
        if (result.ok() || depth_ > 1) {
            end_gesture();
        } else {
            cancel_gesture();
        }
        return result;
    }

    /// False while a gesture is open.
    bool can_undo() const { return depth_ == 0 && undo_.canUndo(); }
    bool can_redo() const { return depth_ == 0 && !ahead_.empty(); }
    bool undo();
    bool redo();
    /// Names of the steps, the next one to be undone or redone first.
    std::vector<std::string> undo_names() const;
    std::vector<std::string> redo_names() const;
    /// Forgets all steps, e.g. after another document was read into the session.
    void clear();

    /// Whether the document differs from what mark_saved() saw. Undoing back to there counts as saved.
    bool unsaved() const { return state_ != saved_; }
    void mark_saved() { saved_ = state_; }
    /// Grows with every change, undo and redo: for autosave to see that something happened.
    std::uint64_t changes() const { return changes_; }

  private:
    void valueTreePropertyChanged(juce::ValueTree& tree, const juce::Identifier& name) override;
    void valueTreeChildAdded(juce::ValueTree& parent, juce::ValueTree& child) override;
    void valueTreeChildRemoved(juce::ValueTree& parent, juce::ValueTree& child, int index) override;
    void valueTreeChildOrderChanged(juce::ValueTree& parent, int from, int to) override;
    void changed();
    void close_step();

    Session& session_;
    juce::ValueTree tree_; ///< kept here: a ValueTree object holds its own listeners
    juce::UndoManager undo_;
    int depth_ = 0;
    bool moving_ = false; ///< undo or redo is at work
    bool gesture_changed_ = false;
    bool had_redo_ = false; ///< when the gesture began
    bool clips_changed_ = false;
    std::uint64_t changes_ = 0;
    std::uint64_t state_ = 0, saved_ = 0, last_state_ = 0; ///< numbers of documents
    std::vector<std::uint64_t> behind_, ahead_;            ///< documents that undo and redo lead to
};

} // namespace loopmind::session
