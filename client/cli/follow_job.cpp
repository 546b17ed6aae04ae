// Follows one job to its end on the screen, bringing its audio into the local cache while it is made.
#include "client/cli/follow_job.h"

#include "client/cli/interrupt.h"
#include "client/cli/live_area.h"
#include "client/cli/progress.h"
#include "client/farm/job_view.h"
#include "proto/wire/convert.h"
#include "proto/wire/mailbox.h"
#include "proto/wire/wait.h"

#include <map>
#include <set>

namespace loopmind::cli {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds kFrame{50};      // at most 20 redraws a second
constexpr std::chrono::milliseconds kIdleFrame{250}; // the clock on the screen goes on
constexpr std::chrono::seconds kAwayLimit{60};
constexpr std::chrono::seconds kCancelPatience{3};
constexpr int kStreamFailuresMax = 3;

struct Event {
    std::optional<v1::JobInfo> job;
    std::optional<Error> watch_failed;
    std::optional<farm::Link> link;
    std::optional<fs::path> audio; ///< a stream has bytes
    std::string label;
    std::optional<std::pair<std::string, Result<fs::path>>> arrived; ///< transfer key, result
    bool cancel_answered = false;
};

std::string short_id(const std::string& job_id) {
    return job_id.substr(0, 8);
}

class Follower {
  public:
    Follower(const Invocation& invocation, farm::FarmClient& client, std::string job_id,
             const FollowOptions& options)
        : console_(invocation.console), client_(client), job_id_(std::move(job_id)), options_(options),
          area_(console_) {}

    Attempt<Followed> run() {
        // Callbacks may come after this object is gone: they keep the mailbox alive themselves.
        auto mailbox = std::make_shared<wire::Mailbox<Event>>();
        mailbox_ = mailbox;
        client_.on_link([mailbox](const farm::Link& link) {
            Event event;
            event.link = link;
            mailbox->push(std::move(event));
        });
        farm::WatchEvents watch;
        watch.changed = [mailbox](const v1::JobInfo& job) {
            Event event;
            event.job = job;
            mailbox->push(std::move(event));
        };
        watch.failed = [mailbox](const Error& error) {
            Event event;
            event.watch_failed = error;
            mailbox->push(std::move(event));
        };
        const std::uint64_t watching = client_.watch(job_id_, std::move(watch));
        Attempt<Followed> result = loop();
        client_.unwatch(watching);
        client_.on_link(nullptr);
        for (const auto& [key, transfer] : transfers_)
            client_.stop_transfer(transfer);
        return result;
    }

  private:
    double elapsed() const { return std::chrono::duration<double>(Clock::now() - options_.started).count(); }

    Attempt<Followed> loop() {
        for (;;) {
            std::vector<zmq::pollitem_t> items{mailbox_->poll_item(), interrupt_.wakeup().poll_item()};
            const bool dirty = changed_ && console_.live();
            auto wait = dirty ? std::chrono::duration_cast<std::chrono::milliseconds>(last_draw_ + kFrame -
                                                                                      Clock::now())
                              : kIdleFrame;
            wire::wait(items, std::max(wait, std::chrono::milliseconds(0)));
            interrupt_.wakeup().clear();
            for (Event& event : mailbox_->take_all())
                take(event);
            if (failure_) return end(*failure_);
            if (interrupt_.count() > interrupts_seen_)
                if (auto failure = interrupted()) return end(*failure);
            if (cancelling_ && (cancel_answered_ || Clock::now() > cancel_until_))
                return end(cancelled_failure());
            if (away_since_ && Clock::now() - *away_since_ > kAwayLimit) return end(away_failure());
            if (has_job_ && farm::is_final(job_.state())) {
                if (auto failure = failure_of(job_)) return end(*failure);
                if (!options_.bring_blobs || waiting_.empty()) return done();
            }
            if (Clock::now() - last_draw_ >= kFrame) draw();
        }
    }

    void take(Event& event) {
        changed_ = true;
        if (event.job) {
            job_ = std::move(*event.job);
            has_job_ = true;
            if (options_.bring_blobs) bring();
            if (!console_.live())
                for (const std::string& line : plain_.lines_for(job_, elapsed()))
                    console_.note(line);
        }
        if (event.watch_failed) failure_ = farm_failure(*event.watch_failed);
        if (event.link) take_link(*event.link);
        if (event.audio && first_audio_ < 0) {
            first_audio_ = elapsed();
            notes_.first_audio = "first audio after " + duration_text(first_audio_) + ": " + event.label;
            // Above the bars, where a long path is not cut and can be copied.
            area_.clear();
            console_.note(notes_.first_audio + ", playable while it grows: " + event.audio->string());
        }
        if (event.arrived) take_arrived(event.arrived->first, event.arrived->second);
        if (event.cancel_answered) cancel_answered_ = true;
    }

