// Automation stays in the range of what it moves; maps stay in order.
#include "engine/session/schema_checks.h"

#include "engine/session/automation_target.h"
#include "engine/session/json_text.h"
#include "engine/session/trees.h"

#include <set>

namespace loopmind::session {
namespace {

/// `key` of the children ascends; equal ones may follow each other.
Status ascends(const juce::ValueTree& list, const juce::Identifier& key, const std::string& path) {
    double last = 0;
    for (int i = 0; i < list.getNumChildren(); ++i) {
        const double at = list.getChild(i).getProperty(key, 0.0);
        if (at < last) {
            return bad(path + "[" + std::to_string(i) + "]." + key.toString().toStdString(),
                       "comes before the entry ahead of it: " + json_number(at),
                       "write the entries in order");
        }
        last = at;
    }
    return {};
}

} // namespace

Status check_lane(const juce::ValueTree& lane, const std::string& path, bool newer) {
    const std::string text = lane[ids::target].toString().toStdString();
    const juce::ValueTree points = lane.getChildWithName(ids::points);
    const std::string list = path + ".points";
    if (Status order = ascends(points, ids::beat, list); !order) return order;
    const std::optional<AutomationTarget> target = parse_automation_target(text);
    if (!target) {
        if (newer) return {};
        return bad(path + ".target", "is nothing that can be automated: " + json_quote(text),
                   "use gain_db, pan, mute, sends.<bus id>.level or inserts.<insert id>.<parameter>");
    }
    for (int i = 0; i < points.getNumChildren(); ++i) {
        const double value = points.getChild(i).getProperty(ids::value, 0.0);
        if (value >= target->minimum && value <= target->maximum) continue;
        return bad(list + "[" + std::to_string(i) + "].value", "is out of range: " + json_number(value),
                   text + " goes from " + json_number(target->minimum) + " to " +
                       json_number(target->maximum));
    }
    return {};
}

Status check_lanes(const juce::ValueTree& lanes, const std::string& path, bool newer) {
    std::set<juce::String> seen;
    for (int i = 0; i < lanes.getNumChildren(); ++i) {
        const juce::String target = lanes.getChild(i)[ids::target].toString();
        if (seen.insert(target).second) continue;
        return bad(path + "[" + std::to_string(i) + "].target",
                   "is automated twice: " + json_quote(target.toStdString()), "join the two lanes");
    }
    return {};
}

Status check_order(const juce::ValueTree& points, const std::string& path, bool newer) {
    return ascends(points, ids::start, path);
}

} // namespace loopmind::session
