// From stereo to the plug-in's own channels and back.
#include "engine/plugins/child/hosted_plugin.h"

#include <algorithm>
#include <cstring>

namespace loopmind::plugins::child {

Lv2Host::Lv2Host(const std::string& bundle) {
    const juce::File folder = juce::File(juce::String::fromUTF8(bundle.c_str())).getParentDirectory();
    format_.searchPathsForPlugins(juce::FileSearchPath(folder.getFullPathName()), false, false);
}

Result<std::unique_ptr<juce::AudioPluginInstance>> Lv2Host::make(const std::string& uri, double rate) {
    juce::PluginDescription what;
    what.pluginFormatName = format_.getName();
    what.fileOrIdentifier = juce::String::fromUTF8(uri.c_str());
    juce::String problem;
    auto instance = format_.createInstanceFromDescription(what, rate, 256, problem);
    if (instance == nullptr)
        return Error{ErrorCode::kUnavailable, "",
                     problem.isEmpty() ? "cannot be loaded" : problem.toStdString(), ""};
    return instance;
}

Result<std::unique_ptr<HostedPlugin>> HostedPlugin::load(Lv2Host& host, const Lv2Details& details,
                                                         double rate, int block, bool offline) {
    std::unique_ptr<HostedPlugin> out(new HostedPlugin(details, rate, block));
    const bool mono = details.inputs.size() == 1 && details.outputs.size() == 1;
    for (int i = 0; i < (mono ? 2 : 1); ++i) {
        auto made = host.make(details.info.uri, rate);
        if (!made) return made.error();
        auto& instance = out->instances_.emplace_back(std::move(*made));
        instance->setNonRealtime(offline);
        std::map<std::string, juce::HostedAudioProcessorParameter*> known;
        for (int k = 0; k < instance->getParameters().size(); ++k)
            if (auto* one = instance->getHostedParameter(k)) known[one->getParameterID().toStdString()] = one;
        auto& list = out->parameters_.emplace_back();
        for (const PluginParameter& wanted : details.info.parameters) {
            const auto found = known.find("sym:" + wanted.symbol); // JUCE's name of a control port
            list.push_back(found == known.end() ? nullptr : found->second);
        }
    }
    const auto& instance = *out->instances_.front();
    out->buffer_.setSize(
        std::max({1, instance.getTotalNumInputChannels(), instance.getTotalNumOutputChannels()}), block);
    return out;
}

void HostedPlugin::set_state(const std::string& text) {
    for (auto& instance : instances_)
        instance->setStateInformation(text.data(), static_cast<int>(text.size()));
}

std::string HostedPlugin::state() const {
    juce::MemoryBlock block;
    instances_.front()->getStateInformation(block);
    return {static_cast<const char*>(block.getData()), block.getSize()};
}

void HostedPlugin::set(std::size_t index, float value) {
    const PluginParameter& info = details_.info.parameters[index];
    const float place = (value - info.minimum) / (info.maximum - info.minimum);
    for (std::size_t i = 0; i < instances_.size(); ++i)
        if (auto* one = parameter(i, index)) one->setValue(std::clamp(place, 0.0f, 1.0f));
}

float HostedPlugin::get(std::size_t index) const {
    const PluginParameter& info = details_.info.parameters[index];
    const auto* one = parameter(0, index);
    return one ? info.minimum + one->getValue() * (info.maximum - info.minimum) : info.initial;
}

void HostedPlugin::prepare() {
    for (auto& instance : instances_)
        instance->prepareToPlay(rate_, block_);
}

int HostedPlugin::latency() const {
    return std::max(0, instances_.front()->getLatencySamples());
}

void HostedPlugin::process_one(juce::AudioPluginInstance& instance, const float* left, const float* right,
                               const float* key_left, const float* key_right, int frames) {
    buffer_.clear();
    const auto put = [&](const std::vector<int>& channels, std::size_t place, const float* from) {
        if (place < channels.size() && channels[place] < buffer_.getNumChannels() && from != nullptr)
            buffer_.copyFrom(channels[place], 0, from, frames);
    };
    put(details_.inputs, 0, left);
    put(details_.inputs, 1, right);
    put(details_.keys, 0, key_left);
    put(details_.keys, 1, key_right);
    juce::AudioBuffer<float> part(buffer_.getArrayOfWritePointers(), buffer_.getNumChannels(), frames);
    midi_.clear();
    instance.processBlock(part, midi_);
}

void HostedPlugin::process(const float* const in[2], const float* const key[2], float* const out[2],
                           int frames) {
    const std::size_t bytes = sizeof(float) * static_cast<std::size_t>(frames);
    const auto take = [&](std::size_t place, float* to) {
        const int channel = details_.outputs[std::min(place, details_.outputs.size() - 1)];
        if (channel < buffer_.getNumChannels())
            std::memcpy(to, buffer_.getReadPointer(channel), bytes);
        else
            std::memset(to, 0, bytes);
    };
    if (instances_.size() == 2) { // a mono plug-in, once for each side
        for (std::size_t side = 0; side < 2; ++side) {
            process_one(*instances_[side], in[side], nullptr, key[side], nullptr, frames);
            take(0, out[side]);
        }
        return;
    }
    if (details_.inputs.size() == 1) { // from mono to more: it hears the middle
        std::memcpy(out[0], in[0], bytes);
        for (int i = 0; i < frames; ++i)
            out[0][i] = 0.5f * (in[0][i] + in[1][i]);
        process_one(*instances_.front(), out[0], nullptr, key[0], key[1], frames);
    } else {
        process_one(*instances_.front(), in[0], in[1], key[0], key[1], frames);
    }
    take(0, out[0]);
    take(1, out[1]);
}

} // namespace loopmind::plugins::child
