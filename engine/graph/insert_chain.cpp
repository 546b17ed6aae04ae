// Makes effects by name, sets their parameters and runs them one after the other.
#include "engine/graph/insert_chain.h"

#include "engine/effects/registry.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace loopmind::graph {

namespace {

constexpr int kMaxBlock = 8192;
using effects::Effect;

bool all_finite(const float* left, const float* right, int frames) {
    // The exponent bits are all set in infinities and in what is not a number; an integer OR runs in SIMD.
    constexpr std::uint32_t kExponent = 0x7f800000u;
    std::uint32_t bad = 0;
    for (int i = 0; i < frames; ++i) {
        bad |= (std::bit_cast<std::uint32_t>(left[i]) & kExponent) == kExponent;
        bad |= (std::bit_cast<std::uint32_t>(right[i]) & kExponent) == kExponent;
    }
    return bad == 0;
}

std::string known_effects() {
    std::string out;
    for (auto type : effects::effect_types()) {
        if (!out.empty()) out += ", ";
        out += type;
    }
    return out;
}

/// A ring of fixed length: in goes the new frame, out comes the old one.
void delay(std::vector<float>& ring_left, std::vector<float>& ring_right, size_t& at, float* left,
           float* right, int frames) noexcept {
    if (ring_left.empty()) return;
    for (int i = 0; i < frames; ++i) {
        std::swap(left[i], ring_left[at]);
        std::swap(right[i], ring_right[at]);
        if (++at == ring_left.size()) at = 0;
    }
}

} // namespace

namespace {

Result<std::unique_ptr<Effect>> make_plugin(const InsertSpec& spec, const std::string& field,
                                            InsertFactory* plugins, InsertFactory::Use use) {
    if (spec.uri.empty())
        return Error{ErrorCode::kInvalidArgument, field + ".uri", "is missing", "name the plug-in's URI"};
    if (plugins == nullptr)
        return Error{ErrorCode::kInvalidArgument, field,
                     "its plug-in " + spec.uri + " cannot be run here: this program hosts no plug-ins",
                     "render the track where the plug-in is installed, or remove the insert"};
    auto made = plugins->make({spec.uri, spec.state, spec.params, use});
    if (made.ok()) return made;
    Error error = made.error();
    error.field = field;
    return error;
}

} // namespace

Result<std::unique_ptr<Effect>> make_insert_effect(const InsertSpec& spec, const std::string& place,
                                                   double rate, double tempo, InsertFactory* plugins,
                                                   InsertFactory::Use use) {
    const std::string field = place + ".inserts." + (spec.id.empty() ? spec.effect : spec.id);
    std::unique_ptr<Effect> effect;
    if (spec.effect == kLv2) {
        auto made = make_plugin(spec, field, plugins, use);
        if (!made.ok()) return made.error();
        effect = std::move(*made);
    } else {
        effect = effects::make_effect(spec.effect);
    }
    if (!effect) {
        return Error{ErrorCode::kInvalidArgument, field, "unknown effect \"" + spec.effect + "\"",
                     "use one of " + known_effects()};
    }
    for (const auto& [name, value] : spec.params) {
        if (!effect->set(name, value)) {
            const bool known = effect->parameter_index(name) >= 0;
            return Error{ErrorCode::kInvalidArgument, field + "." + name,
                         known ? "is not a finite number"
                               : "is no parameter of " + (spec.effect == kLv2 ? spec.uri : spec.effect),
                         known ? "give a number" : "remove it or correct its name"};
        }
    }
    if (spec.effect != kLv2 && effect->parameter_index("tempo") >= 0 && !spec.params.contains("tempo"))
        effect->set("tempo", tempo);
    effect->prepare(rate, kMaxBlock);
    return effect;
}

std::string fault_reason(const Effect& effect) {
    const std::string failure = effect.failure();
    return failure.empty() ? "gave samples that are not finite" : failure;
}

