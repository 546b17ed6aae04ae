// The EQ and compressor that the mix owns: their parameters, finding and setting them. Private to automix.
#pragma once

#include "engine/automix/channel.h"
#include "engine/effects/effect.h"
#include "engine/session/session.h"
#include "proto/base/result.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace loopmind::automix {

/// Parameters of the tilt: shelves of opposite gain around 800 Hz.
std::map<std::string, double> eq_params(double tilt_db);
std::map<std::string, double> compressor_params(const Shape& shape);

/// What stands on the track now. `free`: nothing of it is bypassed, automated, keyed or of another kind.
struct OwnInserts {
    Shape shape;
    bool displaced = false; ///< others stand behind them, or the EQ behind the compressor
    bool eq_free = true, compressor_free = true;
};
OwnInserts own_inserts(const session::Track& track);
bool is_own(const std::string& insert_id);

/// Makes the track's own inserts be `shape`, at the end of its chain, EQ first; what is right already is not
/// touched.
Status set_shape(session::Session& session, const std::string& track, const Shape& shape, bool eq,
                 bool compressor, juce::UndoManager* undo);

/// The same effects for listening to a decision before it is made; equal samples as in the graph.
std::vector<std::unique_ptr<effects::Effect>> make_shape(const Shape& shape, int sample_rate);

/// Decibels of the tilt at a frequency.
double tilt_db_at(double tilt_db, int sample_rate, double hertz);

} // namespace loopmind::automix
