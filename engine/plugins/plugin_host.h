// Makes inserts of installed plug-ins: the graph's InsertFactory over a catalogue.
#pragma once

#include "engine/graph/insert_factory.h"
#include "engine/plugins/catalogue.h"
#include "engine/plugins/plugin_process.h"

#include <atomic>
#include <memory>

namespace loopmind::plugins {

struct HostOptions {
    /// Offline: an insert waits for its plug-in. Live: it never waits; a block that comes late is replaced by
    /// the dry sound, late by the same frames, and late_blocks() counts.
    bool offline = true;
    /// Blocks of 256 frames by which an insert lags beside the plug-in's own latency, so that the plug-in has
    /// that long to play one; 1..8. Live: the frames of the sound device's buffer by 256, rounded up. Both
    /// modes have it, so that they give the same samples with the same number.
    int pipeline_blocks = 1;
    ProcessOptions process; ///< `offline` in it is taken from above
};

class HostCore;

/// Message thread, but for late_blocks(). Effects may outlive it.
class PluginHost final : public graph::InsertFactory {
  public:
    PluginHost(PluginCatalogue catalogue, HostOptions options);
    ~PluginHost() override;

    /// Errors: invalid_argument for a plug-in that is not installed, is blocked or cannot be an insert;
    /// not_found when loopmind-plugin is missing. A plug-in that fails to load later is an effect that has
    /// failed().
    Result<std::unique_ptr<effects::Effect>> make(const Wanted& wanted) override;
    bool takes_key(const std::string& uri) const override;

    const PluginCatalogue& catalogue() const;
    /// Blocks of all inserts that came too late, live. Any thread.
    long late_blocks() const;

  private:
    std::shared_ptr<HostCore> core_;
};

} // namespace loopmind::plugins
