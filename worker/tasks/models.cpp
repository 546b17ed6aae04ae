// Loading at start.
#include "worker/tasks/models.h"

#include "engine/graph/revision.h"
#include "models/composer/composer.h"
#include "worker/tasks/file_digest.h"

namespace loopmind::tasks {

Result<Models> load_models(const std::string& device, const std::filesystem::path& soundfont,
                           const std::filesystem::path& digest_memory) {
    auto font = instruments::SoundFont::load(soundfont.string());
    if (!font) return font.error();
    auto digest = remembered_sha256(soundfont, digest_memory);
    if (!digest) return digest.error();
    auto loaded = synth::Synth::load(device);
    if (!loaded) return loaded.error();
    Models models{std::move(*loaded), std::move(*font), {}};
    models.fingerprint = std::string("loopmind-") + LOOPMIND_VERSION + " engine-" +
                         std::to_string(graph::kSoundRevision) + " composer-" + composer::composer_version() +
                         " " + models.synth->fingerprint() + " " + models.soundfont->fingerprint() +
                         " font-" + *digest;
    return models;
}

} // namespace loopmind::tasks
