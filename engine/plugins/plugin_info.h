// What is known of an installed plug-in without running it.
#pragma once

#include "proto/base/result.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace loopmind::plugins {

/// A control input that a person or a lane can move.
struct PluginParameter {
    std::string symbol; ///< unique in the plug-in, never translated: the key in session files
    std::string name;   ///< for people
    std::string unit;   ///< "dB", "Hz", "s", "ms", "%", ...; "" for a plain number
    float minimum = 0;
    float maximum = 1;        ///< always above the minimum
    float initial = 0;        ///< the default, in the range
    bool stepped = false;     ///< whole numbers only: switches, choices, counts
    bool logarithmic = false; ///< a control walks through the range by ratios; minimum > 0
};

/// One plug-in of a bundle.
struct PluginInfo {
    std::string uri;
    std::string name;
    std::string maker;    ///< "" when it does not say
    std::string category; ///< of LV2's classes, without "Plugin": "Reverb", "Compressor", ...; "" plain
    std::string bundle;   ///< folder
    int inputs = 0;       ///< main audio inputs
    int outputs = 0;      ///< audio outputs
    int key_inputs = 0;   ///< audio inputs of the side chain
    bool reports_latency = false;
    int latency = 0; ///< frames at 48 kHz with the parameters' defaults
    std::vector<PluginParameter> parameters;

    /// Whether an insert can hold it: audio in and audio out. Instruments cannot.
    bool effect() const { return inputs > 0 && outputs > 0; }
    /// Seconds that an insert is given to ring out. LV2 has no way to say it, so the class decides.
    double tail_seconds() const;
};

nlohmann::json to_json(const PluginInfo& info);
/// Believes nothing: sizes, ranges and texts are checked. Errors: data_corrupt.
Result<PluginInfo> plugin_from_json(const nlohmann::json& json);

inline constexpr std::size_t kMaxParameters = 4096;

} // namespace loopmind::plugins
