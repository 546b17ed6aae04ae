// Collecting files: a project and all it plays in one folder.
#include "engine/session/project_state.h"

#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "proto/base/sha256.h"

#include <fstream>
#include <optional>
#include <vector>

namespace loopmind::session {
namespace {

namespace fs = std::filesystem;

/// Whether a file, all links followed, lies in a folder.
bool lies_in(const fs::path& folder, const fs::path& file) {
    std::error_code failed;
    const fs::path root = fs::canonical(folder, failed);
    if (failed) return false;
    const fs::path real = fs::canonical(file, failed);
    if (failed) return false;
    const fs::path relative = real.lexically_relative(root);
    return !relative.empty() && *relative.begin() != "..";
}

/// The last part of a path that a project names, usable as a file's name.
std::string plain_name(const std::string& file) {
    std::string name = fs::path(file).filename().string();
    if (name == "." || name == "..") name.clear();
    for (char& c : name) {
        if (c == '\\' || static_cast<unsigned char>(c) < 0x20) c = '_';
    }
    return name;
}

struct Source {
    fs::path path;
    base::FileDigest digest;
};

class Collector {
  public:
    Collector(const fs::path& folder, const CollectOptions& options) : folder_(folder), options_(options) {}

    /// The file of a medium, verified. Nothing: `reason` says why.
    std::optional<Source> find(const Media& media, std::string& reason) const {
        reason = media.file().empty() && media.sha256().empty() ? "names no file" : "was not found";
        for (const auto& [root, path] : candidates(media)) {
            std::error_code failed;
            if (!fs::is_regular_file(path, failed) || !lies_in(root, path)) continue;
            const Result<base::FileDigest> digest = base::sha256_file(path);
            if (!digest) {
                reason = digest.error().text();
                continue;
            }
            if (!media.sha256().empty() && digest->sha256 != media.sha256()) {
                reason = path.string() + " is another file (its SHA-256 differs)";
                continue;
            }
            return Source{path, *digest};
        }
        return std::nullopt;
    }

    /// Brings a file into the folder under `wanted` or a name close to it; gives the name.
    Result<std::string> bring(const Source& source, const std::string& wanted) const {
        std::string name = wanted;
        for (int i = 2;; ++i) {
            const fs::path target = folder_ / name;
            std::error_code failed;
            if (!fs::exists(fs::symlink_status(target, failed))) break;
            const Result<base::FileDigest> there = base::sha256_file(target);
            if (there && there->sha256 == source.digest.sha256 && lies_in(folder_, target)) return name;
            const fs::path path(wanted);
            name = (path.parent_path() /
                    (path.stem().string() + "-" + std::to_string(i) + path.extension().string()))
                       .generic_string();
        }
        if (Status copied = copy(source, folder_ / name); !copied) return copied.error();
        return name;
    }

    /// Whether a path that the project names is the file in the folder already.
    bool is_there(const Media& media, const Source& source) const {
        const Result<fs::path> own = media_path(folder_, media.file());
        return own && *own == source.path;
    }

  private:
    using Candidate = std::pair<fs::path, fs::path>; ///< folder it must lie in, file

    std::vector<Candidate> candidates(const Media& media) const {
        std::vector<Candidate> out;
        const fs::path file(media.file());
        const bool named = !media.file().empty();
        if (named && media_path(folder_, media.file()).ok()) out.push_back({folder_, folder_ / file});
        for (const fs::path& root : options_.roots) {
            if (named && file.is_absolute()) out.push_back({root, file});
            if (named && file.is_relative()) out.push_back({root, root / file});
            const std::string name = plain_name(media.file());
            if (!name.empty()) out.push_back({root, root / name});
            if (base::is_sha256_hex(media.sha256())) out.push_back({root, root / media.sha256()});
        }
        return out;
    }

    Status copy(const Source& source, const fs::path& target) const {
        std::error_code failed;
        fs::path above = target.parent_path(); // the part of the way that is there already
        while (!fs::exists(above, failed) && above != folder_)
            above = above.parent_path();
        if (!lies_in(folder_, above))
            return Error{ErrorCode::kPermissionDenied, target.string(), "lies outside the folder",
                         "a link in the folder leads out of it: remove it"};
        fs::create_directories(target.parent_path(), failed);
        if (failed) return base::file_error(target.parent_path(), "cannot be made", failed.value());
        const fs::path part = target.parent_path() / ("." + base::random_hex(8) + ".tmp");
        bool linked = false;
        if (options_.hard_link) {
            fs::create_hard_link(source.path, part, failed);
            linked = !failed;
        }
        if (!linked) {
            fs::copy_file(source.path, part, failed);
            if (failed) {
                const Error error = base::file_error(target, "cannot be written", failed.value());
                fs::remove(part, failed);
                return error;
            }
        }
        // The copy is what counts, not what was read before it.
        const Result<base::FileDigest> made = base::sha256_file(part);
        if (!made || made->sha256 != source.digest.sha256) {
            fs::remove(part, failed);
            if (!made) return made.error();
            return Error{ErrorCode::kDataCorrupt, source.path.string(), "changed while it was copied",
                         "collect again"};
        }
        Status placed = base::make_durable_as(part, target);
        if (!placed) fs::remove(part, failed);
        return placed;
    }

    const fs::path& folder_;
    const CollectOptions& options_;
};

} // namespace

Result<CollectReport> Project::collect(const fs::path& folder, const CollectOptions& options) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed) return base::file_error(folder, "cannot be made", failed.value());
    Session edited = state_->session.clone();
    const Collector collector(folder, options);
    CollectReport report;
    for (const Media& media : edited.media()) {
        if (media.embedded()) {
            report.present.push_back(media.id());
            continue;
        }
        std::string reason;
        const std::optional<Source> source = collector.find(media, reason);
        if (!source) {
            report.missing.push_back({media.id(), media.file(), reason});
            continue;
        }
        juce::ValueTree node = media.state;
        if (collector.is_there(media, *source)) {
            report.present.push_back(media.id());
        } else {
            std::string wanted = media.file();
            if (!media_path(folder, wanted)) {
                const std::string name = plain_name(wanted);
                wanted = "media/" + (name.empty() ? source->digest.sha256 : name);
            }
            const Result<std::string> file = collector.bring(*source, wanted);
            if (!file) return file.error();
            point_at(edited, media, *file);
            report.collected.push_back(media.id());
            report.bytes += source->digest.size;
        }
        node.setProperty("sha256", to_juce(source->digest.sha256), nullptr);
        node.setProperty("size", static_cast<juce::int64>(source->digest.size), nullptr);
    }
    state_->session = std::move(edited);
    return report;
}

} // namespace loopmind::session
