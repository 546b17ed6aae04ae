// Puts a finished job into a person's folder: tagged stems, MIDI, mix, project. All of it or nothing.
#pragma once

#include "proto/base/result.h"

#include "loopmind/v1/job.pb.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace loopmind::farm {

struct DeliveryOptions {
    std::filesystem::path out; ///< made when missing
    bool force = false;        ///< may replace files in a folder that holds others
    bool embed = false;        ///< projects hold their media: one portable file each
};

struct DeliveredFile {
    std::string file; ///< path below the folder
    std::string role; ///< "stem", "midi", "mix", "premaster", "project", "params"
    std::string stem; ///< of stems and their MIDI
    int variation = 0;
};

struct Delivered {
    std::filesystem::path folder;
    std::vector<DeliveredFile> files;
    bool unchanged = false; ///< everything was there already
};

/// Path of a verified blob on this machine, or nothing.
using FindBlob = std::function<std::optional<std::filesystem::path>(const std::string& sha256)>;

/// The blobs that deliver() reads, each once. Errors: data_corrupt when the job's outputs are incomplete or
/// hold anything but plain names and hashes.
Result<std::vector<v1::BlobRef>> blobs_to_deliver(const v1::JobInfo& job);

/// Whether a job with these resolved parameters can go to `out`; asked before the farm works for it.
/// Errors: already_exists (a folder with other things in it), permission_denied, not_found.
Status check_delivery_folder(const std::filesystem::path& out, const std::string& resolved_json, bool force);

/// What an earlier delivery of the same blobs left in `out`, if every file is still as it was written (size
/// and modification time). Costs a few stat calls.
std::optional<Delivered> find_delivered(const v1::JobInfo& job, const DeliveryOptions& options);

/// Writes `stems/NN-name.wav`, `midi/NN-name.mid`, `midi/all.mid`, `mix.wav`, `premaster.wav`,
/// `<name>.loopmind` and `params.json`; with several variations all but the last in `variation-1/` and so on.
/// Everything is written to a temporary folder on the same file system first and then renamed; on failure
/// nothing is left. Blocks; any thread. Errors: those of check_delivery_folder, resource_exhausted (disk
/// full), data_corrupt (a blob is not what it should be), not_found (a blob is not on this machine).
Result<Delivered> deliver(const v1::JobInfo& job, const FindBlob& find_blob, const DeliveryOptions& options);

/// When the job was finished (else made), UTC, RFC 3339: the date of its layer.
std::string created_text(const v1::JobInfo& job);

} // namespace loopmind::farm
