// Orders the tracks, resolves routing and compensates insert latency.
#include "engine/graph/render_plan.h"

#include "engine/effects/gain.h"
#include "engine/graph/insert_chain.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

namespace loopmind::graph {

namespace {

Error invalid(std::string field, std::string message, std::string hint) {
    return Error{ErrorCode::kInvalidArgument, std::move(field), std::move(message), std::move(hint)};
}

using Index = std::map<std::string, size_t>;

/// Targets of a track's output and sends as indices into spec.tracks; -1 is the master.
Result<std::vector<int>> targets_of(const TrackSpec& track, const GraphSpec& spec, const Index& index) {
    std::vector<int> out;
    auto find = [&](const std::string& id) -> Result<int> {
        const auto found = index.find(id);
        if (found == index.end() || !spec.tracks[found->second].bus) {
            return invalid("tracks." + track.id, "goes to \"" + id + "\", which is no bus",
                           "choose a bus of the session or the master");
        }
        return static_cast<int>(found->second);
    };
    if (track.output.empty()) {
        out.push_back(-1);
    } else {
        auto target = find(track.output);
        if (!target.ok()) return target.error();
        out.push_back(*target);
    }
    for (const SendSpec& send : track.sends) {
        auto target = find(send.to);
        if (!target.ok()) return target.error();
        out.push_back(*target);
    }
    return out;
}

/// Document order, but each bus behind all that feeds it. Fails on a cycle.
Result<std::vector<size_t>> processing_order(const GraphSpec& spec,
                                             const std::vector<std::vector<int>>& targets) {
    const size_t count = spec.tracks.size();
    std::vector<int> waiting(count, 0);
    for (const auto& list : targets) {
        for (int target : list) {
            if (target >= 0) ++waiting[static_cast<size_t>(target)];
        }
    }
    std::vector<size_t> order;
    std::vector<bool> done(count, false);
    while (order.size() < count) {
        size_t next = 0;
        while (next < count && (done[next] || waiting[next] > 0))
            ++next;
        if (next == count) {
            std::string names;
            for (size_t i = 0; i < count; ++i) {
                if (!done[i]) names += (names.empty() ? "" : ", ") + spec.tracks[i].id;
            }
            return invalid("tracks", "routing goes in a circle through " + names,
                           "remove one of the outputs or sends");
        }
        done[next] = true;
        order.push_back(next);
        for (int target : targets[next]) {
            if (target >= 0) --waiting[static_cast<size_t>(target)];
        }
    }
    return order;
}

Result<std::vector<Segment>> segments_of(const TrackSpec& track, const GraphSpec& spec,
                                         std::map<std::string, std::shared_ptr<const StereoBuffer>>& loaded,
                                         const MediaSource& media) {
    std::vector<Segment> out;
    for (const ClipSpec& clip : track.clips) {
        const std::string field = "tracks." + track.id + ".clips";
        if (clip.end <= clip.start)
            return invalid(field, "a clip has no length", "make it longer or remove it");
        if (clip.media_offset < 0) return invalid(field, "a clip starts before its media", "move its offset");
        auto& audio = loaded[clip.media];
        if (!audio) {
            const auto found = std::find_if(spec.media.begin(), spec.media.end(),
                                            [&](const MediaRef& ref) { return ref.id == clip.media; });
            if (found == spec.media.end()) {
                return invalid(field,
                               "refers to media \"" + clip.media + "\", which the session does not have",
                               "add the media or remove the clip");
            }
            auto result = media(*found);
            if (!result.ok()) return result.error();
            audio = *result;
            if (!audio || audio->left.size() != audio->right.size()) {
                return Error{ErrorCode::kDataCorrupt, "media." + clip.media,
                             "has channels of different length", "render or import it again"};
            }
            if (audio->sample_rate != spec.sample_rate) {
                return invalid("media." + clip.media,
                               "is at " + std::to_string(audio->sample_rate) + " Hz, the session at " +
                                   std::to_string(spec.sample_rate),
                               "convert it to the session's rate when importing");
            }
        }
        out.push_back({clip.start, clip.end, clip.media_offset,
                       effects::gain_from_db(static_cast<float>(clip.gain_db)), audio});
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const Segment& a, const Segment& b) { return a.start < b.start; });
    return out;
}

} // namespace

