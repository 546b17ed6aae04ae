// Tracks with plug-ins of others: which they are, and their sound as audio, for machines that lack the
// plug-ins.
#pragma once

#include "engine/graph/insert_factory.h"
#include "engine/mixdown/describe.h"
#include "engine/session/session.h"
#include "proto/base/result.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace loopmind::mixdown {

/// An insert that holds a plug-in.
struct HostedInsert {
    std::string track; ///< id; "master" too
    std::string insert;
    std::string uri;
};

/// All of them, heard or not, in document order. A mixdown with any is not bit-equal between machines.
std::vector<HostedInsert> hosted_inserts(const session::Session& session);

/// Asks for every one of them without loading it. Errors name track and insert: not installed, blocked.
Status check_hosted_inserts(const session::Session& session,
                            const std::shared_ptr<graph::InsertFactory>& plugins);

struct HostedOptions {
    std::shared_ptr<graph::InsertFactory> plugins;
    /// File of a medium, by its SHA-256.
    std::function<Result<std::filesystem::path>(const std::string& sha256)> media;
    std::filesystem::path scratch; ///< an existing folder; the bounces stay in it
    std::function<bool()> cancelled;
    std::function<void(const HostedInsert&)> on_track; ///< before a track is rendered; its first plug-in
};

struct HostedBounce {
    std::vector<FoundMedia> media;           ///< of the bounces
    std::vector<std::string> faulty_inserts; ///< of the rendered tracks, with reasons
    std::vector<std::string> fault_reasons;
};

/// Renders every track that is heard and holds a plug-in, up to its fader and compensated for its latency,
/// into a 32-bit float file, and puts that in place of its clips and inserts: what is left of `session` plays
/// the same without plug-ins. Tracks that are not heard lose their plug-ins. Media must be described.
/// Errors: those of the graph, above all plug-ins that are not installed; invalid_argument for a plug-in on a
/// bus, on the master or on a track whose key is a bus: those cannot be rendered ahead of the mix.
Result<HostedBounce> bounce_hosted_tracks(session::Session& session, const HostedOptions& options);

} // namespace loopmind::mixdown
