// An insert whose sound is made in another process.
#pragma once

#include "engine/effects/effect.h"
#include "engine/plugins/host_core.h"

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace loopmind::plugins {

/// The parameters in the form that effects have; a base, so that it is there before Effect looks at it.
struct ParameterTable {
    explicit ParameterTable(const PluginInfo& info);
    std::vector<effects::ParameterInfo> infos;
    std::deque<std::string> texts; ///< that infos point to
};

/// Parameters are the plug-in's control inputs by their symbols, moved at ticks; they glide as those of all
/// effects. The samples lag by pipeline_blocks blocks and the plug-in's own latency.
class PluginEffect final : private ParameterTable, public effects::Effect {
  public:
    PluginEffect(std::shared_ptr<HostCore> core, const PluginInfo& info, graph::InsertFactory::Wanted wanted);

    std::string_view type() const override { return graph::kLv2; }
    bool takes_key() const override { return info_.key_inputs > 0; }
    int latency() const override { return latency_; }
    double tail_seconds() const override { return info_.tail_seconds(); }
    bool failed() const noexcept override { return failed_; }
    std::string failure() const override;

    /// Whether its plug-in was loaded by prepare(). Message thread.
    bool loaded() const { return process_ != nullptr; }
    /// The plug-in's own state, for the session. Message thread. Errors: it is not loaded or does not answer.
    Result<std::string> save_state();

  private:
    static constexpr std::size_t kHistory = 32; ///< blocks since the reset whose numbers are remembered

    void on_prepare(double rate) override;
    void on_reset() noexcept override;
    void on_tick(bool moved) noexcept override;
    void run(float* left, float* right, int frames, int phase) noexcept override;

    void begin_block() noexcept;
    void end_block() noexcept;
    bool fetch(std::int64_t wanted) noexcept;
    void play_dry() noexcept;
    void remember_dry() noexcept;

    std::shared_ptr<HostCore> core_;
    PluginInfo info_;
    graph::InsertFactory::Wanted wanted_;
    const bool offline_;
    const int lag_blocks_;
    int latency_ = 0;
    PluginShape shape_;
    std::unique_ptr<PluginProcess> process_;

    // Audio thread.
    bool failed_ = false;
    bool hung_ = false;
    int fill_ = 0;                                ///< frames of the block that is being collected
    std::int64_t block_ = 0;                      ///< blocks begun since the reset
    std::array<std::int64_t, kHistory> number_{}; ///< of the process, by block; -1: never posted
    std::uint32_t first_ = 0;                     ///< number of the first block after the reset
    bool used_ = false;                           ///< blocks were posted since the last reset
    bool reset_ = false;                          ///< the next block begins from silence
    bool resend_ = false;                         ///< parameters were lost with a block
    std::uint32_t moved_ = 0;
    bool keyed_ = false;
    std::int64_t late_frames_ = 0; ///< in a row
    std::int64_t patience_ = 0;    ///< frames, live
    std::array<std::array<float, kBlock>, 2> in_{}, key_{}, out_{};
    std::vector<float> values_; ///< kTicks times the parameters
    std::array<std::vector<float>, 2> dry_;
    std::size_t dry_at_ = 0;
};

} // namespace loopmind::plugins
