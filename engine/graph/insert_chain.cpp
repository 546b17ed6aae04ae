// Makes effects by name, sets their parameters and runs them one after the other.
#include "engine/graph/insert_chain.h"

#include "engine/effects/registry.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace loopmind::graph {

namespace {

constexpr int kMaxBlock = 8192;

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

} // namespace

Result<InsertChain> InsertChain::make(std::span<const InsertSpec> inserts, const std::string& place,
                                      double rate, double tempo) {
    InsertChain chain;
    for (const InsertSpec& spec : inserts) {
        const std::string field = place + ".inserts." + (spec.id.empty() ? spec.effect : spec.id);
        auto effect = effects::make_effect(spec.effect);
        if (!effect) {
            return Error{ErrorCode::kInvalidArgument, field, "unknown effect \"" + spec.effect + "\"",
                         "use one of " + known_effects()};
        }
        for (const auto& [name, value] : spec.params) {
            if (!effect->set(name, value)) {
                const bool known = effect->parameter_index(name) >= 0;
                return Error{ErrorCode::kInvalidArgument, field + "." + name,
                             known ? "is not a finite number" : "is no parameter of " + spec.effect,
                             known ? "give a number" : "remove it or correct its name"};
            }
        }
        if (effect->parameter_index("tempo") >= 0 && !spec.params.contains("tempo"))
            effect->set("tempo", tempo);
        effect->prepare(rate, kMaxBlock);
        chain.latency_ += effect->latency();
        if (!spec.bypass) chain.tail_seconds_ += effect->tail_seconds();
        Slot slot;
        slot.id = spec.id.empty() ? spec.effect : spec.id;
        slot.bypass = spec.bypass;
        slot.dry_left.assign(static_cast<size_t>(effect->latency()), 0.0f);
        slot.dry_right = slot.dry_left;
        slot.effect = std::move(effect);
        chain.slots_.push_back(std::move(slot));
    }
    return chain;
}

void InsertChain::reset() noexcept {
    for (Slot& slot : slots_) {
        slot.effect->reset();
        slot.faulty = false;
        slot.dry_at = 0;
        std::fill(slot.dry_left.begin(), slot.dry_left.end(), 0.0f);
        std::fill(slot.dry_right.begin(), slot.dry_right.end(), 0.0f);
    }
}

void InsertChain::Slot::delay_dry(float* left, float* right, int frames) noexcept {
    if (dry_left.empty()) return;
    for (int i = 0; i < frames; ++i) {
        std::swap(left[i], dry_left[dry_at]);
        std::swap(right[i], dry_right[dry_at]);
        if (++dry_at == dry_left.size()) dry_at = 0;
    }
}

void InsertChain::process(float* left, float* right, int frames) noexcept {
    for (Slot& slot : slots_) {
        if (slot.bypass || slot.faulty) {
            slot.delay_dry(left, right, frames);
            continue;
        }
        slot.effect->process(left, right, frames);
        if (!all_finite(left, right, frames)) {
            // Whatever it was given is lost in its output: silence now, the dry path from the next block on.
            slot.faulty = true;
            std::fill(left, left + frames, 0.0f);
            std::fill(right, right + frames, 0.0f);
        }
    }
}

std::string InsertChain::faulty_insert() const {
    for (const Slot& slot : slots_) {
        if (slot.faulty) return slot.id;
    }
    return {};
}

} // namespace loopmind::graph
