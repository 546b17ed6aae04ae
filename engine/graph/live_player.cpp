// The message side of the live player: plans, starts and changes become entries of a queue.
#include "engine/graph/live_player.h"

#include "engine/graph/live_engine.h"
#include "engine/graph/routing.h"

#include <algorithm>
#include <cmath>

namespace loopmind::graph {

namespace {
constexpr size_t kCommands = 4096;
constexpr double kMarginSeconds = 0.05; ///< from now to the moment for which streams are prepared
} // namespace

LivePlayer::LivePlayer(LiveOptions options)
    : options_(options), commands_(std::make_unique<SpscQueue<LiveCommand>>(kCommands)) {}

LivePlayer::~LivePlayer() = default;

void LivePlayer::collect() {
    // What comes back is freed behind the faults: those that name it were told before it came back.
    std::vector<Returned> back;
    for (const Returned* one = returned_.front(); one != nullptr; one = returned_.front()) {
        back.push_back(*one);
        returned_.pop();
    }
    for (const Fault* fault = faults_.front(); fault != nullptr; fault = faults_.front()) {
        const PlanNode& node = fault->engine->player->plan().node(fault->node);
        const InsertSpec& insert = node.inserts[static_cast<size_t>(fault->insert)].spec;
        const std::string name = node.id + "/" + (insert.id.empty() ? insert.effect : insert.id);
        const auto same = [&](const InsertFault& known) { return known.insert == name; };
        if (std::none_of(faulty_.begin(), faulty_.end(), same))
            faulty_.push_back({name, fault_reason(*fault->effect)});
        faults_.pop();
    }
    for (const Returned& one : back) {
        std::erase_if(engines_, [&](const auto& engine) { return engine.get() == one.engine; });
        std::erase_if(feed_sets_, [&](const auto& feeds) { return feeds.get() == one.feeds; });
    }
    while (!waiting_.empty() && commands_->push(waiting_.front()))
        waiting_.pop_front();
}

void LivePlayer::push(const LiveCommand& command) {
    collect();
    if (!waiting_.empty() || !commands_->push(command)) waiting_.push_back(command);
}

LivePlayer::Snapshot LivePlayer::snapshot() const {
    Snapshot out;
    while (true) {
        const unsigned version = told_version_.load(std::memory_order_acquire);
        auto read = [&](size_t i) { return told_[i].load(std::memory_order_acquire); };
        out.timeline = {read(0), read(1), read(2), false, read(3) != 0};
        out.running = read(4);
        out.serial = static_cast<long>(read(5));
        if (version % 2 == 0 && told_version_.load(std::memory_order_relaxed) == version) return out;
    }
}

/// Whether the audio thread has taken every start and stop so far.
bool LivePlayer::settled(Snapshot& out) const {
    out = snapshot();
    return out.serial == serial_;
}

/// Where the player stands or will stand, for people.
std::int64_t LivePlayer::place() const {
    Snapshot told;
    return settled(told) && playing_ ? position() : start_;
}

int LivePlayer::latency() const {
    return engines_.empty() ? 0 : engines_.back()->player->latency();
}

int LivePlayer::node_of(const std::string& track) const {
    return engines_.empty() ? -1 : engines_.back()->player->plan().node_of(track);
}

std::shared_ptr<FeedSet> LivePlayer::make_feeds(const std::shared_ptr<const RenderPlan>& plan,
                                                const Timeline& timeline) {
    if (!plan_streams(*plan)) return nullptr;
    auto feeds = std::make_shared<FeedSet>(plan, timeline, options_.read_ahead_seconds, underruns_);
    feeds->prefill(std::min(options_.prefill_seconds, options_.read_ahead_seconds));
    feed_sets_.push_back(feeds);
    read_ahead_.add(feeds);
    return feeds;
}

/// The loop as it counts for playing from `frame`.
Timeline LivePlayer::from(std::int64_t frame) const {
    Timeline out{frame};
    if (loop_end_ > loop_start_ && frame < loop_end_) {
        out.loop_start = loop_start_;
        out.loop_end = loop_end_;
    }
    return out;
}

void LivePlayer::start_at(std::int64_t frame, LiveEngine* engine) {
    LiveCommand command;
    command.kind = LiveKind::kStart;
    command.engine = engine;
    command.timeline = from(frame);
    command.serial = ++serial_;
    if (!engines_.empty()) {
        command.feeds = make_feeds(engines_.back()->player->shared_plan(), command.timeline).get();
    }
    start_ = frame;
    push(command);
}

Status LivePlayer::set_plan(std::shared_ptr<const RenderPlan> plan) {
    collect();
    auto engine = LiveEngine::make(plan, engines_.empty() ? nullptr : engines_.back().get());
    if (!engine.ok()) return engine.error();
    LiveCommand command;
    command.kind = LiveKind::kPlan;
    command.engine = engine->get();
    engines_.push_back(std::move(*engine));
    if (playing_ && plan_streams(*plan)) {
        Snapshot told;
        if (!settled(told)) { // it will start later anyway
            start_at(start_, command.engine);
            return {};
        }
        command.running = told.running +
                          static_cast<std::int64_t>(kMarginSeconds * plan->sample_rate) / kQuantum * kQuantum;
        Timeline ahead = told.timeline;
        ahead.shift += command.running;
        command.feeds = make_feeds(plan, ahead).get();
    }
    push(command);
    return {};
}

void LivePlayer::play() {
    if (playing_) return;
    playing_ = true;
    start_at(start_, nullptr);
}

void LivePlayer::stop() {
    if (!playing_) return;
    start_ = place();
    playing_ = false;
    LiveCommand command;
    command.kind = LiveKind::kStop;
    command.timeline.shift = start_;
    command.serial = ++serial_;
    push(command);
}

void LivePlayer::seek(std::int64_t frame) {
    frame = std::max<std::int64_t>(0, frame);
    if (playing_) {
        start_at(frame, nullptr);
        return;
    }
    start_ = frame;
    LiveCommand command;
    command.kind = LiveKind::kStop;
    command.timeline.shift = frame;
    command.serial = ++serial_;
    push(command);
}

void LivePlayer::set_loop(std::int64_t start, std::int64_t end) {
    loop_start_ = std::max<std::int64_t>(0, start);
    loop_end_ = std::max(loop_start_, end);
    if (!playing_) return;
    LiveCommand command;
    command.kind = LiveKind::kLoop;
    command.timeline.loop_start = loop_start_;
    command.timeline.loop_end = loop_end_;
    if (!engines_.empty() && plan_streams(engines_.back()->player->plan())) {
        Snapshot told;
        if (!settled(told)) {
            start_at(start_, nullptr);
            return;
        }
        const auto& plan = engines_.back()->player->shared_plan();
        command.running = told.running +
                          static_cast<std::int64_t>(kMarginSeconds * plan->sample_rate) / kQuantum * kQuantum;
        const Timeline ahead = from(told.timeline.session_at(command.running));
        command.feeds = make_feeds(plan, ahead).get();
        command.timeline = ahead;
        command.timeline.shift -= command.running;
    }
    push(command);
}

bool LivePlayer::set_gain_db(const std::string& track, double gain_db) {
    LiveCommand command;
    command.kind = LiveKind::kGain;
    command.node = node_of(track);
    command.value = gain_db;
    if (command.node < 0 || !std::isfinite(gain_db)) return false;
    push(command);
    return true;
}

bool LivePlayer::set_pan(const std::string& track, double pan) {
    LiveCommand command;
    command.kind = LiveKind::kPan;
    command.node = node_of(track);
    command.value = pan;
    if (command.node < 0 || !std::isfinite(pan)) return false;
    push(command);
    return true;
}

/// Sends `command` to every input that hears the output (send -1) or a send of a node.
bool LivePlayer::to_consumers(int node, int send, LiveCommand command) {
    if (node < 0) return false;
    const RenderPlan& plan = engines_.back()->player->plan();
    bool any = false;
    for (int at = 0; at <= static_cast<int>(plan.nodes.size()); ++at) {
        const auto& inputs = plan.node(at).inputs;
        for (size_t i = 0; i < inputs.size(); ++i) {
            if (inputs[i].source != node || inputs[i].send != send) continue;
            command.node = at;
            command.index = static_cast<int>(i);
            push(command);
            any = true;
        }
    }
    return any;
}

bool LivePlayer::set_send_level(const std::string& track, int send, double level) {
    LiveCommand command;
    command.kind = LiveKind::kLevel;
    command.value = level;
    return send >= 0 && std::isfinite(level) && to_consumers(node_of(track), send, command);
}

bool LivePlayer::set_parameter(const std::string& track, const std::string& insert,
                               const std::string& parameter, double value) {
    LiveCommand command;
    command.kind = LiveKind::kParameter;
    if (!find_insert(track, insert, command) || !std::isfinite(value)) return false;
    // The engine's own effects may have moved to another engine; the plan tells of what kind they are.
    const PlanInsert& plan =
        engines_.back()->player->plan().node(command.node).inserts[static_cast<size_t>(command.index)];
    const auto found = std::find(plan.parameters.begin(), plan.parameters.end(), parameter);
    if (found == plan.parameters.end()) return false;
    command.parameter = static_cast<int>(found - plan.parameters.begin());
    command.value = value;
    push(command);
    return true;
}

bool LivePlayer::set_bypass(const std::string& track, const std::string& insert, bool bypass) {
    LiveCommand command;
    command.kind = LiveKind::kBypass;
    if (!find_insert(track, insert, command)) return false;
    command.value = bypass;
    push(command);
    return true;
}

bool LivePlayer::find_insert(const std::string& track, const std::string& insert,
                             LiveCommand& command) const {
    command.node = node_of(track);
    if (command.node < 0) return false;
    const auto& inserts = engines_.back()->player->plan().node(command.node).inserts;
    const auto found = std::find_if(inserts.begin(), inserts.end(),
                                    [&](const PlanInsert& plan) { return plan.spec.id == insert; });
    command.index = static_cast<int>(found - inserts.begin());
    return found != inserts.end();
}

bool LivePlayer::set_console(const GraphSpec& spec) {
    const auto routing = resolve_routing(spec);
    if (!routing.ok() || engines_.empty()) return false;
    const RenderPlan& plan = engines_.back()->player->plan();
    if (plan.nodes.size() != spec.tracks.size()) return false;
    std::vector<int> place;
    size_t connections = 0;
    for (const TrackSpec& track : spec.tracks) {
        place.push_back(plan.node_of(track.id));
        if (place.back() < 0) return false;
    }
    for (int at = 0; at <= static_cast<int>(plan.nodes.size()); ++at)
        connections += plan.node(at).inputs.size();
    if (connections != routing->connections.size()) return false;
    for (const Connection& c : routing->connections) {
        const int source = place[static_cast<size_t>(c.source)];
        const int target =
            c.target < 0 ? static_cast<int>(plan.nodes.size()) : place[static_cast<size_t>(c.target)];
        const auto& inputs = plan.node(target).inputs;
        if (std::none_of(inputs.begin(), inputs.end(), [&](const PlanInput& input) {
                return input.source == source && input.send == c.send;
            }))
            return false;
    }
    for (const Connection& c : routing->connections) {
        const TrackSpec& track = spec.tracks[static_cast<size_t>(c.source)];
        LiveCommand command;
        command.kind = LiveKind::kOpen;
        command.value = c.open;
        to_consumers(place[static_cast<size_t>(c.source)], c.send, command);
        auto lane = [&](const std::string& target) {
            return std::any_of(track.automation.begin(), track.automation.end(), [&](const LaneSpec& spec) {
                return spec.target == target && !spec.points.empty();
            });
        };
        if (c.send >= 0) {
            const SendSpec& send = track.sends[static_cast<size_t>(c.send)];
            if (!lane("sends." + send.to + ".level")) set_send_level(track.id, c.send, send.level);
            continue;
        }
        LiveCommand scale;
        scale.kind = LiveKind::kScale;
        scale.node = place[static_cast<size_t>(c.source)];
        scale.value = group_gain(spec, track);
        push(scale);
        if (!lane("gain_db")) set_gain_db(track.id, track.gain_db);
        if (!lane("pan")) set_pan(track.id, track.pan);
    }
    auto master_lane = [&](const char* target) {
        return std::any_of(spec.master_automation.begin(), spec.master_automation.end(),
                           [&](const LaneSpec& lane) { return lane.target == target; });
    };
    LiveCommand scale;
    scale.kind = LiveKind::kScale;
    scale.node = static_cast<int>(plan.nodes.size());
    scale.value = spec.master_mute && !master_lane("mute") ? 0 : 1;
    push(scale);
    if (!master_lane("gain_db")) set_gain_db("master", spec.master_gain_db);
    if (!master_lane("pan")) set_pan("master", spec.master_pan);
    return true;
}

LivePlayer::Peak LivePlayer::take_peak(const std::string& track) {
    const int node = node_of(track);
    if (node < 0) return {};
    LiveEngine::Meter& meter = *engines_.back()->meters[static_cast<size_t>(node)];
    return {meter.left.exchange(0, std::memory_order_relaxed),
            meter.right.exchange(0, std::memory_order_relaxed)};
}

int LivePlayer::take_output(std::span<float> left, std::span<float> right) {
    const size_t wanted = std::min(left.size(), right.size());
    size_t count = 0;
    for (const Frame* frame = output_.front(); frame != nullptr && count < wanted; frame = output_.front()) {
        left[count] = frame->left;
        right[count] = frame->right;
        ++count;
        output_.pop();
    }
    return static_cast<int>(count);
}

std::vector<InsertFault> LivePlayer::faults() {
    collect();
    return faulty_;
}

std::vector<std::string> LivePlayer::faulty_inserts() {
    std::vector<std::string> out;
    for (InsertFault& fault : faults())
        out.push_back(std::move(fault.insert));
    return out;
}

} // namespace loopmind::graph
