// Keys, modes and scale arithmetic on MIDI note numbers.
#pragma once

#include "models/composer/plan.h"

#include <optional>
#include <string>
#include <vector>

namespace loopmind::composer {

/// "<Tonic> <mode>" to a key with its seven pitch classes, tonic first; nothing when it is not a key.
std::optional<Key> parse_key(const std::string& text);
/// True when `mode` is one of the nine modes.
bool known_mode(const std::string& mode);
/// The seven pitch classes of a mode on a tonic, tonic first.
std::vector<int> scale_of(int tonic, const std::string& mode);

/// The scale as an endless ladder: index 0 is the tonic at or above MIDI note 0, 7 the tonic an octave
/// higher.
class Ladder {
  public:
    explicit Ladder(const Key& key);
    int pitch(int index) const;
    /// Index of the scale note nearest to `target` (the lower one when two are as near); monotonic in target.
    int nearest(double target) const;
    bool contains(int pitch) const { return member_[pitch_class(pitch)]; }
    static int pitch_class(int pitch) { return ((pitch % 12) + 12) % 12; }

  private:
    int tonic_;
    std::vector<int> steps_; ///< semitones above the tonic, ascending
    bool member_[12] = {};
};

/// The pitch nearest to `target` whose pitch class is in `classes` (lower one on a tie); monotonic in target.
int nearest_of(const std::vector<int>& classes, double target);
/// True when the third above the tonic is minor.
bool minor_sided(const Key& key);
/// Name of a pitch class in this key, with flats or sharps as the key is usually written.
std::string pitch_name(const Key& key, int pitch_class);

} // namespace loopmind::composer
