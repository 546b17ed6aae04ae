// Progress of a job as text: bars for a terminal, lines for everything else. Pure: time and width are given.
#include "client/cli/progress.h"

#include "client/cli/console.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace loopmind::cli {

namespace {

constexpr int kBarMax = 32;
constexpr int kBarMin = 8;
constexpr int kLabelMax = 16;

const char* const kDim = "\x1b[2m";
const char* const kGreen = "\x1b[32m";
const char* const kRed = "\x1b[31m";
const char* const kCyan = "\x1b[36m";
const char* const kBold = "\x1b[1m";
const char* const kReset = "\x1b[0m";

struct Line {
    std::string label;
    double fraction = 0;
    std::string status;
    const char* colour = "";
};

std::string percent(double fraction) {
    char text[16];
    std::snprintf(text, sizeof text, "%3d %%",
                  static_cast<int>(std::floor(std::clamp(fraction, 0.0, 1.0) * 100 + 1e-9)));
    return text;
}

std::string left_text(std::uint64_t eta_ms) {
    return eta_ms ? duration_text(static_cast<double>(eta_ms) / 1000) + " left" : "";
}

std::string bar(double fraction, int columns) {
    static const char* const kParts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const int eighths = static_cast<int>(std::lround(std::clamp(fraction, 0.0, 1.0) * columns * 8));
    std::string out;
    int used = eighths / 8;
    for (int i = 0; i < used; ++i)
        out += "█";
    if (eighths % 8) {
        out += kParts[eighths % 8];
        ++used;
    }
    for (; used < columns; ++used)
        out += "·";
    return out;
}

Line line_of(const v1::TaskInfo& task, bool several) {
    Line line;
    line.label = task_label(task, several);
    line.fraction = task.state() == v1::TASK_STATE_DONE ? 1 : task.progress();
    if (task.state() == v1::TASK_STATE_LEASED && task.stream_size() > 0) // fresher than the worker's reports
        line.fraction = std::max(line.fraction, static_cast<double>(task.streamed_bytes()) /
                                                    static_cast<double>(task.stream_size()));
    const std::string note = printable(task.note());
    switch (task.state()) {
    case v1::TASK_STATE_DONE:
        line.status = task.cached() ? "from the cache" : "done";
        line.colour = kGreen;
        break;
    case v1::TASK_STATE_LEASED:
        line.status = left_text(task.eta_ms());
        if (line.status.empty()) line.status = note.empty() ? "running" : note;
        line.colour = kCyan;
        break;
    case v1::TASK_STATE_FAILED:
        line.status = note.empty() ? "failed" : "failed: " + note;
        line.colour = kRed;
        break;
    case v1::TASK_STATE_CANCELLED:
        line.status = "cancelled";
        break;
    case v1::TASK_STATE_READY:
        line.status = note.empty() ? "queued" : note;
        break;
    default:
        line.status = note.empty() ? "waits" : note;
        break;
    }
    return line;
}

std::string draw_line(const Line& line, int label_columns, const ProgressStyle& style) {
    const auto paint = [&](const char* colour, const std::string& text) {
        return style.colour && *colour ? colour + text + kReset : text;
    };
    // "  label  bar  100 %  status"
    const int fixed = 2 + label_columns + 2 + 5 + 2;
    const int room = style.width - fixed;
    const int status_columns = std::clamp(room / 3, 0, 26);
    const int bar_columns = std::min(room - 2 - status_columns, kBarMax);
    std::string out = "  " + padded(shortened(line.label, label_columns), label_columns) + "  ";
    int used = 2 + label_columns + 2;
    if (bar_columns >= kBarMin) {
        out += paint(line.colour, bar(line.fraction, bar_columns)) + "  ";
        used += bar_columns + 2;
    }
    out += percent(line.fraction);
    used += 5;
    const int left = style.width - used - 2;
    if (left > 3 && !line.status.empty()) out += "  " + paint(kDim, shortened(line.status, left));
    return out;
}

int rank(const v1::TaskInfo& task) {
    return static_cast<int>(task.kind());
}

std::vector<const v1::TaskInfo*> in_order(const v1::JobInfo& job) {
    std::vector<const v1::TaskInfo*> tasks;
    for (const v1::TaskInfo& task : job.tasks())
        tasks.push_back(&task);
    std::stable_sort(tasks.begin(), tasks.end(), [](const v1::TaskInfo* a, const v1::TaskInfo* b) {
        return rank(*a) != rank(*b) ? rank(*a) < rank(*b) : a->variation() < b->variation();
    });
    return tasks;
}

bool has_several_variations(const v1::JobInfo& job) {
    return std::any_of(job.tasks().begin(), job.tasks().end(),
                       [](const v1::TaskInfo& t) { return t.variation() > 0; });
}

} // namespace

std::string task_label(const v1::TaskInfo& task, bool several_variations) {
    std::string label;
    switch (task.kind()) {
    case v1::TASK_KIND_COMPOSE:
        return "composition";
    case v1::TASK_KIND_RENDER:
        label = printable(task.stem());
        break;
    case v1::TASK_KIND_FINISH:
        label = "mix";
        break;
    case v1::TASK_KIND_PREVIEW:
        return "preview";
    case v1::TASK_KIND_TRACK:
        return printable(task.stem());
    case v1::TASK_KIND_SUM:
        return "mix";
    default:
        return "task";
    }
    return several_variations ? label + " " + std::to_string(task.variation() + 1) : label;
}

