// What a bundle's own description says of its plug-ins: the details that JUCE's LV2 host keeps to itself.
#pragma once

#include "engine/plugins/plugin_info.h"

#include <string>
#include <vector>

namespace loopmind::plugins::child {

/// A plug-in, and where JUCE's host puts its audio ports in the buffer of a block.
struct Lv2Details {
    PluginInfo info;
    std::vector<int> inputs, keys, outputs; ///< channels of the buffer
};

/// Reads the description of one bundle by lilv, without loading code. In the order of the plug-ins' URIs.
std::vector<Lv2Details> describe_bundle(const std::string& bundle);

} // namespace loopmind::plugins::child
