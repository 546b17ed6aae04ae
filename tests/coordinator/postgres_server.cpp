// initdb, start, stop, crash.
#include "tests/coordinator/postgres_server.h"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "proto/base/random_id.h"

namespace loopmind::testing {
namespace {

constexpr std::chrono::seconds kPatience{60};

// The newest installed server.
std::filesystem::path find_programs() {
    std::filesystem::path best;
    int best_version = 0;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
        const int version = std::atoi(entry.path().filename().c_str());
        if (version > best_version && std::filesystem::exists(entry.path() / "bin" / "initdb")) {
            best = entry.path() / "bin";
            best_version = version;
        }
    }
    if (best.empty())
        throw std::runtime_error("PostgreSQL's server is not installed: apt-get install postgresql, or run "
                                 "deploy/test, which does");
    return best;
}

// Whom the server runs as: ourselves, but never root.
const passwd* server_user() {
    if (::geteuid() != 0) return ::getpwuid(::geteuid());
    for (const char* name : {"postgres", "nobody"})
        if (const passwd* found = ::getpwnam(name)) return found;
    throw std::runtime_error("no user 'postgres' or 'nobody' to run PostgreSQL as");
}

// In a child: becomes the server's user and dies with its parent.
void become_server(pid_t parent, const passwd* user) {
    if (::geteuid() == 0 &&
        (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0))
        ::_exit(126);
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT); // to PostgreSQL: stop at once
    if (::getppid() != parent) ::_exit(126);
}

std::vector<char*> pointers(const std::vector<std::string>& command) {
    std::vector<char*> out;
    for (const std::string& part : command)
        out.push_back(const_cast<char*>(part.c_str()));
    out.push_back(nullptr);
    return out;
}

// False for a zombie: it holds nothing any more.
bool is_alive(pid_t process) {
    std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
    std::string text((std::istreambuf_iterator<char>(stat)), {});
    const auto name_end = text.rfind(')');
    return name_end != std::string::npos && name_end + 2 < text.size() && text[name_end + 2] != 'Z';
}

// Deletes `folder` when the other end of the pipe closes, however this program ends.
int start_janitor(const std::filesystem::path& folder) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    const pid_t child = ::fork();
    if (child == 0) {
        ::setsid(); // a signal to the test's group must not stop it
        ::dup2(ends[0], 0);
        const int nothing = ::open("/dev/null", O_WRONLY);
        ::dup2(nothing, 1);
        ::dup2(nothing, 2);
        // Twice forked, so that nobody has to wait for it.
        ::execl("/bin/sh", "sh", "-c", "exec 3<&0; (cat <&3; sleep 1; rm -rf \"$0\") &", folder.c_str(),
                nullptr);
        ::_exit(127);
    }
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    return ends[1];
}

} // namespace

PostgresServer::PostgresServer(const std::vector<std::string>& settings) : programs_(find_programs()) {
    folder_ = std::filesystem::temp_directory_path() / ("loopmind-pg-" + base::random_hex(6));
    std::filesystem::create_directories(folder_);
    janitor_ = start_janitor(folder_);
    const passwd* user = server_user();
    if (::geteuid() == 0 && ::chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0)
        throw std::runtime_error("cannot give " + folder_.string() + " to " + user->pw_name);
    run({(programs_ / "initdb").string(), "-D", (folder_ / "data").string(), "-U", "loopmind", "-A", "trust",
         "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions"});
    // User "locked" needs a password; the first line that matches counts.
    std::ifstream old_rules(folder_ / "data" / "pg_hba.conf");
    const std::string rules((std::istreambuf_iterator<char>(old_rules)), {});
    old_rules.close();
    std::ofstream(folder_ / "data" / "pg_hba.conf") << "local all locked scram-sha-256\n" << rules;
    std::ofstream conf(folder_ / "data" / "postgresql.conf", std::ios::app);
    conf << "listen_addresses = ''\nunix_socket_directories = '" << folder_.string()
         << "'\nlogging_collector = off\nlog_min_messages = fatal\nrecovery_init_sync_method = syncfs\n";
    for (const std::string& line : settings)
        conf << line << "\n";
    conf.close();
    start();
}

PostgresServer::~PostgresServer() {
    if (server_ > 0) {
        ::kill(server_, SIGQUIT);
        ::waitpid(server_, nullptr, 0);
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
    ::close(janitor_);
}

PostgresServer& PostgresServer::shared() {
    static PostgresServer server;
    return server;
}

std::string PostgresServer::run(const std::vector<std::string>& command) {
    const passwd* user = server_user();
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    const auto arguments = pointers(command);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
        become_server(parent, user);
        ::dup2(ends[1], 1);
        ::dup2(ends[1], 2);
        (void)!::chdir("/");
        ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }
    ::close(ends[1]);
    std::string output;
    char buffer[4096];
    for (ssize_t got; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
        output.append(buffer, static_cast<std::size_t>(got));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw std::runtime_error(command[0] + " failed: " + output);
    return output;
}

void PostgresServer::start() {
    const passwd* user = server_user();
    const std::string program = (programs_ / "postgres").string();
    const std::string data = (folder_ / "data").string();
    const std::string log = (folder_ / "log").string();
    const pid_t parent = ::getpid();
    server_ = ::fork();
    if (server_ == 0) {
        become_server(parent, user);
        const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        ::dup2(out, 1);
        ::dup2(out, 2);
        (void)!::chdir("/");
        ::execl(program.c_str(), "postgres", "-D", data.c_str(), nullptr);
        ::_exit(127);
    }
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (PQping(url().c_str()) != PQPING_OK) {
        int status = 0;
        if (::waitpid(server_, &status, WNOHANG) == server_ || std::chrono::steady_clock::now() > end) {
            std::ifstream text(log);
            server_ = -1;
            throw std::runtime_error("PostgreSQL did not start: " +
                                     std::string(std::istreambuf_iterator<char>(text), {}));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

void PostgresServer::crash() {
    // Stopped first: children must not see the server's death before they die themselves.
    ::kill(server_, SIGSTOP);
    std::ifstream children("/proc/" + std::to_string(server_) + "/task/" + std::to_string(server_) +
                           "/children");
    std::vector<pid_t> all{server_};
    for (pid_t child; children >> child;)
        all.push_back(child);
    for (pid_t process : all)
        ::kill(process, SIGKILL);
    ::waitpid(server_, nullptr, 0);
    server_ = -1;
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (std::any_of(all.begin() + 1, all.end(), is_alive) && std::chrono::steady_clock::now() < end)
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

std::string PostgresServer::url() const {
    return "postgresql://loopmind@/postgres?host=" + folder_.string();
}

std::string PostgresServer::sql(const std::string& statement) {
    return run({(programs_ / "psql").string(), url(), "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement});
}

std::string PostgresServer::new_place() {
    const std::string name = "place_" + std::to_string(++places_);
    sql("CREATE SCHEMA " + name);
    return url() + "&options=-csearch_path%3D" + name;
}

void PostgresServer::terminate_sessions() {
    sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = "
        "'loopmind-coordinator'");
}

} // namespace loopmind::testing
