// Programs that go on without us: started in their own session, known by a pid file that a reused pid cannot
// fool.
#include "client/cli/processes.h"

#include "proto/base/durable_file.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace loopmind::cli {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds kLook{20};
constexpr std::uint64_t kLogMax = 4u << 20;

/// Start time of a process in clock ticks since boot, and whether it still runs; 0 when there is none.
unsigned long long start_time(pid_t process) {
    std::ifstream in("/proc/" + std::to_string(process) + "/stat");
    std::string text((std::istreambuf_iterator<char>(in)), {});
    const std::size_t after_name = text.rfind(')');
    if (after_name == std::string::npos) return 0;
    std::istringstream fields(text.substr(after_name + 1));
    std::string field;
    for (int i = 3; i <= 22 && fields >> field; ++i) {
        if (i == 3 && (field == "Z" || field == "X")) return 0;
        if (i == 22) return std::strtoull(field.c_str(), nullptr, 10);
    }
    return 0;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts)
        out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

void reap(pid_t process) {
    while (::waitpid(process, nullptr, WNOHANG) < 0 && errno == EINTR) {
    }
}

/// The child between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(char* const* arguments, int in, int out, int error, int report) {
    ::setsid();
    struct sigaction normal {};
    normal.sa_handler = SIG_DFL;
    for (int number : {SIGINT, SIGTERM, SIGPIPE, SIGXFSZ})
        ::sigaction(number, &normal, nullptr);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(error, 2);
    ::execv(arguments[0], arguments);
    const int failed = errno;
    (void)!::write(report, &failed, sizeof failed);
    ::_exit(127);
}

/// fork and exec; the errno of a failed exec comes back through a pipe.
Result<pid_t> spawn(std::vector<std::string> command, int in, int out, int error) {
    int report[2];
    if (::pipe2(report, O_CLOEXEC) != 0) return base::file_error(command[0], "cannot be started", errno);
    const std::vector<char*> arguments = pointers(command);
    const pid_t child = ::fork();
    if (child == 0) become(arguments.data(), in, out, error, report[1]);
    const int fork_error = errno;
    ::close(report[1]);
    int failed = child < 0 ? fork_error : 0;
    if (child > 0)
        while (::read(report[0], &failed, sizeof failed) < 0 && errno == EINTR) {
        }
    ::close(report[0]);
    if (failed != 0) {
        if (child > 0) ::waitpid(child, nullptr, 0);
        return base::file_error(command[0], "cannot be started", failed);
    }
    return child;
}

} // namespace

std::optional<pid_t> running(const fs::path& pid_file) {
    std::ifstream in(pid_file);
    long long process = 0;
    unsigned long long started = 0;
    if (!(in >> process >> started) || process <= 1) return std::nullopt;
    const pid_t found = static_cast<pid_t>(process);
    reap(found); // in case it is our own child and has ended
    if (started == 0 || start_time(found) != started) return std::nullopt;
    return found;
}

Result<pid_t> start_detached(Service& service) {
    std::error_code failed;
    fs::create_directories(service.run_folder, failed);
    if (failed) return base::file_error(service.run_folder, "cannot be created", failed.value());
    fs::remove(service.ready_file(), failed);
    service.log_from = fs::file_size(service.log_file(), failed);
    if (failed) service.log_from = 0;
    if (service.log_from > kLogMax) {
        fs::rename(service.log_file(), service.log_file().string() + ".old", failed);
        service.log_from = 0;
    }
    const int log = ::open(service.log_file().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0) return base::file_error(service.log_file(), "cannot be opened", errno);
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    std::vector<std::string> command{service.program.string()};
    command.insert(command.end(), service.arguments.begin(), service.arguments.end());
    command.insert(command.end(), {"--ready-file", service.ready_file().string()});
    auto process = spawn(std::move(command), nothing, log, log);
    ::close(log);
    ::close(nothing);
    if (!process.ok()) return process;
    const std::string text = std::to_string(*process) + " " + std::to_string(start_time(*process)) + "\n";
    if (Status written = base::write_durably(service.pid_file(), text); !written.ok()) {
        ::kill(*process, SIGTERM);
        return written.error();
    }
    return process;
}

