// Roles by what sessions say, by names, by sounds; genres by name.
#include "engine/automix/features.h"
#include "engine/automix/roles.h"
#include "tests/engine/automix/band.h"

namespace loopmind::automix::test {
namespace {

RoleGuess told(const std::string& fields, const std::string& pattern = "") {
    const auto session = session::Session::from_json(
        R"({"format":"loopmind","version":"1.1","units":"beats","tracks":[{"id":"t","type":"audio",)" +
        fields +
        R"("clips":[{"id":"c","pattern":"p","start":0,"length":4}]}],"patterns":[{"id":"p","length":4)" +
        pattern + "}]}");
    EXPECT_TRUE(session) << session.error().text();
    return told_role(*session, *session->track("t")).value_or(RoleGuess{Role::kTexture, "nothing"});
}

TEST(AutomixRoles, WhatTheSessionSaysComesFirst) {
    EXPECT_EQ(told(R"("role":"bass","name":"Piano",)").role, Role::kBass);
    EXPECT_EQ(told(R"("role":"bass","name":"Piano",)").source, "role");
    EXPECT_EQ(told(R"("name":"Piano",)", R"(,"role":"melody")").role, Role::kMelody);
    EXPECT_EQ(told(R"("name":"Track 1",)", R"(,"program":33)").role, Role::kBass);
    EXPECT_EQ(told(R"("name":"Track 1",)", R"(,"program":33)").source, "program");
    EXPECT_EQ(told(R"("name":"Track 1",)", R"(,"midi_channel":10)").role, Role::kDrums);
    EXPECT_EQ(told(R"("name":"Track 1",)").source, "nothing");
}

TEST(AutomixRoles, NamesAreReadAsWords) {
    const std::pair<const char*, Role> table[] = {{"Kick in", Role::kKick},
                                                  {"Bass Drum", Role::kKick},
                                                  {"Snare top", Role::kSnare},
                                                  {"Claps", Role::kSnare},
                                                  {"HiHat", Role::kHats},
                                                  {"OH hats", Role::kHats},
                                                  {"Dusty Kit", Role::kDrums},
                                                  {"Drumloop 120", Role::kDrums},
                                                  {"Sub Bass", Role::kBass},
                                                  {"808", Role::kBass},
                                                  {"Lead Vocal dbl", Role::kLeadVocal},
                                                  {"Backing vox", Role::kVocals},
                                                  {"Choir", Role::kVocals},
                                                  {"Vocal chops", Role::kVocals},
                                                  {"Synth Lead", Role::kMelody},
                                                  {"Grand piano", Role::kChords},
                                                  {"Warm Pad", Role::kPad},
                                                  {"Arp 2", Role::kArp},
                                                  {"Vinyl crackle", Role::kTexture},
                                                  {"Shaker", Role::kPercussion},
                                                  {"E-Guitar L", Role::kChords},
                                                  {"Strings", Role::kPad}};
    for (const auto& [name, role] : table)
        EXPECT_EQ(role_name(told(std::string(R"("name":")") + name + "\",").role),
                  std::string(role_name(role)))
            << name;
    for (const char* name :
         {"Rhythm", "Subtle", "That", "Kitten", "Compassion"}) // no "hat", "sub", "kit" inside
        EXPECT_NE(told(std::string(R"("name":")") + name + "\",").source, "role") << name;
    EXPECT_EQ(told(R"("name":"Subtle",)").source, "nothing");
    EXPECT_EQ(told(R"("name":"Kitten",)").source, "nothing");
}

TEST(AutomixRoles, SoundsTellWhenNothingElseDoes) {
    const auto heard = [](const std::string& role) {
        const auto audio = stem(role, 0);
        FeatureMeter meter(kRate, audio->frames());
        meter.add(audio->left, audio->right);
        return heard_role(meter.finish());
    };
    const std::pair<const char*, Role> table[] = {
        {"bass", Role::kBass}, {"kick", Role::kKick},       {"drums", Role::kDrums},  {"snare", Role::kHats},
        {"pad", Role::kPad},   {"texture", Role::kTexture}, {"chords", Role::kChords}};
    for (const auto& [sound, role] : table) // a snare alone is noise in bursts, as hats are
        EXPECT_EQ(role_name(heard(sound)), std::string(role_name(role))) << sound;
    Band song = band({{"drums", "drums", ""}, {"a", "bass", ""}}, "House");
    song.session.track("a")->state.setProperty("role", "", nullptr);
    const Report report = mixed(song);
    EXPECT_EQ(report.tracks[1].role, "bass");
    EXPECT_EQ(report.tracks[1].role_from, "sound");
}

TEST(AutomixRoles, AllGenresAreKnown) {
    EXPECT_EQ(genre_names().size(), 15u);
    for (const std::string& name : genre_names()) {
        const auto genre = genre_target(name);
        ASSERT_TRUE(genre) << name;
        EXPECT_EQ(genre->role(genre->reference()).lu, 0)
            << name << ": the reference is what others count from";
        for (int i = 0; i < kRoles; ++i) {
            const RoleTarget target = genre->role(static_cast<Role>(i));
            EXPECT_LT(target.slope_low, target.slope_high);
            EXPECT_GE(target.lu, -30);
            EXPECT_LE(target.lu, 6);
            EXPECT_GT(target.ratio, 1);
        }
    }
    EXPECT_TRUE(genre_target("drum & bass"));
    EXPECT_FALSE(genre_target("Polka"));
    EXPECT_GT(genre_target("House")->role(Role::kBass, 0.2).lu,
              genre_target("House")->role(Role::kBass, 0.9).lu);
}

TEST(AutomixRoles, AFocusIsNearer) {
    const std::vector<Part> parts = {{"drums", "drums", ""}, {"bass", "bass", ""}, {"melody", "melody", ""}};
    Band plain = band(parts, "Pop"), focus = band(parts, "Pop");
    focus.session.layers()[0].state.setProperty(
        "params", R"({"genre":"Pop","energy":0.5,"instrument_focus":"Melody"})", nullptr);
    const Report one = mixed(plain), other = mixed(focus);
    EXPECT_NEAR((other.tracks[2].wanted_lu - other.tracks[2].relief_lu) -
                    (one.tracks[2].wanted_lu - one.tracks[2].relief_lu),
                4.5, 0.01);
}

} // namespace
} // namespace loopmind::automix::test
