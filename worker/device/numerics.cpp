// Environment of the numeric libraries.
#include "worker/device/numerics.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <unistd.h>

namespace loopmind::device {
namespace {

bool has_avx2() {
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

std::string current(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

std::map<std::string, std::string> wanted() {
    const bool avx2 = has_avx2();
    const auto or_own = [](const char* name, const char* fallback) {
        const auto own = current(name);
        return own.empty() ? std::string(fallback) : own;
    };
    return {
        {"ATEN_CPU_CAPABILITY", or_own("ATEN_CPU_CAPABILITY", avx2 ? "avx2" : "default")},
#if defined(__x86_64__)
            {"OPENBLAS_CORETYPE", or_own("OPENBLAS_CORETYPE", avx2 ? "Haswell" : "Nehalem")},
#endif
            {"OPENBLAS_NUM_THREADS", "1"}, {"OMP_NUM_THREADS", "1"}, {"MKL_NUM_THREADS", "1"},
    };
}

} // namespace

Status pin_process(char** arguments) {
    bool changed = false;
    for (const auto& [name, value] : wanted()) {
        if (current(name.c_str()) == value) continue;
        ::setenv(name.c_str(), value.c_str(), 1);
        changed = true;
    }
    if (!changed) return {};
    ::execv("/proc/self/exe", arguments);
    return Error{ErrorCode::kUnavailable, "/proc/self/exe",
                 std::string("the program cannot be started again with pinned numerics: ") +
                     std::strerror(errno),
                 "set ATEN_CPU_CAPABILITY, OPENBLAS_CORETYPE and OMP_NUM_THREADS=1 yourself"};
}

std::string numerics() {
    const auto blas = current("OPENBLAS_CORETYPE");
    return "aten=" + current("ATEN_CPU_CAPABILITY") + " blas=" + (blas.empty() ? "default" : blas) +
           " threads=1";
}

} // namespace loopmind::device
