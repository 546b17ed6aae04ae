// Durable tasks per second through the store interface, as the store thread uses it: one transaction per
// batch, fsync on. Beside it a hand-written SKIP LOCKED queue on the same server in the same run. See kUsage.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "coordinator/store/postgres/postgres_store.h"
#include "coordinator/store/sqlite/sqlite_store.h"
#include "proto/base/random_id.h"
#include "proto/base/sha256.h"
#include "tests/bench/store/history.h"
#include "tests/bench/store/skip_locked.h"
#include "tests/coordinator/postgres_server.h"

namespace {

using namespace loopmind;

constexpr const char* kUsage =
    "usage: store [--quick] [--json] [--history N]\n"
    "  Submits, grants and completes tasks in batches of 1, 16, 256 and 1024 on SQLite and on a PostgreSQL "
    "server of\n"
    "  its own (Debian's settings), and runs a hand-written SKIP LOCKED queue with 1 and 8 clients beside "
    "them.\n"
    "  --history N  also with N finished tasks in the database, at hand and archived\n";

constexpr std::uint32_t kTasksPerJob = 256;
constexpr const char* kWorker = "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww";

struct Options {
    bool quick = false;
    bool json = false;
    long history = 0;
};

struct Row {
    std::string store;
    int batch = 0;
    double submitted = 0; ///< Tasks per second, each its own row; a job of 256 per transaction.
    double granted = 0;
    double completed = 0;
    double cycle = 0; ///< Granted and completed.
};

double seconds(const std::function<void()>& work) {
    const auto began = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

void require(bool fine, const std::string& what) {
    if (!fine) throw std::runtime_error(what);
}

store::NewJob array_job() {
    store::NewJob job;
    job.job.tenant = "studio";
    job.job.owner = std::string(40, 'o');
    job.job.job_id = base::random_hex(16);
    job.job.prompt = "a task of the benchmark";
    job.job.resolved_json = "{}";
    job.job.request_digest = std::string(64, 'd');
    job.job.created_ms = 1;
    for (std::uint32_t i = 0; i < kTasksPerJob; ++i) {
        core::TaskRecord task;
        task.index = i;
        task.kind = core::TaskKind::kRender;
        task.state = core::TaskState::kReady;
        task.stem = "drums";
        task.spec_json = std::string(256, 's');
        job.job.tasks.push_back(std::move(task));
    }
    return job;
}

struct Work {
    std::vector<store::GrantItem> grants;
    std::vector<store::CompletionItem> results;
};

// Calls `call` with slices of `batch` items, each in a transaction.
template <typename Item, typename Call>
void in_batches(store::Store& store, const std::vector<Item>& items, std::size_t batch, Call&& call) {
    for (std::size_t at = 0; at < items.size(); at += batch) {
        require(store.begin().ok(), "begin");
        call(std::span(items).subspan(at, std::min(batch, items.size() - at)));
        const Status done = store.commit();
        require(done.ok(), done.ok() ? "" : done.error().text());
    }
}

Row measure(const std::string& name, store::Store& store, int batch, int tasks) {
    static std::uint64_t epoch = 0;
    Work work;
    const int jobs = std::max(1, tasks / static_cast<int>(kTasksPerJob));
    Row row{name, batch, 0, 0, 0, 0};
    const double submitting = seconds([&] {
        for (int i = 0; i < jobs; ++i) {
            const auto verdict = store.submit_job(array_job());
            require(verdict.ok(), verdict.ok() ? "" : verdict.error().text());
            for (std::uint32_t n = 0; n < kTasksPerJob; ++n) {
                store::GrantItem grant;
                grant.job = verdict->job.key;
                grant.index = n;
                grant.epoch = (std::uint64_t{1} << 40) + ++epoch;
                grant.worker = kWorker;
                grant.incarnation = std::string(32, 'i');
                grant.fingerprint = std::string(64, 'f');
                grant.tenant = "studio";
                store::CompletionItem result;
                result.job = grant.job;
                result.index = n;
                result.epoch = grant.epoch;
                result.worker = kWorker;
                result.fingerprint = grant.fingerprint;
                result.tenant = "studio";
                result.recipe = base::sha256_hex("recipe " + std::to_string(epoch));
                grant.recipe = result.recipe;
                result.outputs = {{"audio", base::sha256_hex("audio " + std::to_string(epoch)), 1'000'000},
                                  {"midi", base::sha256_hex("midi " + std::to_string(epoch)), 1000}};
                result.now_ms = 2;
                work.grants.push_back(std::move(grant));
                work.results.push_back(std::move(result));
            }
        }
    });
    const auto few = static_cast<std::size_t>(tasks);
    if (work.grants.size() > few) { // small batches: not all of the job
        work.grants.resize(few);
        work.results.resize(few);
    }
    const double granting = seconds([&] {
        in_batches(store, work.grants, static_cast<std::size_t>(batch), [&](auto items) {
            const auto verdicts = store.grant_batch(items);
            require(verdicts.ok(), verdicts.ok() ? "" : verdicts.error().text());
            for (const auto& verdict : *verdicts)
                require(verdict.state == store::GrantVerdict::State::kGranted, "not granted");
        });
    });
    const double completing = seconds([&] {
        in_batches(store, work.results, static_cast<std::size_t>(batch), [&](auto items) {
            const auto verdicts = store.complete_batch(items);
            require(verdicts.ok(), verdicts.ok() ? "" : verdicts.error().text());
            for (const auto& verdict : *verdicts)
                require(verdict.state == store::CompletionVerdict::State::kAccepted, "not accepted");
        });
    });
    const auto count = static_cast<double>(work.grants.size());
    row.submitted = jobs * kTasksPerJob / submitting;
    row.granted = count / granting;
    row.completed = count / completing;
    row.cycle = count / (granting + completing);
    return row;
}

void print(const Row& row, bool json) {
    std::printf(json
                    ? "{\"store\":\"%s\",\"batch\":%d,\"submitted\":%.0f,\"granted\":%.0f,\"completed\":%.0f,"
                      "\"cycle\":%.0f}\n"
                    : "%-28s %6d %12.0f %12.0f %12.0f %12.0f\n",
                row.store.c_str(), row.batch, row.submitted, row.granted, row.completed, row.cycle);
    std::fflush(stdout);
}

// All batch sizes; the row of 256.
Row measure_all(const std::string& name, store::Store& store, const Options& options) {
    Row middle;
    for (const auto& [batch, tasks] : {std::pair{1, 2048}, {16, 16'384}, {256, 65'536}, {1024, 131'072}}) {
        const Row row = measure(name, store, batch, options.quick ? tasks / 8 : tasks);
        print(row, options.json);
        if (batch == 256) middle = row;
    }
    return middle;
}

std::unique_ptr<store::Store> checked(Result<std::unique_ptr<store::Store>> store) {
    require(store.ok(), store.ok() ? "" : store.error().text());
    // Each write is checked against the leader row, as a coordinator's is.
    require((*store)->acquire_leadership("benchmark", core::Millis(3'600'000))->acquired, "leader");
    return std::move(*store);
}

void measure_history(const std::string& url, store::Store& store, const Options& options,
                     const Row& without) {
    if (!options.json) std::printf("\n%ld finished tasks are added\n", options.history);
    bench::add_history(url, options.history);
    const int tasks = options.quick ? 8192 : 65'536;
    const Row at_hand = measure("PostgreSQL, history at hand", store, 256, tasks);
    print(at_hand, options.json);
    const double moving = seconds([&] {
        for (;;) {
            const auto moved = store.archive_jobs(1'000'000, 1000);
            require(moved.ok(), moved.ok() ? "" : moved.error().text());
            if (*moved == 0) break;
        }
    });
    const Row archived = measure("PostgreSQL, history archived", store, 256, tasks);
    print(archived, options.json);
    if (options.json)
        std::printf("{\"history\":%ld,\"archived_per_second\":%.0f}\n", options.history,
                    static_cast<double>(options.history) / moving);
    else
        std::printf(
            "archived %.0f tasks/s; cycle with %ld finished tasks: %.2f of that without (at hand), %.2f "
            "(archived)\nthe plan of a claim:\n%s",
            static_cast<double>(options.history) / moving, options.history, at_hand.cycle / without.cycle,
            archived.cycle / without.cycle, bench::explain_claim(url).c_str());
}

int run(const Options& options) {
    const auto folder = std::filesystem::temp_directory_path() / ("loopmind-bench-" + base::random_hex(6));
    std::filesystem::create_directories(folder);
    if (!options.json)
        std::printf("%-28s %6s %12s %12s %12s %12s   tasks/s, each durable\n", "store", "batch", "submitted",
                    "granted", "completed", "both");
    {
        auto sqlite = checked(store::open_sqlite_store(folder / "coordinator.db"));
        measure_all("SQLite", *sqlite, options);
    }
    std::filesystem::remove_all(folder);

    testing::PostgresServer server;
    const std::string url = server.new_place();
    const auto address = store::PostgresAddress::parse(url);
    require(store::migrate_postgres(*address, store::newest_postgres_schema()).ok(), "migrate");
    auto postgres = checked(store::open_postgres_store(*address));
    const Row ours = measure_all("PostgreSQL", *postgres, options);
    double best_peer = 0;
    for (const int clients : {1, 8}) {
        const auto peer = bench::measure_skip_locked(
            server.url(), (options.quick ? 1000 : 8000) * (clients == 1 ? 1 : 4), clients);
        std::printf(options.json ? "{\"store\":\"SKIP LOCKED\",\"clients\":%d,\"cycle\":%.0f}\n"
                                 : "SKIP LOCKED by hand, clients: %-44d %12.0f\n",
                    clients, peer.per_second);
        best_peer = std::max(best_peer, peer.per_second);
    }
    if (options.history > 0) measure_history(url, *postgres, options, ours);
    const double ratio = ours.cycle / best_peer;
    if (options.json)
        std::printf("{\"ratio\":%.2f}\n", ratio);
    else
        std::printf("ratio %.2f (granted and completed in batches of 256: %.0f durable tasks/s on "
                    "PostgreSQL, against "
                    "%.0f for SKIP LOCKED by hand)\n",
                    ratio, ours.cycle, best_peer);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument == "--quick")
            options.quick = true;
        else if (argument == "--json")
            options.json = true;
        else if (argument == "--history" && i + 1 < argc)
            options.history = std::atol(argv[++i]);
        else
            return std::cerr << kUsage, argument == "--help" ? 0 : 2;
    }
    try {
        return run(options);
    } catch (const std::exception& problem) {
        std::cerr << "error: " << problem.what() << "\n";
        return 1;
    }
}