    void take_link(const farm::Link& link) {
        direct_ = link.direct;
        if (link.state == farm::LinkState::kConnected) {
            if (away_since_ && !console_.live()) console_.note("the coordinator is back");
            away_since_.reset();
            notes_.link.clear();
        } else if (link.state == farm::LinkState::kAway && !away_since_) {
            away_since_ = Clock::now();
            away_why_ = link.why;
            notes_.link = "the coordinator is away; waiting for it";
            if (!console_.live()) console_.note(notes_.link);
        }
    }

    /// Streams what is being rendered and fetches what is finished. With the coordinator's folder in reach
    /// one stream is enough to hear the first audio: finished blobs are read from the folder.
    void bring() {
        for (const v1::TaskInfo& task : job_.tasks()) {
            const bool heard = task.kind() == v1::TASK_KIND_RENDER || task.kind() == v1::TASK_KIND_SUM;
            if (task.state() == v1::TASK_STATE_LEASED && heard && task.streamed_bytes() > 0 &&
                !(direct_ && streams_ > 0))
                stream(task);
            if (task.state() != v1::TASK_STATE_DONE) continue;
            for (const v1::Artifact& output : task.outputs())
                if (wanted(task.kind(), output.role())) fetch(task, output);
        }
    }

    /// Plans, tracks and the preview of a mixdown stay on the farm.
    static bool wanted(v1::TaskKind kind, const std::string& role) {
        if (kind == v1::TASK_KIND_TRACK) return role == "faults";
        return role != "plan" && !(kind == v1::TASK_KIND_SUM && role == "audio");
    }

    static std::string key_of(const v1::TaskInfo& task, const std::string& role) {
        return task.task_id() + "/" + role;
    }

    void stream(const v1::TaskInfo& task) {
        const std::string key = key_of(task, "audio");
        if (!begun_.insert(key).second) return;
        ++streams_;
        stream_keys_.insert(key);
        waiting_.insert(key);
        farm::StreamEvents events;
        const std::string label = task.stem().empty() ? "mix" : task.stem();
        events.grew = [mailbox = mailbox_, label, told = false](const fs::path& file,
                                                                std::uint64_t bytes) mutable {
            if (told || bytes <= 44) return; // a header is no audio yet
            told = true;
            Event event;
            event.audio = file;
            event.label = label;
            mailbox->push(std::move(event));
        };
        events.done = arrival(key);
        transfers_[key] =
            client_.stream_output({job_id_, task.task_id(), "audio", label + ".wav"}, std::move(events));
    }

    void fetch(const v1::TaskInfo& task, const v1::Artifact& output) {
        const std::string key = key_of(task, output.role());
        if (!begun_.insert(key).second) return;
        waiting_.insert(key);
        transfers_[key] = client_.fetch_blob(output.blob(), arrival(key));
    }

    farm::Done<fs::path> arrival(const std::string& key) const {
        return [mailbox = mailbox_, key](Result<fs::path> result) {
            Event event;
            event.arrived.emplace(key, std::move(result));
            mailbox->push(std::move(event));
        };
    }

    void take_arrived(const std::string& key, const Result<fs::path>& result) {
        waiting_.erase(key);
        transfers_.erase(key);
        if (result.ok() || result.error().code == ErrorCode::kCancelled) return;
        // A live stream that broke is no loss: the finished blob is fetched instead.
        if (stream_keys_.erase(key) > 0 && ++stream_failures_ <= kStreamFailuresMax) {
            begun_.erase(key);
            bring();
            return;
        }
        failure_ = fetch_failure(result.error(), client_.cache().root().string());
    }

    std::optional<Failure> interrupted() {
        interrupts_seen_ = interrupt_.count();
        if (!options_.cancel_on_interrupt)
            return Failure{{ErrorCode::kCancelled, "", "stopped watching; the job goes on",
                            "`loopmind watch " + short_id(job_id_) + "` watches again"},
                           kExitCancelled};
        if (cancelling_) return cancelled_failure(); // asked twice: do not wait for the farm
        cancelling_ = true;
        cancel_until_ = Clock::now() + kCancelPatience;
        client_.cancel_job(job_id_, [mailbox = mailbox_](Status) {
            Event event;
            event.cancel_answered = true;
            mailbox->push(std::move(event));
        });
        return std::nullopt;
    }

