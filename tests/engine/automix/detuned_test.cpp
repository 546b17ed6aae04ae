// Twenty sessions detuned by up to 12 dB a fader come back, and a second run has nothing to do.
#include "tests/engine/automix/band.h"

#include <cstdio>

namespace loopmind::automix::test {
namespace {

using session::edit::set_gain;

constexpr double kAheadOfMaster = -23; // LUFS, where no mastering chain says otherwise

std::vector<std::string> roles_of(int number) {
    static const std::vector<std::vector<std::string>> kLineUps = {
        {"drums", "bass", "chords", "melody"},
        {"drums", "bass", "pad", "arp", "melody"},
        {"drums", "percussion", "bass", "chords", "vocals"},
        {"kick", "snare", "bass", "chords", "lead_vocal"},
        {"drums", "percussion", "bass", "chords", "melody", "pad"},
    };
    return kLineUps[static_cast<std::size_t>(number) % kLineUps.size()];
}

double loudness(const Heard& heard) {
    return heard.loudness().integrated_lufs;
}

/// Sets every fader so that the stems, measured by libebur128 behind their faders, stand as the genre's table
/// says, and the mix at its loudness: the target, found without the solver.
void tune(Band& band, const std::string& genre) {
    const GenreTarget target = *genre_target(genre);
    for (int round = 0; round < 2; ++round) { // once for the balance, once for the level of the whole
        const auto stems = stems_of(band.session, band.library);
        const double off = round == 0 ? 0 : kAheadOfMaster - loudness(stems.at(""));
        for (const session::Track& track : band.session.tracks()) {
            if (track.type() != session::TrackType::kAudio) continue;
            const double wanted = target.role(*role_of_name(track.role())).lu - 30;
            const double move = round == 0 ? wanted - loudness(stems.at(track.id())) : off;
            ASSERT_TRUE(set_gain(band.session, track.id(), track.gain_db() + move));
        }
    }
}

std::map<std::string, double> levels(const Band& band) {
    std::map<std::string, double> out;
    for (const auto& [id, heard] : stems_of(band.session, band.library))
        if (!id.empty()) out[id] = loudness(heard);
    return out;
}

TEST(AutomixDetuned, TwentySessionsComeBackAndStay) {
    const std::vector<std::string> genres = genre_names();
    double worst_way = 1, worst_again = 0, sum_way = 0;
    for (int number = 0; number < 20; ++number) {
        const std::string genre = genres[static_cast<std::size_t>(number) % genres.size()];
        SCOPED_TRACE(std::to_string(number) + " " + genre);
        std::vector<Part> parts;
        for (const std::string& role : roles_of(number))
            parts.push_back({role, role, ""});
        Band song = band(parts, genre, number);
        tune(song, genre);
        const auto target = levels(song);
        Noise draw(100u + static_cast<unsigned>(number));
        for (const Part& part : parts)
            ASSERT_TRUE(
                set_gain(song.session, part.id, song.session.track(part.id)->gain_db() + 12 * draw()));
        const auto detuned = levels(song);

        const Report report = mixed(song);
        const auto after = levels(song);
        double was = 0, is = 0;
        for (const auto& [id, wanted] : target) {
            was += std::abs(detuned.at(id) - wanted);
            is += std::abs(after.at(id) - wanted);
        }
        const double way = 1 - is / was;
        EXPECT_GT(way, 0.7) << "off by " << was << " dB before, " << is << " dB after";
        EXPECT_NEAR(report.lufs_after, kAheadOfMaster, 0.1);
        worst_way = std::min(worst_way, way);
        sum_way += way;

        const std::string document = song.session.to_json();
        const Report again = mixed(song);
        for (const Change& change : again.changes) {
            EXPECT_LT(std::abs(change.after - change.before), 0.5) << change.line;
            worst_again = std::max(worst_again, std::abs(change.after - change.before));
        }
        EXPECT_EQ(song.session.to_json(), document) << "its own result is not where it wants to be";
    }
    std::printf("20 detuned sessions: %.0f %% of the way back at least, %.0f %% on average; a second run "
                "moves %.2f dB "
                "at most\n",
                100 * worst_way, 100 * sum_way / 20, worst_again);
}

TEST(AutomixDetuned, WhereFadersStoodDoesNotMatter) {
    const std::vector<Part> parts = {
        {"drums", "drums", ""}, {"bass", "bass", ""}, {"chords", "chords", ""}, {"melody", "melody", ""}};
    Band one = band(parts, "House", 3), other = band(parts, "House", 3);
    Noise draw(5);
    for (const Part& part : parts)
        ASSERT_TRUE(set_gain(other.session, part.id, 12 * draw()));
    mixed(one);
    mixed(other);
    for (const Part& part : parts)
        EXPECT_NEAR(one.session.track(part.id)->gain_db(), other.session.track(part.id)->gain_db(), 0.06)
            << part.id;
}

TEST(AutomixDetuned, AMasteredMixComesBackToFourteen) {
    const std::string master = R"({"id":"master","name":"Master","type":"master","inserts":[
        {"id":"gain","effect":"gain","params":{"gain_db":9}},{"id":"limiter","effect":"limiter","params":{"ceiling_db":-1}}]})";
    const std::vector<Part> parts = {{"drums", "drums", ""}, {"bass", "bass", ""}, {"melody", "melody", ""}};
    Band song = band(parts, "Pop", 1, "", master);
    const Report report = mixed(song);
    EXPECT_TRUE(report.mastered);
    EXPECT_NEAR(loudness(stems_of(song.session, song.library, true).at("")), -14, 0.1);
    EXPECT_NEAR(report.mastered_after, -14, 0.1);
    EXPECT_TRUE(mixed(song).changes.empty());
}

TEST(AutomixDetuned, PeaksStayBelowFullScaleAheadOfTheMaster) {
    Band song = band({{"kick", "kick", ""}, {"percussion", "percussion", ""}}, "Techno", 2);
    Options options;
    options.lufs = -8;
    const Report report = mixed(song, options);
    const auto heard = stems_of(song.session, song.library);
    EXPECT_LE(heard.at("").loudness().sample_peak_db, -0.9);
    EXPECT_NE(note_of(report, ""), "");
    EXPECT_TRUE(mixed(song, options).changes.empty());
}

} // namespace
} // namespace loopmind::automix::test
