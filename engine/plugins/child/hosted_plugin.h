// A plug-in loaded by JUCE's LV2 host, as a stereo insert sees it.
#pragma once

#include "engine/plugins/child/lv2_details.h"
#include "proto/base/result.h"

#include <juce_audio_processors/juce_audio_processors.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace loopmind::plugins::child {

/// JUCE's view of the installed plug-ins. Made once, on the message thread.
class Lv2Host {
  public:
    /// Knows the bundles in the folder of `bundle` beside those of the usual folders.
    explicit Lv2Host(const std::string& bundle);
    /// An instance at `rate`, ready to be prepared. Errors: what the plug-in lacks.
    Result<std::unique_ptr<juce::AudioPluginInstance>> make(const std::string& uri, double rate);

  private:
    juce::LV2PluginFormat format_;
};

/// One or, for a mono plug-in, two instances behind a stereo pair. Made, prepared and asked for its state on
/// the message thread; process() on one thread.
class HostedPlugin {
  public:
    static Result<std::unique_ptr<HostedPlugin>> load(Lv2Host& host, const Lv2Details& details, double rate,
                                                      int block, bool offline);

    /// The LV2 state text of another day. What it does not name stays.
    void set_state(const std::string& text);
    std::string state() const;
    /// Parameters by their place in details.info.parameters.
    void set(std::size_t parameter, float value);
    float get(std::size_t parameter) const;
    /// Begins from silence with the parameters and the state that it has: a fresh instance.
    void prepare();
    /// Frames of latency, which LV2 plug-ins tell while they run.
    int latency() const;
    /// At most a block, out of place. `key` may hold null.
    void process(const float* const in[2], const float* const key[2], float* const out[2], int frames);

  private:
    HostedPlugin(const Lv2Details& details, double rate, int block)
        : details_(details), rate_(rate), block_(block) {}
    juce::HostedAudioProcessorParameter* parameter(std::size_t instance, std::size_t index) const {
        return parameters_[instance][index];
    }
    void process_one(juce::AudioPluginInstance& instance, const float* left, const float* right,
                     const float* key_left, const float* key_right, int frames);

    Lv2Details details_;
    double rate_;
    int block_;
    std::vector<std::unique_ptr<juce::AudioPluginInstance>> instances_;
    std::vector<std::vector<juce::HostedAudioProcessorParameter*>> parameters_; ///< null: JUCE hides it
    juce::AudioBuffer<float> buffer_;
    juce::MidiBuffer midi_;
};

} // namespace loopmind::plugins::child
