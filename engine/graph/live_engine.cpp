// Finds what of a plan continues the plan before.
#include "engine/graph/live_engine.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace loopmind::graph {

namespace {

bool same_inserts(const PlanNode& a, const PlanNode& b) {
    return a.bus == b.bus && std::equal(a.inserts.begin(), a.inserts.end(), b.inserts.begin(),
                                        b.inserts.end(), [](const PlanInsert& x, const PlanInsert& y) {
                                            return x.spec.effect == y.spec.effect && x.spec.id == y.spec.id &&
                                                   x.spec.uri == y.spec.uri && x.spec.state == y.spec.state &&
                                                   x.latency == y.latency &&
                                                   x.signal_delay == y.signal_delay &&
                                                   x.prepared == y.prepared;
                                        });
}

} // namespace

Result<std::unique_ptr<LiveEngine>> LiveEngine::make(std::shared_ptr<const RenderPlan> plan,
                                                     const LiveEngine* before) {
    auto out = std::make_unique<LiveEngine>();
    out->heirs.resize(plan->nodes.size() + 1);
    if (before) out->match(*plan, before->player->plan());
    PlayerOptions options;
    options.part = PlayerOptions::Part::kMix;
    options.all_nodes = true;
    for (const Heir& heir : out->heirs)
        options.inherits.push_back(heir.before >= 0);
    auto player = GraphPlayer::make(plan, std::move(options));
    if (!player.ok()) return player.error();
    out->player = std::move(*player);
    out->player->context().live = true;
    for (size_t i = 0; i < out->heirs.size(); ++i)
        out->meters.push_back(std::make_unique<Meter>());
    out->tail_frames =
        static_cast<std::int64_t>(std::ceil((plan->master.tail_seconds + 1.0) * plan->sample_rate)) +
        plan->master.latency;
    return out;
}

void LiveEngine::match(const RenderPlan& plan, const RenderPlan& before) {
    std::map<std::string, int> known;
    const int before_count = static_cast<int>(before.nodes.size()) + 1;
    for (int i = 0; i < before_count; ++i)
        known[before.node(i).id] = i;
    const int count = static_cast<int>(plan.nodes.size()) + 1;
    for (int i = 0; i < count; ++i) {
        const auto found = known.find(plan.node(i).id);
        if (found != known.end() && same_inserts(plan.node(i), before.node(found->second)))
            heirs[static_cast<size_t>(i)].before = found->second;
    }
    std::vector<std::vector<bool>> continued(static_cast<size_t>(before_count));
    for (int i = 0; i < before_count; ++i)
        continued[static_cast<size_t>(i)].resize(before.node(i).inputs.size());
    for (int i = 0; i < count; ++i) {
        Heir& heir = heirs[static_cast<size_t>(i)];
        const PlanNode& node = plan.node(i);
        heir.inputs.assign(node.inputs.size(), -1);
        if (heir.before < 0) continue;
        const auto& old_inputs = before.node(heir.before).inputs;
        auto& used = continued[static_cast<size_t>(heir.before)];
        for (size_t k = 0; k < node.inputs.size(); ++k) {
            const PlanInput& input = node.inputs[k];
            const int source = heirs[static_cast<size_t>(input.source)].before;
            for (size_t q = 0; q < old_inputs.size() && source >= 0; ++q) {
                const PlanInput& old = old_inputs[q];
                if (used[q] || old.source != source || old.send != input.send || old.delay != input.delay ||
                    old.pre_fader != input.pre_fader)
                    continue;
                used[q] = true;
                heir.inputs[k] = static_cast<int>(q);
                break;
            }
        }
    }
    for (int i = 0; i < before_count; ++i) {
        for (size_t q = 0; q < continued[static_cast<size_t>(i)].size(); ++q) {
            if (!continued[static_cast<size_t>(i)][q]) leaving.emplace_back(i, static_cast<int>(q));
        }
    }
}

void LiveEngine::inherit(LiveEngine& before) noexcept {
    for (size_t i = 0; i < heirs.size(); ++i) {
        const Heir& heir = heirs[i];
        NodePlayer& node = player->node(static_cast<int>(i));
        if (heir.before >= 0) {
            node.inherit(before.player->node(heir.before), heir.inputs);
            continue;
        }
        for (size_t k = 0; k < heir.inputs.size(); ++k)
            node.enter(static_cast<int>(k));
    }
}

} // namespace loopmind::graph
