// Puts a finished job into a person's folder: tagged stems, MIDI, mix, project. All of it or nothing.
#include "client/farm/delivery.h"

#include "client/farm/cache.h"
#include "client/farm/delivery_manifest.h"
#include "client/farm/delivery_plan.h"
#include "client/farm/partial_folder.h"
#include "engine/files/delivery.h"
#include "engine/files/midi.h"
#include "engine/session/project.h"
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "proto/base/sha256.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <set>
#include <thread>
#include <unistd.h>

namespace loopmind::farm {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::size_t kWriters = 6;               // files that are made durable at once
constexpr std::size_t kSmallBlobMax = 256u << 20; // MIDI and session documents
constexpr const char* kLicence = "CC0-1.0: the makers of LoopMind Farm reserve no rights in this sound";

/// Runs jobs that mostly wait for the disk side by side; the first error (in the order of the jobs) counts.
Status all_of(const std::vector<std::function<Status()>>& jobs) {
    std::vector<Status> results(jobs.size());
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t i; (i = next.fetch_add(1)) < jobs.size();)
            results[i] = jobs[i]();
    };
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < std::min(kWriters, jobs.size()); ++i)
        threads.emplace_back(work);
    work();
    for (std::thread& thread : threads)
        thread.join();
    for (const Status& result : results)
        if (!result.ok()) return result;
    return {};
}

bool is_pitched(const std::string& role) {
    return role != "drums" && role != "percussion" && role != "texture";
}

/// Writes one delivery into a folder.
class Writer {
  public:
    Writer(const v1::JobInfo& job, const DeliveryPlan& plan, const FindBlob& find_blob, bool embed,
           fs::path root)
        : job_(job), plan_(plan), find_blob_(find_blob), embed_(embed), root_(std::move(root)) {}

    Status write() {
        for (const PlannedVariation& variation : plan_.variations)
            if (Status written = write_variation(variation); !written.ok()) return written;
        const std::string text = json::parse(plan_.params_json).dump(2) + "\n";
        return add({"params.json", "params", "", 0}, base::write_durably(root_ / "params.json", text));
    }
    const std::vector<DeliveredFile>& files() const { return files_; }

  private:
    Status add(DeliveredFile file, Status written) {
        if (written.ok()) files_.push_back(std::move(file));
        return written;
    }

    Result<fs::path> blob(const v1::BlobRef& ref) const {
        if (const auto found = find_blob_(ref.sha256())) return *found;
        return Error{ErrorCode::kNotFound, "blob " + ref.sha256(), "is not in the local cache any more",
                     "fetch the job again"};
    }

    Result<std::string> small_blob(const v1::BlobRef& ref) const {
        auto path = blob(ref);
        if (!path.ok()) return path.error();
        return base::read_file(*path, kSmallBlobMax);
    }

    Status make_folder(const std::string& name) const {
        std::error_code failed;
        fs::create_directories(root_ / name, failed);
        return failed ? Status(base::file_error(root_ / name, "cannot be created", failed.value()))
                      : Status();
    }

    files::DeliveryTags tags(const std::string& part, bool pitched) const {
        const request::Params& params = plan_.params;
        files::DeliveryTags tags;
        tags.title = plan_.name + " - " + part;
        tags.artist = "LoopMind";
        tags.genre = params.genre;
        tags.prompt = params.prompt;
        tags.params_json = plan_.params_json;
        tags.software = "LoopMind Farm " LOOPMIND_VERSION;
        tags.licence = kLicence;
        tags.tempo = params.tempo;
        tags.meter_numerator = params.beats_per_bar();
        tags.beats = params.bars * params.beats_per_bar();
        tags.key = params.key;
        tags.pitched = pitched;
        return tags;
    }

    /// A file to be written with the others; it is listed at once, in the order of the delivery.
    void plan_wav(const v1::BlobRef& ref, DeliveredFile file, const files::DeliveryTags& tags) {
        const fs::path target = root_ / file.file;
        files_.push_back(std::move(file));
        jobs_.push_back([this, ref, target, tags]() -> Status {
            auto source = blob(ref);
            return source.ok() ? files::deliver_wav(*source, target, tags) : Status(source.error());
        });
    }

    void plan_bytes(std::string bytes, DeliveredFile file) {
        const fs::path target = root_ / file.file;
        files_.push_back(std::move(file));
        jobs_.push_back([bytes = std::move(bytes), target] { return base::write_durably(target, bytes); });
    }

    Status write_variation(const PlannedVariation& variation) {
        const int n = variation.variation;
        for (const char* name : {"stems", "midi"})
            if (Status made = make_folder(variation.folder + name); !made.ok()) return made;
        files::MidiSong all;
        for (const PlannedStem& stem : variation.stems) {
            plan_wav(stem.audio,
                     {variation.folder + "stems/" + stem.file_name() + ".wav", "stem", stem.id, n},
                     tags(stem.id, is_pitched(stem.id)));
            auto bytes = small_blob(stem.midi);
            if (!bytes.ok()) return bytes.error();
            if (Status joined = join(*bytes, stem.id, all); !joined.ok()) return joined;
            plan_bytes(std::move(*bytes),
                       {variation.folder + "midi/" + stem.file_name() + ".mid", "midi", stem.id, n});
        }
        auto joined = files::write_midi(all);
        if (!joined.ok()) return joined.error();
        plan_bytes(std::move(*joined), {variation.folder + "midi/all.mid", "midi", "", n});
        plan_wav(variation.mix, {variation.folder + "mix.wav", "mix", "", n}, tags("mix", true));
        plan_wav(variation.premaster, {variation.folder + "premaster.wav", "premaster", "", n},
                 tags("premaster", true));
        if (Status written = all_of(std::exchange(jobs_, {})); !written.ok()) return written;
        return write_project(variation);
    }

