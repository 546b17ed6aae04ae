// Peers from juce::dsp, as its examples use them: one process() call per block and processor.
#include "tests/bench/effects/subjects.h"

#include <juce_dsp/juce_dsp.h>

namespace loopmind::bench {

namespace {

namespace dsp = juce::dsp;

constexpr dsp::ProcessSpec kSpec{kRate, kBlock, 2};

/// Any juce::dsp processor as a Process.
template <typename Processor> Process wrap(std::shared_ptr<Processor> processor) {
    return [processor](float* left, float* right, int frames) {
        float* channels[] = {left, right};
        dsp::AudioBlock<float> block(channels, 2, static_cast<size_t>(frames));
        processor->process(dsp::ProcessContextReplacing<float>(block));
    };
}

using Band = dsp::ProcessorDuplicator<dsp::IIR::Filter<float>, dsp::IIR::Coefficients<float>>;

Process four_bands() {
    using C = dsp::IIR::Coefficients<float>;
    const auto gain = [](float db) { return juce::Decibels::decibelsToGain(db); };
    auto chain = std::make_shared<dsp::ProcessorChain<Band, Band, Band, Band>>();
    chain->prepare(kSpec);
    *chain->get<0>().state = *C::makeLowShelf(kRate, 100, 0.7071f, gain(3));
    *chain->get<1>().state = *C::makePeakFilter(kRate, 400, 1, gain(-4));
    *chain->get<2>().state = *C::makePeakFilter(kRate, 1600, 1, gain(5));
    *chain->get<3>().state = *C::makeHighShelf(kRate, 10000, 0.7071f, gain(2));
    return wrap(chain);
}

std::shared_ptr<dsp::Compressor<float>> compressor(float threshold) {
    auto out = std::make_shared<dsp::Compressor<float>>();
    out->prepare(kSpec);
    out->setThreshold(threshold);
    out->setRatio(4);
    out->setAttack(10);
    out->setRelease(120);
    return out;
}

/// Three bands, as our multiband has them, all-pass compensation included.
Process three_bands() {
    struct State {
        dsp::LinkwitzRileyFilter<float> low, high, phase;
        std::shared_ptr<dsp::Compressor<float>> band[3] = {compressor(-30), compressor(-24), compressor(-26)};
    };
    auto state = std::make_shared<State>();
    for (auto* filter : {&state->low, &state->high, &state->phase})
        filter->prepare(kSpec);
    state->low.setCutoffFrequency(150);
    state->high.setCutoffFrequency(2500);
    state->phase.setCutoffFrequency(2500);
    state->phase.setType(dsp::LinkwitzRileyFilterType::allpass);
    return [state](float* left, float* right, int frames) {
        float* channels[] = {left, right};
        for (int c = 0; c < 2; ++c) {
            for (int i = 0; i < frames; ++i) {
                float low = 0, rest = 0, middle = 0, high = 0;
                state->low.processSample(c, channels[c][i], low, rest);
                state->high.processSample(c, rest, middle, high);
                low = state->phase.processSample(c, low);
                channels[c][i] = state->band[0]->processSample(c, low) +
                                 state->band[1]->processSample(c, middle) +
                                 state->band[2]->processSample(c, high);
            }
        }
    };
}

Process shaper_4x() {
    struct State {
        dsp::Oversampling<float> oversampling{2, 2, dsp::Oversampling<float>::filterHalfBandFIREquiripple,
                                              true};
    };
    auto state = std::make_shared<State>();
    state->oversampling.initProcessing(kBlock);
    return [state](float* left, float* right, int frames) {
        float* channels[] = {left, right};
        dsp::AudioBlock<float> block(channels, 2, static_cast<size_t>(frames));
        auto up = state->oversampling.processSamplesUp(block);
        for (size_t c = 0; c < 2; ++c) {
            float* x = up.getChannelPointer(c);
            for (size_t i = 0; i < up.getNumSamples(); ++i)
                x[i] = 2.3f * x[i] / std::sqrt(1.0f + 5.3f * x[i] * x[i]);
        }
        state->oversampling.processSamplesDown(block);
    };
}

template <typename Processor, typename Set> Process made(Set set) {
    auto processor = std::make_shared<Processor>();
    processor->prepare(kSpec);
    set(*processor);
    return wrap(processor);
}

} // namespace

Process juce_peer(std::string_view type, std::string& what) {
    if (type == "chorus") {
        what = "juce::dsp::Chorus";
        return made<dsp::Chorus<float>>([](auto& x) { x.setDepth(0.4f); });
    }
    if (type == "compressor") {
        what = "juce::dsp::Compressor";
        return wrap(compressor(-24));
    }
    if (type == "drive") {
        what = "juce::dsp::Oversampling";
        return shaper_4x();
    }
    if (type == "eq") {
        what = "juce::dsp::IIR, 4 bands";
        return four_bands();
    }
    if (type == "filter") {
        what = "juce::dsp::StateVariableTPT";
        return made<dsp::StateVariableTPTFilter<float>>([](auto& x) { x.setCutoffFrequency(1200); });
    }
    if (type == "gain") {
        what = "juce::dsp::Gain";
        return made<dsp::Gain<float>>([](auto& x) { x.setGainDecibels(-3); });
    }
    if (type == "gate") {
        what = "juce::dsp::NoiseGate";
        return made<dsp::NoiseGate<float>>([](auto& x) {
            x.setThreshold(-30);
            x.setRatio(100);
        });
    }
    if (type == "limiter") {
        what = "juce::dsp::Limiter, no true peak";
        return made<dsp::Limiter<float>>([](auto& x) { x.setThreshold(-1); });
    }
    if (type == "multiband") {
        what = "juce::dsp::LinkwitzRiley";
        return three_bands();
    }
    if (type == "pan") {
        what = "juce::dsp::Panner";
        return made<dsp::Panner<float>>([](auto& x) { x.setPan(0.3f); });
    }
    if (type == "phaser") {
        what = "juce::dsp::Phaser";
        return made<dsp::Phaser<float>>([](auto& x) { x.setDepth(0.6f); });
    }
    if (type == "reverb") {
        what = "juce::dsp::Reverb";
        return made<dsp::Reverb>([](auto&) {});
    }
    return {};
}

Process juce_chain() {
    return [eq = four_bands(), compressor = wrap(compressor(-24))](float* left, float* right, int frames) {
        eq(left, right, frames);
        compressor(left, right, frames);
    };
}

} // namespace loopmind::bench
