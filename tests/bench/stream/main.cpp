// How fast stems come: committed blobs and live relays from a real coordinator, beside a bare ZeroMQ stream
// with CURVE in the same run; what a client that stops reading does to the others; memory of the coordinator.
// See kUsage.
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>

#include "proto/base/random_id.h"
#include "tests/bench/stream/bare_server.h"
#include "tests/bench/stream/farm_process.h"
#include "tests/bench/stream/readers.h"
#include "tests/bench/stream/relay.h"

namespace {

using namespace loopmind;
using namespace loopmind::bench;

constexpr const char* kUsage =
    "usage: stream [--quick] [--json]\n"
    "  1 client and 200 clients fetch stems of 5 MB from a coordinator in a process of its own, through the "
    "connection,\n"
    "  and from a bare ROUTER with CURVE; all readers are one thread of this process. Then one client stops "
    "reading in\n"
    "  64 streams while 20 others go on, and clients follow an output while it is made.\n";

constexpr std::uint64_t kBlobBytes = 5'000'000;
constexpr std::size_t kBlobs = 16;
constexpr int kStalledStreams = 64;

struct Options {
    bool quick = false, json = false;
    std::chrono::milliseconds time() const { return std::chrono::milliseconds(quick ? 2000 : 8000); }
    std::size_t many() const { return quick ? 50 : 200; }
};

struct Row {
    std::string what;
    std::size_t clients = 0;
    double rate = 0; ///< MB/s of all together
    double slowest = 0, median = 0;
    std::uint64_t memory = 0; ///< of the coordinator, bytes; 0 for the bare server
};

double megabytes(std::uint64_t bytes) {
    return static_cast<double>(bytes) / 1e6;
}

/// A part of the keys.
std::vector<wire::KeyPair> first(const std::vector<wire::KeyPair>& keys, std::size_t count) {
    return {keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(std::min(count, keys.size()))};
}

Row row_of(const std::string& what, std::vector<Received> received, std::chrono::milliseconds time,
           bool without_first = false) {
    if (without_first) received.erase(received.begin());
    Row row{what, received.size()};
    std::vector<double> rates;
    for (const Received& one : received)
        rates.push_back(megabytes(one.bytes) * 1000 / static_cast<double>(time.count()));
    std::sort(rates.begin(), rates.end());
    for (const double rate : rates)
        row.rate += rate;
    row.slowest = rates.front();
    row.median = rates[rates.size() / 2];
    return row;
}

/// Reads a moment to get under way, then measures.
std::vector<Received> measured(Readers& readers, const Options& options) {
    readers.read(options.time() / 4);
    return readers.read(options.time());
}

Row bare(const Options& options, const std::vector<wire::KeyPair>& keys) {
    BareServer server(kBlobBytes);
    Readers readers(server.endpoint(), server.public_key(), keys);
    readers.fetch({"anything"});
    return row_of("bare ZeroMQ with CURVE", measured(readers, options), options.time());
}

Row committed(const Options& options, const FarmProcess& farm, const std::vector<wire::KeyPair>& keys) {
    Readers readers(farm.client_endpoint(), farm.public_key(), keys);
    readers.fetch(farm.blobs());
    Row row = row_of("committed blobs", measured(readers, options), options.time());
    row.memory = farm.memory();
    return row;
}

Row stalled(const Options& options, const FarmProcess& farm, const std::vector<wire::KeyPair>& keys,
            bool stall) {
    Readers readers(farm.client_endpoint(), farm.public_key(), keys);
    if (stall) readers.stall_first(farm.blobs(), kStalledStreams);
    readers.fetch(farm.blobs());
    Row row = row_of(stall ? "beside one that stopped reading" : "beside one that reads",
                     measured(readers, options), options.time(), true);
    row.memory = farm.memory();
    return row;
}

Row relayed(const Options& options, const FarmProcess& farm, const std::vector<wire::KeyPair>& keys) {
    Readers readers(farm.client_endpoint(), farm.public_key(), keys);
    Relay relay(farm.worker_endpoint(), farm.public_key(), farm.worker());
    v1::ClientRequest request;
    const std::string job = base::random_hex(16);
    request.mutable_submit()->set_job_id(job);
    request.mutable_submit()->set_kind(v1::JOB_KIND_GENERATE);
    request.mutable_submit()->set_params_json(R"({"prompt":"a stream of the benchmark )" + job + R"("})");
    if (const auto reply = readers.ask(request); reply.has_error())
        throw std::runtime_error(reply.error().message());
    const v1::StartTask task = relay.next_task();
    readers.follow(job, task.attempt().task_id(), "plan");
    relay.push(task, "plan", std::uint64_t{100} << 30);
    Row row = row_of("live relay", measured(readers, options), options.time());
    row.memory = farm.memory();
    request.mutable_cancel()->set_job_id(job);
    readers.ask(request);
    return row;
}

void print(const Row& row) {
    std::printf("%-32s %8zu %10.0f %10.2f %10.2f %10s\n", row.what.c_str(), row.clients, row.rate, row.median,
                row.slowest, row.memory == 0 ? "-" : std::to_string(row.memory / 1'000'000).c_str());
    std::fflush(stdout);
}

nlohmann::json json_of(const Row& row) {
    return {{"what", row.what},     {"clients", row.clients}, {"mb_per_second", row.rate},
            {"median", row.median}, {"slowest", row.slowest}, {"coordinator_bytes", row.memory}};
}

int run(const Options& options) {
    const FarmProcess farm(options.many(), kBlobs, kBlobBytes);
    const std::uint64_t at_rest = farm.memory();
    const auto one = first(farm.clients(), 1), many = farm.clients(), some = first(farm.clients(), 21);
    std::vector<Row> rows;
    if (!options.json)
        std::printf("%-32s %8s %10s %10s %10s %10s\n", "what", "clients", "MB/s", "median", "slowest",
                    "memory MB");
    const auto add = [&](Row row) {
        if (!options.json) print(row);
        rows.push_back(std::move(row));
        return rows.back();
    };
    const Row bare_one = add(bare(options, one)), farm_one = add(committed(options, farm, one));
    const Row bare_many = add(bare(options, many)), farm_many = add(committed(options, farm, many));
    const Row calm = add(stalled(options, farm, some, false)),
              beside = add(stalled(options, farm, some, true));
    add(relayed(options, farm, one));
    add(relayed(options, farm, some));
    const double share_one = farm_one.rate / bare_one.rate, share_many = farm_many.rate / bare_many.rate,
                 change = beside.rate / calm.rate - 1;
    if (options.json) {
        nlohmann::json out{{"rows", nlohmann::json::array()}, {"share_one", share_one},
                           {"share_many", share_many},        {"change_beside_stalled", change},
                           {"memory_at_rest", at_rest},       {"memory_most", farm.most_memory()}};
        for (const Row& row : rows)
            out["rows"].push_back(json_of(row));
        std::cout << out.dump() << "\n";
        return 0;
    }
    std::printf("\ncoordinator: %.0f MB at rest, %.0f MB at most\n", megabytes(at_rest),
                megabytes(farm.most_memory()));
    std::printf("ratio to bare ZeroMQ: %.2f with 1 client, %.2f with %zu; a client that stops reading "
                "changes the others by %+.1f %%\n",
                share_one, share_many, farm_many.clients, 100 * change);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--quick") == 0)
            options.quick = true;
        else if (std::strcmp(argv[i], "--json") == 0)
            options.json = true;
        else {
            std::cerr << kUsage;
            return std::strcmp(argv[i], "--help") == 0 ? 0 : 2;
        }
    }
    try {
        return run(options);
    } catch (const std::exception& problem) {
        std::cerr << "stream: " << problem.what() << "\n";
        return 1;
    }
}
