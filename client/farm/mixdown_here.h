// A mixdown in this process, by the code that workers run: for when the farm is away, or the song is short.
#pragma once

#include "client/farm/delivery.h"
#include "client/farm/mixdown_job.h"

namespace loopmind::farm {

/// A mixdown made here, in the form of a finished job, so that deliver_mixdown() delivers both.
struct MixdownHere {
    v1::JobInfo job;
    FindBlob find_blob; ///< the outputs, in the scratch folder
};

/// Renders into `scratch`, an existing folder that must stay until the delivery is done. Same samples as the
/// farm's, bit for bit, unless the project holds plug-ins (`job` of a wish with `here`).
/// `progress` gets 0..1, `cancelled` is asked between blocks. Blocks; any thread.
Result<MixdownHere> mix_down_here(const MixdownWish& wish, const MixdownJob& job,
                                  const std::filesystem::path& scratch, int threads,
                                  const std::function<void(double)>& progress,
                                  const std::function<bool()>& cancelled);

} // namespace loopmind::farm