    Failure cancelled_failure() const {
        return {{ErrorCode::kCancelled, "job " + short_id(job_id_), "was cancelled; nothing was written", ""},
                kExitCancelled};
    }

    Failure away_failure() const {
        Error error{ErrorCode::kUnavailable, "coordinator", "has been away for a minute",
                    "start it with `loopmind up`; the job goes on, get it with `loopmind fetch " +
                        short_id(job_id_) + "`"};
        if (away_why_) error.message += " (" + away_why_->message + ")";
        return {error, kExitFarmAway};
    }

    void draw() {
        last_draw_ = Clock::now();
        changed_ = false;
        if (!console_.live() || !has_job_) return;
        notes_.elapsed_seconds = elapsed();
        area_.draw(draw_progress(job_, notes_, {console_.width(), console_.colour(), console_.height() - 2}));
    }

    Attempt<Followed> end(const Failure& failure) {
        if (console_.live() && has_job_) draw();
        area_.finish();
        return failure;
    }

    Attempt<Followed> done() {
        if (console_.live()) {
            draw();
            area_.finish();
        }
        return Followed{job_, elapsed(), first_audio_};
    }

    Console& console_;
    farm::FarmClient& client_;
    const std::string job_id_;
    const FollowOptions options_;
    LiveArea area_;
    Interrupt interrupt_;
    std::shared_ptr<wire::Mailbox<Event>> mailbox_;
    PlainProgress plain_;
    ProgressNotes notes_;
    v1::JobInfo job_;
    bool has_job_ = false;
    bool changed_ = true;
    bool direct_ = false;
    int streams_ = 0;
    double first_audio_ = -1;
    std::set<std::string> begun_;       ///< transfers that were started
    std::set<std::string> waiting_;     ///< of these, not ended
    std::set<std::string> stream_keys_; ///< of these, live streams
    int stream_failures_ = 0;
    std::map<std::string, std::uint64_t> transfers_;
    std::optional<Failure> failure_;
    std::optional<Clock::time_point> away_since_;
    std::optional<Error> away_why_;
    int interrupts_seen_ = 0;
    bool cancelling_ = false;
    bool cancel_answered_ = false;
    Clock::time_point cancel_until_;
    Clock::time_point last_draw_{};
};

} // namespace

Attempt<Followed> follow_job(const Invocation& invocation, farm::FarmClient& client,
                             const std::string& job_id, const FollowOptions& options) {
    return Follower(invocation, client, job_id, options).run();
}

std::optional<Failure> failure_of(const v1::JobInfo& job) {
    const std::string name = "job " + short_id(job.job_id());
    switch (job.state()) {
    case v1::JOB_STATE_FAILED: {
        Error error =
            job.has_error() ? wire::from_proto(job.error()) : Error{ErrorCode::kInternal, "", "failed", ""};
        error.field = error.field.empty() ? name : name + ": " + error.field;
        if (error.hint.empty())
            error.hint = "`loopmind show " + short_id(job.job_id()) + "` tells more, `loopmind retry " +
                         short_id(job.job_id()) + "` tries again";
        return Failure{error, kExitJobFailed};
    }
    case v1::JOB_STATE_CANCELLED:
        return Failure{{ErrorCode::kCancelled, name, "was cancelled",
                        "`loopmind retry " + short_id(job.job_id()) + "` starts it again"},
                       kExitCancelled};
    case v1::JOB_STATE_SUPERSEDED:
        return Failure{{ErrorCode::kCancelled, name, "was superseded by a newer one", ""}, kExitCancelled};
    default:
        return std::nullopt;
    }
}

void describe_blobs(const farm::Cache& cache, const v1::JobInfo& job) {
    std::vector<farm::CacheEntry> entries;
    for (const v1::TaskInfo& task : job.tasks()) {
        for (const v1::Artifact& output : task.outputs()) {
            farm::CacheEntry entry;
            entry.sha256 = output.blob().sha256();
            entry.params = job.resolved_json();
            entry.role = output.role();
            entry.stem = task.stem();
            entry.job = job.job_id();
            entries.push_back(std::move(entry));
        }
    }
    // The cache is a convenience: a full disk here must not take the music away that is delivered already.
    (void)cache.describe(std::move(entries));
    (void)cache.trim();
}

} // namespace loopmind::cli