std::vector<std::string> draw_progress(const v1::JobInfo& job, const ProgressNotes& notes,
                                       const ProgressStyle& style) {
    const bool several = has_several_variations(job);
    std::vector<Line> lines;
    const std::vector<const v1::TaskInfo*> tasks = in_order(job);
    const int room = std::max(1, style.lines - 3); // besides the whole and two sentences
    const bool crowded = static_cast<int>(tasks.size()) > room;
    int done = 0;
    for (const v1::TaskInfo* task : tasks) {
        done += task->state() == v1::TASK_STATE_DONE ? 1 : 0;
        const bool at_work = task->state() == v1::TASK_STATE_LEASED || task->state() == v1::TASK_STATE_FAILED;
        if (!crowded || (at_work && static_cast<int>(lines.size()) < room))
            lines.push_back(line_of(*task, several));
    }
    Line whole;
    whole.label = "all";
    whole.fraction = job.state() == v1::JOB_STATE_DONE ? 1 : job.progress();
    whole.status = duration_text(notes.elapsed_seconds);
    if (job.state() != v1::JOB_STATE_DONE && job.eta_ms()) whole.status += ", " + left_text(job.eta_ms());
    if (crowded)
        whole.status += ", " + std::to_string(done) + " of " + std::to_string(tasks.size()) + " parts";
    whole.colour = kBold;
    lines.push_back(whole);

    int label_columns = 3;
    for (const Line& line : lines)
        label_columns = std::max(label_columns, display_width(line.label));
    label_columns = std::min({label_columns, kLabelMax, std::max(3, style.width - 9)});

    std::vector<std::string> out;
    for (const Line& line : lines)
        out.push_back(draw_line(line, label_columns, style));
    if (!job.note().empty() && job.state() == v1::JOB_STATE_QUEUED)
        out.push_back(shortened("  " + printable(job.note()), style.width));
    if (!notes.first_audio.empty()) out.push_back(shortened("  " + notes.first_audio, style.width));
    if (!notes.link.empty()) {
        const std::string text = shortened("  " + printable(notes.link), style.width);
        out.push_back(style.colour ? kRed + text + kReset : text);
    }
    return out;
}

std::vector<std::string> PlainProgress::lines_for(const v1::JobInfo& job, double elapsed_seconds) {
    std::vector<std::string> out;
    if (known_.empty() && job.state() == v1::JOB_STATE_DONE)
        return out; // done before anything could be watched
    char stamp[32];
    std::snprintf(stamp, sizeof stamp, "[%6.1f s] ", elapsed_seconds);
    const bool several = has_several_variations(job);
    int done = 0;
    for (const v1::TaskInfo& task : job.tasks())
        done += task.state() == v1::TASK_STATE_DONE ? 1 : 0;
    for (const v1::TaskInfo* task : in_order(job)) {
        const std::pair<v1::TaskState, std::string> now{
            task->state(), task->state() == v1::TASK_STATE_LEASED ? "" : task->note()};
        const auto before = known_.find(task->task_id());
        if (before != known_.end() && before->second == now) continue;
        known_[task->task_id()] = now;
        if (task->state() == v1::TASK_STATE_BLOCKED || task->state() == v1::TASK_STATE_UNSPECIFIED) continue;
        std::string text = task_label(*task, several) + ": ";
        switch (task->state()) {
        case v1::TASK_STATE_DONE:
            text += task->cached() ? "from the cache" : "done";
            break;
        case v1::TASK_STATE_LEASED:
            text += task->attempts() > 1 ? "running, attempt " + std::to_string(task->attempts()) : "running";
            break;
        default:
            text += task_state_name(task->state());
            break;
        }
        if (task->state() != v1::TASK_STATE_LEASED && task->state() != v1::TASK_STATE_DONE &&
            !task->note().empty())
            text += " – " + printable(task->note());
        if (task->state() == v1::TASK_STATE_DONE)
            text += " (" + std::to_string(done) + " of " + std::to_string(job.tasks_size()) + ")";
        out.push_back(stamp + text);
    }
    if (job.state() != state_) {
        if (job.state() == v1::JOB_STATE_QUEUED && !job.note().empty())
            out.push_back(stamp + std::string("job: queued – ") + printable(job.note()));
        else if (state_ != v1::JOB_STATE_UNSPECIFIED || job.state() != v1::JOB_STATE_QUEUED)
            out.push_back(stamp + std::string("job: ") + job_state_name(job.state()));
        state_ = job.state();
    }
    return out;
}

const char* job_state_name(v1::JobState state) {
    switch (state) {
    case v1::JOB_STATE_QUEUED:
        return "queued";
    case v1::JOB_STATE_RUNNING:
        return "running";
    case v1::JOB_STATE_DONE:
        return "done";
    case v1::JOB_STATE_FAILED:
        return "failed";
    case v1::JOB_STATE_CANCELLED:
        return "cancelled";
    case v1::JOB_STATE_SUPERSEDED:
        return "superseded";
    default:
        return "unknown";
    }
}

const char* task_state_name(v1::TaskState state) {
    switch (state) {
    case v1::TASK_STATE_BLOCKED:
        return "waits";
    case v1::TASK_STATE_READY:
        return "queued";
    case v1::TASK_STATE_LEASED:
        return "running";
    case v1::TASK_STATE_DONE:
        return "done";
    case v1::TASK_STATE_FAILED:
        return "failed";
    case v1::TASK_STATE_CANCELLED:
        return "cancelled";
    default:
        return "unknown";
    }
}

const char* task_kind_name(v1::TaskKind kind) {
    switch (kind) {
    case v1::TASK_KIND_COMPOSE:
        return "compose";
    case v1::TASK_KIND_RENDER:
        return "render";
    case v1::TASK_KIND_FINISH:
        return "finish";
    case v1::TASK_KIND_PREVIEW:
        return "preview";
    case v1::TASK_KIND_TRACK:
        return "track";
    case v1::TASK_KIND_SUM:
        return "sum";
    default:
        return "unknown";
    }
}

} // namespace loopmind::cli
