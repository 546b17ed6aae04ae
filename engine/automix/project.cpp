// Files in, a document out.
#include "engine/automix/project.h"

#include "engine/mixdown/bounce_notes.h"
#include "engine/mixdown/describe.h"
#include "engine/mixdown/file_media.h"
#include "engine/mixdown/hosted.h"
#include "engine/session/history.h"
#include "engine/session/project.h"
#include "engine/session/session.h"
#include "proto/base/durable_file.h"

#include <map>

namespace loopmind::automix {

namespace fs = std::filesystem;

using session::in_project;

Result<MixedProject> mix_project(const fs::path& project, ProjectOptions options) {
    auto text = base::read_file(project, session::kMaxProjectBytes);
    if (!text) return text.error();
    auto session = session::Session::from_json(*text);
    if (!session) return in_project(project, session.error());
    if (!mixdown::hosted_inserts(*session).empty() && options.find_plugins) {
        auto plugins = options.find_plugins();
        if (!plugins) return plugins.error();
        options.plugins = *plugins;
        if (Status there = mixdown::check_hosted_inserts(*session, options.plugins); !there)
            return in_project(project, there.error());
    }
    // Describing writes into the document what files turned out to be: that is for listening, not for saving.
    session::Session described = session->clone();
    const fs::path folder = session::project_folder(project);
    auto found = mixdown::describe_media(described, {folder, options.scratch, options.skip_missing, {}});
    if (!found) return in_project(project, found.error());
    auto bounced = mixdown::bounce_notes(
        described, {folder, options.scratch, {}, options.skip_missing, options.cancelled});
    if (!bounced) return in_project(project, bounced.error());
    std::map<std::string, const mixdown::FoundMedia*> files;
    for (const auto* media : {&found->media, &bounced->media})
        for (const mixdown::FoundMedia& one : *media)
            files[one.id] = &one;
    const int rate = described.sample_rate();
    const graph::MediaLibrary library =
        [&](const graph::MediaRef& ref) -> Result<std::shared_ptr<const graph::Media>> {
        const auto file = files.find(ref.id);
        if (file == files.end())
            return Error{ErrorCode::kNotFound, "media." + ref.id, "is missing", "relink it"};
        return mixdown::open_file_media(file->second->file, "media." + ref.id, file->second->sha256, rate,
                                        options.scratch);
    };
    auto made = decide(described, library, options);
    if (!made)
        return made.error().code == ErrorCode::kCancelled ? made.error() : in_project(project, made.error());
    session::History history(*session);
    if (Status applied = apply(*session, &history, *made); !applied)
        return in_project(project, applied.error());
    MixedProject out;
    out.report = std::move(made->report);
    out.skipped = std::move(found->skipped);
    out.skipped.insert(out.skipped.end(), bounced->skipped.begin(), bounced->skipped.end());
    out.changed = !made->edits.empty();
    out.document = out.changed ? session->to_json() : *text;
    return out;
}

} // namespace loopmind::automix
