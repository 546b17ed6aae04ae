// Builds the plan: nodes in order, delays, lanes. Clips are placed by clip_placer.h.
#include "engine/graph/render_plan.h"

#include "engine/effects/effect.h"
#include "engine/graph/clip_placer.h"
#include "engine/graph/insert_chain.h"
#include "engine/graph/routing.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace loopmind::graph {

namespace {

Error invalid(std::string field, std::string message, std::string hint) {
    return Error{ErrorCode::kInvalidArgument, std::move(field), std::move(message), std::move(hint)};
}

std::shared_ptr<const Lane> lane_of(const LaneSpec& spec, double minimum, double maximum) {
    if (spec.points.empty()) return nullptr;
    return std::make_shared<const Lane>(spec.points, minimum, maximum);
}

/// The parts of "inserts.<id>.<parameter>" or "sends.<id>.level"; ids may hold dots, parameters do not.
bool split_target(const std::string& target, const char* kind, std::string& id, std::string& last) {
    const std::string prefix = std::string(kind) + ".";
    const size_t dot = target.rfind('.');
    if (!target.starts_with(prefix) || dot == std::string::npos || dot <= prefix.size()) return false;
    id = target.substr(prefix.size(), dot - prefix.size());
    last = target.substr(dot + 1);
    return true;
}

/// Effects say in a parameter's meaning when it counts at prepare only.
std::vector<float> prepared_values(const effects::Effect& effect) {
    std::vector<float> out;
    for (size_t i = 0; i < effect.parameters().size(); ++i) {
        const std::string_view meaning = effect.parameters()[i].meaning;
        if (meaning.find("takes effect at prepare") != std::string_view::npos)
            out.push_back(effect.target(static_cast<int>(i)));
    }
    return out;
}

class Builder {
  public:
    Builder(const GraphSpec& spec, const Routing& routing, ClipPlacer& placer)
        : spec_(spec), routing_(routing), placer_(placer), place_(spec.tracks.size()) {
        for (size_t i = 0; i < routing.order.size(); ++i)
            place_[routing.order[i]] = static_cast<int>(i);
    }

    Result<std::shared_ptr<const RenderPlan>> run() {
        plan_->sample_rate = spec_.sample_rate;
        plan_->plugins = spec_.plugins;
        plan_->tempo = spec_.tempo;
        plan_->tempo_map = TempoMap(spec_.tempo, spec_.tempo_map);
        plan_->total_frames = plan_->last_frame = std::max<std::int64_t>(0, spec_.total_frames);
        for (size_t at : routing_.order) {
            if (Status status = add_track(static_cast<int>(at)); !status.ok()) return status.error();
        }
        if (Status status = add_master(); !status.ok()) return status.error();
        for (Error& error : placer_.missing())
            plan_->warnings.push_back(std::move(error));
        lengths_of_history();
        mark_audible();
        return std::shared_ptr<const RenderPlan>(std::move(plan_));
    }

  private:
    PlanNode& node(int index) { return index < 0 ? plan_->master : plan_->nodes[static_cast<size_t>(index)]; }

    void warn(const std::string& place, const LaneSpec& lane, const char* message) {
        plan_->warnings.push_back({ErrorCode::kNotFound, place + ".automation." + lane.target, message,
                                   "remove the lane or choose another target"});
    }

    Status add_track(int at) {
        const TrackSpec& track = spec_.tracks[static_cast<size_t>(at)];
        PlanNode out;
        out.id = track.id;
        out.bus = out.in_sum = track.bus;
        out.document = at;
        auto segments = placer_.segments_of(track);
        if (!segments.ok()) return segments.error();
        out.segments = std::move(*segments);
        out.fader.gain_db = track.gain_db;
        out.fader.pan = track.pan;
        out.fader.law = spec_.pan_law;
        out.fader.scale = group_gain(spec_, track);
        const std::string place = "tracks." + track.id;
        if (Status status = finish(out, at, place, track.inserts, track.automation); !status.ok())
            return status;
        if (track.phase_invert) invert(out);
        std::int64_t end = 0;
        for (const Segment& segment : out.segments)
            end = std::max(end, segment.end);
        plan_->last_frame = std::max(plan_->last_frame, end);
        out.stream_frames = std::numeric_limits<std::int64_t>::max();
        if (!out.bus) {
            end += static_cast<std::int64_t>(std::ceil(out.tail_seconds * spec_.sample_rate)) + out.latency;
            out.stream_frames = out.segments.empty() ? 0 : (end + kQuantum - 1) / kQuantum * kQuantum;
        }
        plan_->nodes.push_back(std::move(out));
        return {};
    }

