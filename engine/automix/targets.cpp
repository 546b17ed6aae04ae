// The table of genres, and what all genres share for a role.
#include "engine/automix/targets.h"

#include <array>
#include <cctype>

namespace loopmind::automix {

struct GenreTarget::Row {
    const char* name;
    Role reference;
    /// LU against the reference, in the order of Role: drums, kick, snare, hats, percussion, bass, chords,
    /// melody, pad, arp, texture, vocals, lead vocal.
    std::array<double, kRoles> lu;
    double slope; ///< added to both ends of the slopes: above 0 the genre is brighter
    double crest; ///< added to the crests: above 0 it breathes more
    double width; ///< times the distances from the middle
};

namespace {

using Row = GenreTarget::Row;
constexpr Role kDrums = Role::kDrums;

const Row kGenres[] = {
    {"LoFi", kDrums, {0, -2.5, -4, -12, -13, 0, -1, 1.5, -5.5, -4.5, -15.5, -6, 2}, -1, 0, 0.8},
    {"Hip-Hop", kDrums, {0, -2, -4, -12, -13, -3, -4.5, -5, -11.5, -11, -18, -8, 0}, 0, -0.5, 0.9},
    {"Trap", kDrums, {0, -2, -4, -9, -13, -5, -11, -4, -9, -9, -18, -9, 0}, 0, -1, 1},
    {"House", kDrums, {0, -1.5, -5, -10, -12, -3.5, -8, -5.5, -9.5, -9, -19, -11, -2}, 0.5, -0.5, 1.1},
    {"Techno", kDrums, {0, -1, -7, -10, -9, -4.5, -10, -7.5, -12, -10.5, -21, -11.5, -5}, 0, -1, 1},
    {"Drum & Bass",
     kDrums,
     {0, -3, -3, -10, -12, -9, -11.5, -6, -14.5, -10.5, -24, -15.5, -4},
     0.5,
     -0.5,
     1.1},
    {"Ambient", Role::kPad, {-9, -12, -14, -20, -20, 0.5, -6, -4, 0, -3, -6.5, -5, -1}, -1, 2, 1.3},
    {"Pop", kDrums, {0, -2.5, -3.5, -11, -13, -4.5, -5.5, -3.5, -10.5, -7, -17.5, -10.5, 0.5}, 0.5, 0, 1.1},
    {"Rock", kDrums, {0, -3, -3, -11, -6, -7, -8, -5, -14, -6.5, -20.5, -15.5, -1}, 0.5, 0, 1.2},
    {"R&B", kDrums, {0, -2, -3.5, -11, -15, 1, -1, -0.5, -4, -4, -12.5, -6, 2}, 0, 0, 1},
    {"Jazz", kDrums, {0, -5, -4, -6, -5, -2, -5.5, -4, -5, -5, -17, -9, 1}, 0, 2, 1.2},
    {"Funk", kDrums, {0, -3, -3, -9, -12.5, -7.5, -7.5, -4.5, -9.5, -7, -19, -7.5, -1}, 0.5, 1, 1.1},
    {"Synthwave", kDrums, {0, -2, -3, -11, -9.5, -3.5, -4, -5.5, -11.5, -10, -17, -12.5, -1}, 0, 0, 1.1},
    {"Cinematic", kDrums, {0, -2, -4, -10, -0.5, 0, -2, 0.5, -4, -1, -12, -4.5, 1}, -0.5, 2.5, 1.3},
};
const Row kGeneric = {"generic", kDrums, {0, -2.5, -4, -11, -11.5, -3.5, -6, -4, -9.5, -8, -18, -9.5, 0},
                      0,         0.5,    1};

/// What every genre wants of a role; `lu` comes from the genre. The ranges of slope and crest hold nine in
/// ten of the composer's stems: outside of them a sound is dull, harsh or spiky for its role.
constexpr RoleTarget kShared[kRoles] = {
    {0, -6, 1.5, 18.5, 3, 0, 0.2, true, 0.45},    // drums
    {0, -14, 2, 18.5, 3, 0, 0.1, true, 0.45},     // kick
    {0, -5, 5, 19, 3, 0, 0.2, true, 0.5},         // snare
    {0, -2, 12, 20, 2, 0.15, 0.45, false, 1},     // hats
    {0, -4, 10.5, 22.5, 2, 0.25, 0.55, false, 1}, // percussion
    {0, -15, 1, 15, 4, 0, 0.1, true, 0.65},       // bass
    {0, -8, 2, 18, 2, 0.2, 0.5, false, 1},        // chords
    {0, -10, 3.5, 16, 2.5, 0, 0.2, true, 0.45},   // melody
    {0, -8, 4.5, 14, 2, 0, 0.2, false, 1},        // pad
    {0, -3, 5.5, 18, 2, 0.25, 0.55, false, 1},    // arp
    {0, -9, 2.5, 30, 2, 0, 0.3, false, 1},        // texture
    {0, -9.5, 1, 16, 2.5, 0, 0.25, false, 1},     // vocals
    {0, -8, 2, 15, 3, 0, 0.12, true, 0.35},       // lead vocal
};

bool same_name(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (std::tolower(static_cast<unsigned char>(a[i])) != std::tolower(static_cast<unsigned char>(b[i])))
            return false;
    return true;
}

} // namespace

std::string GenreTarget::name() const {
    return row_->name;
}
Role GenreTarget::reference() const {
    return row_->reference;
}

RoleTarget GenreTarget::role(Role role, double energy) const {
    const auto index = static_cast<std::size_t>(role);
    RoleTarget out = kShared[index];
    out.lu = row_->lu[index];
    if (role == Role::kBass) out.lu += -6 * (energy - 0.5);
    out.slope_low += row_->slope;
    out.slope_high += row_->slope;
    out.crest_db += row_->crest;
    out.side *= row_->width;
    return out;
}

std::vector<std::string> genre_names() {
    std::vector<std::string> out;
    for (const Row& row : kGenres)
        out.emplace_back(row.name);
    out.emplace_back(kGeneric.name);
    return out;
}

std::optional<GenreTarget> genre_target(std::string_view name) {
    for (const Row& row : kGenres)
        if (same_name(name, row.name)) return GenreTarget(row);
    if (same_name(name, kGeneric.name)) return GenreTarget(kGeneric);
    return std::nullopt;
}

GenreTarget generic_target() {
    return GenreTarget(kGeneric);
}

} // namespace loopmind::automix