Result<InsertChain> InsertChain::make(std::span<const InsertSpec> inserts, const std::string& place,
                                      double rate, double tempo) {
    std::vector<PlanInsert> plan;
    for (const InsertSpec& spec : inserts) {
        plan.emplace_back().spec = spec;
    }
    return make(plan, place, rate, tempo);
}

Result<InsertChain> InsertChain::make(std::span<const PlanInsert> inserts, const std::string& place,
                                      double rate, double tempo, InsertFactory* plugins,
                                      InsertFactory::Use use) {
    InsertChain chain;
    for (const PlanInsert& plan : inserts) {
        auto made = make_insert_effect(plan.spec, place, rate, tempo, plugins, use);
        if (!made.ok()) return made.error();
        auto effect = std::move(*made);
        chain.latency_ += plan.signal_delay + effect->latency();
        if (!plan.spec.bypass) chain.tail_seconds_ += effect->tail_seconds();
        Slot slot;
        slot.id = plan.spec.id.empty() ? plan.spec.effect : plan.spec.id;
        slot.bypass = slot.wanted_bypass = plan.spec.bypass;
        slot.lag = plan.lag;
        if (plan.follows_tempo) slot.tempo_parameter = effect->parameter_index("tempo");
        for (const auto& lane : plan.lanes)
            slot.lanes.emplace_back(lane.parameter, LaneReader(lane.lane));
        for (size_t i = 0; i < effect->parameters().size(); ++i)
            slot.targets.emplace_back(static_cast<int>(i), effect->target(static_cast<int>(i)));
        slot.dry_left.assign(static_cast<size_t>(effect->latency()), 0.0f);
        slot.dry_right = slot.dry_left;
        slot.wait_left.assign(static_cast<size_t>(plan.signal_delay), 0.0f);
        slot.wait_right = slot.wait_left;
        slot.effect = std::move(effect);
        chain.slots_.push_back(std::move(slot));
    }
    return chain;
}

void InsertChain::reset() noexcept {
    for (Slot& slot : slots_) {
        slot.effect->reset();
        slot.faulty = slot.told = false;
        slot.bypass = slot.wanted_bypass;
        slot.dry_at = slot.wait_at = 0;
        for (auto* ring : {&slot.dry_left, &slot.dry_right, &slot.wait_left, &slot.wait_right})
            std::fill(ring->begin(), ring->end(), 0.0f);
    }
}

/// The effect itself; cut into ticks where something follows a curve.
void InsertChain::Slot::run(float* left, float* right, int frames, const Position& position,
                            const Key& key) noexcept {
    const bool tempo_moves = tempo_parameter >= 0 && position.tempo != nullptr && !position.tempo->constant();
    if (position.timeline == nullptr || (lanes.empty() && !tempo_moves)) {
        effect->process(left, right, frames, key.left, key.right);
        return;
    }
    for (int at = 0; at < frames; at += Effect::kTick) {
        const int count = std::min(Effect::kTick, frames - at);
        // A parameter stands at its value at the end of the tick, hence the end's time; the signal is late by
        // `lag`.
        const std::int64_t time = position.timeline->session_at(position.running + at + Effect::kTick - lag);
        for (auto& [parameter, lane] : lanes)
            effect->follow(parameter, lane.at(time));
        if (tempo_moves) effect->follow(tempo_parameter, static_cast<float>(position.tempo->at(time)));
        effect->process(left + at, right + at, count, key.left ? key.left + at : nullptr,
                        key.right ? key.right + at : nullptr);
    }
}