    /// Turns both channels round ahead of the inserts.
    static void invert(PlanNode& node) {
        for (Segment& segment : node.segments)
            segment.gain = -segment.gain;
        for (PlanInput& input : node.inputs)
            input.sign = -1;
    }

    Status add_master() {
        PlanNode& out = plan_->master;
        out.id = "master";
        out.bus = out.in_sum = true;
        out.document = static_cast<int>(spec_.tracks.size());
        out.stream_frames = std::numeric_limits<std::int64_t>::max();
        out.fader.gain_db = spec_.master_gain_db;
        out.fader.pan = spec_.master_pan;
        out.fader.law = spec_.pan_law;
        const bool lane = std::any_of(spec_.master_automation.begin(), spec_.master_automation.end(),
                                      [](const LaneSpec& spec) { return spec.target == "mute"; });
        if (spec_.master_mute && !lane) out.fader.scale = 0;
        return finish(out, kMasterNode, "master", spec_.master, spec_.master_automation);
    }

    /// Inputs, inserts, lanes and latency of a node.
    Status finish(PlanNode& out, int at, const std::string& place, const std::vector<InsertSpec>& inserts,
                  const std::vector<LaneSpec>& automation) {
        int arrival = 0;
        double tail = 0;
        for (const Connection& c : routing_.connections) {
            if (c.target != at) continue;
            const int source = place_[static_cast<size_t>(c.source)];
            out.inputs.push_back(input_of(c, source));
            arrival = std::max(arrival, node(source).latency);
            tail = std::max(tail, node(source).tail_seconds);
        }
        for (PlanInput& input : out.inputs)
            input.delay = arrival - node(input.source).latency;
        if (at == kMasterNode) {
            plan_->latency = arrival;
            plan_->tail_seconds = tail;
        }
        for (const LaneSpec& lane : automation)
            add_lane(out, at, place, lane, inserts);
        out.latency = arrival;
        out.tail_seconds = tail;
        return add_inserts(out, at, place, inserts, automation);
    }

    PlanInput input_of(const Connection& c, int source) const {
        const TrackSpec& track = spec_.tracks[static_cast<size_t>(c.source)];
        PlanInput out;
        out.source = source;
        out.send = c.send;
        out.open = c.open;
        if (c.send < 0) return out;
        const SendSpec& send = track.sends[static_cast<size_t>(c.send)];
        out.level = std::isfinite(send.level) ? static_cast<float>(send.level) : 0.0f;
        out.pre_fader = send.pre_fader;
        for (const LaneSpec& lane : track.automation) {
            if (lane.target == "sends." + send.to + ".level") out.level_lane = lane_of(lane, 0, 4);
            if (lane.target == "mute" && send.pre_fader) out.mute_lane = lane_of(lane, 0, 1);
        }
        return out;
    }

    void add_lane(PlanNode& out, int at, const std::string& place, const LaneSpec& lane,
                  const std::vector<InsertSpec>& inserts) {
        std::string id, last;
        if (lane.points.empty()) return;
        if (lane.target == "gain_db") {
            out.fader.gain_lane = lane_of(lane, -144, 60);
        } else if (lane.target == "pan") {
            out.fader.pan_lane = lane_of(lane, -1, 1);
        } else if (lane.target == "mute") {
            out.fader.mute_lane = lane_of(lane, 0, 1);
        } else if (split_target(lane.target, "sends", id, last) && last == "level" && at >= 0) {
            const auto& sends = spec_.tracks[static_cast<size_t>(at)].sends;
            if (std::none_of(sends.begin(), sends.end(), [&](const SendSpec& send) { return send.to == id; }))
                warn(place, lane, "follows a send that is not there and is not played");
        } else if (split_target(lane.target, "inserts", id, last)) {
            if (std::none_of(inserts.begin(), inserts.end(),
                             [&](const InsertSpec& spec) { return spec.id == id; }))
                warn(place, lane, "follows an insert that is not there and is not played");
        } else {
            warn(place, lane, "follows something unknown and is not played");
        }
    }

