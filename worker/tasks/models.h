// Everything a worker loads once and keeps: the tensor synthesiser and the SoundFont, and what they are.
#pragma once

#include "engine/instruments/soundfont.h"
#include "models/synth/synth.h"
#include "proto/base/result.h"

#include <filesystem>
#include <memory>
#include <string>

namespace loopmind::tasks {

/// Loaded models; used by all slots at once.
struct Models {
    std::unique_ptr<synth::Synth> synth;
    std::shared_ptr<instruments::SoundFont> soundfont;
    /// Software, composer, synth, SoundFont digest and library versions: with the numerics, the worker's
    /// fingerprint.
    std::string fingerprint;
};

/// Loads for a device ("cpu", "cuda[:n]"). `digest_memory` keeps the SoundFont's digest between starts.
/// Errors: not_found (SoundFont; says what to install), unavailable (device).
Result<Models> load_models(const std::string& device, const std::filesystem::path& soundfont,
                           const std::filesystem::path& digest_memory);

} // namespace loopmind::tasks
