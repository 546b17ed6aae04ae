// Small helpers on ValueTrees that reading, views and edits share. Private to engine/session.
#pragma once

#include "engine/session/automation_curve.h"
#include "engine/session/choices.h"
#include "engine/session/schema.h"
#include "proto/base/result.h"

#include <juce_data_structures/juce_data_structures.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loopmind::session {

inline juce::String to_juce(std::string_view text) {
    return juce::String::fromUTF8(text.data(), static_cast<int>(text.size()));
}

template <typename View> std::vector<View> views(const juce::ValueTree& holder) {
    std::vector<View> out;
    out.reserve(static_cast<std::size_t>(holder.getNumChildren()));
    for (const juce::ValueTree& child : holder)
        out.emplace_back(child);
    return out;
}

template <typename View> std::optional<View> view_of(const juce::ValueTree& holder, std::string_view id) {
    juce::ValueTree found = holder.getChildWithProperty(ids::id, to_juce(id));
    if (!found.isValid()) return std::nullopt;
    return View(found);
}

/// `wanted`, or with a number behind it (`wanted-2`, `wanted-3` ...) when the holder has it already. Copies
/// of copies count on, so that ids stay short.
inline juce::String unique_id(const juce::ValueTree& holder, const juce::String& wanted) {
    const auto taken = [&](const juce::String& id) {
        return holder.getChildWithProperty(ids::id, id).isValid();
    };
    if (!taken(wanted)) return wanted;
    juce::String stem = wanted.trimCharactersAtEnd("0123456789");
    stem = stem.endsWithChar('-') && stem.length() > 1 ? stem.dropLastCharacters(1) : wanted;
    stem = stem.substring(0, 50); // ids have at most 256 bytes
    juce::String id;
    for (int i = 2; id.isEmpty() || taken(id); ++i)
        id = stem + "-" + juce::String(i);
    return id;
}

/// A point of a lane from its node and back; `linear`, the default, is not written.
inline AutomationPoint point_of(const juce::ValueTree& node) {
    return {node.getProperty(ids::beat, 0.0), node.getProperty(ids::value, 0.0),
            choice_of(kAutomationShapes, node[ids::shape].toString(), AutomationShape::kLinear),
            node.getProperty(ids::tension, 0.0)};
}
inline juce::ValueTree node_of(const AutomationPoint& point) {
    juce::ValueTree node(ids::point, {{ids::beat, point.beat}, {ids::value, point.value}});
    if (point.shape != AutomationShape::kLinear)
        node.setProperty(ids::shape, word_of(kAutomationShapes, point.shape), nullptr);
    if (point.shape == AutomationShape::kCurve) node.setProperty(ids::tension, point.tension, nullptr);
    return node;
}

inline Error bad(const std::string& field, const std::string& message, const std::string& hint = {}) {
    return {ErrorCode::kInvalidArgument, field, message, hint};
}

} // namespace loopmind::session
