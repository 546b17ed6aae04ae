// Project files: reading, writing, media in and out.
#include "engine/session/project.h"

#include "engine/session/generation.h"
#include "engine/session/json_text.h"
#include "engine/session/project_state.h"
#include "engine/session/schema.h"
#include "engine/session/session.h"
#include "engine/session/trees.h"
#include "proto/base/durable_file.h"
#include "proto/base/sha256.h"

namespace loopmind::session {
namespace {

constexpr std::size_t kMaxMediaBytes = std::size_t{700} << 20; // base64 of it still fits into a project

Result<std::string> decoded(const Media& media) {
    juce::MemoryOutputStream out;
    if (!juce::Base64::convertFromBase64(out, media.state["data"].toString()))
        return Error{ErrorCode::kDataCorrupt, "media " + media.id(), "holds data that is not base64", {}};
    return std::string(static_cast<const char*>(out.getData()), out.getDataSize());
}

Status check_hash(const Media& media, const std::string& bytes, const std::string& where) {
    const std::string expected = media.sha256();
    if (expected.empty() || base::sha256_hex(bytes) == expected) return {};
    return Error{ErrorCode::kDataCorrupt, where,
                 "is not the file that the project knows (its SHA-256 differs)",
                 "put the original back, or relink the medium " + media.id()};
}

Result<std::string> linked_bytes(const Media& media, const std::filesystem::path& folder) {
    if (media.file().empty()) {
        return Error{ErrorCode::kNotFound, "media " + media.id(), "has no file",
                     media.sha256().empty() ? "relink it" : "fetch blob " + media.sha256() + " and link it"};
    }
    const Result<std::filesystem::path> path = media_path(folder, media.file());
    if (!path) return path.error();
    Result<std::string> bytes = base::read_file(*path, kMaxMediaBytes);
    if (!bytes) return bytes.error();
    if (Status same = check_hash(media, *bytes, path->string()); !same) return same.error();
    return bytes;
}

bool has_music(const Session& session) {
    if (!session.layers().empty()) return true;
    for (const Track& track : session.tracks()) {
        if (!track.clips().empty()) return true;
    }
    return false;
}

Status check_fit(const Session& session, const SessionRecipe& recipe) {
    const std::string hint = "generate with the project's value, or keep it as a layer only (shelf)";
    if (session.tempo() != recipe.tempo)
        return bad("tempo",
                   "is " + json_number(recipe.tempo) + " BPM, the project runs at " +
                       json_number(session.tempo()),
                   hint);
    if (session.meter() != recipe.meter)
        return bad("meter", "is " + recipe.meter + ", the project is in " + session.meter(), hint);
    if (session.sample_rate() != recipe.sample_rate)
        return bad("sample_rate",
                   "is " + std::to_string(recipe.sample_rate) + " Hz, the project has " +
                       std::to_string(session.sample_rate()),
                   hint);
    return {};
}

} // namespace

Project::Project() : state_(std::make_unique<State>()) {}
Project::Project(std::unique_ptr<State> state) : state_(std::move(state)) {}
Project::Project(Project&&) noexcept = default;
Project& Project::operator=(Project&&) noexcept = default;
Project::~Project() = default;

Result<Project> Project::from_json(std::string_view text) {
    Result<Session> session = Session::from_json(text);
    if (!session) return session.error();
    return Project(std::make_unique<State>(State{std::move(*session)}));
}

Result<Project> Project::load(const std::filesystem::path& file) {
    const Result<std::string> text = base::read_file(file, kMaxProjectBytes);
    if (!text) return text.error();
    Result<Project> project = from_json(*text);
    if (project) return project;
    return in_project(file, project.error());
}

std::string Project::to_json() const {
    return state_->session.to_json();
}

Status Project::save(const std::filesystem::path& file) const {
    const std::string text = to_json();
    if (text.size() > kMaxProjectBytes)
        return Error{ErrorCode::kResourceExhausted, file.string(), "would pass 1 GiB",
                     "link media instead of embedding"};
    return base::write_durably(file, text);
}

Status Project::add_generation(const SessionRecipe& recipe, Placement placement) {
    if (Status good = check_recipe(recipe); !good) return good;
    const bool first = placement != Placement::kShelf && !has_music(state_->session);
    Session edited = state_->session.clone();
    if (first) {
        const Session head = session_for(recipe);
        for (const char* name : {"tempo", "meter", "key", "sample_rate"}) {
            if (head.state().hasProperty(name)) edited.state().setProperty(name, head.state()[name], nullptr);
        }
    } else if (placement != Placement::kShelf) {
        if (Status fits = check_fit(edited, recipe); !fits) return fits;
    }
    add_to_session(edited, recipe, placement, first);
    if (first) edited.set_master(recipe.master_gain_db.value_or(0), recipe.ceiling_db);
    if (const Result<Session> again = Session::from_json(edited.to_json()); !again) return again.error();
    state_->session = std::move(edited);
    return {};
}

Result<int> Project::link_media(const std::string& sha256, const std::string& file) {
    if (const auto inside = media_path(".", file); !inside) return inside.error();
    int changed = 0;
    for (const Media& media : state_->session.media()) {
        if (sha256.empty() || media.sha256() != sha256) continue;
        point_at(state_->session, media, file);
        ++changed;
    }
    return changed;
}

Status Project::relink(const std::string& media_id, const std::string& file, const std::string& sha256) {
    if (const auto inside = media_path(".", file); !inside) return inside.error();
    std::optional<Media> media = state_->session.media(media_id);
    if (!media) return Error{ErrorCode::kNotFound, "media " + media_id, "is not in the project", {}};
    point_at(state_->session, *media, file);
    for (const char* stale : {"data", "size", "frames", "sha256"})
        media->state.removeProperty(stale, nullptr);
    if (!sha256.empty()) media->state.setProperty("sha256", to_juce(sha256), nullptr);
    return {};
}

Status Project::embed_media(const std::filesystem::path& folder) {
    Session edited = state_->session.clone();
    std::size_t total = 0;
    for (const Media& media : edited.media()) {
        if (media.embedded()) continue;
        const Result<std::string> bytes = linked_bytes(media, folder);
        if (!bytes) return bytes.error();
        total += bytes->size();
        if (total > kMaxMediaBytes) {
            return Error{ErrorCode::kResourceExhausted, "media", "is more than one file can hold (700 MiB)",
                         "leave it linked and copy the folder"};
        }
        juce::ValueTree node = media.state;
        node.setProperty("sha256", to_juce(base::sha256_hex(*bytes)), nullptr);
        node.setProperty("size", static_cast<juce::int64>(bytes->size()), nullptr);
        node.setProperty("data", juce::Base64::toBase64(bytes->data(), bytes->size()), nullptr);
    }
    state_->session = std::move(edited);
    return {};
}

Status Project::extract_media(const std::filesystem::path& folder, bool keep_embedded) {
    Session edited = state_->session.clone();
    for (const Media& media : edited.media()) {
        if (!media.embedded()) continue;
        const Result<std::string> bytes = decoded(media);
        if (!bytes) return bytes.error();
        if (Status same = check_hash(media, *bytes, "media " + media.id()); !same) return same;
        std::string file = media.file();
        if (file.empty())
            file = "media/" + base::sha256_hex(*bytes) + (media.kind() == "midi" ? ".mid" : ".wav");
        const Result<std::filesystem::path> path = media_path(folder, file);
        if (!path) return path.error();
        if (const Result<std::string> there = base::read_file(*path, bytes->size());
            there && *there == *bytes) {
            // The same file is there.
        } else if (std::error_code ignored; std::filesystem::exists(*path, ignored)) {
            return Error{ErrorCode::kAlreadyExists, path->string(), "is another file than the embedded one",
                         "extract into an empty folder"};
        } else {
            std::error_code failed;
            std::filesystem::create_directories(path->parent_path(), failed);
            if (failed) return base::file_error(path->parent_path(), "cannot be made", failed.value());
            if (Status written = base::write_durably(*path, *bytes); !written) return written;
        }
        point_at(edited, media, file);
        juce::ValueTree node = media.state;
        if (!keep_embedded) node.removeProperty("data", nullptr);
    }
    state_->session = std::move(edited);
    return {};
}

Result<std::string> Project::media_bytes(const std::string& media_id,
                                         const std::filesystem::path& folder) const {
    const std::optional<Media> media = state_->session.media(media_id);
    if (!media) return Error{ErrorCode::kNotFound, "media " + media_id, "is not in the project", {}};
    if (!media->embedded()) return linked_bytes(*media, folder);
    Result<std::string> bytes = decoded(*media);
    if (!bytes) return bytes;
    if (Status same = check_hash(*media, *bytes, "media " + media_id); !same) return same.error();
    return bytes;
}

void Project::set_master(double gain_db, double ceiling_db) {
    state_->session.set_master(gain_db, ceiling_db);
}
Status Project::set_fx(const std::string& name, double amount) {
    return state_->session.set_fx(name, amount);
}
void Project::set_name(const std::string& name) {
    state_->session.state().setProperty(ids::name, to_juce(name), nullptr);
}

Status Project::set_mode(const std::string& mode) {
    if (mode != "creative" && mode != "studio") return bad("mode", "must be creative or studio");
    state_->session.set_mode(mode);
    return {};
}

void Project::date_layers(const std::string& created_at) {
    for (Layer layer : state_->session.layers()) {
        if (layer.created_at().empty()) layer.state.setProperty("created_at", to_juce(created_at), nullptr);
    }
}

Status Project::star_layer(const std::string& layer_id, bool starred) {
    for (Layer layer : state_->session.layers()) {
        if (layer.id() != layer_id) continue;
        layer.set_starred(starred);
        return {};
    }
    return Error{ErrorCode::kNotFound, "layer " + layer_id, "is not in the project", {}};
}

ProjectInfo Project::info() const {
    const Session& session = state_->session;
    ProjectInfo out;
    out.version = session.state()[ids::version].toString().toStdString();
    out.name = session.name();
    out.mode = session.mode();
    out.meter = session.meter();
    out.key = session.key();
    out.tempo = session.tempo();
    out.seconds = session.tempo_map().seconds_at(session.total_beats());
    out.bars = session.bars();
    out.sample_rate = session.sample_rate();
    out.markers = static_cast<int>(session.markers().size());
    for (const char* name : {"reverb", "delay", "drive", "eq"}) {
        if (const std::optional<double> amount = session.fx(name)) out.fx[name] = *amount;
    }
    for (const Track& track : session.tracks()) {
        out.tracks.push_back({track.id(), track.name(),
                              track.state.getProperty(ids::type, "audio").toString().toStdString(),
                              track.role(), static_cast<int>(track.clips().size()), track.gain_db()});
    }
    for (const Layer& layer : session.layers()) {
        LayerInfo info{layer.id(),
                       layer.name(),
                       {},
                       layer.params_json(),
                       layer.created_at(),
                       layer.seed(),
                       layer.starred(),
                       static_cast<int>(layer.stems().size())};
        if (const Result<JsonValue> params = parse_json(info.params_json)) {
            if (const JsonValue* prompt = params->find("prompt")) info.prompt = prompt->string().value_or("");
        }
        out.layers.push_back(std::move(info));
    }
    for (const Section& section : session.sections())
        out.sections.push_back({section.name(), section.start(), section.length()});
    for (const Media& media : session.media())
        out.media.push_back(
            {media.id(), media.kind(), media.file(), media.sha256(), media.size(), media.embedded()});
    return out;
}

Result<std::filesystem::path> media_path(const std::filesystem::path& folder, const std::string& file) {
    const std::filesystem::path path(file);
    bool inside = !file.empty() && path.is_relative() && path.has_filename() &&
                  file.find('\0') == std::string::npos && file.find('\\') == std::string::npos;
    for (const std::filesystem::path& part : path)
        inside = inside && part != "..";
    if (!inside) {
        return Error{ErrorCode::kInvalidArgument, "media file " + json_quote(file.substr(0, 200)),
                     "does not lie inside the project's folder", "copy it there and relink it"};
    }
    return folder / path;
}

std::filesystem::path project_folder(const std::filesystem::path& file) {
    return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

Error in_project(const std::filesystem::path& file, Error error) {
    error.field = error.field.empty() ? file.string() : file.string() + ": " + error.field;
    return error;
}

} // namespace loopmind::session
