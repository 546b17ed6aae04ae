// The published fx amounts as macro controls: each moves one parameter of the insert that carries its name.
#include "engine/session/schema.h"
#include "engine/session/session.h"

#include <algorithm>
#include <cmath>

namespace loopmind::session {
namespace {

/// An fx amount, the parameter in step with it, and where the insert is made when there is none.
struct Macro {
    const char* name;
    const char* effect;
    const char* param;
    const char* bus_id; ///< null: an insert of the master
    const char* bus_name;
};

constexpr Macro kMacros[] = {
    {"reverb", effect::kReverb, param::kWet, kReverbBusId, "Reverb"},
    {"delay", effect::kDelay, param::kWet, kDelayBusId, "Delay"},
    {"drive", effect::kDrive, param::kAmount, nullptr, nullptr},
    {"eq", effect::kEq, param::kAmount, nullptr, nullptr},
};

constexpr double kDefaultSend = 0.25; // linear, for tracks that never named a level

const Macro* macro_of(std::string_view name) {
    for (const Macro& macro : kMacros) {
        if (name == macro.name) return &macro;
    }
    return nullptr;
}

/// The inserts that follow an amount. A session made here has one; a file may hold more.
std::vector<Insert> carriers(const Session& session, std::string_view name) {
    std::vector<Insert> out;
    for (const Track& track : session.tracks()) {
        for (const Insert& insert : track.inserts()) {
            if (insert.macro() == name) out.push_back(insert);
        }
    }
    return out;
}

Insert make_on_bus(Session& session, const Macro& macro, juce::UndoManager* undo) {
    std::optional<Track> bus = session.track(macro.bus_id);
    if (!bus || bus->type() != TrackType::kBus) {
        bus = session.add_track(TrackType::kBus, macro.bus_id, macro.bus_name, undo);
        for (Track track : session.tracks()) {
            if (track.type() == TrackType::kAudio || track.type() == TrackType::kMidi)
                track.add_send(bus->id(), kDefaultSend, undo);
        }
    }
    Insert insert = bus->add_insert(macro.effect, -1, undo);
    insert.set_param(param::kDry, 0, undo);
    return insert;
}

/// EQ stands first in the master chain, drive behind it, both before gain and limiter.
Insert make_on_master(Session& session, const Macro& macro, juce::UndoManager* undo) {
    Track master = session.master();
    int index = 0;
    if (std::string_view(macro.effect) == effect::kDrive) {
        const std::vector<Insert> chain = master.inserts();
        while (index < static_cast<int>(chain.size()) &&
               chain[static_cast<std::size_t>(index)].effect() == effect::kEq)
            ++index;
    }
    Insert insert = master.add_insert(macro.effect, index, undo);
    if (std::string_view(macro.effect) == effect::kEq) {
        // A gentle "finished" curve; the amount scales its gains.
        for (const auto& [name, value] : {std::pair{"band1_db", 2.0},
                                          {"band1_hz", 90.0},
                                          {"band3_db", -2.5},
                                          {"band3_hz", 350.0},
                                          {"band3_q", 0.8},
                                          {"band8_db", 3.0},
                                          {"band8_hz", 9000.0}})
            insert.set_param(name, value, undo);
    }
    return insert;
}

} // namespace

std::optional<double> Session::fx(std::string_view name) const {
    const juce::ValueTree holder = state_.getChildWithName(ids::fx);
    const Macro* macro = macro_of(name);
    if (!macro || !holder.hasProperty(macro->name)) return std::nullopt;
    return static_cast<double>(holder[macro->name]);
}

Status Session::set_fx(const std::string& name, double amount, juce::UndoManager* undo) {
    const Macro* macro = macro_of(name);
    if (!macro)
        return Error{ErrorCode::kInvalidArgument, "fx." + name, "is no effect amount",
                     "use reverb, delay, drive or eq"};
    if (!(amount >= 0 && amount <= 1))
        return Error{ErrorCode::kInvalidArgument, "fx." + name, "must be between 0 and 1", {}};
    state_.getOrCreateChildWithName(ids::fx, undo).setProperty(macro->name, amount, undo);
    std::vector<Insert> inserts = carriers(*this, name);
    if (inserts.empty()) {
        if (amount == 0) return {};
        inserts = {macro->bus_id ? make_on_bus(*this, *macro, undo) : make_on_master(*this, *macro, undo)};
        inserts[0].state.setProperty(ids::macro, macro->name, undo);
    }
    for (Insert& insert : inserts)
        insert.set_param(macro->param, amount, undo);
    return {};
}

void Session::set_param(Insert insert, const std::string& name, double value, juce::UndoManager* undo) {
    const Macro* macro = macro_of(insert.macro());
    if (macro && name == macro->param && std::isfinite(value) && insert.state.isAChildOf(state_)) {
        (void)set_fx(macro->name, std::clamp(value, 0.0, 1.0), undo);
    } else {
        insert.set_param(name, value, undo);
    }
}

void Session::settle_macros() {
    for (const Macro& macro : kMacros) {
        std::optional<double> amount = fx(macro.name);
        if (!amount) {
            for (const Insert& insert : carriers(*this, macro.name)) {
                if (!insert.has_param(macro.param)) continue;
                amount = std::clamp(insert.param(macro.param, 0), 0.0, 1.0);
                break;
            }
        }
        if (amount) (void)set_fx(macro.name, *amount, nullptr);
    }
}

void Session::release_macro(const Insert& removed, juce::UndoManager* undo) {
    const Macro* macro = macro_of(removed.macro());
    if (macro && carriers(*this, macro->name).empty())
        state_.getChildWithName(ids::fx).removeProperty(macro->name, undo);
}

void Session::set_master(double gain_db, double ceiling_db, juce::UndoManager* undo) {
    Track chain = master();
    std::optional<Insert> limiter = chain.insert_of(effect::kLimiter);
    if (!limiter) limiter = chain.add_insert(effect::kLimiter, -1, undo);
    std::optional<Insert> gain = chain.insert_of(effect::kGain);
    if (!gain)
        gain = chain.add_insert(effect::kGain, limiter->state.getParent().indexOf(limiter->state), undo);
    gain->set_param(param::kGainDb, gain_db, undo);
    limiter->set_param(param::kCeilingDb, ceiling_db, undo);
}

} // namespace loopmind::session
