// Write and latch: what passes is replaced, and nothing else.
#include "engine/session/automation_recorder.h"

#include <gtest/gtest.h>

namespace loopmind::session {
namespace {

double at(const AutomationPoints& points, double beat) {
    return automation_value(points, beat, -99);
}

const AutomationPoints kOld{{0, 0}, {16, 16}}; // value = beat

TEST(AutomationRecorder, ReadAndOffRecordNothing) {
    for (const AutomationMode mode : {AutomationMode::kRead, AutomationMode::kOff}) {
        AutomationRecorder recorder(mode, kOld);
        recorder.start(0, 5);
        recorder.touch(2, 7);
        recorder.release(3);
        recorder.stop(8);
        EXPECT_EQ(recorder.result(), kOld);
    }
}

TEST(AutomationRecorder, WriteReplacesAllThatPasses) {
    AutomationRecorder recorder(AutomationMode::kWrite, kOld);
    recorder.start(4, 1);
    recorder.advance(5.999);
    recorder.touch(6, 2); // from a rest at 1
    recorder.move(8, 3);
    recorder.release(8);
    recorder.stop(10);
    const AutomationPoints points = recorder.result();
    EXPECT_DOUBLE_EQ(at(points, 3.99), 3.99); // before: as it was, to the last moment
    EXPECT_EQ(at(points, 4), 1);
    EXPECT_EQ(at(points, 5.999), 1);
    EXPECT_EQ(at(points, 6), 2);
    EXPECT_EQ(at(points, 7), 2.5); // movements are joined
    EXPECT_EQ(at(points, 9), 3);   // and held after the last
    EXPECT_DOUBLE_EQ(at(points, 10), 10);
    EXPECT_DOUBLE_EQ(at(points, 13), 13);
}

TEST(AutomationRecorder, WriteWithoutATouchHoldsTheControl) {
    AutomationRecorder recorder(AutomationMode::kWrite, kOld);
    recorder.start(4, 1);
    recorder.advance(5);
    EXPECT_TRUE(recorder.recording());
    recorder.stop(8);
    EXPECT_EQ(at(recorder.result(), 6), 1);
    EXPECT_DOUBLE_EQ(at(recorder.result(), 8), 8);
}

TEST(AutomationRecorder, LatchBeginsAtTheFirstTouch) {
    AutomationRecorder recorder(AutomationMode::kLatch, kOld);
    recorder.start(0, 5);
    EXPECT_FALSE(recorder.recording());
    recorder.advance(4);
    recorder.touch(4, 9);
    EXPECT_TRUE(recorder.recording());
    recorder.release(5);
    recorder.stop(12); // goes on after the release
    const AutomationPoints points = recorder.result();
    EXPECT_DOUBLE_EQ(at(points, 3.5), 3.5);
    EXPECT_EQ(at(points, 4), 9);
    EXPECT_EQ(at(points, 11.9), 9);
    EXPECT_DOUBLE_EQ(at(points, 12), 12);
    recorder.start(0, 5);
    recorder.stop(16);
    EXPECT_EQ(recorder.result(), points); // untouched
}

TEST(AutomationRecorder, AnEmptyLaneStaysAtRestOutside) {
    AutomationRecorder recorder(AutomationMode::kLatch, {});
    recorder.start(0, -6);
    recorder.advance(4);
    recorder.touch(4, 0);
    recorder.stop(8);
    EXPECT_EQ(at(recorder.result(), 2), -6);
    EXPECT_EQ(at(recorder.result(), 6), 0);
    EXPECT_EQ(at(recorder.result(), 9), -6);
}

TEST(AutomationRecorder, ALoopIsRecordedOverItself) {
    AutomationRecorder recorder(AutomationMode::kLatch, kOld);
    recorder.start(4, 4);
    recorder.touch(6, 1);
    recorder.advance(8);
    recorder.advance(4); // the loop from 4 to 8 begins again
    EXPECT_TRUE(recorder.recording());
    recorder.advance(4.999);
    recorder.move(5, 2);
    recorder.stop(6);
    const AutomationPoints points = recorder.result();
    EXPECT_EQ(at(points, 4.5), 1);
    EXPECT_EQ(at(points, 5.5), 2);
    EXPECT_EQ(at(points, 7), 1); // of the first round
    EXPECT_DOUBLE_EQ(at(points, 8), 8);
    EXPECT_DOUBLE_EQ(at(points, 3), 3);
}

TEST(AutomationRecorder, AStreamIsThinnedToItsTolerance) {
    AutomationRecorder recorder(AutomationMode::kWrite, kOld, 0.02);
    recorder.start(0, 0);
    for (int i = 1; i <= 10000; ++i)
        recorder.move(i / 1000.0, std::sin(i / 1000.0));
    recorder.stop(10);
    const AutomationPoints points = recorder.result();
    EXPECT_LT(points.size(), 80u);
    for (double beat = 0; beat < 10; beat += 0.01)
        EXPECT_NEAR(at(points, beat), std::sin(beat), 0.0201);
    EXPECT_DOUBLE_EQ(at(points, 12), 12);
}

TEST(AutomationRecorder, TheResultCanBeSeenWhileItRuns) {
    AutomationRecorder recorder(AutomationMode::kWrite, kOld);
    recorder.start(4, 1);
    EXPECT_EQ(recorder.result(), kOld);
    recorder.advance(6);
    EXPECT_EQ(at(recorder.result(), 5), 1);
    EXPECT_DOUBLE_EQ(at(recorder.result(), 7), 7);
}

} // namespace
} // namespace loopmind::session