    Status add_inserts(PlanNode& out, int at, const std::string& place,
                       const std::vector<InsertSpec>& inserts, const std::vector<LaneSpec>& automation) {
        for (size_t i = 0; i < inserts.size(); ++i) {
            auto effect = make_insert_effect(inserts[i], place, spec_.sample_rate, spec_.tempo,
                                             spec_.plugins.get(), InsertFactory::Use::kPlan);
            if (!effect.ok()) return effect.error();
            PlanInsert insert;
            insert.spec = inserts[i];
            for (const auto& info : (*effect)->parameters())
                insert.parameters.emplace_back(info.name);
            insert.prepared = prepared_values(**effect);
            for (const KeyConnection& key : routing_.keys) {
                if (key.track != at || key.insert != static_cast<int>(i)) continue;
                insert.key = place_[static_cast<size_t>(key.source)];
                const PlanNode& source = node(insert.key);
                insert.signal_delay = std::max(0, source.latency - out.latency);
                insert.key_delay = std::max(0, out.latency - source.latency);
                out.in_sum = out.in_sum || source.in_sum;
            }
            out.latency += insert.signal_delay;
            insert.lag = out.latency;
            insert.follows_tempo = inserts[i].effect != kLv2 && (*effect)->parameter_index("tempo") >= 0 &&
                                   !inserts[i].params.contains("tempo");
            double tail = (*effect)->tail_seconds();
            for (const LaneSpec& lane : automation) {
                std::string id, name;
                if (!split_target(lane.target, "inserts", id, name) || id != inserts[i].id ||
                    lane.points.empty())
                    continue;
                const int parameter = (*effect)->parameter_index(name);
                if (parameter < 0) {
                    warn(place, lane, "follows a parameter that is not there and is not played");
                    continue;
                }
                const auto& info = (*effect)->parameters()[static_cast<size_t>(parameter)];
                insert.lanes.push_back({parameter, lane_of(lane, info.minimum, info.maximum)});
                // The longest tail at the curve's ends: curves between points never leave their values.
                for (const AutomationPoint& point : lane.points) {
                    (*effect)->set(parameter, point.value);
                    tail = std::max(tail, (*effect)->tail_seconds());
                }
            }
            if (inserts[i].bypass) tail = 0;
            out.tail_seconds += tail;
            insert.latency = (*effect)->latency();
            out.latency += insert.latency;
            out.inserts.push_back(std::move(insert));
        }
        return {};
    }

    void lengths_of_history() {
        for (int at = -1; at < static_cast<int>(plan_->nodes.size()); ++at) {
            for (const PlanInput& input : node(at).inputs) {
                PlanNode& source = node(input.source);
                int& longest = input.pre_fader ? source.longest_pre : source.longest_post;
                longest = std::max(longest, input.delay);
            }
            for (const PlanInsert& insert : node(at).inserts) {
                if (insert.key >= 0)
                    node(insert.key).longest_pre = std::max(node(insert.key).longest_pre, insert.key_delay);
            }
        }
    }

    void mark_audible() {
        std::vector<bool> heard(plan_->nodes.size(), false);
        auto listen = [&](const PlanNode& to) {
            for (const PlanInput& input : to.inputs) {
                if (input.open) heard[static_cast<size_t>(input.source)] = true;
            }
            for (const PlanInsert& insert : to.inserts) {
                if (insert.key >= 0 && !insert.spec.bypass) heard[static_cast<size_t>(insert.key)] = true;
            }
        };
        listen(plan_->master);
        for (size_t i = plan_->nodes.size(); i-- > 0;) {
            plan_->nodes[i].audible = heard[i];
            if (heard[i]) listen(plan_->nodes[i]);
        }
    }

    const GraphSpec& spec_;
    const Routing& routing_;
    ClipPlacer& placer_;
    std::vector<int> place_; ///< position in processing order, by document place
    std::shared_ptr<RenderPlan> plan_ = std::make_shared<RenderPlan>();
};

} // namespace

int RenderPlan::node_of(const std::string& id) const {
    for (size_t i = 0; i < nodes.size(); ++i) {
        if (nodes[i].id == id) return static_cast<int>(i);
    }
    return id == "master" ? static_cast<int>(nodes.size()) : -1;
}

Result<std::shared_ptr<const RenderPlan>> make_render_plan(const GraphSpec& spec, const MediaLibrary& media,
                                                           MediaPreparer* prepare, bool leave_out_missing) {
    if (spec.sample_rate < 8000 || spec.sample_rate > 384000) {
        return invalid("sample_rate", "is outside 8000..384000 Hz", "use 44100 or 48000");
    }
    auto routing = resolve_routing(spec);
    if (!routing.ok()) return routing.error();
    ClipPlacer placer(spec, media, prepare, leave_out_missing);
    return Builder(spec, *routing, placer).run();
}

Result<std::shared_ptr<const RenderPlan>> make_render_plan(const GraphSpec& spec, const MediaSource& media) {
    MediaPreparer prepare;
    return make_render_plan(spec, memory_library(media), &prepare);
}

} // namespace loopmind::graph
