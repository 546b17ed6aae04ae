// Documents survive a round trip: known fields by value, unknown fields byte for byte, newer files too.
#include "engine/session/session.h"

#include "engine/session/json_text.h"

#include <gtest/gtest.h>

namespace loopmind::session {
namespace {

std::string round_trip(const std::string& text) {
    const auto session = Session::from_json(text);
    EXPECT_TRUE(session.ok()) << (session.ok() ? "" : session.error().text());
    return session.ok() ? session->to_json() : "";
}

constexpr const char* kFull = R"({
  "format": "loopmind-project",
  "version": "1.1",
  "units": "beats",
  "name": "Søng \"1\"",
  "mode": "studio",
  "tempo": 82.5,
  "meter": "3/4",
  "tempo_map": [
    {
      "start": 8,
      "tempo": 82.5,
      "ramp": true,
      "why": "rit."
    },
    {
      "start": 12,
      "tempo": 60.125
    }
  ],
  "meter_map": [
    {
      "start": 24,
      "meter": "6/8"
    }
  ],
  "key": "F# dorian",
  "bars": 16,
  "sample_rate": 44100,
  "pan_law": "balance",
  "timeline": [
    {
      "file": "stems/drums.wav",
      "start": 0,
      "length": 48,
      "colour": "#ff0000"
    },
    {
      "video": "clip.mp4",
      "start": 0.30000000000000004,
      "length": 12
    }
  ],
  "fx": {
    "reverb": 0.4,
    "chorus": 0.123456789012345678901234567890
  },
  "tracks": [
    {
      "id": "drums",
      "name": "Drums",
      "type": "audio",
      "role": "drums",
      "color": "#ff8800",
      "gain_db": -3.25,
      "pan": -0.5,
      "mute": true,
      "solo": false,
      "phase_invert": true,
      "arm": true,
      "group": "rhythm",
      "output": "bus-reverb",
      "inserts": [
        {
          "id": "eq",
          "effect": "someone.elses.effect",
          "bypass": true,
          "sidechain": "bus-reverb",
          "preset": "Punch",
          "params": {
            "weird name": 0.1,
            "on": true,
            "preset": "A",
            "nested": {"a": [1, 2.50]}
          }
        }
      ],
      "sends": [
        {
          "to": "bus-reverb",
          "level": 0.25,
          "pre": true
        }
      ],
      "clips": [
        {
          "id": "c",
          "pattern": "missing-pattern",
          "start": 1.5,
          "length": 4,
          "offset": 0.25,
          "gain_db": -1,
          "loop": true,
          "mute": false,
          "fade_in": 0.5,
          "fade_out": 1.25,
          "fade_in_curve": "equal_power",
          "fade_out_curve": "s_curve",
          "reverse": true,
          "stretch": 1.5,
          "pitch": -7.5,
          "fade": { "in": 18446744073709551615 }
        }
      ],
      "automation": [
        {
          "target": "gain_db",
          "mode": "latch",
          "points": [
            {
              "beat": 0,
              "value": -12.5
            },
            {
              "beat": 4,
              "value": 0,
              "shape": "curve",
              "tension": 0.5,
              "hand": 1.0
            }
          ]
        },
        {
          "target": "inserts.eq.weird name",
          "mode": "off"
        }
      ]
    },
    {
      "id": "bus-reverb",
      "name": "Reverb",
      "type": "bus",
      "inserts": [
        {
          "id": "reverb",
          "effect": "reverb",
          "macro": "reverb",
          "params": {
            "dry": 0,
            "wet": 0.4
          }
        }
      ]
    },
    {
      "id": "master",
      "name": "Master",
      "type": "master"
    }
  ],
  "groups": [
    {
      "id": "rhythm",
      "name": "Rhythm",
      "gain_db": -2,
      "mute": false,
      "solo": true
    }
  ],
  "patterns": [
    {
      "id": "p",
      "name": "P",
      "role": "drums",
      "length": 4,
      "tempo": 82.5,
      "audio": "a",
      "midi": "m",
      "program": 5,
      "midi_channel": 10,
      "notes": [
        {
          "start": 0.3333333333333333,
          "length": 0.25,
          "pitch": 36,
          "velocity": 127
        }
      ]
    }
  ],
  "sections": [
    {
      "name": "Intro",
      "start": 0,
      "length": 12
    }
  ],
  "markers": [
    {
      "name": "Cut 1",
      "kind": "cut",
      "start": 3
    }
  ],
  "layers": [
    {
      "id": "l",
      "name": "L",
      "params": {"seed":9007199254740993, "x" : 0.10},
      "seed": 9007199254740992,
      "stems": [
        "p"
      ],
      "created_at": "2026-01-01T00:00:00Z",
      "starred": true
    }
  ],
  "media": [
    {
      "id": "a",
      "kind": "audio",
      "file": "stems/drums.wav",
      "sha256": "aa",
      "size": 12,
      "frames": 3,
      "sample_rate": 44100,
      "channels": 2,
      "data": "AAAA"
    }
  ],
  "future": [1, 2,   3],
  "\u0061bc": 18446744073709551615,
  "_extra": "mine"
}
)";