void InsertChain::Slot::process(float* left, float* right, int frames, const Position& position,
                                const Key& key) noexcept {
    const size_t bytes = sizeof(float) * static_cast<size_t>(frames);
    delay(wait_left, wait_right, wait_at, left, right, frames);
    const bool fading = bypass != wanted_bypass && !faulty;
    const bool runs = !(bypass && wanted_bypass) && !faulty;
    if (!fading && runs && dry_left.empty()) {
        run(left, right, frames, position, key); // the usual case: nothing to keep
        if (!effect->failed() && all_finite(left, right, frames)) return;
        faulty = true;
        std::memset(left, 0, bytes);
        std::memset(right, 0, bytes);
        return;
    }
    std::array<float, kQuantum> dry_now_left, dry_now_right;
    std::memcpy(dry_now_left.data(), left, bytes);
    std::memcpy(dry_now_right.data(), right, bytes);
    delay(dry_left, dry_right, dry_at, dry_now_left.data(), dry_now_right.data(), frames);
    if (!runs) {
        std::memcpy(left, dry_now_left.data(), bytes);
        std::memcpy(right, dry_now_right.data(), bytes);
        return;
    }
    run(left, right, frames, position, key);
    if (effect->failed()) {
        faulty = true;
        std::memcpy(left, dry_now_left.data(), bytes);
        std::memcpy(right, dry_now_right.data(), bytes);
        return;
    }
    if (!all_finite(left, right, frames)) {
        // Whatever it was given is lost in its output: silence now, the dry path from the next block on.
        faulty = true;
        std::memset(left, 0, bytes);
        std::memset(right, 0, bytes);
        return;
    }
    if (!fading) return;
    for (int i = 0; i < frames; ++i) {
        const float way = static_cast<float>(i + 1) / static_cast<float>(frames);
        const float dry = wanted_bypass ? way : 1 - way;
        left[i] += dry * (dry_now_left[static_cast<size_t>(i)] - left[i]);
        right[i] += dry * (dry_now_right[static_cast<size_t>(i)] - right[i]);
    }
    bypass = wanted_bypass;
}

void InsertChain::process(float* left, float* right, int frames) noexcept {
    for (int at = 0; at < frames; at += kQuantum)
        process(left + at, right + at, std::min(kQuantum, frames - at), {}, {});
}

void InsertChain::process(float* left, float* right, int frames, const Position& position,
                          std::span<const Key> keys) noexcept {
    for (size_t i = 0; i < slots_.size(); ++i)
        slots_[i].process(left, right, frames, position, keys.empty() ? Key{} : keys[i]);
}

std::string InsertChain::faulty_insert() const {
    for (const Slot& slot : slots_) {
        if (slot.faulty) return slot.id;
    }
    return {};
}

std::vector<InsertFault> InsertChain::faults() const {
    std::vector<InsertFault> out;
    for (const Slot& slot : slots_) {
        if (!slot.faulty) continue;
        out.push_back({slot.id, fault_reason(*slot.effect)});
    }
    return out;
}

int InsertChain::new_fault() noexcept {
    for (size_t i = 0; i < slots_.size(); ++i) {
        if (slots_[i].faulty && !slots_[i].told) {
            slots_[i].told = true;
            return static_cast<int>(i);
        }
    }
    return -1;
}

void InsertChain::set_bypass(int insert, bool bypass) noexcept {
    Slot& slot = slots_[static_cast<size_t>(insert)];
    if (slot.wanted_bypass == bypass) return;
    slot.wanted_bypass = bypass;
    if (!bypass && slot.bypass) slot.effect->reset(); // it stood still and remembers something old
}

void InsertChain::set_parameter(int insert, int parameter, float value) noexcept {
    slots_[static_cast<size_t>(insert)].effect->set(parameter, value);
}

void InsertChain::adopt_settings(InsertChain& other) noexcept {
    for (size_t i = 0; i < slots_.size(); ++i) {
        Slot& slot = slots_[i];
        Slot& next = other.slots_[i];
        std::swap(slot.lanes, next.lanes);
        std::swap(slot.lag, next.lag);
        std::swap(slot.id, next.id);
        std::swap(slot.tempo_parameter, next.tempo_parameter);
        for (const auto& [parameter, value] : next.targets)
            slot.effect->set(parameter, value);
        std::swap(slot.targets, next.targets);
        set_bypass(static_cast<int>(i), next.wanted_bypass);
    }
}

} // namespace loopmind::graph