Status wait_ready(const Service& service, pid_t process, std::chrono::milliseconds timeout) {
    const int watch = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch >= 0)
        ::inotify_add_watch(watch, service.run_folder.c_str(), IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE);
    const auto deadline = Clock::now() + timeout;
    Status result;
    for (;;) {
        std::error_code ignored;
        if (fs::exists(service.ready_file(), ignored)) break;
        if (!running(service.pid_file())) {
            result = Error{ErrorCode::kUnavailable, service.name,
                           "ended at once; its log says: " + log_end(service.log_file(), service.log_from, 3),
                           "see " + service.log_file().string()};
            break;
        }
        if (Clock::now() >= deadline) {
            result = Error{ErrorCode::kUnavailable, service.name,
                           "is not ready after " + std::to_string(timeout.count() / 1000) + " s",
                           "see " + service.log_file().string()};
            break;
        }
        struct pollfd item {
            watch, POLLIN, 0
        };
        if (watch >= 0) {
            ::poll(&item, 1, static_cast<int>(kLook.count()));
            char buffer[4096];
            while (::read(watch, buffer, sizeof buffer) > 0) {
            }
        } else {
            std::this_thread::sleep_for(kLook);
        }
    }
    if (watch >= 0) ::close(watch);
    (void)process;
    return result;
}

Result<bool> stop(const fs::path& pid_file, std::chrono::milliseconds patience) {
    bool killed = false;
    if (const auto process = running(pid_file)) {
        if (::kill(*process, SIGTERM) != 0 && errno != ESRCH)
            return base::file_error(pid_file, "names a process that cannot be stopped", errno);
        const auto deadline = Clock::now() + patience;
        while (running(pid_file)) {
            if (!killed && Clock::now() >= deadline) {
                ::kill(*process, SIGKILL);
                killed = true;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }
    std::error_code ignored;
    fs::remove(pid_file, ignored);
    fs::path ready = pid_file;
    fs::remove(ready.replace_extension(".ready"), ignored);
    return killed;
}

Result<std::string> output_of(const fs::path& program, const std::vector<std::string>& arguments) {
    int out[2], error[2];
    if (::pipe2(out, O_CLOEXEC) != 0) return base::file_error(program, "cannot be started", errno);
    if (::pipe2(error, O_CLOEXEC) != 0) {
        ::close(out[0]);
        ::close(out[1]);
        return base::file_error(program, "cannot be started", errno);
    }
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    std::vector<std::string> command{program.string()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    auto process = spawn(std::move(command), nothing, out[1], error[1]);
    ::close(out[1]);
    ::close(error[1]);
    ::close(nothing);
    std::string texts[2];
    struct pollfd items[2] = {{out[0], POLLIN, 0}, {error[0], POLLIN, 0}};
    while (process.ok() && (items[0].fd >= 0 || items[1].fd >= 0)) {
        if (::poll(items, 2, -1) < 0 && errno != EINTR) break;
        for (int i = 0; i < 2; ++i) {
            if (items[i].fd < 0 || items[i].revents == 0) continue;
            char buffer[4096];
            const ssize_t got = ::read(items[i].fd, buffer, sizeof buffer);
            if (got > 0)
                texts[i].append(buffer, static_cast<std::size_t>(got));
            else if (got == 0 || errno != EINTR)
                items[i].fd = -1;
        }
    }
    ::close(out[0]);
    ::close(error[0]);
    if (!process.ok()) return process.error();
    int status = 0;
    while (::waitpid(*process, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return texts[0];
    std::string said = texts[1].empty() ? texts[0] : texts[1];
    while (!said.empty() && said.back() == '\n')
        said.pop_back();
    if (said.rfind("error: ", 0) == 0) said.erase(0, 7);
    return Error{ErrorCode::kUnavailable, program.filename().string(),
                 said.empty() ? "failed without a word" : said, ""};
}

Result<fs::path> sibling_program(const std::string& name) {
    std::error_code failed;
    const fs::path self = fs::read_symlink("/proc/self/exe", failed);
    if (!failed && fs::exists(self.parent_path() / name, failed)) return self.parent_path() / name;
    const char* path = std::getenv("PATH");
    std::istringstream folders(path ? path : "");
    for (std::string folder; std::getline(folders, folder, ':');) {
        const fs::path candidate = fs::path(folder.empty() ? "." : folder) / name;
        if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    return Error{ErrorCode::kNotFound, name, "is neither beside this program nor in PATH",
                 "build it: `cmake --build build --target " + name + "`"};
}

std::string log_end(const fs::path& log_file, std::uint64_t from, int lines) {
    std::ifstream in(log_file);
    in.seekg(static_cast<std::streamoff>(from));
    std::deque<std::string> last;
    for (std::string line; std::getline(in, line);) {
        if (line.empty()) continue;
        last.push_back(line);
        if (last.size() > static_cast<std::size_t>(lines)) last.pop_front();
    }
    std::string out;
    for (const std::string& line : last)
        out += (out.empty() ? "" : " | ") + line;
    return out.empty() ? "(nothing)" : out;
}

} // namespace loopmind::cli