TEST(SessionJson, WritesWhatItRead) {
    EXPECT_EQ(round_trip(kFull), kFull);
}

TEST(SessionJson, IsStableAfterOneRoundTrip) {
    const std::string once =
        round_trip(R"({"fx":{"eq":0.5,"drive":0.25},"timeline":[{"file":"a/b.wav","start":0,"length":8}]})");
    EXPECT_EQ(round_trip(once), once);
}

TEST(SessionJson, GivesTypedViews) {
    const auto session = Session::from_json(kFull);
    ASSERT_TRUE(session.ok());
    EXPECT_EQ(session->name(), "Søng \"1\"");
    EXPECT_EQ(session->mode(), "studio");
    EXPECT_EQ(session->beats_per_bar(), 3);
    EXPECT_EQ(session->total_beats(), 48);
    EXPECT_NEAR(session->beats_at(session->frames_at(8)), 8, 1e-4); // to the frame
    EXPECT_EQ(session->tempo_at(10), (82.5 + 60.125) / 2);
    EXPECT_EQ(session->tempo_at(100), 60.125);
    EXPECT_EQ(session->meter_map().meter_at(24), "6/8");
    EXPECT_EQ(session->pan_law(), PanLaw::kBalance);
    EXPECT_EQ(session->group("rhythm")->gain_db(), -2);
    EXPECT_TRUE(session->group("rhythm")->solo());
    const Track drums = *session->track("drums");
    EXPECT_EQ(drums.type(), TrackType::kAudio);
    EXPECT_EQ(drums.gain_db(), -3.25);
    EXPECT_EQ(drums.output(), "bus-reverb");
    EXPECT_TRUE(drums.phase_invert());
    EXPECT_TRUE(drums.arm());
    EXPECT_EQ(drums.color(), "#ff8800");
    EXPECT_EQ(drums.group(), "rhythm");
    ASSERT_EQ(drums.automation().size(), 2u);
    const AutomationLane lane = *drums.lane("gain_db");
    EXPECT_EQ(lane.mode(), AutomationMode::kLatch);
    ASSERT_EQ(lane.points().size(), 2u);
    EXPECT_EQ(lane.points()[1], (AutomationPoint{4, 0, AutomationShape::kCurve, 0.5}));
    EXPECT_EQ(lane.value_at(2), -6.25);
    EXPECT_FALSE(drums.lane("inserts.eq.weird name")->plays());
    EXPECT_FALSE(drums.lane("pan").has_value());
    const Clip clip = *drums.clip("c");
    EXPECT_EQ(clip.fade_in(), 0.5);
    EXPECT_EQ(clip.fade_out(), 1.25);
    EXPECT_EQ(clip.fade_in_curve(), FadeCurve::kEqualPower);
    EXPECT_EQ(clip.fade_out_curve(), FadeCurve::kSCurve);
    EXPECT_TRUE(clip.reverse());
    EXPECT_EQ(clip.stretch(), 1.5);
    EXPECT_EQ(clip.pitch(), -7.5);
    ASSERT_EQ(drums.inserts().size(), 1u);
    const Insert insert = drums.inserts()[0];
    EXPECT_TRUE(insert.bypass());
    EXPECT_EQ(insert.sidechain(), "bus-reverb");
    EXPECT_EQ(insert.preset(), "Punch");
    EXPECT_EQ(insert.param("weird name", 9), 0.1);
    EXPECT_EQ(insert.param("on", 9), 1);
    EXPECT_EQ(insert.param("preset", 9), 9);
    EXPECT_EQ(insert.param("absent", 7), 7);
    EXPECT_TRUE(drums.sends()[0].pre_fader());
    EXPECT_EQ(drums.clips()[0].offset(), 0.25);
    EXPECT_TRUE(drums.clips()[0].loop());
    EXPECT_EQ(session->master().id(), "master");
    EXPECT_EQ(session->master().output(), "master");
    const Pattern pattern = *session->pattern("p");
    ASSERT_EQ(pattern.notes().size(), 1u);
    EXPECT_EQ(pattern.notes()[0].start, 0.3333333333333333);
    EXPECT_EQ(pattern.notes()[0].velocity, 127);
    EXPECT_EQ(session->layers()[0].seed(), 9007199254740992);
    EXPECT_EQ(session->layers()[0].params_json(), R"({"seed":9007199254740993, "x" : 0.10})");
    EXPECT_EQ(session->layers()[0].stems(), std::vector<std::string>{"p"});
    EXPECT_TRUE(session->media("a")->embedded());
    EXPECT_FALSE(session->media("b").has_value());
}

