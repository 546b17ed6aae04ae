// Names to indices, Kahn's algorithm in document order, and reachability for solo.
#include "engine/graph/routing.h"

#include "engine/effects/registry.h"
#include "engine/graph/exact_math.h"

#include <algorithm>

namespace loopmind::graph {

namespace {

using Index = std::map<std::string, int>;

Error invalid(std::string field, std::string message, std::string hint) {
    return Error{ErrorCode::kInvalidArgument, std::move(field), std::move(message), std::move(hint)};
}

class Resolver {
  public:
    explicit Resolver(const GraphSpec& spec) : spec_(spec), count_(static_cast<int>(spec.tracks.size())) {}

    Result<Routing> run() {
        for (auto step : {&Resolver::index, &Resolver::connect, &Resolver::connect_keys, &Resolver::sort}) {
            if (Status status = (this->*step)(); !status.ok()) return status.error();
        }
        open_or_close();
        return std::move(out_);
    }

  private:
    const TrackSpec& track(int index) const { return spec_.tracks[static_cast<size_t>(index)]; }
    const GroupSpec* group(const TrackSpec& track) const {
        for (const GroupSpec& group : spec_.groups) {
            if (group.id == track.group) return &group;
        }
        return nullptr;
    }

    Status index() {
        for (int i = 0; i < count_; ++i) {
            const std::string field = "tracks." + track(i).id;
            if (track(i).id == "master")
                return invalid(field, "has the master's name", "give the track another id");
            if (!index_.emplace(track(i).id, i).second)
                return invalid(field, "stands twice in the session", "give each track its own id");
            if (!track(i).group.empty() && !group(track(i)))
                return invalid(field + ".group",
                               "refers to group \"" + track(i).group + "\", which does not exist",
                               "add the group or take the track out of it");
        }
        return {};
    }

    Status connect_to(int source, const std::string& id, int send) {
        Connection connection{source, kMasterNode, send, true};
        if (!id.empty()) {
            const auto found = index_.find(id);
            if (found == index_.end() || !track(found->second).bus) {
                return invalid("tracks." + track(source).id, "goes to \"" + id + "\", which is no bus",
                               "choose a bus of the session or the master");
            }
            connection.target = found->second;
        }
        out_.connections.push_back(connection);
        return {};
    }

    Status connect() {
        for (int i = 0; i < count_; ++i) {
            if (Status status = connect_to(i, track(i).output, -1); !status.ok()) return status;
            for (size_t s = 0; s < track(i).sends.size(); ++s) {
                if (track(i).sends[s].to.empty())
                    return invalid("tracks." + track(i).id, "has a send to nowhere", "choose a bus");
                if (Status status = connect_to(i, track(i).sends[s].to, static_cast<int>(s)); !status.ok())
                    return status;
            }
        }
        return {};
    }

    bool takes_key(const InsertSpec& insert) const {
        if (insert.effect == kLv2) return spec_.plugins && spec_.plugins->takes_key(insert.uri);
        const auto effect = effects::make_effect(insert.effect);
        return effect && effect->takes_key();
    }

    Status connect_keys_of(int at, const std::string& place, const std::vector<InsertSpec>& inserts) {
        for (size_t i = 0; i < inserts.size(); ++i) {
            const InsertSpec& insert = inserts[i];
            if (insert.sidechain.empty()) continue;
            if (!takes_key(insert)) continue; // unknown effects are named when the chain is made
            const auto found = index_.find(insert.sidechain);
            if (found == index_.end()) {
                return invalid(place + ".inserts." + insert.id + ".sidechain",
                               "listens to \"" + insert.sidechain + "\", which is no track of the session",
                               "choose a track or clear the side-chain");
            }
            out_.keys.push_back({found->second, at, static_cast<int>(i)});
        }
        return {};
    }

    Status connect_keys() {
        for (int i = 0; i < count_; ++i) {
            if (Status status = connect_keys_of(i, "tracks." + track(i).id, track(i).inserts); !status.ok())
                return status;
        }
        return connect_keys_of(kMasterNode, "master", spec_.master);
    }

