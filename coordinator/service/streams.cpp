// Relaying bytes under credit.
#include "coordinator/service/streams.h"

#include <algorithm>
#include <cstring>

namespace loopmind::service {
namespace {

constexpr int kChunksPerTurn = 4;

} // namespace

StreamOutlet::Sent outcome(const Status& status) {
    if (status.ok()) return StreamOutlet::Sent::kYes;
    return status.error().code == ErrorCode::kResourceExhausted ? StreamOutlet::Sent::kLater
                                                                : StreamOutlet::Sent::kGone;
}

Status Streams::admit(Key key, Stream stream) {
    if (streams_.contains(key))
        return Error{ErrorCode::kInvalidArgument, "stream_id", "a stream with this id is open",
                     "draw another id"};
    const auto first = streams_.lower_bound({key.first, 0});
    const auto last = streams_.lower_bound({key.first + 1, 0});
    if (static_cast<std::size_t>(std::distance(first, last)) >= kMostPerSession)
        return Error{ErrorCode::kResourceExhausted, "stream_id", "this connection has 64 streams open",
                     "wait until one ends"};
    streams_.emplace(key, std::move(stream));
    return {};
}

Status Streams::open_blob(std::uint64_t session, std::uint64_t request_id, const v1::GetBlob& get) {
    auto reader = blobs_.open(get.sha256());
    if (!reader.ok())
        return Error{ErrorCode::kNotFound, "sha256", "there is no blob " + get.sha256().substr(0, 64), ""};
    Stream stream;
    stream.session = session;
    stream.id = get.stream_id();
    stream.request_id = request_id;
    stream.reader = std::move(*reader);
    stream.blob = core::Artifact{"", get.sha256(), stream.reader->size()};
    stream.source_known = true;
    stream.offset = get.offset();
    if (stream.offset > stream.blob->size)
        return Error{ErrorCode::kInvalidArgument, "offset", "it lies beyond the end of the blob",
                     "start at 0"};
    stream.window.grant(get.credit());
    return admit({session, get.stream_id()}, std::move(stream));
}

Status Streams::open_finished(std::uint64_t session, std::uint64_t request_id, const v1::OpenStream& open,
                              std::uint64_t epoch, const core::Artifact& output) {
    auto reader = blobs_.open(output.sha256);
    if (!reader.ok())
        return Error{ErrorCode::kNotFound, "role", "the bytes of this output are gone",
                     "submit the request again"};
    Stream stream;
    stream.session = session;
    stream.id = open.stream_id();
    stream.request_id = request_id;
    stream.reader = std::move(*reader);
    stream.blob = output;
    stream.source_known = true;
    stream.source_epoch = stream.label = epoch;
    stream.window.grant(open.credit());
    if (open.offset() > 0) {
        if (open.epoch() == epoch && open.offset() <= output.size) {
            stream.offset = open.offset();
        } else {
            v1::StreamReset reset;
            reset.set_stream_id(stream.id);
            reset.set_epoch(epoch);
            outlet_.reset(session, reset);
        }
    }
    return admit({session, open.stream_id()}, std::move(stream));
}

Status Streams::open_output(std::uint64_t session, std::uint64_t request_id, const v1::OpenStream& open,
                            core::TaskRef task) {
    Stream stream;
    stream.session = session;
    stream.id = open.stream_id();
    stream.request_id = request_id;
    stream.task = task;
    stream.role = open.role();
    stream.offset = open.offset();
    stream.label = stream.source_epoch = open.epoch();
    stream.window.grant(open.credit());
    return admit({session, open.stream_id()}, std::move(stream));
}

void Streams::credit(std::uint64_t session, const v1::Credit& credit) {
    backlog_.read(session, credit.stream_id(), credit.bytes()); // also of a stream that was sent to its end
    const auto it = streams_.find({session, credit.stream_id()});
    if (it != streams_.end()) it->second.window.grant(credit.bytes());
}

void Streams::close(std::uint64_t session, std::uint64_t stream_id) {
    streams_.erase({session, stream_id});
    backlog_.forget(session, stream_id);
}

void Streams::close_all(std::uint64_t session) {
    streams_.erase(streams_.lower_bound({session, 0}), streams_.lower_bound({session + 1, 0}));
    backlog_.forget_all(session);
}

bool Streams::in_use(core::JobKey job) const {
    return std::any_of(streams_.begin(), streams_.end(), [job](const auto& entry) {
        return entry.second.task && entry.second.task->job == job;
    });
}

Streams::Step Streams::end_with(Stream& stream, const Error& error) {
    outlet_.error(stream.session, stream.request_id, error);
    return Step::kEnded;
}

// Goes over to the bytes of `epoch`. True when the stream may go on now.
bool Streams::change_source(Stream& stream, std::uint64_t epoch, std::uint64_t available,
                            Result<std::unique_ptr<blobs::Reader>> reader, Step& step) {
    step = Step::kIdle;
    if (!reader.ok()) return false; // reported before it was written: the next report comes
    bool equal = stream.offset == 0;
    if (!equal && stream.reader) {
        // Compare what was sent with the new bytes, a chunk per turn.
        if (available < stream.offset) return false;
        if (stream.next_epoch != epoch || !stream.next) {
            stream.next = std::move(*reader);
            stream.next_epoch = epoch;
            stream.compared = 0;
        }
        const auto want = static_cast<std::size_t>(
            std::min<std::uint64_t>(buffer_.size(), stream.offset - stream.compared));
        const auto a = stream.reader->read_at(stream.compared, std::span(buffer_).first(want));
        const auto b = stream.next->read_at(stream.compared, std::span(other_).first(want));
        equal = a.ok() && b.ok() && *a == want && *b == want &&
                std::memcmp(buffer_.data(), other_.data(), want) == 0;
        if (equal) {
            stream.compared += want;
            if (stream.compared < stream.offset) {
                step = Step::kSent; // more to compare at once
                return false;
            }
        }
        reader = std::move(stream.next);
    } else if (!equal) {
        equal = stream.source_epoch == epoch; // resumed by the peer in this very epoch
    }
    if (!equal) {
        v1::StreamReset reset;
        reset.set_stream_id(stream.id);
        reset.set_epoch(epoch);
        const auto sent = outlet_.reset(stream.session, reset);
        if (sent == StreamOutlet::Sent::kGone) {
            step = Step::kEnded;
            return false;
        }
        stream.next.reset();
        if (sent == StreamOutlet::Sent::kLater) return false;
        stream.offset = 0;
    }
    if (stream.offset == 0) stream.label = epoch;
    stream.reader = std::move(*reader);
    stream.source_epoch = epoch;
    stream.source_known = true;
    stream.next.reset();
    return true;
}

// Finds out which bytes the stream reads now and how many there are. False: not now (see `step`).
bool Streams::settle_source(Stream& stream, std::uint64_t& readable, Step& step) {
    step = Step::kIdle;
    if (!stream.task || stream.blob) {
        readable = stream.blob->size;
        return true;
    }
    const core::Job* job = farm_.find_job(stream.task->job);
    if (job == nullptr) {
        step = end_with(stream, {ErrorCode::kNotFound, "job_id", "the job is gone", "ask for it again"});
        return false;
    }
    const core::Task& task = job->tasks[stream.task->index];
    const core::TaskRecord& record = task.record;
    if (record.state == core::TaskState::kDone) {
        const auto output =
            std::find_if(record.outputs.begin(), record.outputs.end(),
                         [&stream](const auto& artifact) { return artifact.role == stream.role; });
        if (output == record.outputs.end()) {
            step =
                end_with(stream, {ErrorCode::kNotFound, "role", "the task has no output " + stream.role, ""});
            return false;
        }
        if (!stream.source_known || stream.source_epoch != record.epoch) {
            auto reader = blobs_.open(output->sha256);
            if (!reader.ok()) {
                step = end_with(stream, {ErrorCode::kNotFound, "role", "the bytes of this output are gone",
                                         "submit the request again"});
                return false;
            }
            if (!change_source(stream, record.epoch, output->size, std::move(reader), step)) return false;
        }
        stream.blob = *output;
        readable = output->size;
        return true;
    }
    if (core::is_terminal(record.state)) {
        const Error& why = job->record.error ? *job->record.error
                                             : Error{ErrorCode::kCancelled, "", "the job was ended", ""};
        step = end_with(stream, why);
        return false;
    }
    const auto growth = task.growth.find(stream.role);
    if (record.state != core::TaskState::kLeased || growth == task.growth.end()) return false;
    if (!stream.source_known || stream.source_epoch != record.epoch) {
        auto reader =
            blobs_.open_attempt({core::task_id(job->record.job_id, record.index), record.epoch, stream.role});
        if (!change_source(stream, record.epoch, growth->second.bytes, std::move(reader), step)) return false;
    }
    // What the worker says it wrote counts only as far as the file has it.
    readable = std::min(growth->second.bytes, stream.reader->size());
    return true;
}

Streams::Step Streams::step(Stream& stream) {
    std::uint64_t readable = 0;
    Step waiting = Step::kIdle;
    if (!settle_source(stream, readable, waiting)) return waiting;
    if (stream.offset > readable) {
        if (!stream.blob) return Step::kIdle;
        return end_with(stream,
                        {ErrorCode::kInvalidArgument, "offset", "it lies beyond the end", "start at 0"});
    }
    const auto length = static_cast<std::size_t>(stream.window.next_chunk(readable - stream.offset));
    const bool last = stream.blob && stream.offset + length == stream.blob->size;
    if (length == 0 && !last) return Step::kIdle;
    if (length > backlog_.room(stream.session)) return Step::kIdle; // whole chunks: no dribble
    const auto got = stream.reader->read_at(stream.offset, std::span(buffer_).first(length));
    if (!got.ok()) return end_with(stream, got.error());
    if (*got != length)
        return end_with(stream, {ErrorCode::kDataCorrupt, "blob", "its file is shorter than it should be",
                                 "`loopmind retry` makes it again"});
    v1::Chunk chunk;
    chunk.set_stream_id(stream.id);
    chunk.set_offset(stream.offset);
    chunk.set_epoch(stream.label);
    chunk.set_last(last);
    if (last) {
        chunk.mutable_blob()->set_sha256(stream.blob->sha256);
        chunk.mutable_blob()->set_size(stream.blob->size);
    }
    switch (outlet_.chunk(stream.session, chunk, std::span(buffer_).first(length))) {
    case StreamOutlet::Sent::kGone:
        return Step::kEnded;
    case StreamOutlet::Sent::kLater:
        return Step::kIdle;
    case StreamOutlet::Sent::kYes:
        break;
    }
    stream.offset += length;
    stream.window.sent(length);
    backlog_.sent(stream.session, stream.id, length);
    return last ? Step::kEnded : Step::kSent;
}

bool Streams::pump() {
    bool more = false;
    for (auto it = streams_.begin(); it != streams_.end();) {
        Step last = Step::kSent;
        for (int i = 0; i < kChunksPerTurn && last == Step::kSent; ++i)
            last = step(it->second);
        if (last == Step::kSent) more = true;
        it = last == Step::kEnded ? streams_.erase(it) : std::next(it);
    }
    return more;
}

} // namespace loopmind::service
