// Scanning: reads a bundle's description, then loads and runs each of its plug-ins for a moment. Says whom it
// touches before it does, so that a crash has a name.
#include "engine/plugins/child/child_arguments.h"
#include "engine/plugins/child/hosted_plugin.h"
#include "engine/plugins/control_channel.h"
#include "engine/plugins/shared_audio.h"

#include <array>
#include <unistd.h>

namespace loopmind::plugins::child {
namespace {

constexpr double kRate = 48000;
constexpr unsigned kSeconds = 900; ///< for one plug-in; more than the engine ever waits

bool say(const nlohmann::json& message) {
    return send_message(kControl, message, std::chrono::steady_clock::now() + std::chrono::seconds(10)).ok();
}

/// Loads it and lets it play two blocks of silence, after which its latency is known.
Status try_out(Lv2Host& host, Lv2Details& details) {
    auto plugin = HostedPlugin::load(host, details, kRate, kBlock, true);
    if (!plugin) return plugin.error();
    (*plugin)->prepare();
    std::array<float, kBlock> silence{}, left{}, right{};
    const float* in[2] = {silence.data(), silence.data()};
    float* out[2] = {left.data(), right.data()};
    for (int i = 0; i < 2; ++i)
        (*plugin)->process(in, in, out, kBlock);
    if (details.info.reports_latency) details.info.latency = (*plugin)->latency();
    return {};
}

} // namespace

int scan_main(const Arguments& arguments) {
    std::unique_ptr<Lv2Host> host;
    for (Lv2Details& details : describe_bundle(arguments.bundle)) {
        const std::string& uri = details.info.uri;
        if (arguments.skip.contains(uri)) continue;
        ::alarm(kSeconds); // nobody is left to end us when the engine dies meanwhile
        if (!say({{"loading", uri}})) return 1;
        if (details.info.effect()) {
            if (!host) host = std::make_unique<Lv2Host>(arguments.bundle);
            if (Status good = try_out(*host, details); !good) {
                if (!say({{"refused", uri}, {"why", good.error().message}})) return 1;
                continue;
            }
        }
        if (!say({{"plugin", to_json(details.info)}})) return 1;
    }
    return say({{"end", true}}) ? 0 : 1;
}

} // namespace loopmind::plugins::child