Result<std::shared_ptr<const RenderPlan>> make_render_plan(const GraphSpec& spec, const MediaSource& media) {
    if (spec.sample_rate < 8000 || spec.sample_rate > 384000) {
        return invalid("sample_rate", "is outside 8000..384000 Hz", "use 44100 or 48000");
    }
    auto plan = std::make_shared<RenderPlan>();
    plan->sample_rate = spec.sample_rate;
    plan->tempo = spec.tempo;
    plan->total_frames = spec.total_frames;
    plan->master = spec.master;
    plan->master_gain = effects::gain_from_db(static_cast<float>(spec.master_gain_db));

    Index index;
    bool any_solo = false;
    for (size_t i = 0; i < spec.tracks.size(); ++i) {
        if (!index.emplace(spec.tracks[i].id, i).second) {
            return invalid("tracks." + spec.tracks[i].id, "stands twice in the session",
                           "give each track its own id");
        }
        any_solo |= spec.tracks[i].solo && !spec.tracks[i].bus;
    }
    std::vector<std::vector<int>> targets;
    for (const TrackSpec& track : spec.tracks) {
        auto list = targets_of(track, spec, index);
        if (!list.ok()) return list.error();
        targets.push_back(std::move(*list));
    }
    auto order = processing_order(spec, targets);
    if (!order.ok()) return order.error();
    std::vector<int> place(spec.tracks.size());
    for (size_t i = 0; i < order->size(); ++i)
        place[(*order)[i]] = static_cast<int>(i);

    std::map<std::string, std::shared_ptr<const StereoBuffer>> loaded;
    std::vector<int> arrival(spec.tracks.size() + 1,
                             0); // latest input of each node; the last one is the master
    std::vector<double> tail(spec.tracks.size() + 1, 0.0);
    const size_t master = spec.tracks.size();
    for (size_t position = 0; position < order->size(); ++position) {
        const size_t at = (*order)[position];
        const TrackSpec& track = spec.tracks[at];
        PlanNode node;
        node.id = track.id;
        node.bus = track.bus;
        node.audible = !track.mute && (!any_solo || track.solo || track.bus);
        node.inserts = track.inserts;
        const float gain = effects::gain_from_db(static_cast<float>(track.gain_db));
        node.gain_left = node.gain_right = gain;
        if (track.pan != 0) {
            const double angle = (std::clamp(track.pan, -1.0, 1.0) + 1.0) * std::numbers::pi / 4.0;
            node.gain_left = gain * static_cast<float>(std::numbers::sqrt2 * std::cos(angle));
            node.gain_right = gain * static_cast<float>(std::numbers::sqrt2 * std::sin(angle));
        }
        auto chain = InsertChain::make(track.inserts, "tracks." + track.id, spec.sample_rate, spec.tempo);
        if (!chain.ok()) return chain.error();
        node.latency = arrival[at] + chain->latency();
        const double node_tail = tail[at] + chain->tail_seconds();
        auto segments = segments_of(track, spec, loaded, media);
        if (!segments.ok()) return segments.error();
        node.segments = std::move(*segments);
        for (size_t i = 0; i < targets[at].size(); ++i) {
            Edge edge;
            const int target = targets[at][i];
            edge.target = target < 0 ? -1 : place[static_cast<size_t>(target)];
            if (i > 0) {
                edge.level = static_cast<float>(track.sends[i - 1].level);
                edge.pre_fader = track.sends[i - 1].pre_fader;
            }
            node.edges.push_back(edge);
            const size_t slot = target < 0 ? master : static_cast<size_t>(target);
            arrival[slot] = std::max(arrival[slot], node.latency);
            tail[slot] = std::max(tail[slot], node_tail);
        }
        plan->nodes.push_back(std::move(node));
    }
    plan->latency = arrival[master];
    plan->tail_seconds = tail[master];
    for (PlanNode& node : plan->nodes) {
        for (Edge& edge : node.edges) {
            const int latest =
                edge.target < 0 ? plan->latency : arrival[(*order)[static_cast<size_t>(edge.target)]];
            edge.delay = latest - node.latency;
        }
    }
    auto chain = InsertChain::make(spec.master, "master", spec.sample_rate, spec.tempo);
    if (!chain.ok()) return chain.error();
    return std::shared_ptr<const RenderPlan>(std::move(plan));
}

} // namespace loopmind::graph
