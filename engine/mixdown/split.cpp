// Cutting: which tracks have a stage of their own, and what of the document decides their sound.
#include "engine/mixdown/split.h"

#include "engine/graph/from_session.h"
#include "engine/graph/offline.h"
#include "engine/graph/render_plan.h"
#include "engine/mixdown/silent_media.h"
#include "engine/session/automation_target.h"
#include "engine/session/schema.h"

#include <algorithm>
#include <functional>
#include <set>

namespace loopmind::mixdown {
namespace {

namespace ids = session::ids;

Result<std::shared_ptr<const graph::RenderPlan>>
plan_of(const session::Session& session, const std::shared_ptr<graph::InsertFactory>& plugins) {
    auto spec = graph::graph_spec_from(session);
    if (!spec) return spec.error();
    spec->plugins = plugins;
    for (graph::TrackSpec& track : spec->tracks)
        leave_unstretched(track);
    return graph::make_render_plan(*spec, silent_library(session), nullptr);
}

void remove_children_if(juce::ValueTree holder, const std::function<bool(const juce::ValueTree&)>& gone) {
    for (int i = holder.getNumChildren() - 1; i >= 0; --i)
        if (gone(holder.getChild(i))) holder.removeChild(i, nullptr);
}

/// Leaves of a track what is heard before its fader.
void strip_fader(juce::ValueTree track) {
    for (const char* name :
         {"name", "role", "color", "gain_db", "pan", "mute", "solo", "solo_safe", "arm", "output", "group"})
        track.removeProperty(name, nullptr);
    track.removeProperty(ids::extra, nullptr);
    track.getChildWithName(ids::sends).removeAllChildren(nullptr);
    remove_children_if(track.getChildWithName(ids::automation), [](const juce::ValueTree& lane) {
        const auto target = session::parse_automation_target(lane["target"].toString().toStdString());
        return !target || target->kind != session::AutomationTarget::Kind::kInsert;
    });
}

std::string text(const juce::var& value) {
    return value.toString().toStdString();
}

/// The document of some tracks alone.
std::string document_of(const session::Session& session, const std::set<std::string>& kept) {
    session::Session part = session.clone();
    juce::ValueTree root = part.state();
    for (const char* name : {"name", "mode", "key", "pan_law"})
        root.removeProperty(name, nullptr);
    root.removeProperty(ids::extra, nullptr);
    for (const auto& list : {ids::layers, ids::sections, ids::markers, ids::timeline, ids::fx, ids::groups})
        root.removeChild(root.getChildWithName(list), nullptr);
    std::set<std::string> patterns, media;
    juce::ValueTree tracks = root.getChildWithName(ids::tracks);
    remove_children_if(tracks,
                       [&](const juce::ValueTree& track) { return !kept.contains(text(track[ids::id])); });
    for (juce::ValueTree track : tracks) {
        strip_fader(track);
        for (const juce::ValueTree& clip : track.getChildWithName(ids::clips))
            patterns.insert(text(clip["pattern"]));
    }
    juce::ValueTree all_patterns = root.getChildWithName(ids::patterns);
    remove_children_if(all_patterns, [&](const juce::ValueTree& pattern) {
        return !patterns.contains(text(pattern[ids::id]));
    });
    for (juce::ValueTree pattern : all_patterns) {
        pattern.removeProperty(ids::name, nullptr);
        pattern.removeProperty(ids::extra, nullptr);
        media.insert(text(pattern["audio"]));
    }
    juce::ValueTree all_media = root.getChildWithName(ids::media_list);
    remove_children_if(all_media,
                       [&](const juce::ValueTree& item) { return !media.contains(text(item[ids::id])); });
    return part.to_json();
}

/// Audio that the clips of a track play.
std::vector<std::string> media_of(const session::Session& session, const session::Track& track) {
    std::vector<std::string> out;
    for (const session::Clip& clip : track.clips()) {
        if (clip.mute()) continue;
        const auto pattern = session.pattern(clip.pattern());
        if (!pattern || pattern->audio().empty()) continue;
        if (std::find(out.begin(), out.end(), pattern->audio()) == out.end()) out.push_back(pattern->audio());
    }
    return out;
}

/// The track and what keys it, all the way.
void add_keys(const graph::RenderPlan& plan, const std::string& track, std::set<std::string>& out) {
    if (!out.insert(track).second) return;
    for (const std::string& key : graph::key_tracks(plan, track))
        add_keys(plan, key, out);
}

/// Embedded bytes travel as blobs, never inside the documents; file names say nothing to a worker.
session::Session without_bytes(const session::Session& session) {
    session::Session out = session.clone();
    for (juce::ValueTree item : out.state().getChildWithName(ids::media_list)) {
        item.removeProperty("data", nullptr);
        item.removeProperty(ids::file, nullptr);
    }
    return out;
}

} // namespace

Result<Parts> split(const session::Session& original, const std::shared_ptr<graph::InsertFactory>& plugins) {
    const session::Session session = without_bytes(original);
    const auto plan = plan_of(session, plugins);
    if (!plan) return plan.error();
    Parts out;
    std::set<std::string> staged;
    for (const std::string& id : graph::stage_tracks(**plan)) {
        TrackPart part;
        part.id = id;
        part.needs = graph::key_tracks(**plan, id);
        part.media = media_of(session, *session.track(id));
        std::set<std::string> kept;
        add_keys(**plan, id, kept);
        part.document = document_of(session, kept);
        for (const std::string& one : kept)
            for (const session::Insert& insert : session.track(one)->inserts())
                if (insert.effect() == graph::kLv2) part.hosted_plugins.push_back(insert.uri());
        out.tracks.push_back(std::move(part));
        staged.insert(id);
    }
    for (const session::Track& track : session.tracks()) {
        if (staged.contains(track.id()) || (*plan)->node_of(track.id()) < 0) continue;
        for (const std::string& id : media_of(session, track))
            if (std::find(out.media.begin(), out.media.end(), id) == out.media.end()) out.media.push_back(id);
    }
    out.document = session.to_json();
    return out;
}

Result<std::set<std::string>> audible_tracks(const session::Session& session,
                                             const std::shared_ptr<graph::InsertFactory>& plugins) {
    const auto plan = plan_of(session, plugins);
    if (!plan) return plan.error();
    std::set<std::string> out;
    for (const graph::PlanNode& node : (*plan)->nodes)
        if (node.audible) out.insert(node.id);
    return out;
}

Result<std::vector<std::string>> audible_media(const session::Session& session) {
    const auto plan = plan_of(session, nullptr);
    if (!plan) return plan.error();
    std::vector<std::string> out;
    for (const session::Track& track : session.tracks()) {
        if ((*plan)->node_of(track.id()) < 0) continue;
        for (const std::string& id : media_of(session, track))
            if (std::find(out.begin(), out.end(), id) == out.end()) out.push_back(id);
    }
    return out;
}

} // namespace loopmind::mixdown
