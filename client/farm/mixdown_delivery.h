// Puts a finished mixdown into a person's folder.
#pragma once

#include "client/farm/delivery.h"
#include "client/farm/mixdown_job.h"
#include "proto/base/result.h"

#include "loopmind/v1/job.pb.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace loopmind::farm {

/// What the sum said of its files.
struct MixdownReport {
    double seconds = 0;
    int sample_rate = 0;
    double gain_db = 0;
    std::optional<double> lufs;         ///< none: silence
    std::optional<double> true_peak_db; ///< dBTP
    std::vector<std::string> faulty_inserts;
    std::vector<std::string> fault_reasons;  ///< of each; shorter when an older worker told none
    std::vector<std::string> hosted_plugins; ///< "track: URI"; with any, samples differ between machines
};

struct DeliveredMixdown {
    Delivered delivered; ///< roles "mix" and "stem"
    MixdownReport report;
};

/// Writes `<name>.<format>` for each format, `stems/NN-track.<format>`, and `mixdown.json` (what was asked
/// for and measured). A format asked for at several depths or rates has them in its names. All of it or
/// nothing. Errors as deliver(). A folder that holds an earlier mixdown may be written again. `known` (may be
/// null) is the job as it was prepared here: what only this machine knows of plug-ins goes into the report.
Result<DeliveredMixdown> deliver_mixdown(const v1::JobInfo& job, const FindBlob& find_blob,
                                         const std::filesystem::path& out, bool force,
                                         const MixdownJob* known = nullptr);

/// Whether a mixdown can go to `out`; asked before the farm works for it.
Status check_mixdown_folder(const std::filesystem::path& out, bool force);

} // namespace loopmind::farm
