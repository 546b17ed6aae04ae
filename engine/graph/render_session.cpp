// Premaster by the graph, gain by settle_master, mix by the master inserts over the premaster.
#include "engine/graph/render_session.h"

#include "engine/graph/from_session.h"
#include "engine/graph/render_loop.h"
#include "engine/metering/loudness.h"
#include "engine/session/session.h"

#include "engine/effects/gain.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace loopmind::graph {

namespace {

constexpr size_t kNone = static_cast<size_t>(-1);

/// Indices of the limiter and of the gain it gets its level from; both exist afterwards.
struct Mastering {
    size_t gain = kNone;
    size_t limiter = kNone;
};

Mastering mastering_of(std::vector<InsertSpec>& chain, const MasterTarget& target) {
    Mastering out;
    for (size_t i = 0; i < chain.size(); ++i) {
        if (chain[i].effect == "limiter" && !chain[i].bypass) out.limiter = i;
    }
    if (out.limiter == kNone) {
        chain.push_back({"limiter", "limiter", {{"ceiling_db", target.ceiling_db}}, false});
        out.limiter = chain.size() - 1;
    }
    for (size_t i = 0; i < out.limiter; ++i) {
        if (chain[i].effect == "gain" && !chain[i].bypass) out.gain = i;
    }
    if (out.gain == kNone) {
        chain.insert(chain.begin() + static_cast<std::ptrdiff_t>(out.limiter), {"gain", "gain", {}, false});
        out.gain = out.limiter++;
    }
    return out;
}

double param_or(const InsertSpec& insert, const char* name, double fallback) {
    const auto found = insert.params.find(name);
    return found == insert.params.end() ? fallback : found->second;
}

} // namespace

Result<RenderedMix> render_session(std::string_view session_json, const MediaSource& media,
                                   const RenderSessionOptions& options) {
    auto session = session::Session::from_json(session_json);
    if (!session.ok()) return session.error();
    auto spec = graph_spec_from(*session);
    if (!spec.ok()) return spec.error();
    if (options.total_frames > 0) spec->total_frames = options.total_frames;
    auto plan = make_render_plan(*spec, media);
    if (!plan.ok()) return plan.error();

    auto cancelled = [&] { return options.cancelled && options.cancelled(); };
    const Error cancel{ErrorCode::kCancelled, "", "rendering was cancelled", ""};
    RenderedMix out;
    out.sample_rate = spec->sample_rate;
    out.premaster.sample_rate = out.mix.sample_rate = spec->sample_rate;
    const auto total = static_cast<size_t>(std::max<std::int64_t>(0, spec->total_frames));
    out.premaster.left.resize(total);
    out.premaster.right.resize(total);
    Status status =
        render_loop(*plan, {Tap::kPremaster, spec->total_frames, 8192},
                    [&](std::int64_t first, std::span<const float> left, std::span<const float> right) {
                        if (cancelled()) return false;
                        std::copy(left.begin(), left.end(), out.premaster.left.begin() + first);
                        std::copy(right.begin(), right.end(), out.premaster.right.begin() + first);
                        return true;
                    });
    if (!status.ok()) return status.error();
    out.mix = out.premaster;

    if (!options.settle) {
        status =
            process_loop(spec->master, "master", spec->sample_rate, spec->tempo, out.mix.left, out.mix.right);
        if (!status.ok()) return status.error();
    } else {
        std::vector<InsertSpec> chain = spec->master;
        const Mastering at = mastering_of(chain, options.target);
        MasterTarget target = options.target;
        InsertSpec& limiter = chain[at.limiter];
        limiter.params["ceiling_db"] = target.ceiling_db;
        target.release_ms = param_or(limiter, "release_ms", target.release_ms);
        target.lookahead_ms = param_or(limiter, "lookahead_ms", target.lookahead_ms);
        limiter.params["release_ms"] = target.release_ms;
        limiter.params["lookahead_ms"] = target.lookahead_ms;

        const std::span<const InsertSpec> all(chain);
        status = process_loop(all.first(at.gain), "master", spec->sample_rate, spec->tempo, out.mix.left,
                              out.mix.right);
        if (!status.ok()) return status.error();
        if (cancelled()) return cancel;
        // Inserts between gain and limiter (there are none in the sessions we build) would see the unsettled
        // level.
        const SettledMaster settled = settle_master(out.mix.left, out.mix.right, spec->sample_rate, target);
        if (cancelled()) return cancel;
        out.gain_db = settled.gain_db;
        out.ceiling_db = target.ceiling_db;
        out.silent = settled.silent;
        out.reached = settled.reached;
        out.lufs = settled.lufs;
        out.true_peak_db = settled.true_peak_db;
        chain[at.gain].params["gain_db"] = settled.gain_db;
        status = process_loop(all.subspan(at.gain), "master", spec->sample_rate, spec->tempo, out.mix.left,
                              out.mix.right);
        if (!status.ok()) return status.error();
    }
    const float fader = effects::gain_from_db(static_cast<float>(spec->master_gain_db));
    if (fader != 1.0f) {
        for (float& sample : out.mix.left)
            sample *= fader;
        for (float& sample : out.mix.right)
            sample *= fader;
    }
    if (!options.settle || fader != 1.0f) {
        auto loudness = metering::measure_loudness(out.mix.left, out.mix.right, spec->sample_rate);
        if (!loudness.ok()) return loudness.error();
        out.lufs = loudness->integrated_lufs;
        out.true_peak_db = loudness->true_peak_db;
        out.silent = !std::isfinite(out.lufs);
        out.reached = std::abs(out.lufs - options.target.lufs) <= 0.3;
    }
    return out;
}

} // namespace loopmind::graph
