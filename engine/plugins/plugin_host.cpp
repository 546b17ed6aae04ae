// Catalogue look-ups, and processes that are started once where planning and playing both need them.
#include "engine/plugins/plugin_host.h"

#include "engine/plugins/host_core.h"
#include "engine/plugins/plugin_effect.h"
#include "engine/process/contained_child.h"

#include <algorithm>
#include <charconv>

namespace loopmind::plugins {
namespace {

constexpr std::size_t kMostWaiting = 64;

/// Equal for plug-ins that turn out the same once they are loaded: parameters are set with the first block,
/// and matter here only where the latency may depend on them.
std::string key_of(const PluginInfo& info, const PluginSetup& setup) {
    const auto number = [](double value) {
        char text[40];
        return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
    };
    std::string out = info.uri + '\n' + number(setup.rate) + '\n';
    if (info.reports_latency)
        for (const auto& [name, value] : setup.params)
            out += name + '=' + number(value) + '\n';
    return out + '\n' + setup.state;
}

} // namespace

HostCore::HostCore(PluginCatalogue catalogue, HostOptions options)
    : catalogue_(std::move(catalogue)), options_(std::move(options)) {
    options_.pipeline_blocks = std::clamp(options_.pipeline_blocks, 1, 8);
    options_.process.offline = options_.offline;
    if (options_.process.program.empty()) options_.process.program = process::find_program("loopmind-plugin");
}

std::unique_ptr<PluginProcess> HostCore::load(const PluginInfo& info, const PluginSetup& setup,
                                              PluginShape& shape) {
    auto started = PluginProcess::start(info, setup, options_.process);
    shape = {};
    if (!started) {
        shape.failure = started.error().message.empty() ? "cannot be loaded" : started.error().message;
        return nullptr;
    }
    shape.latency = (*started)->latency();
    shape.values = (*started)->values();
    return std::move(*started);
}

PluginShape HostCore::shape(const PluginInfo& info, const PluginSetup& setup) {
    if (!info.reports_latency && setup.state.empty()) { // nothing that its description does not say
        PluginShape out;
        for (const PluginParameter& one : info.parameters)
            out.values.push_back(one.initial);
        return out;
    }
    const std::string key = key_of(info, setup);
    {
        const std::lock_guard lock(mutex_);
        const auto known = shapes_.find(key);
        if (known != shapes_.end() && known->second.failure.empty()) return known->second;
    }
    PluginShape out;
    auto process = load(info, setup, out);
    const std::lock_guard lock(mutex_);
    shapes_[key] = out;
    if (process && waiting_.size() < kMostWaiting) waiting_.emplace(key, std::move(process));
    return out;
}

std::unique_ptr<PluginProcess> HostCore::start(const PluginInfo& info, const PluginSetup& setup,
                                               PluginShape& shape) {
    const std::string key = key_of(info, setup);
    std::optional<PluginShape> planned;
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = shapes_.find(key); known != shapes_.end()) planned = known->second;
        const auto waits = waiting_.find(key);
        if (waits != waiting_.end()) {
            auto out = std::move(waits->second);
            waiting_.erase(waits);
            shape = *planned;
            if (!out->dead()) return out; // else another try
        }
    }
    if (planned && !planned->failure.empty()) { // the plan was made without it
        shape = *planned;
        return nullptr;
    }
    auto out = load(info, setup, shape);
    if (out && planned && planned->latency != shape.latency) {
        shape = *planned;
        shape.failure = "has another latency each time it is loaded";
        return nullptr;
    }
    if (!out && planned) {
        const std::string failure = shape.failure;
        shape = *planned; // the plan counts on its latency
        shape.failure = failure;
    }
    return out;
}

PluginHost::PluginHost(PluginCatalogue catalogue, HostOptions options)
    : core_(std::make_shared<HostCore>(std::move(catalogue), std::move(options))) {}

PluginHost::~PluginHost() = default;

Result<std::unique_ptr<effects::Effect>> PluginHost::make(const Wanted& wanted) {
    const auto refuse = [](const std::string& message, const std::string& hint) {
        return Error{ErrorCode::kInvalidArgument, "", message, hint};
    };
    if (core_->options().process.program.empty())
        return Error{ErrorCode::kNotFound, "",
                     "holds a plug-in, and loopmind-plugin is not beside this program",
                     "install it: plug-ins run in it"};
    const PluginInfo* info = catalogue().find(wanted.uri);
    if (info == nullptr) {
        if (const BlockedPlugin* blocked = catalogue().blocked(wanted.uri))
            return refuse("its plug-in " + wanted.uri + " is blocked: it " + blocked->why,
                          "`loopmind plugins scan` tries it again; or remove the insert");
        return refuse("its plug-in " + wanted.uri + " is not installed here",
                      "install it (`loopmind plugins list` shows what is), or remove the insert");
    }
    if (!info->effect())
        return refuse("its plug-in " + wanted.uri + " has no audio input and output",
                      "choose an effect: `loopmind plugins list` shows what an insert can hold");
    return std::unique_ptr<effects::Effect>(std::make_unique<PluginEffect>(core_, *info, wanted));
}

bool PluginHost::takes_key(const std::string& uri) const {
    const PluginInfo* info = catalogue().find(uri);
    return info != nullptr && info->key_inputs > 0;
}

const PluginCatalogue& PluginHost::catalogue() const {
    return core_->catalogue();
}

long PluginHost::late_blocks() const {
    return core_->late_blocks().load(std::memory_order_relaxed);
}

} // namespace loopmind::plugins
