// From a project file to blobs and a job.
#include "client/farm/mixdown_job.h"

#include "engine/mixdown/bounce_notes.h"
#include "engine/mixdown/describe.h"
#include "engine/mixdown/split.h"
#include "engine/session/project.h"
#include "proto/base/durable_file.h"
#include "proto/base/sha256.h"

#include <charconv>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>

namespace loopmind::farm {

namespace fs = std::filesystem;
using session::in_project;

namespace {

request::BlobName name_of(const std::string& text) {
    return {base::sha256_hex(text), text.size()};
}

v1::BlobRef ref_of(const request::BlobName& name) {
    v1::BlobRef ref;
    ref.set_sha256(name.sha256);
    ref.set_size(name.size);
    return ref;
}

/// Finds the project's plug-ins, every one, before anything is rendered.
Status find_plugins(const MixdownWish& wish, const session::Session& session, MixdownJob& job) {
    job.hosted = mixdown::hosted_inserts(session);
    if (job.hosted.empty() || !wish.plugins) return {};
    auto plugins = wish.plugins();
    if (!plugins.ok()) return plugins.error();
    job.plugins = *plugins;
    return mixdown::check_hosted_inserts(session, job.plugins);
}

/// For the farm: turns tracks with plug-ins into audio.
Status bounce_plugins(const MixdownWish& wish, const fs::path& scratch, session::Session& session,
                      mixdown::Described& described, MixdownJob& job) {
    if (!job.plugins || wish.here) return {};
    mixdown::HostedOptions options;
    options.plugins = job.plugins;
    options.scratch = scratch;
    options.cancelled = wish.cancelled;
    options.on_track = wish.on_bounce;
    options.media = [&described](const std::string& sha256) -> Result<fs::path> {
        for (const mixdown::FoundMedia& media : described.media)
            if (media.sha256 == sha256) return media.file;
        return Error{ErrorCode::kNotFound, "media", "blob " + sha256 + " is not part of the project", ""};
    };
    auto hosted = mixdown::bounce_hosted_tracks(session, options);
    if (!hosted.ok()) return hosted.error();
    job.bounced = std::move(*hosted);
    described.media.insert(described.media.end(), job.bounced.media.begin(), job.bounced.media.end());
    return {};
}

} // namespace

Result<request::MixdownExport> parse_export(const std::string& text) {
    const auto colon = text.find(':');
    std::string json = R"({"session":{"sha256":")" + std::string(64, '0') +
                       R"(","size":0},"tracks":[],"exports":[{"format":")" + text.substr(0, colon) + "\"";
    if (colon != std::string::npos) {
        int number = 0;
        const char* end = text.data() + text.size();
        const auto read = std::from_chars(text.data() + colon + 1, end, number);
        if (read.ec != std::errc() || read.ptr != end)
            return Error{ErrorCode::kInvalidArgument, "--format",
                         "\"" + text + "\" has no whole number behind its colon",
                         "write for example wav:16, flac or mp3:320"};
        const std::string format = text.substr(0, colon);
        const bool lossless = format == "wav" || format == "aiff" || format == "flac";
        json += std::string(lossless ? R"(,"bits":)" : R"(,"kbps":)") + std::to_string(number);
    }
    auto parsed = request::parse_mixdown(json + "}]}");
    if (!parsed) {
        Error error = parsed.error();
        error.field = "--format";
        return error;
    }
    return parsed->exports.front();
}

Result<MixdownJob>
prepare_mixdown(const MixdownWish& wish, const fs::path& scratch,
                const std::function<std::optional<fs::path>(const std::string& sha256)>& find_blob) {
    auto text = base::read_file(wish.project, session::kMaxProjectBytes);
    if (!text.ok()) return text.error();
    auto session = session::Session::from_json(*text);
    if (!session.ok()) return in_project(wish.project, session.error());
    const fs::path folder = session::project_folder(wish.project);
    MixdownJob job;
    if (Status found = find_plugins(wish, *session, job); !found.ok())
        return in_project(wish.project, found.error());
    auto described =
        mixdown::describe_media(*session, {folder, scratch, wish.skip_missing, find_blob, !wish.here});
    if (!described.ok()) return in_project(wish.project, described.error());
    auto bounced =
        mixdown::bounce_notes(*session, {folder, scratch, {}, wish.skip_missing, wish.cancelled, !wish.here});
    if (!bounced.ok()) return in_project(wish.project, bounced.error());
    described->media.insert(described->media.end(), bounced->media.begin(), bounced->media.end());
    if (Status ready = bounce_plugins(wish, scratch, *session, *described, job); !ready.ok())
        return in_project(wish.project, ready.error());
    auto parts = mixdown::split(*session, wish.here ? job.plugins : nullptr);
    if (!parts.ok()) return in_project(wish.project, parts.error());

    job.played = std::move(bounced->tracks);
    job.skipped = std::move(described->skipped);
    job.skipped.insert(job.skipped.end(), bounced->skipped.begin(), bounced->skipped.end());
    job.tracks = static_cast<int>(parts->tracks.size());
    std::map<std::string, const mixdown::FoundMedia*> found;
    for (const mixdown::FoundMedia& media : described->media)
        found[media.id] = &media;
    std::set<std::string> placed;
    const auto blobs_of = [&](const std::vector<std::string>& ids) {
        std::vector<request::BlobName> out;
        for (const std::string& id : ids) {
            const mixdown::FoundMedia& media = *found.at(id);
            const request::BlobName name{media.sha256, media.size};
            out.push_back(name);
            if (placed.insert(name.sha256).second) job.media.push_back({ref_of(name), media.file});
        }
        return out;
    };
    request::Mixdown mixdown;
    mixdown.name = session->name().empty() ? wish.project.stem().string() : session->name();
    if (mixdown.name.size() > 256) mixdown.name.resize(256);
    mixdown.sample_rate = session->sample_rate();
    mixdown.session = name_of(parts->document);
    mixdown.media = blobs_of(parts->media);
    job.documents.push_back(parts->document);
    for (const mixdown::TrackPart& part : parts->tracks) {
        mixdown.tracks.push_back({part.id, name_of(part.document), blobs_of(part.media), part.needs});
        job.documents.push_back(part.document);
    }
    mixdown.exports = wish.exports;
    mixdown.stems = wish.stems;
    mixdown.lufs = wish.lufs;
    mixdown.ceiling_db = wish.ceiling_db;
    mixdown.tags = wish.tags;
    job.params_json = request::canonical_json(mixdown);
    // The coordinator checks the same: what it would refuse is told before anything travels.
    if (auto checked = request::parse_mixdown(job.params_json); !checked.ok()) return checked.error();
    return job;
}

Status put_mixdown(FarmClient& client, const MixdownJob& job,
                   std::function<void(std::size_t done, std::size_t all)> progress) {
    struct Tally {
        std::mutex mutex;
        std::condition_variable changed;
        std::size_t ended = 0;
        Status first_error;
    };
    const auto tally = std::make_shared<Tally>();
    const std::size_t all = job.media.size() + job.documents.size();
    const StatusDone done = [tally, all, progress](Status status) {
        std::size_t ended = 0;
        {
            const std::lock_guard lock(tally->mutex);
            ended = ++tally->ended;
            if (!status.ok() && tally->first_error.ok()) tally->first_error = std::move(status);
        }
        if (progress) progress(ended, all);
        tally->changed.notify_all();
    };
    for (const MixdownJob::File& file : job.media)
        client.put_blob(file.blob, file.path, done);
    for (const std::string& document : job.documents)
        client.put_bytes(document, done);
    std::unique_lock lock(tally->mutex);
    tally->changed.wait(lock, [&] { return tally->ended == all || !tally->first_error.ok(); });
    return tally->first_error;
}

} // namespace loopmind::farm
