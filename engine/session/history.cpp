// Gestures on juce::UndoManager.
#include "engine/session/history.h"

#include "engine/session/schema.h"

#include <algorithm>

namespace loopmind::session {
namespace {

/// Units of juce::UndoManager are bytes of its actions, about 70 for a changed field; its own default of
/// 30,000 keeps a few hundred. This is some 900,000 changes, or 900 edits of a thousand notes each, and the
/// last 500 steps whatever their size.
constexpr int kUnits = 64 << 20;
constexpr int kSteps = 500;

std::vector<std::string> names_of(const juce::StringArray& names) {
    std::vector<std::string> out;
    for (const juce::String& name : names)
        out.push_back(name.toStdString());
    return out;
}

/// Whether timeline[] is made from the fields of such a node.
bool shows_in_timeline(const juce::ValueTree& node) {
    return node.hasType(ids::clip) || node.hasType(ids::pattern) || node.hasType(ids::media);
}
/// Whether it is made from what stands in such a list, and in which order.
bool is_listed(const juce::ValueTree& list) {
    return list.hasType(ids::clips) || list.hasType(ids::tracks) || list.hasType(ids::track) ||
           list.hasType(ids::patterns) || list.hasType(ids::media_list);
}

} // namespace

History::History(Session& session) : session_(session), tree_(session.state()), undo_(kUnits, kSteps) {
    tree_.addListener(this);
}

History::~History() {
    tree_.removeListener(this);
}

void History::begin_gesture(const std::string& name) {
    if (depth_++ > 0) return;
    close_step(); // of edits outside gestures
    had_redo_ = !ahead_.empty();
    undo_.beginNewTransaction(juce::String::fromUTF8(name.c_str()));
}

void History::end_gesture() {
    if (depth_ == 0 || --depth_ > 0) return;
    if (clips_changed_) session_.sync_timeline(&undo_);
    close_step();
}

void History::cancel_gesture() {
    if (depth_ == 0) return;
    depth_ = 0;
    if (gesture_changed_) {
        moving_ = true;
        // JUCE brings back the steps to redo that the last transaction which had any pushed out. When this
        // one had none, they would be older ones: then it is only undone, and `ahead_` hides it from redo.
        if (had_redo_) {
            undo_.undoCurrentTransactionOnly();
        } else {
            undo_.undo();
        }
        moving_ = false;
    }
    gesture_changed_ = clips_changed_ = false;
    undo_.beginNewTransaction();
}

/// Numbers the document that the steps so far made.
void History::close_step() {
    if (gesture_changed_) {
        behind_.push_back(state_);
        ahead_.clear();
        state_ = ++last_state_;
        const auto kept = static_cast<std::size_t>(undo_.getUndoDescriptions().size());
        if (behind_.size() > kept) behind_.erase(behind_.begin(), behind_.end() - static_cast<long>(kept));
    }
    gesture_changed_ = clips_changed_ = false;
    undo_.beginNewTransaction();
}

bool History::undo() {
    if (depth_ > 0) return false;
    close_step();
    moving_ = true;
    const bool done = undo_.undo();
    moving_ = false;
    if (!done || behind_.empty()) return done;
    ahead_.push_back(state_);
    state_ = behind_.back();
    behind_.pop_back();
    return true;
}

bool History::redo() {
    if (depth_ > 0) return false;
    close_step();
    if (ahead_.empty()) return false;
    moving_ = true;
    const bool done = undo_.redo();
    moving_ = false;
    if (!done) return false;
    behind_.push_back(state_);
    state_ = ahead_.back();
    ahead_.pop_back();
    return true;
}

std::vector<std::string> History::undo_names() const {
    return names_of(undo_.getUndoDescriptions());
}
std::vector<std::string> History::redo_names() const {
    std::vector<std::string> names = names_of(undo_.getRedoDescriptions());
    names.resize(std::min(names.size(), ahead_.size()));
    return names;
}

void History::clear() {
    undo_.clearUndoHistory();
    depth_ = 0;
    gesture_changed_ = clips_changed_ = false;
    behind_.clear();
    ahead_.clear();
    state_ = ++last_state_;
}

void History::changed() {
    ++changes_;
    if (!moving_) gesture_changed_ = true;
}

void History::valueTreePropertyChanged(juce::ValueTree& tree, const juce::Identifier&) {
    changed();
    if (!moving_ && shows_in_timeline(tree)) clips_changed_ = true;
}
void History::valueTreeChildAdded(juce::ValueTree& parent, juce::ValueTree&) {
    changed();
    if (!moving_ && is_listed(parent)) clips_changed_ = true;
}
void History::valueTreeChildRemoved(juce::ValueTree& parent, juce::ValueTree&, int) {
    changed();
    if (!moving_ && is_listed(parent)) clips_changed_ = true;
}
void History::valueTreeChildOrderChanged(juce::ValueTree& parent, int, int) {
    changed();
    if (!moving_ && is_listed(parent)) clips_changed_ = true;
}

} // namespace loopmind::session
