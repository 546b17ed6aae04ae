// Opening, the loop, closing.
#include "coordinator/service/server.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <zmq.hpp>

#include <sys/resource.h>

#include <algorithm>

#include "coordinator/blobs/blob_threads.h"
#include "coordinator/blobs/folder_blobs.h"
#include "coordinator/service/client_desk.h"
#include "coordinator/service/clock.h"
#include "coordinator/service/conductor.h"
#include "coordinator/service/directory.h"
#include "coordinator/service/home.h"
#include "coordinator/service/join_desk.h"
#include "coordinator/service/leadership.h"
#include "coordinator/service/registrar.h"
#include "coordinator/service/worker_desk.h"
#include "coordinator/store/place.h"
#include "coordinator/store/store_thread.h"
#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "proto/wire/keys.h"
#include "proto/wire/storage_probe.h"
#include "proto/wire/wait.h"
#include "proto/wire/zap.h"

namespace loopmind::service {
namespace {

constexpr unsigned kBlobThreads = 2;
constexpr int kMessagesPerTurn = 256;
constexpr core::Millis kSweepPause{60'000};
// Ended jobs stay at hand for so long: people look at them, retry them, deliver them.
constexpr std::uint64_t kArchiveAfterMs = 600'000;
constexpr std::size_t kArchivedAtOnce = 200;
constexpr std::uint64_t kWorkerBacklog = 256u << 20; // outputs of many slots are on the way at once
constexpr double kRequestBurstSeconds = 4;

// Every connection is a descriptor, and whoever only connects holds one for the time of a handshake.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

} // namespace

// In order of construction; the threads are stopped first, in ~Server.
struct Server::Parts {
    std::unique_ptr<HomeLock> lock;
    wire::KeyPair keys;
    zmq::context_t context{1};
    Conductor::Inbox inbox;
    std::unique_ptr<Directory> directory;
    std::unique_ptr<wire::ZapHandler> zap;
    std::unique_ptr<blobs::BlobStore> blobs;
    std::unique_ptr<core::Farm> farm;
    std::unique_ptr<LeaderKeeper> keeper;
    std::unique_ptr<store::StoreThread> store;
    std::unique_ptr<blobs::BlobThreads> threads;
    std::unique_ptr<Conductor> conductor;
    std::unique_ptr<Registrar> registrar;
    std::unique_ptr<JoinDesk> joins; ///< Unset: nobody can join by token.
    std::unique_ptr<WorkerDesk> workers;
    std::unique_ptr<ClientDesk> clients;
    core::Millis next_sweep{0};
};

Server::Server(ServerConfig config) : config_(std::move(config)), parts_(std::make_unique<Parts>()) {}

Server::~Server() {
    parts_->registrar.reset();
    parts_->threads.reset();
    parts_->store.reset();
    parts_->keeper.reset(); // resigns, after the last write
}

Result<std::unique_ptr<Server>> Server::open(ServerConfig config) {
    std::unique_ptr<Server> server(new Server(std::move(config)));
    if (Status opened = server->open_parts(); !opened) return opened.error();
    return server;
}

Status Server::open_parts() {
    Parts& p = *parts_;
    auto paths = prepare_home(config_.home);
    if (!paths.ok()) return paths.error();
    auto lock = HomeLock::take(paths->lock);
    if (!lock.ok()) return lock.error();
    p.lock = std::move(*lock);
    auto keys = wire::load_or_create_keys(paths->key);
    if (!keys.ok()) return keys.error();
    p.keys = std::move(*keys);

    const std::filesystem::path folder = config_.blobs.empty() ? paths->blobs : config_.blobs;
    auto blob_store = blobs::open_folder_blobs(folder); // before leading: a standby is told what is wrong too
    if (!blob_store.ok()) return blob_store.error();
    p.blobs = std::move(*blob_store);

    auto place = store::StorePlace::parse(config_.store, paths->database);
    if (!place.ok()) return place.error();
    auto opened = open_store(*place);
    if (!opened.ok()) return opened.error();
    std::unique_ptr<store::Store> store = std::move(*opened);
    auto term = lead(*store, *place, paths->folder);
    if (!term.ok()) return term.error();
    if (place->shared()) {
        auto keeper = LeaderKeeper::start(*place, *term, [this] {
            lost_leadership_ = true;
            stop();
        });
        if (!keeper.ok()) return keeper.error();
        p.keeper = std::move(*keeper);
    }
    auto id = store->meta("coordinator_id");
    if (!id.ok()) return id.error();
    if (!*id) {
        *id = base::random_hex(16);
        if (Status saved = store->set_meta("coordinator_id", **id); !saved) return saved.error();
    }
    auto fingerprint = store->meta("last_fingerprint");
    if (!fingerprint.ok()) return fingerprint.error();
    auto drained = store->meta(Conductor::kDrainedWorkers);
    if (!drained.ok()) return drained.error();
    auto jobs = store->load_open_jobs();
    if (!jobs.ok()) return jobs.error();
    auto identities = place->open_identities();
    if (!identities.ok()) return identities.error();
    p.directory = std::make_unique<Directory>(std::move(*identities));

    p.blobs->sweep([](std::uint64_t epoch) { return epoch != 0; }); // uploads that broke off
    auto probe = wire::publish_probe(folder);
    if (!probe.ok()) return probe.error();

    auto zap = wire::ZapHandler::start(
        p.context,
        {{"clients", [d = p.directory.get()](const std::string& key) { return d->admit(key, false); }},
         {"workers", [d = p.directory.get()](const std::string& key) { return d->admit(key, true); }},
         {"join", [](const std::string&) { return wire::Identity{}; }}});
    if (!zap.ok()) return zap.error();
    p.zap = std::move(*zap);
    auto clients = wire::Listener::bind(p.context, config_.client_endpoint, p.keys, "clients");
    if (!clients.ok()) return clients.error();
    wire::Listener::Limits worker_limits;
    worker_limits.peers.undelivered = kWorkerBacklog;
    auto workers = wire::Listener::bind(p.context, config_.worker_endpoint, p.keys, "workers",
                                        wire::Listener::kHandshakeTime, worker_limits);
    if (!workers.ok()) return workers.error();
    auto access = place->open_access();
    if (!access.ok()) return access.error();
    const auto deliver = [&inbox = p.inbox](std::function<void()> answer) { inbox.push(std::move(answer)); };
    p.registrar = std::make_unique<Registrar>(
        std::move(*access), deliver,
        [this](const std::vector<store::StoredIdentity>& all) { identities_changed(all); });
    if (!config_.join_endpoint.empty()) {
        auto joins = wire::Listener::bind(p.context, config_.join_endpoint, p.keys, "join",
                                          wire::Listener::kHandshakeTime, JoinDesk::limits());
        if (!joins.ok()) return joins.error();
        p.joins = std::make_unique<JoinDesk>(std::move(*joins), *p.registrar);
    }
    // For `invite`, which a token needs to say where its holder finds this farm.
    const nlohmann::json served{
        {"client", (*clients)->endpoint()}, {"worker", (*workers)->endpoint()}, {"join", join_endpoint()}};
    if (Status saved = store->set_meta("endpoints", served.dump()); !saved)
        spdlog::warn("invitations will not know these endpoints: {}", saved.error().text());

    p.farm = std::make_unique<core::Farm>(config_.farm, *term);
    p.store = std::make_unique<store::StoreThread>(std::move(store), deliver);
    p.threads = std::make_unique<blobs::BlobThreads>(kBlobThreads);
    p.conductor = std::make_unique<Conductor>(*p.farm, *p.store, *p.blobs, *p.threads, p.inbox);
    p.conductor->start_with_fingerprint(fingerprint->value_or(""));
    p.conductor->start_with_drained(drained->value_or(""));
    WelcomeFacts facts;
    facts.software = std::string("loopmind-coordinator ") + LOOPMIND_VERSION;
    facts.coordinator_id = **id;
    facts.storage = *probe;
    facts.lease_ms = static_cast<std::uint32_t>(config_.farm.lease.count());
    facts.heartbeat_ms = static_cast<std::uint32_t>(config_.farm.heartbeat.count());
    p.workers = std::make_unique<WorkerDesk>(std::move(*workers), *p.conductor, *p.directory, facts);
    p.clients = std::make_unique<ClientDesk>(
        std::move(*clients), *p.conductor, *p.directory, facts, *p.registrar,
        RateLimit(config_.requests_per_second, kRequestBurstSeconds * config_.requests_per_second));
    p.conductor->connect(*p.workers, *p.clients);
    p.workers->connect(*p.clients);
    const std::size_t open = jobs->size();
    for (core::JobRecord& job : *jobs)
        p.conductor->adopt_job(std::move(job));
    p.next_sweep = boot_now() + 2 * config_.farm.lease;
    spdlog::info("{} term {}: clients at {}, workers at {}, {} jobs open, metadata in {}", facts.software,
                 *term, client_endpoint(), worker_endpoint(), open, place->display());
    return {};
}

std::string Server::client_endpoint() const {
    return parts_->clients->listener().endpoint();
}
std::string Server::worker_endpoint() const {
    return parts_->workers->listener().endpoint();
}
std::string Server::join_endpoint() const {
    return parts_->joins ? parts_->joins->listener().endpoint() : "";
}
std::string Server::public_key() const {
    return parts_->keys.public_key;
}

void Server::stop() noexcept {
    stopping_ = true;
    stop_wakeup_.signal();
}

void Server::identities_changed(const std::vector<store::StoredIdentity>& all) {
    parts_->directory->refresh(all, boot_now());
    parts_->clients->recheck();
    parts_->workers->recheck();
}

// Files of attempts that are over; after the grace of a start, so that workers could say what they still
// have.
void Server::sweep() {
    Parts& p = *parts_;
    p.next_sweep = boot_now() + kSweepPause;
    p.threads->run([blobs = p.blobs.get(), open = p.farm->open_epochs(), newest = p.farm->newest_epoch()] {
        blobs->sweep(
            [&](std::uint64_t epoch) { return epoch == 0 || epoch > newest || open.contains(epoch); });
    });
}

void Server::archive() {
    const std::uint64_t now = unix_now_ms();
    parts_->store->run<std::size_t>(
        [now](store::Store& store) { return store.archive_jobs(now - kArchiveAfterMs, kArchivedAtOnce); },
        [this](Result<std::size_t> moved) {
            if (moved.ok() && *moved == kArchivedAtOnce) archive(); // between others' requests
        });
}

Status Server::run() {
    Parts& p = *parts_;
    if (!config_.ready_file.empty()) {
        const nlohmann::json ready{{"client_endpoint", client_endpoint()},
                                   {"worker_endpoint", worker_endpoint()},
                                   {"join_endpoint", join_endpoint()}};
        if (Status written = base::write_durably(config_.ready_file, ready.dump() + "\n"); !written)
            return written.error();
    }
    raise_descriptor_limit();
    std::vector<wire::Listener*> listeners{&p.clients->listener(), &p.workers->listener()};
    if (p.joins) listeners.push_back(&p.joins->listener());
    bool more = false;
    while (!stopping_) {
        std::vector<zmq::pollitem_t> items{p.inbox.poll_item(), stop_wakeup_.poll_item()};
        auto next_look = std::chrono::steady_clock::time_point::max();
        for (wire::Listener* listener : listeners) {
            items.push_back(listener->poll_item());
            next_look = std::min(next_look, listener->next_tend());
        }
        const core::Millis now = boot_now();
        const core::Millis next =
            std::min({p.conductor->next_deadline(), p.clients->next_deadline(), p.next_sweep});
        wire::wait(items, more ? core::Millis{0}
                               : std::min(std::clamp(next - now, core::Millis{0}, core::Millis{60'000}),
                                          wire::until(std::chrono::steady_clock::now(), next_look)));
        for (wire::Listener* listener : listeners)
            listener->tend(std::chrono::steady_clock::now());
        more = p.workers->receive(kMessagesPerTurn);
        more = p.clients->receive(kMessagesPerTurn) || more;
        if (p.joins) more = p.joins->receive(kMessagesPerTurn) || more;
        for (auto& work : p.inbox.take_all())
            work();
        p.conductor->turn();
        more = p.clients->pump() || more;
        more = p.workers->pump() || more;
        if (boot_now() >= p.next_sweep) {
            sweep();
            archive();
        }
    }
    spdlog::info(lost_leadership_ ? "another coordinator leads now: this one stands by" : "stopping");
    return {};
}

} // namespace loopmind::service
