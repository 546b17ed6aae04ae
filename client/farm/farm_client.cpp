// The client's end of the farm: hands each call to the I/O thread.
#include "client/farm/farm_client.h"

#include "client/farm/farm_io.h"
#include "proto/base/random_id.h"
#include "proto/base/sha256.h"

namespace loopmind::farm {

namespace {

/// Picks the expected kind of answer; anything else is the coordinator's fault.
template <typename T, typename Has, typename Get>
FarmClient::Io::Answer expect(Done<T> done, Has has, Get get) {
    return [done = std::move(done), has, get](Result<v1::ClientReply> reply) {
        if (!reply.ok()) return done(reply.error());
        if (!has(*reply))
            return done(Error{ErrorCode::kInternal, "coordinator",
                              "gave an answer that does not fit the question",
                              "update the coordinator or this program"});
        done(get(*reply));
    };
}

FarmClient::Io::Answer expect_ok(StatusDone done) {
    return [done = std::move(done)](Result<v1::ClientReply> reply) {
        done(reply.ok() ? Status() : Status(reply.error()));
    };
}

} // namespace

FarmClient::FarmClient(std::unique_ptr<Io> io) : io_(std::move(io)) {}
FarmClient::~FarmClient() = default;

Result<std::unique_ptr<FarmClient>> FarmClient::open(ClientConfig config) {
    if (config.endpoints.empty())
        return Error{ErrorCode::kInvalidArgument, "endpoints", "no coordinator is named",
                     "run `loopmind up`"};
    auto cache = Cache::open(config.cache, config.cache_limits);
    if (!cache.ok()) return cache.error();
    auto io = std::make_unique<Io>(std::move(config), std::move(*cache));
    if (Status started = io->start(); !started.ok()) return started.error();
    return std::unique_ptr<FarmClient>(new FarmClient(std::move(io)));
}

const Cache& FarmClient::cache() const {
    return io_->cache();
}

void FarmClient::on_link(std::function<void(const Link&)> changed) {
    io_->post([io = io_.get(), changed = std::move(changed)]() mutable {
        io->set_link_listener(std::move(changed));
    });
}

Link FarmClient::link() const {
    return io_->link();
}

Status FarmClient::wait_connected(std::chrono::milliseconds timeout) {
    return io_->wait_connected(timeout);
}

std::string FarmClient::new_job_id() {
    return base::random_hex(16);
}

void FarmClient::submit(v1::SubmitJob job, Done<v1::SubmitAck> done, bool durable) {
    io_->post([io = io_.get(), job = std::move(job), done = std::move(done), durable]() mutable {
        io->submit(std::move(job), std::move(done), durable);
    });
}

void FarmClient::list_jobs(std::uint32_t limit, Done<v1::JobList> done) {
    v1::ClientRequest request;
    request.mutable_list_jobs()->set_limit(limit);
    io_->post([io = io_.get(), request, done = std::move(done)]() mutable {
        io->request(request, expect<v1::JobList>(
                                 std::move(done), [](const v1::ClientReply& r) { return r.has_job_list(); },
                                 [](const v1::ClientReply& r) { return r.job_list(); }));
    });
}

void FarmClient::show_job(const std::string& job_id, Done<v1::JobInfo> done) {
    v1::ClientRequest request;
    request.mutable_show_job()->set_job_id(job_id);
    io_->post([io = io_.get(), request, done = std::move(done)]() mutable {
        io->request(request, expect<v1::JobInfo>(
                                 std::move(done), [](const v1::ClientReply& r) { return r.has_job_info(); },
                                 [](const v1::ClientReply& r) { return r.job_info(); }));
    });
}

void FarmClient::cancel_job(const std::string& job_id, StatusDone done) {
    v1::ClientRequest request;
    request.mutable_cancel()->set_job_id(job_id);
    io_->post([io = io_.get(), request, done = std::move(done)]() mutable {
        io->request(request, expect_ok(std::move(done)));
    });
}

void FarmClient::retry_job(const std::string& job_id, StatusDone done) {
    v1::ClientRequest request;
    request.mutable_retry()->set_job_id(job_id);
    io_->post([io = io_.get(), request, done = std::move(done)]() mutable {
        io->request(request, expect_ok(std::move(done)));
    });
}

void FarmClient::list_workers(Done<v1::WorkerList> done) {
    v1::ClientRequest request;
    request.mutable_list_workers();
    io_->post([io = io_.get(), request, done = std::move(done)]() mutable {
        io->request(request,
                    expect<v1::WorkerList>(
                        std::move(done), [](const v1::ClientReply& r) { return r.has_worker_list(); },
                        [](const v1::ClientReply& r) { return r.worker_list(); }));
    });
}

void FarmClient::drain_worker(const std::string& worker_id, bool drained, StatusDone done) {
    v1::ClientRequest request;
    request.mutable_drain_worker()->set_worker_id(worker_id);
    request.mutable_drain_worker()->set_drained(drained);
    io_->post([io = io_.get(), request, done = std::move(done)]() mutable {
        io->request(request, expect_ok(std::move(done)));
    });
}

std::uint64_t FarmClient::watch(const std::string& job_id, WatchEvents events) {
    const std::uint64_t id = io_->next_id();
    io_->post([io = io_.get(), id, job_id, events = std::move(events)]() mutable {
        io->add_watch(id, std::move(job_id), std::move(events));
    });
    return id;
}

void FarmClient::unwatch(std::uint64_t watch) {
    io_->post([io = io_.get(), watch] { io->remove_watch(watch); });
}

std::uint64_t FarmClient::stream_output(OutputName output, StreamEvents events) {
    const std::uint64_t id = io_->next_id();
    io_->post([io = io_.get(), id, output = std::move(output), events = std::move(events)]() mutable {
        io->add_stream(id, std::move(output), std::move(events));
    });
    return id;
}

std::uint64_t FarmClient::fetch_blob(const v1::BlobRef& blob, Done<std::filesystem::path> done) {
    const std::uint64_t id = io_->next_id();
    io_->post([io = io_.get(), id, blob, done = std::move(done)]() mutable {
        io->add_fetch(id, std::move(blob), std::move(done));
    });
    return id;
}

void FarmClient::put_blob(const v1::BlobRef& blob, const std::filesystem::path& file, StatusDone done) {
    io_->post([io = io_.get(), blob, source = UploadSource(file), done = std::move(done)]() mutable {
        io->add_upload(std::move(blob), std::move(source), std::move(done));
    });
}

v1::BlobRef FarmClient::put_bytes(std::string bytes, StatusDone done) {
    v1::BlobRef blob;
    blob.set_sha256(base::sha256_hex(bytes));
    blob.set_size(bytes.size());
    io_->post(
        [io = io_.get(), blob, source = UploadSource(std::move(bytes)), done = std::move(done)]() mutable {
            io->add_upload(std::move(blob), std::move(source), std::move(done));
        });
    return blob;
}

void FarmClient::stop_transfer(std::uint64_t transfer) {
    io_->post([io = io_.get(), transfer] { io->stop_transfer(transfer); });
}

} // namespace loopmind::farm
