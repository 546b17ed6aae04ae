// What `loopmind doctor` looks at.
#include "client/cli/doctor_checks.h"

#include "client/cli/processes.h"
#include "proto/base/durable_file.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace loopmind::cli {

namespace fs = std::filesystem;
using Level = Finding::Level;

namespace {

constexpr std::uint64_t kDiskFailure = 200'000'000;
constexpr std::uint64_t kDiskWarning = 2'000'000'000;
constexpr int kWorkersLooked = 64;
const char* const kSoundFonts[] = {"/usr/share/sounds/sf2/FluidR3_GM.sf2",
                                   "/usr/share/sounds/sf2/default-GM.sf2",
                                   "/usr/share/sounds/sf3/default-GM.sf3"};

Finding check_programs() {
    std::string found;
    for (const char* name : {"loopmind-coordinator", "loopmind-worker"}) {
        auto program = sibling_program(name);
        if (!program.ok())
            return {"programs", Level::kFailure, program.error().field + " " + program.error().message,
                    program.error().hint};
        found += (found.empty() ? "" : ", ") + program->string();
    }
    return {"programs", Level::kOk, found, ""};
}

Finding check_libraries() {
    for (const char* name : {"loopmind-coordinator", "loopmind-worker"}) {
        const auto program = sibling_program(name);
        if (!program.ok()) continue;
        const auto listed = output_of("/usr/bin/ldd", {program->string()});
        if (!listed.ok())
            return {"libraries", Level::kWarning, "cannot be listed: " + listed.error().message,
                    "install libc-bin"};
        std::istringstream lines(*listed);
        for (std::string line; std::getline(lines, line);)
            if (line.find("not found") != std::string::npos)
                return {"libraries", Level::kFailure,
                        std::string(name) + " misses " + line.substr(line.find_first_not_of(" \t")),
                        "install the packages of deploy/packages.txt"};
    }
    return {"libraries", Level::kOk, "all shared libraries are found", ""};
}

Finding check_soundfont() {
    for (const char* file : kSoundFonts)
        if (::access(file, R_OK) == 0) return {"soundfont", Level::kOk, file, ""};
    return {"soundfont", Level::kFailure, "no General MIDI SoundFont in /usr/share/sounds",
            "sudo apt-get install fluid-soundfont-gm, or `loopmind up --soundfont FILE`"};
}

Finding check_disk(const fs::path& home) {
    fs::path at = home;
    std::error_code failed;
    while (!fs::exists(at, failed) && at != at.parent_path())
        at = at.parent_path();
    struct statvfs info {};
    if (::statvfs(at.c_str(), &info) != 0)
        return {"disk", Level::kFailure, base::file_error(at, "cannot be examined", errno).text(), ""};
    const std::uint64_t free = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
    const std::string text = bytes_text(free) + " free for " + home.string();
    if (free < kDiskFailure)
        return {"disk", Level::kFailure, text,
                "free some space: `loopmind cache clear` empties the local cache"};
    if (free < kDiskWarning)
        return {"disk", Level::kWarning, text, "a minute of music with all stems takes about 100 MB"};
    return {"disk", Level::kOk, text, ""};
}

Finding check_folders(const farm::Home& home) {
    std::error_code failed;
    if (!fs::exists(home.root, failed))
        return {"folders", Level::kWarning, home.root.string() + " does not exist yet", "run `loopmind up`"};
    for (const fs::path& folder : {home.root, home.client(), home.run(), home.coordinator(), home.cache()}) {
        if (!fs::exists(folder, failed)) continue;
        if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0)
            return {"folders", Level::kFailure,
                    folder.string() + " cannot be written to: " + std::strerror(errno),
                    "give your user access: sudo chown -R $USER " + home.root.string()};
    }
    return {"folders", Level::kOk, home.root.string() + " can be written to", ""};
}

Finding check_keys(const farm::Home& home) {
    std::vector<fs::path> keys{home.client_key(), home.coordinator() / "coordinator.key"};
    for (int n = 1; n <= kWorkersLooked; ++n)
        keys.push_back(home.worker(n) / "worker.key");
    int seen = 0;
    for (const fs::path& key : keys) {
        struct stat info {};
        if (::stat(key.c_str(), &info) != 0) continue;
        ++seen;
        if ((info.st_mode & 077) != 0)
            return {"keys", Level::kFailure, key.string() + " can be read by others",
                    "chmod 600 " + key.string()};
    }
    if (seen == 0) return {"keys", Level::kWarning, "there are none yet", "run `loopmind up`"};
    return {"keys", Level::kOk, std::to_string(seen) + " key files, readable by you alone", ""};
}

