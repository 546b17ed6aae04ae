// Queries to lilv, the copy of it that JUCE's modules bring along.
#include "engine/plugins/child/lv2_details.h"

#include <lilv/lilv.h>
#include <lv2/core/lv2.h>
#include <lv2/port-groups/port-groups.h>
#include <lv2/port-props/port-props.h>
#include <lv2/units/units.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>

namespace loopmind::plugins::child {
namespace {

constexpr const char* kType = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
constexpr const char* kCore = "http://lv2plug.in/ns/lv2core#";
constexpr const char* kSideChain = "http://lv2plug.in/ns/lv2core#isSideChain"; // newer than the headers
constexpr const char* kEnabled = "http://lv2plug.in/ns/lv2core#enabled";
constexpr const char* kUnits = "http://lv2plug.in/ns/extensions/units#";

struct FreeNode {
    void operator()(LilvNode* node) const { lilv_node_free(node); }
};
using Node = std::unique_ptr<LilvNode, FreeNode>;
struct FreeWorld {
    void operator()(LilvWorld* world) const { lilv_world_free(world); }
};
using World = std::unique_ptr<LilvWorld, FreeWorld>;

std::string text_of(const LilvNode* node) {
    if (node == nullptr) return {};
    const char* text = lilv_node_as_string(node);
    return text ? text : "";
}

/// An audio port on its way into a bus.
struct AudioPort {
    unsigned index = 0;
    std::string group;
    bool right = false; ///< of its group
    bool optional = false;
    bool key = false;
};

class Reader {
  public:
    Reader(LilvWorld* world, const LilvPlugin* plugin) : world_(world), plugin_(plugin) {}

    Lv2Details read(const std::string& bundle) {
        PluginInfo& info = out_.info;
        info.uri = text_of(lilv_plugin_get_uri(plugin_));
        info.bundle = bundle;
        info.name = text_of(Node(lilv_plugin_get_name(plugin_)).get());
        info.maker = text_of(Node(lilv_plugin_get_author_name(plugin_)).get());
        info.category = category();
        info.reports_latency = lilv_plugin_has_latency(plugin_);
        std::vector<AudioPort> inputs, outputs;
        const unsigned latency = info.reports_latency ? lilv_plugin_get_latency_port_index(plugin_) : ~0u;
        for (unsigned i = 0; i < lilv_plugin_get_num_ports(plugin_); ++i) {
            const LilvPort* port = lilv_plugin_get_port_by_index(plugin_, i);
            if (is_a(port, "AudioPort"))
                (is_a(port, "InputPort") ? inputs : outputs).push_back(audio_port(port, i));
            else if (is_a(port, "ControlPort") && is_a(port, "InputPort") && i != latency)
                add_parameter(port);
        }
        place(inputs, main_group(LV2_PORT_GROUPS__mainInput), out_.inputs, out_.keys);
        place(outputs, main_group(LV2_PORT_GROUPS__mainOutput), out_.outputs, out_.outputs);
        info.inputs = static_cast<int>(out_.inputs.size());
        info.key_inputs = static_cast<int>(out_.keys.size());
        info.outputs = static_cast<int>(out_.outputs.size());
        return std::move(out_);
    }

  private:
    Node uri(const std::string& text) const { return Node(lilv_new_uri(world_, text.c_str())); }
    Node value_of(const LilvNode* subject, const char* predicate) const {
        return Node(lilv_world_get(world_, subject, uri(predicate).get(), nullptr));
    }
    bool is_a(const LilvPort* port, const char* kind) const {
        return lilv_port_is_a(plugin_, port, uri(kCore + std::string(kind)).get());
    }
    bool has(const LilvPort* port, const char* property) const {
        return lilv_port_has_property(plugin_, port, uri(property).get());
    }
    Node get(const LilvPort* port, const char* predicate) const {
        return Node(lilv_port_get(plugin_, port, uri(predicate).get()));
    }

    /// The most special of LV2's classes that the plug-in names, e.g. "Reverb".
    std::string category() const {
        std::string out;
        LilvNodes* types = lilv_plugin_get_value(plugin_, uri(kType).get());
        LILV_FOREACH(nodes, i, types) {
            std::string type = text_of(lilv_nodes_get(types, i));
            if (!type.starts_with(kCore) || !type.ends_with("Plugin")) continue;
            type = type.substr(std::string(kCore).size());
            type.resize(type.size() - std::string("Plugin").size());
            if (!type.empty() && (out.empty() || type < out)) out = type;
        }
        lilv_nodes_free(types);
        return out;
    }

    std::string main_group(const char* predicate) const {
        LilvNodes* values = lilv_plugin_get_value(plugin_, uri(predicate).get());
        const std::string out = values ? text_of(lilv_nodes_get_first(values)) : "";
        lilv_nodes_free(values);
        return out;
    }

    AudioPort audio_port(const LilvPort* port, unsigned index) const {
        AudioPort out;
        out.index = index;
        out.optional = has(port, LV2_CORE__connectionOptional);
        out.key = has(port, kSideChain);
        out.right = text_of(get(port, LV2_CORE__designation).get()) == LV2_PORT_GROUPS__right;
        if (const Node group = get(port, LV2_PORT_GROUPS__group)) {
            out.group = text_of(group.get());
            out.key = out.key || value_of(group.get(), LV2_PORT_GROUPS__sideChainOf) != nullptr;
        }
        return out;
    }

