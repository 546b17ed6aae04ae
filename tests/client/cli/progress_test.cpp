// Progress as text: golden pictures of a job on its way.
#include "client/cli/progress.h"

#include "client/cli/console.h"

#include <gtest/gtest.h>

namespace loopmind::cli {
namespace {

v1::TaskInfo task(const std::string& id, v1::TaskKind kind, v1::TaskState state, const std::string& stem = "",
                  double progress = 0, std::uint64_t eta_ms = 0) {
    v1::TaskInfo info;
    info.set_task_id(id);
    info.set_kind(kind);
    info.set_state(state);
    info.set_stem(stem);
    info.set_progress(progress);
    info.set_eta_ms(eta_ms);
    return info;
}

v1::JobInfo job_under_way() {
    v1::JobInfo job;
    job.set_job_id("0123456789abcdef0123456789abcdef");
    job.set_state(v1::JOB_STATE_RUNNING);
    job.set_progress(0.42);
    job.set_eta_ms(2300);
    *job.add_tasks() = task("j.9", v1::TASK_KIND_FINISH, v1::TASK_STATE_BLOCKED);
    *job.add_tasks() = task("j.1", v1::TASK_KIND_COMPOSE, v1::TASK_STATE_DONE);
    *job.add_tasks() = task("j.2", v1::TASK_KIND_RENDER, v1::TASK_STATE_LEASED, "drums", 0.5, 1200);
    *job.add_tasks() = task("j.3", v1::TASK_KIND_RENDER, v1::TASK_STATE_READY, "bass");
    v1::TaskInfo cached = task("j.4", v1::TASK_KIND_RENDER, v1::TASK_STATE_DONE, "melody");
    cached.set_cached(true);
    *job.add_tasks() = cached;
    return job;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines)
        out += line + "\n";
    return out;
}

TEST(Progress, DrawsEveryPartInOrder) {
    ProgressNotes notes;
    notes.elapsed_seconds = 1.5;
    notes.first_audio = "first audio after 0.2 s: drums";
    EXPECT_EQ(joined(draw_progress(job_under_way(), notes, {.width = 80})),
              "  composition  ████████████████████████████████  100 %  done\n"
              "  drums        ████████████████················   50 %  1.2 s left\n"
              "  bass         ································    0 %  queued\n"
              "  melody       ████████████████████████████████  100 %  from the cache\n"
              "  mix          ································    0 %  waits\n"
              "  all          █████████████▌··················   42 %  1.5 s, 2.3 s left\n"
              "  first audio after 0.2 s: drums\n");
}

TEST(Progress, NoLineIsWiderThanTheTerminal) {
    v1::JobInfo job = job_under_way();
    job.mutable_tasks(2)->set_stem("a stem with a very long name that does not fit");
    job.mutable_tasks(3)->set_note("waits for a worker that knows the model; none of three is connected now");
    ProgressNotes notes;
    notes.first_audio =
        "first audio after 0.2 s: drums, playable now: /a/long/path/to/the/cache/incoming/drums.wav";
    notes.link = "the coordinator is away; waiting for it";
    for (int width = 20; width <= 200; ++width)
        for (const std::string& line : draw_progress(job, notes, {.width = width}))
            EXPECT_LE(display_width(line), width) << line;
}

TEST(Progress, ManyPartsAreDrawnInFewLines) {
    v1::JobInfo job;
    for (int i = 0; i < 60; ++i)
        *job.add_tasks() = task("j." + std::to_string(i), v1::TASK_KIND_RENDER,
                                i < 20   ? v1::TASK_STATE_DONE
                                : i < 24 ? v1::TASK_STATE_LEASED
                                         : v1::TASK_STATE_READY,
                                "stem" + std::to_string(i), 0.1);
    const auto lines = draw_progress(job, {}, {.width = 80, .lines = 20});
    EXPECT_EQ(lines.size(), 5u);
    EXPECT_NE(lines.front().find("stem20"), std::string::npos);
    EXPECT_NE(lines.back().find("20 of 60 parts"), std::string::npos);
}

TEST(Progress, VariationsAreNumberedFromOne) {
    v1::JobInfo job;
    *job.add_tasks() = task("j.1", v1::TASK_KIND_RENDER, v1::TASK_STATE_READY, "bass");
    v1::TaskInfo second = task("j.2", v1::TASK_KIND_RENDER, v1::TASK_STATE_READY, "bass");
    second.set_variation(1);
    *job.add_tasks() = second;
    const auto lines = draw_progress(job, {}, {.width = 80});
    EXPECT_NE(lines[0].find("bass 1"), std::string::npos);
    EXPECT_NE(lines[1].find("bass 2"), std::string::npos);
}

TEST(Progress, ColoursOnlyWhenAsked) {
    EXPECT_EQ(joined(draw_progress(job_under_way(), {}, {.width = 80})).find('\x1b'), std::string::npos);
    EXPECT_NE(joined(draw_progress(job_under_way(), {}, {.width = 80, .colour = true})).find("\x1b[32m"),
              std::string::npos);
}

TEST(Progress, ANoteCannotSteerTheTerminal) {
    v1::JobInfo job = job_under_way();
    job.mutable_tasks(3)->set_note("\x1b[2J\x07"
                                   "evil\nline");
    for (const std::string& line : draw_progress(job, {}, {.width = 80})) {
        EXPECT_EQ(line.find('\x1b'), std::string::npos);
        EXPECT_EQ(line.find('\n'), std::string::npos);
    }
}

TEST(PlainProgress, OneLineForEachChange) {
    PlainProgress plain;
    v1::JobInfo job = job_under_way();
    EXPECT_EQ(joined(plain.lines_for(job, 0.25)), "[   0.2 s] composition: done (2 of 5)\n"
                                                  "[   0.2 s] drums: running\n"
                                                  "[   0.2 s] bass: queued\n"
                                                  "[   0.2 s] melody: from the cache (2 of 5)\n"
                                                  "[   0.2 s] job: running\n");
    job.mutable_tasks(2)->set_progress(0.9);
    EXPECT_EQ(joined(plain.lines_for(job, 0.5)), "") << "progress alone is no line";
    job.mutable_tasks(2)->set_state(v1::TASK_STATE_DONE);
    job.mutable_tasks(3)->set_state(v1::TASK_STATE_LEASED);
    job.mutable_tasks(3)->set_attempts(2);
    EXPECT_EQ(joined(plain.lines_for(job, 12.25)), "[  12.2 s] drums: done (3 of 5)\n"
                                                   "[  12.2 s] bass: running, attempt 2\n");
}

TEST(PlainProgress, AJobThatWasDoneAlreadyIsNoNews) {
    PlainProgress plain;
    v1::JobInfo job = job_under_way();
    job.set_state(v1::JOB_STATE_DONE);
    EXPECT_EQ(joined(plain.lines_for(job, 0)), "");
}

} // namespace
} // namespace loopmind::cli
