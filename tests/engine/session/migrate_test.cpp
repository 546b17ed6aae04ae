// Documents of older versions, as they were written, and what they become.
#include "engine/session/session.h"
#include "proto/base/durable_file.h"

#include <gtest/gtest.h>

namespace loopmind::session {
namespace {

std::string document(const std::string& name) {
    const auto text = base::read_file(std::filesystem::path(LOOPMIND_TEST_DOCUMENTS) / name, 1 << 20);
    EXPECT_TRUE(text.ok()) << name;
    return text.ok() ? *text : "";
}

TEST(Migrate, VersionOneZeroBecomesOneOne) {
    const auto session = Session::from_json(document("song_1_0.loopmind"));
    ASSERT_TRUE(session.ok()) << session.error().text();
    EXPECT_EQ(session->to_json(), document("song_1_0.as_1_1.loopmind"));
    EXPECT_EQ(session->track("drums")->color(), "");
    EXPECT_TRUE(session->track("drums")->automation().empty());
    EXPECT_EQ(session->frames_at(16), std::llround(16 * 60 / 82.5 * 48000));
}

TEST(Migrate, WhatItBecameStaysAsItIs) {
    const std::string now = document("song_1_0.as_1_1.loopmind");
    const auto session = Session::from_json(now);
    ASSERT_TRUE(session.ok()) << session.error().text();
    EXPECT_EQ(session->to_json(), now);
}

TEST(Migrate, OurOwnFileThatAnOlderProgramNumberedKeepsItsFields) {
    const auto session = Session::from_json(R"({"version": "1", "pan_law": "linear",
        "tracks": [{"id": "a", "clips": [{"length": 4, "pitch": 3, "reverse": true}]}]})");
    ASSERT_TRUE(session.ok());
    EXPECT_EQ(session->pan_law(), PanLaw::kLinear);
    EXPECT_EQ(session->track("a")->clips()[0].pitch(), 3);
    EXPECT_TRUE(session->track("a")->clips()[0].reverse());
    EXPECT_NE(session->to_json().find("\"version\": \"1.1\""), std::string::npos);
}

TEST(Migrate, AFileWithoutVersionIsOfOurs) {
    EXPECT_FALSE(Session::from_json(R"({"tracks": [{"color": 7}]})").ok());
    EXPECT_TRUE(Session::from_json(R"({"version": "1.0", "tracks": [{"color": 7}]})").ok());
}

TEST(Migrate, NewerMinorVersionsKeepTheirNumber) {
    const auto session = Session::from_json(
        R"({"version": "1.7", "tracks": [{"id": "a", "automation": [{"target": "vibe", "points": [{"value": 1e9}]}]}]})");
    ASSERT_TRUE(session.ok()) << session.error().text();
    EXPECT_NE(session->to_json().find("\"version\": \"1.7\""), std::string::npos);
    EXPECT_NE(session->to_json().find("\"target\": \"vibe\""), std::string::npos);
}

} // namespace
} // namespace loopmind::session
