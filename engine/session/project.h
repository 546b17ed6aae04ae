// Editing `.loopmind` files without JUCE: add generations, link and embed media, describe.
#pragma once

#include "engine/session/build.h"
#include "proto/base/result.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace loopmind::session {

/// Where a generation goes in a project that has music already.
enum class Placement {
    kAppend,  ///< behind the end; the project grows. An empty project takes over tempo, key and meter.
    kReplace, ///< tracks of the same role play it over the whole length instead of what they had
    kShelf,   ///< kept as layer and patterns, placed nowhere
};

struct TrackInfo {
    std::string id, name, type, role;
    int clips = 0;
    double gain_db = 0;
};

struct LayerInfo {
    std::string id, name, prompt, params_json, created_at;
    std::int64_t seed = 0;
    bool starred = false;
    int stems = 0;
};

struct SectionInfo {
    std::string name;
    double start = 0, length = 0; ///< beats
};

struct MediaInfo {
    std::string id, kind, file, sha256;
    std::int64_t size = 0;
    bool embedded = false;
};

/// What `project info` shows.
struct ProjectInfo {
    std::string version, name, mode, meter, key;
    double tempo = 0, seconds = 0;
    int bars = 0, sample_rate = 0, markers = 0;
    std::map<std::string, double> fx;
    std::vector<TrackInfo> tracks;
    std::vector<LayerInfo> layers;
    std::vector<SectionInfo> sections;
    std::vector<MediaInfo> media;
};

/// Where collecting looks for media, besides the project's own folder.
struct CollectOptions {
    /// Folders that the person trusts with this project. A medium is looked for there by its path, its name
    /// and its hash; an absolute path of a medium is followed only into one of them.
    std::vector<std::filesystem::path> roots;
    bool hard_link = false; ///< share the bytes with the original where the file system can; else copy
};

/// What collecting did.
struct CollectReport {
    struct Missing {
        std::string id, file, reason; ///< `file` as the project names it
    };
    std::vector<std::string> collected; ///< ids of media brought into the folder
    std::vector<std::string> present;   ///< ids of media that were there (or are embedded)
    std::vector<Missing> missing;       ///< kept in the project as they were
    std::uint64_t bytes = 0;            ///< of the files brought in
};

/// A `.loopmind` document in memory. One thread at a time.
class Project {
  public:
    Project(); ///< empty, creative mode
    static Result<Project> from_json(std::string_view text);
    /// Reads a file of at most 1 GiB. Errors name the file, and inside it line and column or a JSON path.
    static Result<Project> load(const std::filesystem::path& file);
    Project(Project&&) noexcept;
    Project& operator=(Project&&) noexcept;
    ~Project();

    std::string to_json() const;
    /// Writes durably: the old file or the whole new one.
    Status save(const std::filesystem::path& file) const;

    /// Adds a generation as a layer. Errors: invalid_argument when tempo, meter or sample rate differ from
    /// those of a project that has music (the hint names kShelf), or as build_session_json.
    Status add_generation(const SessionRecipe& recipe, Placement placement);

    /// Points every medium of that hash at a file (relative path) and updates timeline[]. Returns how many
    /// changed.
    Result<int> link_media(const std::string& sha256, const std::string& file);
    /// Points one medium at another file, whatever its hash; "" `sha256` forgets the old one.
    Status relink(const std::string& media_id, const std::string& file, const std::string& sha256);
    /// Takes all linked files into the document (base64). Verified by hash; a missing or changed file is an
    /// error and changes nothing. `folder` is where the project file lies.
    Status embed_media(const std::filesystem::path& folder);
    /// Writes embedded media to files under `folder` and links them; a file that is there already must be
    /// equal. With `keep_embedded` the document stays portable.
    Status extract_media(const std::filesystem::path& folder, bool keep_embedded = false);
    /// Makes a folder hold every file that the project names, and the project name them there: `folder` is
    /// where it lies or will be saved. Files are copied to their own relative path, or to media/<name>; what
    /// has another content there gets a number. Every file is verified by its hash, which the project learns
    /// when it had none; what lies outside the folder and the roots, links included, is never read. What is
    /// not found is reported and stays named as it was. Errors (disk full, no permission) change nothing in
    /// the project. Any size; files are streamed.
    Result<CollectReport> collect(const std::filesystem::path& folder, const CollectOptions& options = {});
    /// Bytes of a medium: embedded, or from its file under `folder`; verified when the hash is known.
    Result<std::string> media_bytes(const std::string& media_id, const std::filesystem::path& folder) const;

    /// As session::set_master.
    void set_master(double gain_db, double ceiling_db);
    /// Sets a published fx amount (reverb delay drive eq, 0..1) and what follows it.
    Status set_fx(const std::string& name, double amount);
    void set_name(const std::string& name);
    Status set_mode(const std::string& mode); ///< "creative" or "studio"
    /// Dates every layer that has no date (delivery; blobs hold none).
    void date_layers(const std::string& created_at);
    Status star_layer(const std::string& layer_id, bool starred);

    ProjectInfo info() const;

  private:
    struct State;
    explicit Project(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

inline constexpr std::size_t kMaxProjectBytes = std::size_t{1} << 30; ///< of a project file that is read

/// The folder that a project file lies in, which its media are relative to; never empty.
std::filesystem::path project_folder(const std::filesystem::path& file);

/// The error with the project file in front of its field.
Error in_project(const std::filesystem::path& file, Error error);

/// `folder` / `file` when `file` is a relative path that stays inside; a path from a project is never
/// trusted.
Result<std::filesystem::path> media_path(const std::filesystem::path& folder, const std::string& file);

} // namespace loopmind::session
