// WAV files as media that is read while it plays.
#pragma once

#include "engine/graph/media_source.h"

#include <filesystem>

namespace loopmind::graph {

/// Opens a WAV file (mono or stereo; of more channels the first two) at its own rate. Memory does not depend
/// on its length. Every reader opens the file for itself. Errors: those of files::WavReader.
Result<std::shared_ptr<const Media>> open_wav_media(const std::filesystem::path& path,
                                                    std::string content = "");

} // namespace loopmind::graph
