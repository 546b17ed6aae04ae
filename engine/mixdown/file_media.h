// Audio files as media of the graph: stereo, at the session's rate, read while they play.
#pragma once

#include "engine/graph/media_source.h"

#include <filesystem>
#include <memory>
#include <string>

namespace loopmind::mixdown {

/// Opens an audio file of any format, rate and channel count that files::AudioReader reads. WAV at the
/// session's rate is streamed from where it lies. Other rates, and formats that libraries decode (in a
/// process without rights, files/media_child.h), are converted once into a float file in `scratch`, which
/// must exist and outlive the media; other channel counts are mixed to stereo (ITU-R BS.775). `name` stands
/// in errors, `content` (a hash) names the converted file and stretched versions of it. Memory does not grow
/// with the length of the file. Errors: what AudioReader::open says, naming `name`; data_corrupt when the
/// decoder crashes; resource_exhausted when the disk is full.
Result<std::shared_ptr<const graph::Media>> open_file_media(const std::filesystem::path& file,
                                                            const std::string& name,
                                                            const std::string& content, int sample_rate,
                                                            const std::filesystem::path& scratch);

} // namespace loopmind::mixdown
