// Words of the command line, limits, forbidden calls.
#include "engine/plugins/child/child_arguments.h"

#include "engine/process/child_limits.h"

#include <charconv>
#include <string_view>
#include <sys/syscall.h>

namespace loopmind::plugins::child {

std::optional<Arguments> parse(int argc, char** argv) {
    if (argc < 2) return std::nullopt;
    Arguments out;
    const std::string_view what = argv[1];
    if (what != "scan" && what != "run") return std::nullopt;
    out.scan = what == "scan";
    for (int i = 2; i + 1 < argc; i += 2) {
        const std::string_view word = argv[i], value = argv[i + 1];
        std::int64_t number = 0;
        std::from_chars(value.data(), value.data() + value.size(), number);
        if (word == "--bundle")
            out.bundle = value;
        else if (word == "--uri")
            out.uri = value;
        else if (word == "--skip")
            out.skip.emplace(value);
        else if (word == "--memory")
            out.memory_bytes = number;
        else if (word == "--cpu")
            out.cpu_seconds = number;
        else
            return std::nullopt;
    }
    if (out.bundle.empty() || (!out.scan && out.uri.empty())) return std::nullopt;
    return out;
}

bool give_up_rights(const Arguments& arguments) {
    // A plug-in may read and write files, as its presets and samples are files; threads and memory are its
    // own.
    static constexpr int kForbidden[] = {
        SYS_execve,
        SYS_execveat,
        SYS_ptrace,
        SYS_process_vm_readv,
        SYS_process_vm_writev,
        SYS_kill,
        SYS_tkill,
        SYS_pidfd_open,
        SYS_pidfd_getfd,
        SYS_pidfd_send_signal,
        SYS_mount,
        SYS_umount2,
        SYS_pivot_root,
        SYS_chroot,
        SYS_unshare,
        SYS_setns,
        SYS_bpf,
        SYS_perf_event_open,
        SYS_io_uring_setup,
        SYS_io_uring_enter,
        SYS_io_uring_register,
        SYS_keyctl,
        SYS_add_key,
        SYS_request_key,
        SYS_init_module,
        SYS_finit_module,
        SYS_delete_module,
        SYS_kexec_load,
        SYS_reboot,
        SYS_swapon,
        SYS_swapoff,
        SYS_setuid,
        SYS_setgid,
        SYS_setreuid,
        SYS_setregid,
        SYS_setresuid,
        SYS_setresgid,
        SYS_setgroups,
        SYS_userfaultfd,
#ifdef SYS_fork
        SYS_fork,
        SYS_vfork,
#endif
    };
    return process::limit_resources({arguments.memory_bytes, arguments.cpu_seconds, -1}) &&
           process::forbid_calls(kForbidden);
}

} // namespace loopmind::plugins::child
