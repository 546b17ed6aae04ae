// The report as JSON.
#include "engine/automix/automix.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace loopmind::automix {
namespace {

using nlohmann::ordered_json;

ordered_json number(double value) {
    return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr);
}

ordered_json text_or_null(const std::string& text) {
    return text.empty() ? ordered_json(nullptr) : ordered_json(text);
}

const char* kind_name(Figure::Kind kind) {
    switch (kind) {
    case Figure::Kind::kTarget:
        return "target";
    case Figure::Kind::kSetting:
        return "setting";
    case Figure::Kind::kMeasured:
        break;
    }
    return "measured";
}

ordered_json change_json(const Change& change) {
    ordered_json figures = ordered_json::array();
    for (const Figure& figure : change.figures)
        figures.push_back({{"name", figure.name},
                           {"value", number(figure.value)},
                           {"unit", figure.unit},
                           {"track", text_or_null(figure.track)},
                           {"kind", kind_name(figure.kind)}});
    return {{"track", change.track},
            {"name", change.name},
            {"what", change_name(change.what)},
            {"before", number(change.before)},
            {"after", number(change.after)},
            {"unit", change.unit},
            {"figures", figures},
            {"line", change.line}};
}

} // namespace

const char* change_name(Change::What what) {
    switch (what) {
    case Change::What::kPan:
        return "pan";
    case Change::What::kTilt:
        return "tilt";
    case Change::What::kCompression:
        return "compression";
    case Change::What::kGain:
        break;
    }
    return "gain";
}

std::string report_json(const Report& report) {
    ordered_json changes = ordered_json::array(), notes = ordered_json::array(),
                 tracks = ordered_json::array();
    for (const Change& change : report.changes)
        changes.push_back(change_json(change));
    for (const Note& note : report.notes)
        notes.push_back({{"track", text_or_null(note.track)}, {"line", note.line}});
    for (const TrackFigures& track : report.tracks)
        tracks.push_back({{"track", track.id},
                          {"name", track.name},
                          {"role", track.role},
                          {"role_from", track.role_from},
                          {"mixed", track.mixed},
                          {"lufs_before", number(track.lufs_before)},
                          {"lufs_after", number(track.lufs_after)},
                          {"wanted_lu", number(track.wanted_lu)},
                          {"relief_lu", number(track.relief_lu)},
                          {"masked_before", number(track.masked_before)},
                          {"masked_after", number(track.masked_after)},
                          {"masked_by", text_or_null(track.masked_by)}});
    const auto mastered = [&](double value) {
        return report.mastered ? number(value) : ordered_json(nullptr);
    };
    const ordered_json out = {{"genre", report.genre},
                              {"genre_from", report.genre_from},
                              {"reference", text_or_null(report.reference)},
                              {"loudness",
                               {{"before", number(report.lufs_before)},
                                {"after", number(report.lufs_after)},
                                {"mastered_before", mastered(report.mastered_before)},
                                {"mastered_after", mastered(report.mastered_after)},
                                {"wanted", number(report.lufs_wanted)},
                                {"wanted_behind_master", report.mastered},
                                {"around_kept", report.around_kept},
                                {"peak_after_db", number(report.peak_after_db)}}},
                              {"changes", changes},
                              {"notes", notes},
                              {"tracks", tracks}};
    return out.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

} // namespace loopmind::automix
