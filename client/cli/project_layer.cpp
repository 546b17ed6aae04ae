// A delivered variation as a layer of a `.loopmind` project.
#include "client/cli/project_layer.h"

#include "engine/files/midi.h"
#include "engine/files/wav.h"
#include "proto/base/durable_file.h"
#include "proto/base/sha256.h"
#include "proto/request/params.h"

#include <nlohmann/json.hpp>

namespace loopmind::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::size_t kDocumentMax = 64u << 20;

/// Level, pan and sends that the worker's session gave to each role.
struct TrackSettings {
    std::string name;
    double gain_db = 0, pan = 0, reverb = 0, delay = 0;
};

std::map<std::string, TrackSettings> settings_of(const fs::path& project_file) {
    std::map<std::string, TrackSettings> found;
    const auto text = base::read_file(project_file, kDocumentMax);
    if (!text.ok()) return found;
    const json document = json::parse(*text, nullptr, false);
    if (!document.is_object() || !document.contains("tracks")) return found;
    try {
        std::map<std::string, std::string> effect_of; // bus id -> "reverb" or "delay"
        for (const json& track : document["tracks"])
            for (const json& insert : track.value("inserts", json::array()))
                if (track.value("type", "") == "bus")
                    effect_of[track.value("id", "")] = insert.value("effect", "");
        for (const json& track : document["tracks"]) {
            const std::string role = track.value("role", "");
            if (role.empty()) continue;
            TrackSettings settings{track.value("name", role), track.value("gain_db", 0.0),
                                   track.value("pan", 0.0), 0, 0};
            for (const json& send : track.value("sends", json::array())) {
                const std::string effect = effect_of[send.value("to", "")];
                if (effect == "reverb") settings.reverb = send.value("level", 1.0);
                if (effect == "delay") settings.delay = send.value("level", 1.0);
            }
            found[role] = settings;
        }
    } catch (const json::exception&) {
        found.clear();
    }
    return found;
}

Result<session::MediaRef> medium(const fs::path& folder, const fs::path& project_folder,
                                 const std::string& file, bool audio) {
    session::MediaRef ref;
    const fs::path path = folder / file;
    ref.file = path.lexically_relative(project_folder).generic_string();
    auto digest = base::sha256_file(path);
    if (!digest.ok()) return digest.error();
    ref.sha256 = digest->sha256;
    ref.size = static_cast<std::int64_t>(digest->size);
    if (audio) {
        auto reader = files::WavReader::open(path);
        if (!reader.ok()) return reader.error();
        ref.frames = reader->info().frames;
        ref.sample_rate = reader->info().sample_rate;
        ref.channels = reader->info().channels;
    }
    return ref;
}

Result<session::SessionRecipe> recipe_of(const v1::JobInfo& job, const farm::Delivered& delivered,
                                         int variation, const fs::path& project_folder) {
    auto params = request::params_from_json(job.resolved_json());
    if (!params.ok()) return params.error();
    session::SessionRecipe recipe;
    recipe.tempo = params->tempo;
    recipe.meter = params->meter;
    recipe.bars = params->bars;
    recipe.key = params->key;
    recipe.sample_rate = params->sample_rate;
    for (const request::SectionSpec& section : params->sections)
        recipe.sections.push_back({section.name, section.bars});
    recipe.fx = session::default_fx(params->fx);
    recipe.print_fx = params->print_fx;
    recipe.video_sync = params->video_sync;
    recipe.params_json = request::canonical_json(*params);
    recipe.seed = params->seed;
    recipe.layer_name = params->prompt;
    std::map<std::string, TrackSettings> settings;
    for (const farm::DeliveredFile& file : delivered.files)
        if (file.role == "project" && file.variation == variation)
            settings = settings_of(delivered.folder / file.file);
    for (const farm::DeliveredFile& file : delivered.files) {
        if (file.role != "stem" || file.variation != variation) continue;
        session::StemTrack stem;
        stem.id = stem.role = stem.name = file.stem;
        if (const auto found = settings.find(file.stem); found != settings.end()) {
            stem.name = found->second.name;
            stem.gain_db = found->second.gain_db;
            stem.pan = found->second.pan;
            stem.reverb_send = found->second.reverb;
            stem.delay_send = found->second.delay;
        }
        auto audio = medium(delivered.folder, project_folder, file.file, true);
        if (!audio.ok()) return audio.error();
        stem.audio = *audio;
        for (const farm::DeliveredFile& midi : delivered.files) {
            if (midi.role != "midi" || midi.stem != file.stem || midi.variation != variation) continue;
            auto ref = medium(delivered.folder, project_folder, midi.file, false);
            if (!ref.ok()) return ref.error();
            stem.midi = *ref;
            const auto bytes = base::read_file(delivered.folder / midi.file, kDocumentMax);
            if (!bytes.ok()) return bytes.error();
            const auto song = files::read_midi(*bytes, midi.file);
            if (song.ok() && !song->tracks.empty()) {
                stem.program = std::max(0, song->tracks.front().program);
                stem.midi_channel = song->tracks.front().channel;
            }
        }
        recipe.stems.push_back(std::move(stem));
    }
    return recipe;
}

} // namespace

fs::path layer_folder(const fs::path& project_file, const std::string& job_id) {
    const fs::path folder = fs::absolute(project_file).lexically_normal().parent_path();
    return folder / (project_file.stem().string() + "-layers") / job_id.substr(0, 8);
}

Result<int> add_layer(const fs::path& project_file, const v1::JobInfo& job, const farm::Delivered& delivered,
                      int variation, session::Placement placement) {
    const fs::path folder = fs::absolute(project_file).lexically_normal().parent_path();
    session::Project project;
    std::error_code failed;
    if (fs::exists(project_file, failed)) {
        auto loaded = session::Project::load(project_file);
        if (!loaded.ok()) return loaded.error();
        project = std::move(*loaded);
    } else {
        project.set_name(project_file.stem().string());
    }
    auto recipe = recipe_of(job, delivered, variation, folder);
    if (!recipe.ok()) return recipe.error();
    recipe->created_at = farm::created_text(job);
    if (Status added = project.add_generation(*recipe, placement); !added.ok()) return added.error();
    if (Status saved = project.save(project_file); !saved.ok()) return saved.error();
    return static_cast<int>(project.info().layers.size());
}

} // namespace loopmind::cli
