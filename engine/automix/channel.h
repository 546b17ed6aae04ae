// One track while it is being mixed: what it is, what it measures, what is decided. Private to automix.
#pragma once

#include "engine/automix/features.h"
#include "engine/automix/roles.h"
#include "engine/automix/targets.h"
#include "engine/graph/pan_law.h"

#include <cmath>
#include <string>

namespace loopmind::automix {

/// The mix's own inserts on a track.
struct Shape {
    double tilt_db = 0;      ///< the high shelf adds it, the low shelf takes it; 0: no EQ
    double threshold_db = 0; ///< of the compressor; 0: none
    double ratio = 1;
    bool operator==(const Shape&) const = default;
};

/// Fader, pan and own inserts.
struct Setting {
    double gain_db = 0;
    double pan = 0;
    Shape shape;
};

struct Channel {
    std::string id, name;
    Role role = Role::kChords;
    std::string role_from;
    RoleTarget target;
    bool held = false;    ///< nothing of it changes
    bool baked = false;   ///< features are of the signal behind the fader as it was
    bool may_pan = true;  ///< pan is free
    bool may_tilt = true; ///< own EQ is free
    bool may_compress = true;
    bool displaced = false; ///< its own inserts are to be brought to the end of the chain
    double group_db = 0;    ///< of its fader group
    double path_db = 0;     ///< faders of the buses between it and the master
    graph::PanLaw law = graph::PanLaw::kConstantPower;
    Setting before, after;
    Features raw; ///< ahead of the fader, without the mix's own inserts
    Features was; ///< with those it had, when it had any
    Features now; ///< with those it gets, when it gets any
    bool has_was = false, has_now = false;
    double wanted_lu = 0; ///< against the reference, relief included
    double relief_lu = 0;

    const Features& features_before() const { return has_was ? was : raw; }
    const Features& features_after() const { return has_now ? now : raw; }

    struct Gains {
        double left = 1, right = 1;
    };
    /// From the features to the signal behind the fader.
    Gains gains(const Setting& setting) const {
        // Baked features hold the fader and pan of `before`; only its moves count.
        const double moved = setting.gain_db - (baked ? before.gain_db : 0) + (baked ? 0 : group_db);
        const double gain = std::pow(10.0, moved / 20);
        if (baked) return {gain, gain};
        const graph::PanGains pan = graph::pan_gains(law, setting.pan);
        return {gain * pan.left, gain * pan.right};
    }
    double lufs(const Features& features, const Setting& setting) const {
        const Gains g = gains(setting);
        return features.lufs(g.left, g.right);
    }
    double lufs_before() const { return lufs(features_before(), before); }
    double lufs_after() const { return lufs(features_after(), after); }
    /// One gain for the power of both channels, buses on the way included.
    double power_gain(const Features& features, const Setting& setting) const {
        const Gains g = gains(setting);
        const double all = features.energy[0] + features.energy[1];
        if (all <= 0) return 0;
        return std::pow(10.0, path_db / 20) *
               std::sqrt((g.left * g.left * features.energy[0] + g.right * g.right * features.energy[1]) /
                         all);
    }
};

} // namespace loopmind::automix
