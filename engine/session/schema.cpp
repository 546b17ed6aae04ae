// The table of the document's fields with their ranges.
#include "engine/session/schema.h"

#include "engine/session/choices.h"
#include "engine/session/schema_checks.h"

namespace loopmind::session {
namespace {

constexpr double kMaxBeats = 1e7;
constexpr double kMaxExact = 9007199254740992.0; // 2^53
constexpr double kMaxData = 1 << 30;
constexpr double kMaxUri = 1023;
constexpr double kMaxPluginState = 1 << 24;
constexpr double kMaxValue = 1e15; // a lane's values; its target's own range is checked with the lane
constexpr double kMinStretch = 0.125, kMaxStretch = 8;

FieldRule number(const char* name, double min, double max) {
    return {name, FieldKind::kNumber, min, max, {}, nullptr};
}
FieldRule integer(const char* name, double min, double max) {
    return {name, FieldKind::kInteger, min, max, {}, nullptr};
}
FieldRule flag(const char* name) {
    return {name, FieldKind::kBool, 0, 0, {}, nullptr};
}
FieldRule text(const char* name, double max_bytes = 4096) {
    return {name, FieldKind::kText, 0, max_bytes, {}, nullptr};
}
FieldRule choice(const char* name, std::vector<const char*> choices) {
    return {name, FieldKind::kChoice, 0, 64, std::move(choices), nullptr};
}
FieldRule list(const char* name, const NodeRule& node) {
    return {name, FieldKind::kList, 0, 1e6, {}, &node};
}
FieldRule object(const char* name, const NodeRule& node) {
    return {name, FieldKind::kObject, 0, 0, {}, &node};
}
template <std::size_t N> FieldRule choice(const char* name, const char* const (&words)[N]) {
    return choice(name, std::vector<const char*>(words, words + N));
}
/// A field, or a list checked as a whole, that version 1.1 added.
FieldRule added(FieldRule rule, TreeCheck check = nullptr) {
    rule.since = 1;
    rule.check = check;
    return rule;
}
FieldRule other(const char* name, FieldKind kind) {
    return {name, kind, 0, 4096, {}, nullptr};
}

NodeRule make_session_rule() {
    static const NodeRule insert{"insert",
                                 {text("id", 256), text("effect", 256), flag("bypass"), text("macro", 64),
                                  added(text("sidechain", 256)), added(text("preset", 256)),
                                  added(text("uri", kMaxUri)), added(text("state", kMaxPluginState)),
                                  other("params", FieldKind::kParams)}};
    static const NodeRule send{"send", {text("to", 256), number("level", 0, 4), flag("pre")}};
    static const NodeRule clip{
        "clip",
        {text("id", 256), text("pattern", 256), number("start", 0, kMaxBeats), number("length", 0, kMaxBeats),
         number("offset", 0, kMaxBeats), number("gain_db", -144, 48), flag("loop"), flag("mute"),
         added(number("fade_in", 0, kMaxBeats)), added(number("fade_out", 0, kMaxBeats)),
         added(choice("fade_in_curve", kFadeCurves)), added(choice("fade_out_curve", kFadeCurves)),
         added(flag("reverse")), added(number("stretch", kMinStretch, kMaxStretch)),
         added(number("pitch", -24, 24))}};
    static const NodeRule point{"point",
                                {number("beat", 0, kMaxBeats), number("value", -kMaxValue, kMaxValue),
                                 choice("shape", kAutomationShapes), number("tension", -1, 1)}};
    static const NodeRule lane{
        "lane", {text("target", 600), choice("mode", kAutomationModes), list("points", point)}, check_lane};
    static const NodeRule group{
        "group", {text("id", 256), text("name"), number("gain_db", -144, 48), flag("mute"), flag("solo")}};
    static const NodeRule tempo_point{"tempo_point",
                                      {number("start", 0, kMaxBeats), number("tempo", 1, 999), flag("ramp")}};
    static const NodeRule meter_point{"meter_point",
                                      {number("start", 0, kMaxBeats), other("meter", FieldKind::kMeter)}};
    static const NodeRule track{"track",
                                {text("id", 256), text("name"), choice("type", kTrackTypes), text("role", 64),
                                 added(text("color", 64)), number("gain_db", -144, 48), number("pan", -1, 1),
                                 flag("mute"), flag("solo"), added(flag("phase_invert")), added(flag("arm")),
                                 added(text("group", 256)), text("output", 256), list("inserts", insert),
                                 list("sends", send), list("clips", clip),
                                 added(list("automation", lane), check_lanes)}};
    static const NodeRule note{"note",
                               {number("start", 0, kMaxBeats), number("length", 0, kMaxBeats),
                                integer("pitch", 0, 127), integer("velocity", 1, 127)}};
    static const NodeRule pattern{"pattern",
                                  {text("id", 256), text("name"), text("role", 64),
                                   number("length", 0, kMaxBeats), number("tempo", 0, 999),
                                   text("audio", 256), text("midi", 256), integer("program", 0, 127),
                                   integer("midi_channel", 1, 16), list("notes", note)}};
    static const NodeRule section{"section",
                                  {text("name"), number("start", 0, kMaxBeats),
                                   number("length", 0, kMaxBeats), text("material", 64),
                                   integer("variant", 0, 4096)}};
    static const NodeRule marker{"marker", {text("name"), text("kind", 64), number("start", 0, kMaxBeats)}};
    static const NodeRule layer{"layer",
                                {text("id", 256), text("name"), other("params", FieldKind::kRawObject),
                                 integer("seed", 0, kMaxExact), other("stems", FieldKind::kTextList),
                                 text("created_at", 64), flag("starred")}};
    static const NodeRule media{"media_item",
                                {text("id", 256), choice("kind", {"audio", "midi", "video"}), text("file"),
                                 text("sha256", 64), integer("size", 0, kMaxExact),
                                 integer("frames", 0, kMaxExact), integer("sample_rate", 0, 768000),
                                 integer("channels", 0, 256), text("data", kMaxData)}};
    static const NodeRule entry{
        "entry",
        {text("file"), text("video"), number("start", 0, kMaxBeats), number("length", 0, kMaxBeats)}};
    static const NodeRule fx{
        "fx", {number("reverb", 0, 1), number("delay", 0, 1), number("drive", 0, 1), number("eq", 0, 1)}};
    return {"session",
            {text("format", 64),
             text("version", 32),
             choice("units", {"beats"}),
             text("name"),
             choice("mode", {"creative", "studio"}),
             number("tempo", 1, 999),
             other("meter", FieldKind::kMeter),
             added(list("tempo_map", tempo_point), check_order),
             added(list("meter_map", meter_point), check_order),
             text("key", 64),
             integer("bars", 1, 1e6),
             integer("sample_rate", 8000, 384000),
             added(choice("pan_law", kPanLaws)),
             list("timeline", entry),
             object("fx", fx),
             list("tracks", track),
             added(list("groups", group)),
             list("patterns", pattern),
             list("sections", section),
             list("markers", marker),
             list("layers", layer),
             list("media", media)}};
}

} // namespace

const NodeRule& session_rule() {
    static const NodeRule rule = make_session_rule();
    return rule;
}

namespace {

const NodeRule* search(const NodeRule& rule, const juce::Identifier& type) {
    if (rule.type == type) return &rule;
    for (const FieldRule& field : rule.fields) {
        const NodeRule* found = field.node ? search(*field.node, type) : nullptr;
        if (found) return found;
    }
    return nullptr;
}

} // namespace

const NodeRule* rule_of(const juce::Identifier& type) {
    return search(session_rule(), type);
}

} // namespace loopmind::session