    Status sort() {
        const auto count = static_cast<size_t>(count_);
        std::vector<std::vector<int>> after(count);
        std::vector<int> waiting(count, 0);
        auto depend = [&](int first, int second) {
            if (second == kMasterNode) return;
            after[static_cast<size_t>(first)].push_back(second);
            ++waiting[static_cast<size_t>(second)];
        };
        for (const Connection& c : out_.connections)
            depend(c.source, c.target);
        for (const KeyConnection& k : out_.keys)
            depend(k.source, k.track);
        std::vector<bool> done(count, false);
        while (out_.order.size() < count) {
            size_t next = 0;
            while (next < count && (done[next] || waiting[next] > 0))
                ++next;
            if (next == count) return circle(done, after);
            done[next] = true;
            out_.order.push_back(next);
            for (int target : after[next])
                --waiting[static_cast<size_t>(target)];
        }
        return {};
    }

    /// Names those that are in the circle, without those that only hang on it.
    Status circle(std::vector<bool> done, const std::vector<std::vector<int>>& after) const {
        for (bool changed = true; changed;) {
            changed = false;
            for (size_t i = 0; i < done.size(); ++i) {
                if (done[i]) continue;
                const bool leads_on = std::any_of(after[i].begin(), after[i].end(), [&](int target) {
                    return !done[static_cast<size_t>(target)];
                });
                if (!leads_on) done[i] = changed = true;
            }
        }
        std::string names;
        for (size_t i = 0; i < done.size(); ++i) {
            if (!done[i]) names += (names.empty() ? "" : ", ") + spec_.tracks[i].id;
        }
        return invalid("tracks", "routing goes in a circle through " + names,
                       "remove one of the outputs, sends or side-chains");
    }

    void open_or_close() {
        const auto count = static_cast<size_t>(count_);
        std::vector<bool> soloed(count), carries(count), wanted(count), muted(count);
        bool any = false;
        for (size_t i = 0; i < count; ++i) {
            const TrackSpec& track = spec_.tracks[i];
            const GroupSpec* group = this->group(track);
            soloed[i] = track.solo || (group && group->solo);
            carries[i] = soloed[i] || track.solo_safe;
            wanted[i] = soloed[i] && track.bus;
            any = any || soloed[i];
            const bool lane =
                std::any_of(track.automation.begin(), track.automation.end(), [](const LaneSpec& spec) {
                    return spec.target == "mute" && !spec.points.empty();
                });
            muted[i] = (track.mute && !lane) || (group && group->mute);
        }
        // Forward with the order, backward against it: each is settled in one pass.
        for (size_t source : out_.order) {
            if (!carries[source]) continue;
            for (const Connection& c : out_.connections) {
                if (c.source == static_cast<int>(source) && c.target >= 0)
                    carries[static_cast<size_t>(c.target)] = true;
            }
        }
        for (auto source = out_.order.rbegin(); source != out_.order.rend(); ++source) {
            for (const Connection& c : out_.connections) {
                if (c.source == static_cast<int>(*source) && c.target >= 0 &&
                    wanted[static_cast<size_t>(c.target)] && spec_.tracks[*source].bus)
                    wanted[*source] = true;
            }
        }
        for (Connection& c : out_.connections) {
            const auto source = static_cast<size_t>(c.source);
            const bool heard =
                !any || carries[source] || (c.target >= 0 && wanted[static_cast<size_t>(c.target)]);
            c.open = heard && !muted[source];
        }
    }

    const GraphSpec& spec_;
    int count_;
    Index index_;
    Routing out_;
};

} // namespace

float group_gain(const GraphSpec& spec, const TrackSpec& track) {
    for (const GroupSpec& group : spec.groups) {
        if (group.id == track.group) return exact_gain(group.gain_db);
    }
    return 1;
}

Result<Routing> resolve_routing(const GraphSpec& spec) {
    return Resolver(spec).run();
}

} // namespace loopmind::graph
