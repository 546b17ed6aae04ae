// The home is written before the coordinator starts: benchmarks measure reading, not filling.
#include "tests/bench/stream/farm_process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>
#include <stdexcept>
#include <thread>

#include "coordinator/store/sqlite/sqlite_store.h"
#include "proto/base/random_id.h"
#include "proto/base/sha256.h"
#include "proto/wire/attempt_file.h"

namespace loopmind::bench {
namespace {

namespace fs = std::filesystem;

void require(const Status& status) {
    if (!status) throw std::runtime_error(status.error().text());
}

wire::KeyPair fresh_keys() {
    auto keys = wire::generate_keys();
    if (!keys.ok()) throw std::runtime_error(keys.error().text());
    return *keys;
}

} // namespace

FarmProcess::FarmProcess(std::size_t clients, std::size_t blobs, std::uint64_t blob_bytes)
    : home_(fs::temp_directory_path() / ("loopmind-bench-" + base::random_hex(8))) {
    fs::create_directories(home_ / "coordinator");
    fill(clients, blobs, blob_bytes);
    start();
}

FarmProcess::~FarmProcess() {
    if (pid_ > 0) {
        ::kill(pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
    }
    std::error_code ignored;
    fs::remove_all(home_, ignored);
}

void FarmProcess::fill(std::size_t clients, std::size_t blobs, std::uint64_t blob_bytes) {
    const auto keys = wire::load_or_create_keys(home_ / "coordinator" / "coordinator.key");
    if (!keys.ok()) throw std::runtime_error(keys.error().text());
    public_key_ = keys->public_key;
    auto opened = store::open_sqlite_store(home_ / "coordinator" / "coordinator.db");
    if (!opened.ok()) throw std::runtime_error(opened.error().text());
    store::Store& store = **opened;
    const auto enrol = [&](const wire::KeyPair& pair, const char* role) {
        require(
            store.put_identity({pair.public_key, role, pair.public_key.substr(0, 8), "studio", false, 1}));
    };
    for (std::size_t i = 0; i < clients; ++i)
        enrol(clients_.emplace_back(fresh_keys()), "producer");
    worker_ = fresh_keys();
    enrol(worker_, "worker");

    // Half random, as 24-bit audio is: nothing on the way can compress it to nothing.
    std::mt19937_64 random(1);
    std::string bytes(blob_bytes, '\0');
    const fs::path root = home_ / "coordinator" / "blobs";
    for (std::size_t i = 0; i < blobs; ++i) {
        for (std::size_t at = 0; at + 8 <= bytes.size(); at += 16) {
            const std::uint64_t word = random();
            bytes.replace(at, 8, reinterpret_cast<const char*>(&word), 8);
        }
        const std::string sha256 = base::sha256_hex(bytes);
        const fs::path file = wire::blob_path(root, sha256);
        fs::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << bytes;
        require(store.add_blob("studio", sha256, blob_bytes));
        blobs_.push_back(sha256);
    }
}

void FarmProcess::start() {
    const fs::path ready = home_ / "ready";
    pid_ = ::fork();
    if (pid_ == 0) {
        std::freopen((home_ / "log").c_str(), "w", stderr);
        ::execl(LOOPMIND_COORDINATOR, LOOPMIND_COORDINATOR, "serve", "--home", home_.c_str(),
                "--client-endpoint", "tcp://127.0.0.1:*", "--worker-endpoint", "tcp://127.0.0.1:*",
                "--ready-file", ready.c_str(), nullptr);
        ::_exit(127);
    }
    for (int i = 0; i < 1000 && !fs::exists(ready); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::ifstream in(ready);
    const auto told = nlohmann::json::parse(in, nullptr, false);
    if (!told.is_object())
        throw std::runtime_error("the coordinator does not start; see " + (home_ / "log").string());
    client_endpoint_ = told["client_endpoint"];
    worker_endpoint_ = told["worker_endpoint"];
}

std::uint64_t FarmProcess::status(const std::string& field) const {
    std::ifstream in("/proc/" + std::to_string(pid_) + "/status");
    for (std::string name, rest; in >> name; std::getline(in, rest))
        if (name == field) {
            std::uint64_t kilobytes = 0;
            in >> kilobytes;
            return kilobytes * 1024;
        }
    return 0;
}

} // namespace loopmind::bench
