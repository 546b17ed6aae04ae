// The memory that an insert and its plug-in's process share: blocks of audio and the parameters that go with
// them.
//
// The engine posts blocks in order, the child finishes them in order; each side counts its own and reads the
// other's count. Neither ever waits for the other on the engine's audio thread: the child sleeps on `posted`
// by a futex, which the engine wakes only when the child says that it sleeps; an offline render sleeps on
// `done` in the same way. The memory is sealed, so that a child cannot shrink it under the engine's feet, and
// the engine reads from it nothing but `done` and samples.
#pragma once

#include "engine/effects/effect.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace loopmind::plugins {

inline constexpr int kBlock = 256;                             ///< frames; the graph's quantum
inline constexpr int kTicks = kBlock / effects::Effect::kTick; ///< of parameters in a block
inline constexpr int kSlots = 16;                              ///< blocks under way at most
inline constexpr std::uint32_t kSharedVersion = 0x4C4D5031;    ///< "LMP1"; changes with the layout

struct SharedHead {
    std::uint32_t version;
    std::uint32_t parameters;                      ///< values in a tick
    alignas(64) std::atomic<std::uint32_t> posted; ///< blocks handed to the child, modulo 2^32
    std::atomic<std::uint32_t> child_sleeps;
    alignas(64) std::atomic<std::uint32_t> done; ///< blocks that the child has finished, modulo 2^32
    std::atomic<std::uint32_t> engine_sleeps;
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

struct alignas(64) SharedBlock {
    enum Flags : std::uint32_t {
        kReset = 1, ///< forget everything before this block
        kKey = 2,   ///< `key` holds a side chain
    };
    std::uint32_t flags;
    std::uint32_t moved; ///< bit t: the parameters of tick t stand behind the block
    float in[2][kBlock];
    float key[2][kBlock];
    float out[2][kBlock];
    // Behind it: float[kTicks][parameters].
};

inline std::size_t block_bytes(std::size_t parameters) {
    const std::size_t bytes = sizeof(SharedBlock) + sizeof(float) * kTicks * parameters;
    return (bytes + 63) / 64 * 64;
}
inline std::size_t shared_bytes(std::size_t parameters) {
    return sizeof(SharedHead) + kSlots * block_bytes(parameters);
}
/// The block with number `index` of the memory that begins at `head`.
inline SharedBlock* block_at(SharedHead* head, std::uint32_t index, std::size_t parameters) {
    return reinterpret_cast<SharedBlock*>(reinterpret_cast<std::byte*>(head + 1) +
                                          index % kSlots * block_bytes(parameters));
}
inline float* tick_values(SharedBlock* block, int tick, std::size_t parameters) {
    return reinterpret_cast<float*>(block + 1) + static_cast<std::size_t>(tick) * parameters;
}

/// Sleeps while `word` is `value`, until woken or `milliseconds` are over. Not for audio threads of the
/// engine.
void sleep_on(std::atomic<std::uint32_t>& word, std::uint32_t value, int milliseconds) noexcept;
/// Wakes who sleeps on `word`. Never waits.
void wake(std::atomic<std::uint32_t>& word) noexcept;

} // namespace loopmind::plugins
