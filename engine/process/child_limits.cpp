// Resource limits, and seccomp filters made from lists of calls.
#include "engine/process/child_limits.h"

#include <cerrno>
#include <cstddef>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <vector>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LOOPMIND_SANITIZED 1
#else
#define LOOPMIND_SANITIZED 0
#endif

namespace loopmind::process {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArchitecture = 0;
#endif

bool limit(__rlimit_resource what, std::int64_t value) {
    const rlimit both{static_cast<rlim_t>(value), static_cast<rlim_t>(value)};
    return ::setrlimit(what, &both) == 0;
}

/// One verdict for the listed calls and another for all others.
bool install(std::span<const int> calls, std::uint32_t listed, std::uint32_t others) {
    if (LOOPMIND_SANITIZED) return true;
    if (kArchitecture == 0) return false;
    std::vector<sock_filter> program{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
    };
#if defined(__x86_64__)
    // The calls of the 32-bit pointer variant carry a flag in their number and would pass a list of names.
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
#endif
    for (const int call : calls) {
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1));
        program.push_back(BPF_STMT(BPF_RET | BPF_K, listed));
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, others));
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

} // namespace

bool limit_resources(const ResourceLimits& limits) {
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    bool good = limit(RLIMIT_CORE, 0);
    if (limits.cpu_seconds > 0) good = limit(RLIMIT_CPU, limits.cpu_seconds) && good;
    if (limits.file_bytes >= 0) good = limit(RLIMIT_FSIZE, limits.file_bytes) && good;
    if (limits.memory_bytes > 0 && !LOOPMIND_SANITIZED) good = limit(RLIMIT_AS, limits.memory_bytes) && good;
    return good;
}

bool allow_only_calls(std::span<const int> calls) {
    return install(calls, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EPERM);
}

bool forbid_calls(std::span<const int> calls) {
    std::vector<int> all(calls.begin(), calls.end());
    for (const int call : {SYS_socket, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4})
        all.push_back(call);
    return install(all, SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ALLOW);
}

} // namespace loopmind::process
