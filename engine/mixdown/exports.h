// What a mixdown leaves behind: every wanted file format of the mix and of its stems, written in one pass.
#pragma once

#include "engine/files/audio_format.h"
#include "engine/mixdown/stages.h"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace loopmind::mixdown {

struct ExportFormat {
    files::AudioFormat format = files::AudioFormat::kWav;
    int bits = 24; ///< WAV, AIFF, FLAC: 16, 24 or (WAV) 32, which is float
    int kbps = 0;  ///< lossy formats; 0: the writer's own choice
};

struct ExportSettings {
    std::vector<ExportFormat> formats;
    bool stems = false;
    std::optional<double> lufs; ///< integrated loudness wanted; none: as it sounds
    double ceiling_db = -1;     ///< dBTP, kept by a true-peak limiter when `lufs` is set
    files::AudioTags tags;      ///< of the mix; stems get their track's id behind the title
};

struct ExportedFile {
    std::string role;  ///< "export-<format index>" or "stem-<track index>-<format index>"
    std::string track; ///< of a stem
    std::size_t format = 0;
    std::filesystem::path file;
};

struct ExportReport {
    std::int64_t frames = 0;
    int sample_rate = 0;
    double gain_db = 0;                      ///< given to reach `lufs`
    double lufs = 0;                         ///< of what was written
    double true_peak_db = 0;                 ///< dBTP of what was written, before lossy coding
    std::vector<std::string> faulty_inserts; ///< bypassed for giving something not finite or for failing
    std::vector<std::string> fault_reasons;  ///< of each
    std::vector<ExportedFile> files;
};

/// A format by its name in jobs. Errors: invalid_argument for a name that no writer has.
Result<ExportFormat> export_format(const std::string& format, int bits, int kbps);

/// Tags of a mix: `given` (title artist isrc genre comment), the project's name where there is no title, and
/// what the session knows: tempo and key.
files::AudioTags mix_tags(const Stage& stage, const std::string& name,
                          const std::map<std::string, std::string>& given);

/// The report as JSON: frames, sample_rate, gain_db, lufs and true_peak_db (null for silence),
/// faulty_inserts[], fault_reasons[], files[] (role, track).
std::string report_json(const ExportReport& report);

/// What a stage had to bypass: faulty_inserts[], fault_reasons[].
std::string faults_json(const graph::LinearReport& report);

/// Where exporting stands: 0..1.
using ExportProgress = std::function<void(double)>;

/// Renders `stage` (the sum, or the whole) into files in `folder`, named by their roles. The mix is rendered
/// once, into a float file in `folder` that is removed again; loudness is settled on it and every format is
/// written from it side by side. `preview` gets the mix as it is summed, before it is brought to `lufs`.
/// Memory does not grow with the length. Errors: those of the stage and the writers; nothing half-written is
/// left under its role's name.
Result<ExportReport> write_exports(const Stage& stage, const ExportSettings& settings,
                                   const std::filesystem::path& folder, const graph::AudioSink& preview,
                                   const ExportProgress& progress);

} // namespace loopmind::mixdown
