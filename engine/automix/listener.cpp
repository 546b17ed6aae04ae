// Linear renders into meters.
#include "engine/automix/listener.h"

#include "engine/automix/own_inserts.h"
#include "engine/graph/from_session.h"
#include "engine/metering/loudness.h"
#include "engine/session/session.h"

#include <algorithm>
#include <cmath>

namespace loopmind::automix {

graph::MediaLibrary once(graph::MediaLibrary media) {
    auto known = std::make_shared<std::map<std::string, std::shared_ptr<const graph::Media>>>();
    return [media = std::move(media),
            known](const graph::MediaRef& ref) -> Result<std::shared_ptr<const graph::Media>> {
        if (const auto found = known->find(ref.id); found != known->end()) return found->second;
        auto opened = media(ref);
        if (opened) known->emplace(ref.id, *opened);
        return opened;
    };
}

Result<Listener> Listener::open(const session::Session& session, const Settings& settings,
                                const std::set<std::pair<std::string, std::string>>& without) {
    auto spec = graph::graph_spec_from(session);
    if (!spec) return spec.error();
    spec->plugins = settings.plugins;
    for (graph::TrackSpec& track : spec->tracks) {
        track.solo = false;
        std::erase_if(track.inserts, [&](const graph::InsertSpec& insert) {
            return without.contains({track.id, insert.id});
        });
    }
    for (graph::GroupSpec& group : spec->groups)
        group.solo = false;
    auto plan = graph::make_render_plan(*spec, settings.media, settings.preparer.get());
    if (!plan) return plan.error();
    Listener out;
    out.settings_ = settings;
    out.spec_ = std::move(*spec);
    out.plan_ = std::move(*plan);
    return out;
}

bool Listener::audible(const std::string& track) const {
    const int index = plan_->node_of(track);
    return index >= 0 && plan_->node(index).audible;
}

bool Listener::alone(const std::string& track) const {
    const auto staged = graph::stage_tracks(*plan_);
    return std::find(staged.begin(), staged.end(), track) != staged.end();
}

void Listener::tell_faults(const graph::LinearReport& report) const {
    if (!settings_.on_fault) return;
    for (std::size_t i = 0; i < report.faulty_inserts.size(); ++i)
        settings_.on_fault(report.faulty_inserts[i], report.fault_reasons[i]);
}

Result<Features> Listener::track(const std::string& track, const Shape& shape) const {
    const auto chain = make_shape(shape, plan_->sample_rate);
    FeatureMeter meter(plan_->sample_rate, graph::stream_frames(*plan_, track));
    std::vector<float> left, right;
    graph::LinearOptions options;
    options.cancelled = settings_.cancelled;
    const auto report = graph::render_track(
        plan_, track, {}, options, [&](std::int64_t, std::span<const float> l, std::span<const float> r) {
            if (chain.empty()) {
                meter.add(l, r);
                return true;
            }
            left.assign(l.begin(), l.end());
            right.assign(r.begin(), r.end());
            for (const auto& effect : chain)
                effect->process(left.data(), right.data(), static_cast<int>(left.size()));
            meter.add(left, right);
            return true;
        });
    if (!report) return report.error();
    tell_faults(*report);
    return meter.finish();
}

Result<MixLoudness> Listener::mix(bool master, const std::set<std::string>& stems,
                                  std::map<std::string, Features>* out) const {
    graph::LinearOptions options;
    options.master = master;
    options.threads = settings_.threads;
    options.cancelled = settings_.cancelled;
    std::map<std::string, FeatureMeter> meters;
    if (out && !stems.empty()) {
        for (const std::string& id : stems)
            meters.emplace(id, FeatureMeter(plan_->sample_rate, graph::linear_frames(*plan_, options)));
        options.stems = [&](const std::string& id, std::int64_t, std::span<const float> l,
                            std::span<const float> r) {
            if (const auto found = meters.find(id); found != meters.end()) found->second.add(l, r);
            return true;
        };
    }
    std::vector<float> left, right;
    auto loudness = metering::LoudnessMeter::create(plan_->sample_rate, false);
    if (!loudness) return loudness.error();
    const auto report = graph::render_linear(
        plan_, options, [&](std::int64_t, std::span<const float> l, std::span<const float> r) {
            // What is no number counts as silence: one broken track shall not hide how loud the others are.
            const auto clean = [](std::span<const float> from, std::vector<float>& to) {
                to.assign(from.begin(), from.end());
                for (float& x : to)
                    if (!std::isfinite(x)) x = 0;
            };
            clean(l, left);
            clean(r, right);
            loudness->add(left, right);
            return true;
        });
    if (!report) return report.error();
    tell_faults(*report);
    left.assign(static_cast<std::size_t>(plan_->sample_rate / 2), 0.0f); // as FeatureMeter::finish
    loudness->add(left, left);
    for (auto& [id, meter] : meters)
        (*out)[id] = meter.finish();
    const metering::Loudness read = loudness->read();
    return MixLoudness{read.integrated_lufs, read.sample_peak_db};
}

} // namespace loopmind::automix
