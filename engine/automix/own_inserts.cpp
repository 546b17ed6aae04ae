// Own inserts through the edits of the session.
#include "engine/automix/own_inserts.h"

#include "engine/automix/automix.h"
#include "engine/effects/compressor.h"
#include "engine/effects/eq.h"
#include "engine/session/automation_target.h"
#include "engine/session/edits_inserts.h"

#include <cmath>

namespace loopmind::automix {
namespace {

constexpr const char* kPreset = "AI mix";
constexpr const char* kCompressor = "compressor";
constexpr double kSame = 1e-9;

/// Whether nothing but own inserts stands behind it; behind the compressor nothing at all.
bool in_place(const session::Track& track, const std::string& id) {
    bool behind = false;
    for (const session::Insert& insert : track.inserts()) {
        if (behind && (id == kCompressorId || !is_own(insert.id()))) return false;
        if (insert.id() == id) behind = true;
    }
    return true;
}

/// Takes the insert out, brings it to the end, or makes it, and sets what differs.
Status set_one(session::Session& session, const std::string& track_id, const std::string& id,
               const char* effect, bool wanted, const std::map<std::string, double>& params,
               juce::UndoManager* undo) {
    auto track = session.track(track_id);
    if (!track) return Error{ErrorCode::kNotFound, "tracks." + track_id, "is not in the session", ""};
    auto insert = track->insert(id);
    if (!wanted) return insert ? session::edit::remove_insert(session, track_id, id, undo) : Status();
    const int last = static_cast<int>(track->inserts().size()) - 1;
    if (!insert) {
        auto added = session::edit::add_insert(session, track_id, effect, -1, undo);
        if (!added) return added.error();
        added->state.setProperty("id", juce::String(id), undo);
        added->state.setProperty("preset", juce::String(kPreset), undo);
    } else if (!in_place(*track, id)) {
        if (auto moved = session::edit::move_insert(session, track_id, id, last, undo); !moved) return moved;
    }
    insert = session.track(track_id)->insert(id);
    for (const auto& [name, value] : params) {
        if (insert->has_param(name) && std::abs(insert->param(name, value + 1) - value) < kSame) continue;
        if (auto set = session::edit::set_insert_param(session, track_id, id, name, value, undo); !set)
            return set;
    }
    return {};
}

} // namespace

std::map<std::string, double> eq_params(double tilt_db) {
    return {{"band1_db", -tilt_db}, {"band1_hz", 250},  {"band1_q", 0.5},
            {"band8_db", tilt_db},  {"band8_hz", 2500}, {"band8_q", 0.5}};
}

std::map<std::string, double> compressor_params(const Shape& shape) {
    return {{"threshold_db", shape.threshold_db},
            {"ratio", shape.ratio},
            {"knee_db", 6},
            {"attack_ms", 2},
            {"release_ms", 120}};
}

bool is_own(const std::string& id) {
    return id == kEqId || id == kCompressorId;
}

OwnInserts own_inserts(const session::Track& track) {
    OwnInserts out;
    const auto automated = [&](const std::string& id) {
        for (const session::AutomationLane& lane : track.automation()) {
            const auto target = session::parse_automation_target(lane.target());
            if (target && target->kind == session::AutomationTarget::Kind::kInsert && target->id == id)
                return true;
        }
        return false;
    };
    for (const session::Insert& insert : track.inserts()) {
        if (!is_own(insert.id())) continue;
        const bool eq = insert.id() == kEqId;
        const bool free = insert.effect() == (eq ? session::effect::kEq : kCompressor) && !insert.bypass() &&
                          insert.sidechain().empty() && !automated(insert.id());
        if (!free) {
            (eq ? out.eq_free : out.compressor_free) = false;
            continue;
        }
        out.displaced = out.displaced || !in_place(track, insert.id());
        if (eq) {
            out.shape.tilt_db = insert.param("band8_db", 0);
        } else {
            out.shape.threshold_db = insert.param("threshold_db", 0);
            out.shape.ratio = insert.param("ratio", 1);
        }
    }
    return out;
}

Status set_shape(session::Session& session, const std::string& track, const Shape& shape, bool eq,
                 bool compressor, juce::UndoManager* undo) {
    if (eq) {
        if (auto set = set_one(session, track, kEqId, session::effect::kEq, shape.tilt_db != 0,
                               eq_params(shape.tilt_db), undo);
            !set)
            return set;
    }
    if (!compressor) return {};
    const bool wanted = shape.threshold_db != 0;
    if (auto set =
            set_one(session, track, kCompressorId, kCompressor, wanted, compressor_params(shape), undo);
        !set)
        return set;
    return {};
}

std::vector<std::unique_ptr<effects::Effect>> make_shape(const Shape& shape, int sample_rate) {
    std::vector<std::unique_ptr<effects::Effect>> out;
    const auto add = [&](std::unique_ptr<effects::Effect> effect,
                         const std::map<std::string, double>& params) {
        for (const auto& [name, value] : params)
            effect->set(name, value);
        effect->prepare(sample_rate, 4096);
        out.push_back(std::move(effect));
    };
    if (shape.tilt_db != 0) add(std::make_unique<effects::Eq>(), eq_params(shape.tilt_db));
    if (shape.threshold_db != 0) add(std::make_unique<effects::Compressor>(), compressor_params(shape));
    return out;
}

double tilt_db_at(double tilt_db, int sample_rate, double hertz) {
    effects::Eq eq;
    for (const auto& [name, value] : eq_params(tilt_db))
        eq.set(name, value);
    eq.prepare(sample_rate, 64);
    return eq.magnitude_db(hertz);
}

} // namespace loopmind::automix
