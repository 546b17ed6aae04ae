// Small LV2 plug-ins for the tests: good ones, and every way in which one can go wrong.
#include <lv2/atom/atom.h>
#include <lv2/core/lv2.h>
#include <lv2/state/state.h>
#include <lv2/urid/urid.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr int kMaxPorts = 128;
constexpr std::uint32_t kDelay = 300; ///< of the plug-in with latency
constexpr long kAbortAt = 20000;      ///< frames that the bad ones play well

const std::string kPrefix = "urn:loopmind:test:";

struct Plugin {
    std::string name;
    float* ports[kMaxPorts] = {};
    long frames = 0;
    std::vector<float> left, right; ///< a delay's memory
    std::uint32_t at = 0;
    float stored = 1; ///< state that no port shows
    LV2_URID_Map* map = nullptr;
};

/// Ports of all: 0, 1 audio in, 2, 3 audio out, 4 gain, and then what the plug-in says.
LV2_Handle instantiate(const LV2_Descriptor* descriptor, double, const char*,
                       const LV2_Feature* const* features) {
    auto* plugin = new Plugin;
    plugin->name = std::string(descriptor->URI).substr(kPrefix.size());
    for (int i = 0; features && features[i]; ++i)
        if (std::strcmp(features[i]->URI, LV2_URID__map) == 0)
            plugin->map = static_cast<LV2_URID_Map*>(features[i]->data);
    if (plugin->name == "abort-at-scan") std::abort();
    if (plugin->name == "hang-at-scan")
        while (true)
            ::usleep(1000);
    plugin->left.assign(kDelay, 0.0f);
    plugin->right.assign(kDelay, 0.0f);
    return plugin;
}

void connect_port(LV2_Handle handle, std::uint32_t port, void* data) {
    if (port < kMaxPorts) static_cast<Plugin*>(handle)->ports[port] = static_cast<float*>(data);
}

void activate(LV2_Handle handle) {
    auto* plugin = static_cast<Plugin*>(handle);
    plugin->frames = 0;
    plugin->at = 0;
    std::fill(plugin->left.begin(), plugin->left.end(), 0.0f);
    std::fill(plugin->right.begin(), plugin->right.end(), 0.0f);
}

void misbehave(Plugin& plugin) {
    if (plugin.name == "abort-in-run") std::abort();
    if (plugin.name == "segfault-in-run") {
        volatile int* nowhere = nullptr;
        *nowhere = 1;
    }
    if (plugin.name == "hang-in-run")
        while (true)
            ::usleep(1000);
    if (plugin.name == "hungry") {
        static std::vector<std::vector<char>> kept;
        while (true)
            kept.emplace_back(std::size_t{64} << 20, char{1});
    }
}

void run_mono(Plugin& plugin, std::uint32_t frames) { // 0 in, 1 out, 2 gain
    for (std::uint32_t i = 0; i < frames; ++i)
        plugin.ports[1][i] = plugin.ports[0][i] * *plugin.ports[2];
}

void run_keyed(Plugin& plugin,
               std::uint32_t frames) { // 5, 6: the key; the louder it is, the softer the sound
    for (std::uint32_t i = 0; i < frames; ++i) {
        const float key = std::max(std::abs(plugin.ports[5][i]), std::abs(plugin.ports[6][i]));
        plugin.ports[2][i] = plugin.ports[0][i] * (1 - key);
        plugin.ports[3][i] = plugin.ports[1][i] * (1 - key);
    }
}