/// Whether something else holds the port that the coordinator would bind.
Finding check_port(const std::string& endpoint, const std::string& what) {
    const auto colon = endpoint.rfind(':');
    const std::string host = endpoint.substr(std::min(endpoint.size(), std::size_t{6}),
                                             colon == std::string::npos ? 0 : colon - 6);
    const int port = colon == std::string::npos ? 0 : std::atoi(endpoint.c_str() + colon + 1);
    struct sockaddr_in address {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (endpoint.rfind("tcp://", 0) != 0 || ::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1)
        return {"ports", Level::kOk, endpoint + " for " + what + " (not checked)", ""};
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const bool is_free =
        ::bind(probe, reinterpret_cast<const struct sockaddr*>(&address), sizeof address) == 0;
    const int error = errno;
    ::close(probe);
    if (is_free) return {"ports", Level::kOk, endpoint + " is free for " + what, ""};
    if (error == EADDRINUSE)
        return {"ports", Level::kFailure, endpoint + " for " + what + " is used by another program",
                "stop that, or `loopmind up --client-endpoint tcp://127.0.0.1:PORT --worker-endpoint "
                "tcp://127.0.0.1:PORT`"};
    return {"ports", Level::kFailure, endpoint + " for " + what + ": " + std::strerror(error),
            "choose an address of this machine"};
}

std::optional<pid_t> any_worker(const farm::Home& home) {
    for (int n = 1; n <= kWorkersLooked; ++n)
        if (auto process = running(home.run() / ("worker-" + std::to_string(n) + ".pid"))) return process;
    return std::nullopt;
}

Finding check_blas(const farm::Home& home) {
    if (const auto worker = any_worker(home)) {
        std::ifstream in("/proc/" + std::to_string(*worker) + "/maps");
        const std::string maps((std::istreambuf_iterator<char>(in)), {});
        if (!maps.empty()) return judge_blas(maps, true);
    }
    std::error_code failed;
    const fs::path chosen = fs::canonical("/etc/alternatives/libblas.so.3-x86_64-linux-gnu", failed);
    if (failed) return {"blas", Level::kWarning, "cannot be told while no worker runs", "run `loopmind up`"};
    return judge_blas(chosen.string(), false);
}

void check_farm(const Invocation& invocation, std::vector<Finding>& findings) {
    auto connected = connect(invocation);
    if (auto* failure = std::get_if<Failure>(&connected)) {
        findings.push_back({"coordinator", Level::kFailure, failure->error.message, failure->error.hint});
        return;
    }
    farm::FarmClient& client = *std::get<std::unique_ptr<farm::FarmClient>>(connected);
    const farm::Link link = client.link();
    findings.push_back({"coordinator", Level::kOk,
                        "answers at " + link.endpoint + (link.direct ? ", its blob folder is in reach" : ""),
                        ""});
    const auto version_of = [](const std::string& text) { return text.substr(text.find_last_of(' ') + 1); };
    if (version_of(link.software) == LOOPMIND_VERSION)
        findings.push_back({"version", Level::kOk, "everywhere " LOOPMIND_VERSION, ""});
    else
        findings.push_back({"version", Level::kWarning,
                            "the coordinator is " + link.software + ", this is loopmind " LOOPMIND_VERSION,
                            "`loopmind down`, then `loopmind up` starts the present programs"});
    auto workers =
        farm::as_future<v1::WorkerList>([&](auto done) { client.list_workers(std::move(done)); }).get();
    if (!workers.ok()) {
        findings.push_back({"workers", Level::kFailure, workers.error().message, workers.error().hint});
        return;
    }
    int here = 0;
    std::string names;
    for (const v1::WorkerInfo& worker : workers->workers()) {
        if (!worker.connected()) continue;
        ++here;
        names += (names.empty() ? "" : ", ") + worker.worker_id().substr(0, 12) + " (" + worker.device() +
                 ", " + std::to_string(worker.slots()) + (worker.slots() == 1 ? " slot)" : " slots)");
    }
    if (here == 0)
        findings.push_back(
            {"workers", Level::kFailure, "none is connected",
             "`loopmind up` starts one; see run/worker-1.log in " + invocation.home.root.string()});
    else
        findings.push_back({"workers", Level::kOk, std::to_string(here) + " connected: " + names, ""});
}

} // namespace

Finding judge_blas(const std::string& library_paths, bool of_running_worker) {
    const std::string who = of_running_worker ? "the worker uses " : "workers will use ";
    if (library_paths.find("openblas") != std::string::npos)
        return {"blas", Level::kOk, who + "OpenBLAS", ""};
    if (library_paths.find("libmkl") != std::string::npos) return {"blas", Level::kOk, who + "MKL", ""};
    return {"blas", Level::kWarning, who + "the reference BLAS, which is about 25 times slower",
            "sudo apt-get install libopenblas0-pthread, then `loopmind down` and `loopmind up`"};
}

std::vector<Finding> examine_machine(const Invocation& invocation) {
    const farm::Home& home = invocation.home;
    std::vector<Finding> findings{check_programs(),      check_libraries(),   check_soundfont(),
                                  check_disk(home.root), check_folders(home), check_keys(home),
                                  check_blas(home)};
    const bool coordinator_runs = running(home.run() / "coordinator.pid").has_value();
    const auto address = farm::read_farm_file(home.farm_file());
    if (!coordinator_runs) {
        const bool known = address.ok() && !address->worker_endpoint.empty();
        findings.push_back(
            check_port(known ? address->endpoints.front() : "tcp://127.0.0.1:7761", "clients"));
        findings.push_back(check_port(known ? address->worker_endpoint : "tcp://127.0.0.1:7762", "workers"));
    }
    check_farm(invocation, findings);
    return findings;
}

} // namespace loopmind::cli
