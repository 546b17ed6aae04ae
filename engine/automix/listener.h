// Renders what the mix has to hear: tracks ahead of their faders, stems, the mix. Private to automix.
#pragma once

#include "engine/automix/channel.h"
#include "engine/graph/graph_spec.h"
#include "engine/graph/insert_factory.h"
#include "engine/graph/offline.h"
#include "proto/base/result.h"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace loopmind::session {
class Session;
}

namespace loopmind::automix {

/// Loudness of a mix.
struct MixLoudness {
    double lufs = 0;
    double peak_db = 0; ///< dBFS, samples
};

/// A session as a graph with nothing soloed. One thread.
class Listener {
  public:
    struct Settings {
        graph::MediaLibrary media; ///< each entry is asked for once
        std::shared_ptr<graph::MediaPreparer> preparer;
        int threads = 1;
        std::function<bool()> cancelled;
        std::shared_ptr<graph::InsertFactory> plugins; ///< null: sessions with plug-ins are refused
        /// Told of every insert ("track/insert") that was bypassed in a render, and why; may be empty.
        std::function<void(const std::string& insert, const std::string& reason)> on_fault;
    };
    /// `without`: inserts that are left out, by track and id. Errors: what the graph refuses.
    static Result<Listener> open(const session::Session& session, const Settings& settings,
                                 const std::set<std::pair<std::string, std::string>>& without = {});

    const graph::RenderPlan& plan() const { return *plan_; }
    const graph::GraphSpec& spec() const { return spec_; }
    /// Whether the track can be rendered alone: it is heard, and no bus keys it.
    bool alone(const std::string& track) const;
    bool audible(const std::string& track) const;

    /// A track ahead of its fader, through `shape` behind its inserts.
    Result<Features> track(const std::string& track, const Shape& shape) const;
    /// The mix with or without the master; `stems`: tracks whose sound behind the fader is measured along.
    Result<MixLoudness> mix(bool master, const std::set<std::string>& stems,
                            std::map<std::string, Features>* out) const;

  private:
    void tell_faults(const graph::LinearReport& report) const;

    Settings settings_;
    graph::GraphSpec spec_;
    std::shared_ptr<const graph::RenderPlan> plan_;
};

/// A library that opens every entry once and keeps it.
graph::MediaLibrary once(graph::MediaLibrary media);

} // namespace loopmind::automix
