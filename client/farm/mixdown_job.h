// A project made into a mixdown job: cut into parts, its media and documents put on the farm.
#pragma once

#include "client/farm/farm_client.h"
#include "engine/graph/insert_factory.h"
#include "engine/mixdown/hosted.h"
#include "proto/request/mixdown.h"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace loopmind::farm {

/// What a person wants of a project.
struct MixdownWish {
    std::filesystem::path project; ///< `.loopmind` file
    std::vector<request::MixdownExport> exports;
    bool stems = false;
    std::optional<double> lufs; ///< integrated loudness; none: as it sounds
    double ceiling_db = -1;     ///< dBTP, with `lufs`
    std::map<std::string, std::string> tags;
    bool skip_missing = false; ///< render without clips whose media are missing or damaged
    bool here = false;         ///< for mix_down_here() only: media are not hashed, nothing can be uploaded
    /// The plug-ins of this machine, asked for only when the project holds some. Empty: they are refused.
    std::function<Result<std::shared_ptr<graph::InsertFactory>>()> plugins{};
    /// Workers run no plug-ins: unless all is mixed `here`, tracks that hold some are rendered here first and
    /// travel as audio. Told before each of them; may be empty.
    std::function<void(const mixdown::HostedInsert&)> on_bounce{};
    std::function<bool()> cancelled{}; ///< while tracks are rendered here; may be empty
};

/// A job that can be submitted once its blobs are on the farm.
struct MixdownJob {
    std::string params_json; ///< of SubmitJob
    struct File {
        v1::BlobRef blob;
        std::filesystem::path path;
    };
    std::vector<File> media;
    std::vector<std::string> documents;
    std::vector<std::string> played;  ///< notes without audio that were played here; one sentence each
    std::vector<std::string> skipped; ///< what is left out, with skip_missing; one sentence each
    int tracks = 0;
    /// Plug-ins of the project. With any, samples differ between machines.
    std::vector<mixdown::HostedInsert> hosted;
    std::shared_ptr<graph::InsertFactory> plugins; ///< for them; null without
    mixdown::HostedBounce bounced;                 ///< what was rendered here ahead
};

/// Reads the project, plays notes that have no audio (mixdown/bounce_notes.h), finds and hashes its media and
/// cuts it. `scratch` is an existing folder for played and embedded media; keep it until the upload is done.
/// `find_blob` may know media whose files are missing. Blocks; any thread. Errors name the file, and inside
/// it the field; missing media all in one error. With plug-ins: all are looked up before any work
/// begins, then their tracks are rendered into `scratch` if that is wished.
Result<MixdownJob> prepare_mixdown(
    const MixdownWish& wish, const std::filesystem::path& scratch,
    const std::function<std::optional<std::filesystem::path>(const std::string& sha256)>& find_blob);

/// Puts what the farm lacks. `progress` gets how many of how many blobs are there, on the client's I/O
/// thread. Blocks until all are there or one failed; not on the I/O thread.
Status put_mixdown(FarmClient& client, const MixdownJob& job,
                   std::function<void(std::size_t done, std::size_t all)> progress);

/// "wav", "flac:16", "mp3:320": a format with its bits or kbit/s.
Result<request::MixdownExport> parse_export(const std::string& text);

} // namespace loopmind::farm
