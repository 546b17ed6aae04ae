// Spawning without a fork of ours: nothing of the parent's memory, signals or files leaks.
#include "engine/process/contained_child.h"

#include "proto/base/durable_file.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace loopmind::process {
namespace {

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> out;
    for (std::string& word : words)
        out.push_back(word.data());
    out.push_back(nullptr);
    return out;
}

/// Copies of descriptors that lie above all numbers that the child will use, so that none of them is
/// overwritten before its turn.
class HighCopies {
  public:
    explicit HighCopies(const std::vector<int>& descriptors) {
        const int above = static_cast<int>(std::max<std::size_t>(3, descriptors.size()));
        for (const int descriptor : descriptors)
            copies_.push_back(::fcntl(descriptor, F_DUPFD_CLOEXEC, above));
    }
    ~HighCopies() {
        for (const int copy : copies_)
            if (copy >= 0) ::close(copy);
    }
    HighCopies(const HighCopies&) = delete;
    HighCopies& operator=(const HighCopies&) = delete;
    bool good() const {
        return std::none_of(copies_.begin(), copies_.end(), [](int copy) { return copy < 0; });
    }
    const std::vector<int>& all() const { return copies_; }

  private:
    std::vector<int> copies_;
};

} // namespace

Result<ContainedChild> ContainedChild::start(const ChildStart& start) {
    const HighCopies copies(start.descriptors);
    if (!copies.good()) return base::file_error(start.program, "cannot be started", errno);
    std::vector<std::string> words{start.program.string()};
    words.insert(words.end(), start.arguments.begin(), start.arguments.end());
    std::vector<std::string> surroundings = start.environment;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    int next = 0;
    for (const int descriptor : copies.all())
        posix_spawn_file_actions_adddup2(&actions, descriptor, next++);
    for (; next < 3; ++next)
        posix_spawn_file_actions_addopen(&actions, next, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, next);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    pid_t pid = -1;
    const int problem = ::posix_spawn(&pid, start.program.c_str(), &actions, &attributes,
                                      pointers(words).data(), pointers(surroundings).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (problem != 0) return base::file_error(start.program, "cannot be started", problem);
    return ContainedChild(pid);
}

ContainedChild& ContainedChild::operator=(ContainedChild&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
}

ContainedChild::~ContainedChild() {
    kill();
    reap();
}

void ContainedChild::kill() const {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
}

int ContainedChild::wait_for_end() const {
    if (pid_ <= 0) return 0;
    siginfo_t end{};
    while (::waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
    }
    return end.si_code == CLD_EXITED ? end.si_status << 8 : end.si_status; // as waitpid() packs it
}

int ContainedChild::reap() {
    if (pid_ <= 0) return 0;
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
}

std::string how_it_ended(int status) {
    if (!WIFSIGNALED(status)) return "ended with status " + std::to_string(WEXITSTATUS(status));
    const int number = WTERMSIG(status);
    if (number == SIGXCPU) return "ran out of CPU time";
    if (number == SIGKILL) return "was killed";
    const char* name = ::sigabbrev_np(number);
    return "crashed (" + (name ? "SIG" + std::string(name) : "signal " + std::to_string(number)) + ")";
}

std::filesystem::path find_program(const std::string& name) {
    std::error_code code;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", code);
    if (code) return {};
    for (const auto& path : {self.parent_path() / name, self.parent_path().parent_path() / "bin" / name})
        if (std::filesystem::exists(path, code)) return path;
    return {};
}

} // namespace loopmind::process
