// Puts a rendered WAV into a person's folder: same samples, with the tags by which other programs place it in
// time.
#pragma once

#include "proto/base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace loopmind::files {

/// What goes into the tags. Texts are UTF-8; empty ones are left out.
struct DeliveryTags {
    std::string title;  ///< INAM, e.g. "Dusty Kit"
    std::string artist; ///< IART
    std::string genre;  ///< IGNR
    std::string prompt; ///< start of the bext description
    std::string
        params_json;      ///< resolved request (seed among it): ICMT, and the description as far as it fits
    std::string software; ///< ISFT and coding history, e.g. "LoopMind Farm 0.1.0"
    std::string licence;  ///< ICOP
    double tempo = 120;   ///< quarter notes per minute
    int meter_numerator = 4;
    int meter_denominator = 4;
    int beats = 0;       ///< length in quarter notes
    std::string key;     ///< "A minor"; gives unity and root note
    bool pitched = true; ///< false for drums, percussion and texture: no root note
    std::string date;    ///< "yyyy-mm-dd"; empty: no wall clock in the file
    std::string time;    ///< "hh:mm:ss"
};

/// Copies the samples of `source` (any WAV that WavReader reads) to `target` bit for bit, with bext, smpl,
/// LIST INFO and acid chunks before the data. Written beside the target and put in place when durable: the
/// old file or the whole new one is there, nothing between. The folder must exist. Same input, same bytes.
/// Errors: what WavReader says of the source; permission_denied, resource_exhausted (disk full), not_found;
/// invalid_argument when the result would pass 4 GiB or tags are out of range.
Status deliver_wav(const std::filesystem::path& source, const std::filesystem::path& target,
                   const DeliveryTags& tags);

} // namespace loopmind::files
