// Finding, naming and probing media.
#include "engine/mixdown/describe.h"

#include "engine/files/media_child.h"
#include "engine/session/project.h"
#include "engine/session/schema.h"
#include "proto/base/durable_file.h"
#include "proto/base/sha256.h"

#include <juce_core/juce_core.h>

#include <optional>
#include <set>

namespace loopmind::mixdown {
namespace {

namespace fs = std::filesystem;
namespace ids = session::ids;

/// Audio that unmuted clips of tracks name, whatever mute and solo of the tracks say: unmuting needs no new
/// upload.
std::vector<std::string> named_media(const session::Session& session) {
    std::vector<std::string> out;
    std::set<std::string> seen;
    for (const session::Track& track : session.tracks())
        for (const session::Clip& clip : track.clips()) {
            if (clip.mute()) continue;
            const auto pattern = session.pattern(clip.pattern());
            if (pattern && !pattern->audio().empty() && seen.insert(pattern->audio()).second)
                out.push_back(pattern->audio());
        }
    return out;
}

Result<fs::path> embedded_file(const session::Media& media, const fs::path& scratch) {
    juce::MemoryOutputStream bytes;
    if (!juce::Base64::convertFromBase64(bytes, media.state["data"].toString()))
        return Error{ErrorCode::kDataCorrupt, "media." + media.id(), "its embedded bytes are damaged",
                     "relink it"};
    const std::string_view text(static_cast<const char*>(bytes.getData()), bytes.getDataSize());
    const fs::path file = scratch / base::sha256_hex(text);
    if (auto written = base::write_durably(file, text); !written) return written.error();
    return file;
}

Result<fs::path> file_of(const session::Media& media, const DescribeOptions& options) {
    if (!media.file().empty()) {
        auto path = session::media_path(options.folder, media.file());
        std::error_code failed;
        if (path && fs::is_regular_file(*path, failed)) return path;
    }
    if (media.embedded()) return embedded_file(media, options.scratch);
    if (options.find_blob && !media.sha256().empty())
        if (auto found = options.find_blob(media.sha256())) return *found;
    return Error{ErrorCode::kNotFound, "media." + media.id(),
                 media.file().empty() ? "is neither linked nor embedded" : media.file() + " is missing", ""};
}

/// Tells a file from others on this machine, as long as nobody writes it.
Result<base::FileDigest> place_of(const fs::path& file) {
    std::error_code failed;
    const auto size = fs::file_size(file, failed);
    if (failed) return Error{ErrorCode::kNotFound, file.string(), "cannot be read: " + failed.message(), ""};
    const auto changed = fs::last_write_time(file, failed).time_since_epoch().count();
    const std::string place =
        fs::absolute(file).string() + '\n' + std::to_string(size) + '\n' + std::to_string(changed);
    return base::FileDigest{base::sha256_hex(place), size};
}

Result<FoundMedia> describe(const session::Media& media, const DescribeOptions& options) {
    const auto file = file_of(media, options);
    if (!file) return file.error();
    return describe_file(media, *file, options.hash_content);
}

/// Takes out the clips that play a medium.
void remove_clips_of(session::Session& session, const std::string& media_id) {
    for (const session::Track& track : session.tracks()) {
        juce::ValueTree clips = track.state.getChildWithName(ids::clips);
        for (int i = clips.getNumChildren() - 1; i >= 0; --i) {
            const auto pattern = session.pattern(session::Clip(clips.getChild(i)).pattern());
            if (pattern && pattern->audio() == media_id) clips.removeChild(i, nullptr);
        }
    }
}

} // namespace

Result<FoundMedia> describe_file(session::Media media, const fs::path& file, bool hash_content) {
    const auto digest = hash_content ? base::sha256_file(file) : place_of(file);
    if (!digest) return digest.error();
    const auto info = files::measure_media(file);
    if (!info) {
        Error error = info.error();
        error.field = "media." + media.id();
        error.message = file.filename().string() + " " + error.message;
        return error;
    }
    juce::ValueTree state = media.state;
    const auto put = [&](const char* name, const juce::var& value) {
        state.setProperty(name, value, nullptr);
    };
    put("sha256", juce::String(digest->sha256));
    put("size", static_cast<juce::int64>(digest->size));
    put("frames", static_cast<juce::int64>(info->frames));
    put("sample_rate", info->sample_rate);
    put("channels", info->channels);
    return FoundMedia{media.id(), digest->sha256, digest->size, file};
}

Result<Described> describe_media(session::Session& session, const DescribeOptions& options) {
    Described out;
    std::vector<Error> bad;
    for (const std::string& id : named_media(session)) {
        const auto media = session.media(id);
        auto found = media ? describe(*media, options)
                           : Result<FoundMedia>(Error{ErrorCode::kNotFound, "media." + id,
                                                      "is named by a pattern and not in the session", ""});
        if (found) {
            out.media.push_back(std::move(*found));
            continue;
        }
        bad.push_back(found.error());
    }
    if (!bad.empty() && !options.skip_missing) {
        std::string names;
        for (const Error& error : bad)
            names += (names.empty() ? "" : "; ") + error.field + " " + error.message;
        return Error{
            bad.front().code, "media", names,
            "point at another file with `loopmind project relink`, or render the rest with --skip-missing"};
    }
    for (const Error& error : bad) {
        remove_clips_of(session, error.field.substr(std::string("media.").size()));
        out.skipped.push_back(error.field + " " + error.message);
    }
    return out;
}

} // namespace loopmind::mixdown
