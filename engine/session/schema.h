// Which fields each object of a document has, in the order they are written: one table for reading and
// writing.
#pragma once

#include "proto/base/result.h"

#include <juce_data_structures/juce_data_structures.h>

#include <string>
#include <vector>

namespace loopmind::session {

enum class FieldKind {
    kNumber,  ///< finite double in [min, max]
    kInteger, ///< whole number in [min, max]
    kBool,
    kText,      ///< at most `max` bytes
    kChoice,    ///< one of `choices`; any text in a file of a newer minor version
    kMeter,     ///< "N/D"
    kRawObject, ///< an object kept as its source text
    kList,      ///< array of objects of `node`, a child node holding them
    kTextList,  ///< array of texts, a child node holding "item" nodes with "value"
    kObject,    ///< object of `node`, a child node
    kParams,    ///< object of name -> number, bool or text; a child node holding "param" nodes with name and
                ///< value
};

struct NodeRule;

/// A rule beyond the range of single fields. `newer`: the file is of a newer minor version, what is unknown
/// is kept. The error's field is `path` or a place inside it.
using TreeCheck = Status (*)(const juce::ValueTree& tree, const std::string& path, bool newer);

struct FieldRule {
    juce::Identifier name;
    FieldKind kind = FieldKind::kText;
    double min = 0;
    double max = 4096;
    std::vector<const char*> choices;
    const NodeRule* node = nullptr;
    /// Minor version that added the field. In an older file a value that does not fit is a stranger's: it is
    /// kept as an unknown field under another name.
    int since = 0;
    TreeCheck check = nullptr; ///< of the holder of a kList
};

struct NodeRule {
    juce::Identifier type; ///< type of the ValueTree
    std::vector<FieldRule> fields;
    TreeCheck check = nullptr; ///< of the whole object
};

/// The rule of the whole document.
const NodeRule& session_rule();

/// The rule of the objects that become nodes of `type`; null for none.
const NodeRule* rule_of(const juce::Identifier& type);

/// Names that reading, writing and editing share.
namespace ids {
inline const juce::Identifier session{"session"}, tracks{"tracks"}, track{"track"}, patterns{"patterns"},
    pattern{"pattern"}, media_list{"media"}, media{"media_item"}, layers{"layers"}, layer{"layer"},
    sections{"sections"}, section{"section"}, markers{"markers"}, marker{"marker"}, timeline{"timeline"},
    entry{"entry"}, inserts{"inserts"}, insert{"insert"}, sends{"sends"}, send{"send"}, clips{"clips"},
    clip{"clip"}, params{"params"}, param{"param"}, notes{"notes"}, note{"note"}, stems{"stems"},
    item{"item"}, fx{"fx"}, automation{"automation"}, lane{"lane"}, points{"points"}, point{"point"},
    groups{"groups"}, group{"group"}, tempo_map{"tempo_map"}, tempo_point{"tempo_point"},
    meter_map{"meter_map"}, meter_point{"meter_point"};
inline const juce::Identifier id{"id"}, name{"name"}, value{"value"}, type{"type"}, version{"version"},
    effect{"effect"}, macro{"macro"}, file{"file"}, video{"video"}, start{"start"}, length{"length"},
    material{"material"}, variant{"variant"}, tempo{"tempo"}, ramp{"ramp"}, meter{"meter"}, target{"target"},
    mode{"mode"}, beat{"beat"}, shape{"shape"}, tension{"tension"}, offset{"offset"}, pattern_id{"pattern"},
    uri{"uri"}, plugin_state{"state"};
/// Source text of an insert's parameter that is neither number, bool nor text; it has no `value` then.
inline const juce::Identifier raw{"raw"};
/// Unknown fields of an object: one JSON object text, its members as they stood in the file.
inline const juce::Identifier extra{"_extra"};
} // namespace ids

} // namespace loopmind::session