void run(LV2_Handle handle, std::uint32_t frames) {
    auto& plugin = *static_cast<Plugin*>(handle);
    plugin.frames += frames;
    if (plugin.name == "mono") return run_mono(plugin, frames);
    if (plugin.name == "keyed") return run_keyed(plugin, frames);
    const bool late = plugin.frames > kAbortAt;
    if (late) misbehave(plugin);
    float gain = *plugin.ports[4];
    if (plugin.name == "state") {
        if (gain == 2) plugin.stored = 0.25f; // learns something that no port shows
        gain *= plugin.stored;
    }
    if (plugin.name == "many") {
        gain = 0;
        for (int i = 0; i < 60; ++i)
            gain += *plugin.ports[4 + i];
    }
    if (plugin.name == "network") gain = ::socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 1.0f : 0.5f;
    if (plugin.name == "nan" && late) gain = std::numeric_limits<float>::quiet_NaN();
    for (std::uint32_t i = 0; i < frames; ++i) {
        float left = plugin.ports[0][i] * gain, right = plugin.ports[1][i] * gain;
        if (plugin.name == "latency") {
            std::swap(left, plugin.left[plugin.at]);
            std::swap(right, plugin.right[plugin.at]);
            plugin.at = (plugin.at + 1) % kDelay;
        }
        plugin.ports[2][i] = left;
        plugin.ports[3][i] = right;
    }
    if (plugin.name == "latency") *plugin.ports[5] = static_cast<float>(kDelay);
}

void cleanup(LV2_Handle handle) {
    delete static_cast<Plugin*>(handle);
}

LV2_State_Status save(LV2_Handle handle, LV2_State_Store_Function store, LV2_State_Handle to, std::uint32_t,
                      const LV2_Feature* const*) {
    auto& plugin = *static_cast<Plugin*>(handle);
    if (plugin.map == nullptr) return LV2_STATE_ERR_NO_FEATURE;
    const auto id = [&](const char* uri) { return plugin.map->map(plugin.map->handle, uri); };
    return store(to, id("urn:loopmind:test:stored"), &plugin.stored, sizeof plugin.stored,
                 id(LV2_ATOM__Float), LV2_STATE_IS_POD | LV2_STATE_IS_PORTABLE);
}

LV2_State_Status restore(LV2_Handle handle, LV2_State_Retrieve_Function retrieve, LV2_State_Handle from,
                         std::uint32_t, const LV2_Feature* const*) {
    auto& plugin = *static_cast<Plugin*>(handle);
    if (plugin.map == nullptr) return LV2_STATE_ERR_NO_FEATURE;
    std::size_t size = 0;
    std::uint32_t type = 0, flags = 0;
    const void* value =
        retrieve(from, plugin.map->map(plugin.map->handle, "urn:loopmind:test:stored"), &size, &type, &flags);
    if (value != nullptr && size == sizeof plugin.stored) std::memcpy(&plugin.stored, value, size);
    return LV2_STATE_SUCCESS;
}

const void* extension_data(const char* uri) {
    static const LV2_State_Interface state{save, restore};
    return std::strcmp(uri, LV2_STATE__interface) == 0 ? &state : nullptr;
}

constexpr const char* kUris[] = {"urn:loopmind:test:gain",
                                 "urn:loopmind:test:latency",
                                 "urn:loopmind:test:mono",
                                 "urn:loopmind:test:keyed",
                                 "urn:loopmind:test:state",
                                 "urn:loopmind:test:many",
                                 "urn:loopmind:test:network",
                                 "urn:loopmind:test:abort-at-scan",
                                 "urn:loopmind:test:hang-at-scan",
                                 "urn:loopmind:test:abort-in-run",
                                 "urn:loopmind:test:segfault-in-run",
                                 "urn:loopmind:test:hang-in-run",
                                 "urn:loopmind:test:hungry",
                                 "urn:loopmind:test:nan",
                                 "urn:loopmind:test:aa",
                                 "urn:loopmind:test:zz"};

} // namespace

extern "C" LV2_SYMBOL_EXPORT const LV2_Descriptor* lv2_descriptor(std::uint32_t index) {
    constexpr std::size_t kCount = std::size(kUris);
    static LV2_Descriptor descriptors[kCount];
    if (index >= kCount) return nullptr;
    const bool state = std::strcmp(kUris[index], "urn:loopmind:test:state") == 0;
    descriptors[index] = {kUris[index], instantiate, connect_port, activate,
                          run,          nullptr,     cleanup,      state ? extension_data : nullptr};
    return &descriptors[index];
}