    /// JUCE's order: without groups all required ports are one bus and each optional one is a bus of its own;
    /// with groups the main group comes first, then groups and single ports by their first port.
    static void place(const std::vector<AudioPort>& ports, const std::string& main, std::vector<int>& plain,
                      std::vector<int>& keys) {
        std::vector<std::vector<AudioPort>> buses;
        std::map<std::string, std::vector<AudioPort>> groups;
        for (const AudioPort& port : ports)
            if (!port.group.empty()) groups[port.group].push_back(port);
        if (groups.empty()) {
            std::vector<AudioPort> required;
            for (const AudioPort& port : ports)
                if (!port.optional) required.push_back(port);
            if (!required.empty()) buses.push_back(required);
            for (const AudioPort& port : ports)
                if (port.optional) buses.push_back({port});
        } else {
            const auto first = groups.find(main);
            if (first != groups.end()) buses.push_back(first->second);
            for (auto i = groups.begin(); i != groups.end(); ++i)
                if (i != first) buses.push_back(i->second);
            for (const AudioPort& port : ports)
                if (port.group.empty()) buses.push_back({port});
            std::sort(std::next(buses.begin()), buses.end(),
                      [](const auto& a, const auto& b) { return a.front().index < b.front().index; });
        }
        int channel = 0;
        for (std::vector<AudioPort>& bus : buses) {
            std::stable_sort(bus.begin(), bus.end(),
                             [](const AudioPort& a, const AudioPort& b) { return a.right < b.right; });
            for (const AudioPort& port : bus)
                (port.key ? keys : plain).push_back(channel++);
        }
    }

    std::string unit_of(const LilvPort* port) const {
        const Node unit = get(port, LV2_UNITS__unit);
        if (!unit) return {};
        static const std::map<std::string, std::string> kSymbols = {
            {"db", "dB"},      {"hz", "Hz"},      {"khz", "kHz"},      {"mhz", "MHz"},
            {"s", "s"},        {"ms", "ms"},      {"min", "min"},      {"pc", "%"},
            {"bpm", "bpm"},    {"cent", "ct"},    {"degree", "deg"},   {"oct", "oct"},
            {"bar", "bars"},   {"beat", "beats"}, {"frame", "frames"}, {"semitone12TET", "semitones"},
            {"coef", "ratio"}, {"m", "m"},        {"midiNote", "note"}};
        const std::string name = text_of(unit.get());
        if (name.starts_with(kUnits)) {
            const auto found = kSymbols.find(name.substr(std::string(kUnits).size()));
            return found == kSymbols.end() ? std::string() : found->second;
        }
        return text_of(value_of(unit.get(), LV2_UNITS__symbol).get());
    }

    void add_parameter(const LilvPort* port) {
        // The host's own business: whether it renders offline, and whether the insert is bypassed.
        const std::string role = text_of(get(port, LV2_CORE__designation).get());
        if (role == LV2_CORE__freeWheeling || role == kEnabled) return;
        PluginParameter out;
        out.symbol = text_of(lilv_port_get_symbol(plugin_, port));
        out.name = text_of(Node(lilv_port_get_name(plugin_, port)).get());
        out.unit = unit_of(port);
        LilvNode *initial = nullptr, *minimum = nullptr, *maximum = nullptr;
        lilv_port_get_range(plugin_, port, &initial, &minimum, &maximum);
        const Node owners[] = {Node(initial), Node(minimum), Node(maximum)};
        const auto number = [](const LilvNode* node, float fallback) {
            return node && (lilv_node_is_float(node) || lilv_node_is_int(node)) ? lilv_node_as_float(node)
                                                                                : fallback;
        };
        out.minimum = number(minimum, 0.0f); // what is missing is what JUCE's host takes for it
        out.maximum = number(maximum, 1.0f);
        out.initial = number(initial, 0.0f);
        const bool sane = std::isfinite(out.minimum) && std::isfinite(out.maximum) &&
                          std::isfinite(out.initial) && out.maximum > out.minimum;
        if (out.symbol.empty() || !sane || out_.info.parameters.size() == kMaxParameters) return;
        out.initial = std::clamp(out.initial, out.minimum, out.maximum);
        out.stepped = has(port, LV2_CORE__toggled) || has(port, LV2_CORE__integer) ||
                      (has(port, LV2_CORE__enumeration) && whole_points(port));
        out.logarithmic = has(port, LV2_PORT_PROPS__logarithmic) && out.minimum > 0 && !out.stepped;
        out_.info.parameters.push_back(std::move(out));
    }

    bool whole_points(const LilvPort* port) const {
        bool out = true;
        LilvScalePoints* points = lilv_port_get_scale_points(plugin_, port);
        LILV_FOREACH(scale_points, i, points) {
            const float at = lilv_node_as_float(lilv_scale_point_get_value(lilv_scale_points_get(points, i)));
            out = out && at == std::round(at);
        }
        lilv_scale_points_free(points);
        return out;
    }

    LilvWorld* world_;
    const LilvPlugin* plugin_;
    Lv2Details out_;
};

} // namespace

std::vector<Lv2Details> describe_bundle(const std::string& bundle) {
    std::vector<Lv2Details> out;
    const World world(lilv_world_new());
    const std::string folder = bundle.ends_with('/') ? bundle : bundle + "/";
    const Node where(lilv_new_file_uri(world.get(), nullptr, folder.c_str()));
    lilv_world_load_bundle(world.get(), where.get());
    const LilvPlugins* plugins = lilv_world_get_all_plugins(world.get());
    LILV_FOREACH(plugins, i, plugins)
    out.push_back(Reader(world.get(), lilv_plugins_get(plugins, i)).read(bundle));
    std::sort(out.begin(), out.end(),
              [](const Lv2Details& a, const Lv2Details& b) { return a.info.uri < b.info.uri; });
    return out;
}

} // namespace loopmind::plugins::child
