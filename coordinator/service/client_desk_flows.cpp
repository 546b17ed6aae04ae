// Watches, streams and uploads of clients.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "coordinator/service/client_desk.h"
#include "coordinator/service/clock.h"
#include "coordinator/service/convert.h"
#include "proto/base/sha256.h"
#include "proto/wire/limits.h"

namespace loopmind::service {
namespace {

constexpr core::Millis kProgressPause{50}; // at most 20 progress events a second per job and client
constexpr std::size_t kMostWatches = 1000;
constexpr std::size_t kPreviewsKept = 64;
constexpr std::size_t kMostUploads = 8;
constexpr std::uint64_t kMostUploadBytes = std::uint64_t{8} << 30;

} // namespace

// --- watches

void ClientDesk::watch(Session& session, std::uint64_t id, const std::string& job_id) {
    with_job(session, id, job_id, [this, id](Session& session, const core::Job& job) {
        const core::JobKey key = job.record.key;
        if (conductor_.farm().find_job(key) == nullptr) {
            // Ended and no longer in memory: its state cannot change except by a retry, so one snapshot says
            // it all.
            ok(session, id);
            v1::ClientReply reply;
            reply.mutable_event()->set_job_id(job.record.job_id);
            reply.mutable_event()->set_seq(1);
            *reply.mutable_event()->mutable_snapshot() = job_info(conductor_.farm(), job, true, boot_now());
            (void)send(session, reply);
            return;
        }
        if (session.watches.size() >= kMostWatches && !session.watches.contains(key))
            return refuse(session, id,
                          {ErrorCode::kResourceExhausted, "job_id",
                           "this connection watches 1000 jobs already", "unwatch some"});
        Watch fresh;
        fresh.preview_due = previews_.contains(key);
        session.watches[key] = fresh;
        watchers_[key].insert(session.number);
        ok(session, id);
    });
}

void ClientDesk::unwatch(Session& session, const std::string& job_id) {
    const core::Job* job = conductor_.farm().find_job(session.identity.tenant, job_id);
    if (job == nullptr) return;
    session.watches.erase(job->record.key);
    watchers_[job->record.key].erase(session.number);
}

void ClientDesk::changed(const core::ChangedAction& change) {
    const auto watchers = watchers_.find(change.task.job);
    if (watchers == watchers_.end()) return;
    for (const std::uint64_t number : watchers->second) {
        Watch& watch = sessions_.at(number).watches.at(change.task.job);
        if (change.whole_job)
            watch.job_changed = true;
        else
            watch.tasks.insert(change.task.index);
        if (!change.progress_only) watch.urgent = true;
    }
}

void ClientDesk::preview_done(core::JobKey job, const v1::PreviewResult& result, std::string bytes) {
    previews_[job] = {result, std::move(bytes)};
    preview_order_.push_back(job);
    if (preview_order_.size() > kPreviewsKept) {
        previews_.erase(preview_order_.front());
        preview_order_.pop_front();
    }
    const auto watchers = watchers_.find(job);
    if (watchers == watchers_.end()) return;
    for (const std::uint64_t number : watchers->second) {
        Watch& watch = sessions_.at(number).watches.at(job);
        watch.preview_due = true;
        watch.urgent = true;
    }
}

// Sends what is due. False when the peer's queue is full: then a snapshot follows later instead.
bool ClientDesk::flush(Session& session, core::JobKey key, Watch& watch) {
    const core::Job* job = conductor_.farm().find_job(key);
    if (job == nullptr) return true;
    const core::Millis now = boot_now();
    v1::ClientReply reply;
    v1::JobEvent& event = *reply.mutable_event();
    event.set_job_id(job->record.job_id);
    const auto put = [&](std::span<const std::byte> bytes = {}) {
        event.set_seq(++watch.seq);
        return send(session, reply, bytes).ok();
    };
    bool sent = true;
    if (watch.snapshot) {
        *event.mutable_snapshot() = job_info(conductor_.farm(), *job, true, now);
        sent = put();
    } else {
        for (const std::uint32_t index : watch.tasks) {
            *event.mutable_task() = task_info(conductor_.farm(), *job, job->tasks.at(index), now);
            sent = sent && put();
        }
    }
    if (sent && watch.preview_due) {
        const auto preview = previews_.find(key);
        if (preview != previews_.end()) {
            *event.mutable_preview() = preview->second.result;
            const std::string& bytes = preview->second.bytes;
            sent = put({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
        }
    }
    if (sent && !watch.snapshot) {
        *event.mutable_job() = job_info(conductor_.farm(), *job, false, now);
        sent = put();
    }
    watch.last_sent = now;
    watch.tasks.clear();
    watch.job_changed = watch.urgent = false;
    watch.snapshot = !sent;
    if (sent) watch.preview_due = false;
    return sent;
}

bool ClientDesk::pump() {
    const core::Millis now = boot_now();
    for (auto& [number, session] : sessions_) {
        for (auto it = session.watches.begin(); it != session.watches.end();) {
            Watch& watch = it->second;
            if (conductor_.farm().find_job(it->first) == nullptr) {
                watchers_[it->first].erase(number);
                it = session.watches.erase(it);
                continue;
            }
            const bool rested = now - watch.last_sent >= kProgressPause;
            const bool due = (watch.urgent && !watch.snapshot) ||
                             (watch.snapshot && (watch.seq == 0 || rested)) ||
                             (rested && (watch.job_changed || !watch.tasks.empty()));
            if (due) flush(session, it->first, watch);
            ++it;
        }
    }
    for (auto it = watchers_.begin(); it != watchers_.end();)
        it = it->second.empty() ? watchers_.erase(it) : std::next(it);
    const bool more = streams_.pump();
    drop_gone();
    return more;
}

core::Millis ClientDesk::next_deadline() const {
    core::Millis next = core::Millis::max();
    for (const auto& [number, session] : sessions_)
        for (const auto& [key, watch] : session.watches)
            if (watch.snapshot || watch.job_changed || !watch.tasks.empty())
                next = std::min(next, watch.last_sent + kProgressPause);
    return next;
}

bool ClientDesk::in_use(core::JobKey job) const {
    const auto watchers = watchers_.find(job);
    return (watchers != watchers_.end() && !watchers->second.empty()) || streams_.in_use(job);
}

// --- streams

void ClientDesk::get_blob(Session& session, std::uint64_t id, const v1::GetBlob& get) {
    const std::string sha256 = get.sha256();
    if (!base::is_sha256_hex(sha256))
        return refuse(
            session, id,
            {ErrorCode::kInvalidArgument, "sha256", "a blob's name is 64 lower-case hexadecimal digits", ""});
    conductor_.store().run<std::optional<std::uint64_t>>(
        [tenant = session.identity.tenant, sha256](store::Store& store) {
            return store.find_blob(tenant, sha256);
        },
        [this, number = session.number, id, get](Result<std::optional<std::uint64_t>> size) {
            Session* session = by_number(number);
            if (session == nullptr) return;
            if (!size.ok()) return refuse(*session, id, size.error());
            if (!*size)
                return refuse(*session, id,
                              {ErrorCode::kNotFound, "sha256", "there is no blob " + get.sha256(), ""});
            if (const Status opened = streams_.open_blob(number, id, get); !opened)
                return refuse(*session, id, opened.error());
            ok(*session, id);
        });
}

void ClientDesk::open_stream(Session& session, std::uint64_t id, const v1::OpenStream& open) {
    with_job(session, id, open.job_id(), [this, id, open](Session& session, const core::Job& job) {
        const auto task = std::find_if(job.tasks.begin(), job.tasks.end(), [&](const core::Task& t) {
            return core::task_id(job.record.job_id, t.record.index) == open.task_id();
        });
        if (task == job.tasks.end())
            return refuse(session, id, {ErrorCode::kNotFound, "task_id", "the job has no such task", ""});
        Status opened;
        if (conductor_.farm().find_job(job.record.key) != nullptr) {
            opened = streams_.open_output(session.number, id, open, {job.record.key, task->record.index});
        } else {
            const auto output =
                std::find_if(task->record.outputs.begin(), task->record.outputs.end(),
                             [&open](const auto& artifact) { return artifact.role == open.role(); });
            if (output == task->record.outputs.end())
                return refuse(session, id,
                              {ErrorCode::kNotFound, "role",
                               "the task made no output " + open.role().substr(0, 64), ""});
            opened = streams_.open_finished(session.number, id, open, task->record.epoch, *output);
        }
        if (!opened) return refuse(session, id, opened.error());
        ok(session, id);
    });
}

// --- uploads

void ClientDesk::put_blob(Session& session, std::uint64_t id, const v1::PutBlob& put) {
    if (!may_change(session, id, "put")) return;
    const core::Artifact blob{"", put.blob().sha256(), put.blob().size()};
    if (!base::is_sha256_hex(blob.sha256) || blob.size > kMostUploadBytes)
        return refuse(session, id,
                      {ErrorCode::kInvalidArgument, "blob",
                       "a blob has a SHA-256 of 64 lower-case hexadecimal digits and at most 8 GiB", ""});
    if (session.uploads.size() >= kMostUploads)
        return refuse(session, id,
                      {ErrorCode::kResourceExhausted, "stream_id", "8 uploads of this connection run",
                       "wait until one ends"});
    // "Have already" is answered from the tenant's own blobs only.
    conductor_.store().run<std::optional<std::uint64_t>>(
        [tenant = session.identity.tenant, hash = blob.sha256](store::Store& store) {
            return store.find_blob(tenant, hash);
        },
        [this, number = session.number, id, blob,
         stream = put.stream_id()](Result<std::optional<std::uint64_t>> known) {
            Session* session = by_number(number);
            if (session == nullptr) return;
            if (!known.ok()) return refuse(*session, id, known.error());
            v1::ClientReply reply;
            reply.set_request_id(id);
            v1::PutBlobReady& ready = *reply.mutable_put_ready();
            ready.set_stream_id(stream);
            if (*known && conductor_.blobs().size(blob.sha256) == blob.size) {
                ready.set_have_already(true);
                (void)send(*session, reply);
                return;
            }
            auto file = conductor_.blobs().begin_upload(blob.sha256, blob.size);
            if (!file.ok()) return refuse(*session, id, file.error());
            session->uploads[stream] =
                Upload{id, std::shared_ptr<blobs::Upload>(std::move(*file)), blob, 0, false};
            ready.set_credit(wire::kCreditWindow);
            (void)send(*session, reply);
            if (blob.size == 0) finish_upload(*session, stream);
        });
}

void ClientDesk::put_chunk(Session& session, const v1::PutChunk& chunk, std::span<const std::byte> bytes) {
    const auto it = session.uploads.find(chunk.stream_id());
    if (it == session.uploads.end() || it->second.closing) return;
    Upload& upload = it->second;
    if (const Status written = upload.file->write(chunk.offset(), bytes); !written) {
        refuse(session, upload.request_id, written.error());
        session.uploads.erase(it);
        return;
    }
    upload.received += bytes.size();
    if (chunk.last()) return finish_upload(session, chunk.stream_id());
    v1::ClientReply reply;
    reply.mutable_put_credit()->set_stream_id(chunk.stream_id());
    reply.mutable_put_credit()->set_bytes(bytes.size());
    (void)send(session, reply);
}

void ClientDesk::finish_upload(Session& session, std::uint64_t stream_id) {
    Upload& upload = session.uploads.at(stream_id);
    upload.closing = true;
    const auto answer = [this, number = session.number, id = upload.request_id, stream_id,
                         blob = upload.blob](const Status& status) {
        Session* session = by_number(number);
        if (session == nullptr) return;
        session->uploads.erase(stream_id);
        if (!status) return refuse(*session, id, status.error());
        v1::ClientReply reply;
        reply.set_request_id(id);
        reply.mutable_put_done()->set_stream_id(stream_id);
        reply.mutable_put_done()->mutable_blob()->set_sha256(blob.sha256);
        reply.mutable_put_done()->mutable_blob()->set_size(blob.size);
        (void)send(*session, reply);
    };
    conductor_.threads().run(
        [this, answer, file = upload.file, blob = upload.blob, tenant = session.identity.tenant] {
            const Status finished = file->finish();
            conductor_.inbox().push([this, answer, finished, blob, tenant] {
                if (!finished) return answer(finished);
                conductor_.store().run<bool>(
                    [blob, tenant](store::Store& store) -> Result<bool> {
                        if (Status added = store.add_blob(tenant, blob.sha256, blob.size); !added)
                            return added.error();
                        return true;
                    },
                    [this, answer](Result<bool> added) {
                        if (!added.ok()) conductor_.store_failed(added.error());
                        answer(added.ok() ? Status() : Status(added.error()));
                    });
            });
        });
}

} // namespace loopmind::service
