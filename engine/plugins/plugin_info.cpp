// Between plug-ins and JSON, which a child may have written.
#include "engine/plugins/plugin_info.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <set>

namespace loopmind::plugins {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxText = 1024;
constexpr int kMaxChannels = 64;
constexpr int kMaxLatency = 1 << 20;

Error nonsense(const std::string& field) {
    return {ErrorCode::kDataCorrupt, field, "is missing or not what it should be", ""};
}

/// A text in UTF-8 without control characters, cut to a length that people can read.
std::string clean(std::string text) {
    if (text.size() > kMaxText) text.resize(kMaxText);
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    return text;
}

std::string text_of(const json& holder, const char* name) {
    const auto found = holder.find(name);
    return found != holder.end() && found->is_string() ? clean(found->get<std::string>()) : std::string();
}

int count_of(const json& holder, const char* name, int most) {
    const auto found = holder.find(name);
    if (found == holder.end() || !found->is_number_integer()) return 0;
    return static_cast<int>(std::clamp<std::int64_t>(found->get<std::int64_t>(), 0, most));
}

bool flag_of(const json& holder, const char* name) {
    const auto found = holder.find(name);
    return found != holder.end() && found->is_boolean() && found->get<bool>();
}

float number_of(const json& holder, const char* name) {
    const auto found = holder.find(name);
    return found != holder.end() && found->is_number() ? found->get<float>() : std::nanf("");
}

Result<PluginParameter> parameter_from(const json& item) {
    if (!item.is_object()) return nonsense("parameters");
    PluginParameter out;
    out.symbol = text_of(item, "symbol");
    out.name = text_of(item, "name");
    out.unit = text_of(item, "unit");
    out.minimum = number_of(item, "minimum");
    out.maximum = number_of(item, "maximum");
    out.initial = number_of(item, "default");
    out.stepped = flag_of(item, "stepped");
    // Dots would split the names of automation lanes.
    if (out.symbol.empty() || out.symbol.find('.') != std::string::npos || !std::isfinite(out.minimum) ||
        !std::isfinite(out.maximum) || !(out.maximum > out.minimum) || !std::isfinite(out.initial))
        return nonsense("parameters." + out.symbol);
    out.initial = std::clamp(out.initial, out.minimum, out.maximum);
    out.logarithmic = flag_of(item, "logarithmic") && out.minimum > 0 && !out.stepped;
    return out;
}

} // namespace

double PluginInfo::tail_seconds() const {
    const bool rings = category == "Reverb" || category == "Delay" || category == "Spatial" ||
                       category == "Simulator" || category == "Generator";
    return rings ? 10.0 : 1.0;
}

json to_json(const PluginInfo& info) {
    json parameters = json::array();
    for (const PluginParameter& one : info.parameters)
        parameters.push_back({{"symbol", one.symbol},
                              {"name", one.name},
                              {"unit", one.unit},
                              {"minimum", one.minimum},
                              {"maximum", one.maximum},
                              {"default", one.initial},
                              {"stepped", one.stepped},
                              {"logarithmic", one.logarithmic}});
    return {{"uri", info.uri},
            {"name", info.name},
            {"maker", info.maker},
            {"category", info.category},
            {"bundle", info.bundle},
            {"inputs", info.inputs},
            {"outputs", info.outputs},
            {"key_inputs", info.key_inputs},
            {"reports_latency", info.reports_latency},
            {"latency", info.latency},
            {"parameters", std::move(parameters)}};
}

Result<PluginInfo> plugin_from_json(const json& item) {
    if (!item.is_object()) return nonsense("plugin");
    PluginInfo out;
    out.uri = text_of(item, "uri");
    if (out.uri.empty() || out.uri.size() >= kMaxText) return nonsense("uri");
    out.name = text_of(item, "name");
    if (out.name.empty()) out.name = out.uri;
    out.maker = text_of(item, "maker");
    out.category = text_of(item, "category");
    out.bundle = text_of(item, "bundle");
    out.inputs = count_of(item, "inputs", kMaxChannels);
    out.outputs = count_of(item, "outputs", kMaxChannels);
    out.key_inputs = count_of(item, "key_inputs", kMaxChannels);
    out.reports_latency = flag_of(item, "reports_latency");
    out.latency = count_of(item, "latency", kMaxLatency);
    const auto list = item.find("parameters");
    if (list == item.end() || !list->is_array() || list->size() > kMaxParameters)
        return nonsense("parameters");
    std::set<std::string> seen;
    for (const json& one : *list) {
        auto parameter = parameter_from(one);
        if (!parameter) return parameter.error();
        if (!seen.insert(parameter->symbol).second) return nonsense("parameters." + parameter->symbol);
        out.parameters.push_back(std::move(*parameter));
    }
    return out;
}

} // namespace loopmind::plugins
