// A program of ours that does one dangerous thing: it is started with the files and the surroundings that it
// is given and nothing else, and ends when its owner lets go of it.
#pragma once

#include "proto/base/result.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace loopmind::process {

/// What a child is started with. Everything that is not named here is closed or empty for it; standard error
/// goes nowhere unless it is among the descriptors.
struct ChildStart {
    std::filesystem::path program;
    std::vector<std::string> arguments;   ///< behind the program's own name
    std::vector<std::string> environment; ///< "NAME=value"
    /// Ours and the number that the child finds it under: 0, 1, 2, 3 and so on without a gap, in this order.
    std::vector<int> descriptors;
};

/// A running child. One owner; the pid stays ours until reap().
class ContainedChild {
  public:
    /// Errors: not_found or what the system says of the program.
    static Result<ContainedChild> start(const ChildStart& start);

    ContainedChild() = default;
    ContainedChild(ContainedChild&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
    ContainedChild& operator=(ContainedChild&& other) noexcept;
    ~ContainedChild(); ///< kills and reaps

    bool running() const { return pid_ > 0; }
    pid_t pid() const { return pid_; }
    /// Ends it at once. Any thread, as long as nobody reaps meanwhile.
    void kill() const;
    /// Blocks until it has ended; its status as waitpid() gives it. The pid stays ours, so that kill() can
    /// never hit another. Any one thread.
    int wait_for_end() const;
    /// The same, and lets go of the pid.
    int reap();

  private:
    explicit ContainedChild(pid_t pid) : pid_(pid) {}
    pid_t pid_ = -1;
};

/// How a child ended, for people: "crashed (SIGABRT)", "ran out of CPU time", "ended with status 3".
std::string how_it_ended(int wait_status);

/// A program of ours beside the running one, or in ../bin of its folder; empty when there is none.
std::filesystem::path find_program(const std::string& name);

} // namespace loopmind::process