    static Status join(const std::string& bytes, const std::string& stem, files::MidiSong& all) {
        auto song = files::read_midi(bytes, "MIDI of " + stem);
        if (!song.ok()) return song.error();
        auto tracks = std::move(all.tracks);
        if (tracks.empty()) all = *song;
        all.tracks = std::move(tracks);
        for (files::MidiTrack& track : song->tracks)
            all.tracks.push_back(std::move(track));
        return {};
    }

    Status write_project(const PlannedVariation& variation) {
        auto text = small_blob(variation.session);
        if (!text.ok()) return text.error();
        auto project = session::Project::from_json(*text);
        if (!project.ok()) return project.error();
        const fs::path folder = root_ / variation.folder;
        std::map<std::string, std::string> file_of; // blob -> path beside the project
        for (const PlannedStem& stem : variation.stems) {
            file_of[stem.audio.sha256()] = "stems/" + stem.file_name() + ".wav";
            file_of[stem.midi.sha256()] = "midi/" + stem.file_name() + ".mid";
        }
        for (const session::MediaInfo& media : project->info().media) {
            const auto found = file_of.find(media.sha256);
            if (found == file_of.end()) continue;
            // Delivered WAV files carry tags, so their hash is their own.
            auto digest = base::sha256_file(folder / found->second);
            if (!digest.ok()) return digest.error();
            if (Status linked = project->relink(media.id, found->second, digest->sha256); !linked.ok())
                return linked;
        }
        project->set_name(plan_.params.prompt.empty() ? plan_.name : plan_.params.prompt);
        project->date_layers(created_text(job_));
        if (embed_)
            if (Status embedded = project->embed_media(folder); !embedded.ok()) return embedded;
        const std::string name = variation.folder + plan_.name + ".loopmind";
        return add({name, "project", "", variation.variation}, project->save(root_ / name));
    }

    const v1::JobInfo& job_;
    const DeliveryPlan& plan_;
    const FindBlob& find_blob_;
    const bool embed_;
    const fs::path root_;
    std::vector<DeliveredFile> files_;
    std::vector<std::function<Status()>> jobs_;
};

} // namespace

std::string created_text(const v1::JobInfo& job) {
    const std::time_t seconds =
        static_cast<std::time_t>((job.finished_ms() ? job.finished_ms() : job.created_ms()) / 1000);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

Status check_delivery_folder(const fs::path& requested, const std::string& resolved_json, bool force) {
    const fs::path out = clean_path(requested);
    std::error_code failed;
    fs::path existing = out;
    while (!existing.empty() && !fs::exists(existing, failed) && existing != existing.parent_path())
        existing = existing.parent_path();
    if (!fs::is_directory(existing, failed))
        return Error{ErrorCode::kAlreadyExists, existing.string(), "is a file, not a folder",
                     "choose another --out"};
    if (::access(existing.c_str(), W_OK | X_OK) != 0)
        return base::file_error(existing, "cannot be written to", errno);
    if (existing != out || force || fs::is_empty(out, failed)) return {};
    const auto manifest = read_manifest(out);
    if (manifest && (resolved_json.empty() || manifest->params_json == resolved_json)) return {};
    return Error{ErrorCode::kAlreadyExists, out.string(),
                 manifest ? "holds the result of another request" : "is not empty",
                 "choose another --out, or add --force to replace files of the same name"};
}

std::optional<Delivered> find_delivered(const v1::JobInfo& job, const DeliveryOptions& options) {
    const fs::path out = clean_path(options.out);
    const auto manifest = read_manifest(out);
    if (!manifest || !manifest->intact) return std::nullopt;
    const auto plan = plan_delivery(job);
    if (!plan.ok() || delivery_digest(*plan, options.embed) != manifest->digest) return std::nullopt;
    return Delivered{out, manifest->files, true};
}

Result<Delivered> deliver(const v1::JobInfo& job, const FindBlob& find_blob, const DeliveryOptions& options) {
    if (auto same = find_delivered(job, options)) return *same;
    auto plan = plan_delivery(job);
    if (!plan.ok()) return plan.error();
    const fs::path out = clean_path(options.out);
    if (Status good = check_delivery_folder(out, plan->params_json, options.force); !good.ok())
        return good.error();
    PartialFolder partial;
    if (Status made = partial.make_for(out); !made.ok()) return made.error();
    Writer writer(job, *plan, find_blob, options.embed, partial.path());
    Status written = writer.write();
    if (written.ok())
        written =
            write_manifest(partial.path(), *plan, delivery_digest(*plan, options.embed), writer.files());
    if (written.ok()) written = partial.put_in_place(out, kManifestName);
    if (!written.ok()) {
        return partial.named_for(out, written.error());
    }
    return Delivered{out, writer.files(), false};
}

} // namespace loopmind::farm