TEST(SessionJson, KeepsUnknownFieldsAfterEdits) {
    auto session = Session::from_json(kFull);
    ASSERT_TRUE(session.ok());
    session->set_tempo(90);
    session->track("drums")->set_gain_db(-6);
    const std::string text = session->to_json();
    for (const char* kept : {"\"future\": [1, 2,   3]", "\"\\u0061bc\": 18446744073709551615",
                             "\"_extra\": \"mine\"", "\"fade\": { \"in\": 18446744073709551615 }",
                             "\"nested\": {\"a\": [1, 2.50]}", "\"chorus\": 0.123456789012345678901234567890",
                             "\"colour\": \"#ff0000\"", "\"start\": 0.30000000000000004"})
        EXPECT_NE(text.find(kept), std::string::npos) << kept;
    EXPECT_NE(text.find("\"tempo\": 90"), std::string::npos);
}

TEST(SessionJson, OpensNewerMinorVersionsAndKeepsWhatTheyAdded) {
    const std::string text = R"({
  "version": "1.9",
  "units": "beats",
  "mode": "performance",
  "tracks": [{"id": "t", "type": "hologram", "beam": 1.0}],
  "groove_map": [{"beat": 0, "bpm": 82.50}]
})";
    const auto session = Session::from_json(text);
    ASSERT_TRUE(session.ok()) << session.error().text();
    EXPECT_EQ(session->track("t")->type(), TrackType::kOther);
    const std::string out = session->to_json();
    for (const char* kept : {"\"version\": \"1.9\"", "\"performance\"", "\"hologram\"", "\"beam\": 1.0",
                             "\"groove_map\": [{\"beat\": 0, \"bpm\": 82.50}]"})
        EXPECT_NE(out.find(kept), std::string::npos) << kept;
}

TEST(SessionJson, RefusesAHigherMajorVersion) {
    const auto session = Session::from_json(R"({"version": "2.0", "tracks": 7})");
    ASSERT_FALSE(session.ok());
    EXPECT_EQ(session.error().code, ErrorCode::kVersionMismatch);
    EXPECT_EQ(session.error().field, "version");
    EXPECT_FALSE(Session::from_json(R"({"version": 2})").ok());
}

TEST(SessionJson, ReadsThePublishedForm) {
    const auto session = Session::from_json(R"({
      "timeline": [{"file": "loops/beat.wav", "start": 0, "length": 16, "note": [1]},
                   {"file": "loops/beat.wav", "start": 32, "length": 17},
                   {"file": "bass.wav", "start": 16, "length": 17},
                   {"video": "v.mp4", "start": 0, "length": 49}],
      "fx": {"reverb": 0.4, "drive": 0.2}, "mode": "creative"})");
    ASSERT_TRUE(session.ok()) << session.error().text();
    EXPECT_EQ(session->bars(), 13); // the last clip ends at beat 49
    ASSERT_TRUE(session->track("track-1").has_value());
    EXPECT_EQ(session->track("track-1")->name(), "beat");
    ASSERT_EQ(session->track("track-1")->clips().size(), 2u);
    EXPECT_EQ(session->track("track-1")->clips()[1].start(), 32);
    EXPECT_EQ(session->media(session->pattern("pattern-2")->audio())->file(), "bass.wav");
    const auto reverb = session->track(kReverbBusId)->insert_of(effect::kReverb);
    ASSERT_TRUE(reverb.has_value());
    EXPECT_EQ(reverb->param(param::kWet, 0), 0.4);
    EXPECT_EQ(session->track("track-1")->sends()[0].to(), kReverbBusId);
    EXPECT_EQ(session->master().insert_of(effect::kDrive)->param(param::kAmount, 0), 0.2);
    const std::string text = session->to_json();
    EXPECT_NE(text.find("\"note\": [1]"), std::string::npos);
    EXPECT_NE(text.find("\"video\": \"v.mp4\""), std::string::npos);
}

TEST(SessionJson, PublishedAmountsMoveTheInsertsThatFollowThem) {
    std::string text = kFull;
    text.replace(text.find("\"reverb\": 0.4"), 13, "\"reverb\": 0.9");
    const auto session = Session::from_json(text);
    ASSERT_TRUE(session.ok());
    EXPECT_EQ(session->track("bus-reverb")->insert_of("reverb")->param("wet", 0), 0.9);
}

TEST(SessionJson, AnEmptySessionIsWhole) {
    const Session session;
    const auto again = Session::from_json(session.to_json());
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->to_json(), session.to_json());
    EXPECT_TRUE(again->master().valid());
}

} // namespace
} // namespace loopmind::session
