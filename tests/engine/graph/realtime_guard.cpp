// Interposes the C library's functions in this program: those of libstdc++ and of every library go through
// them.
#include "tests/engine/graph/realtime_guard.h"

#include <cstdarg>
#include <cstddef>
#include <ctime>

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>

namespace {

thread_local int guards = 0;
thread_local long found = 0;
thread_local const char* last_name = "";

void note(const char* name) {
    if (guards == 0) return;
    ++found;
    last_name = name;
}

template <typename Function> Function* real(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

} // namespace

namespace loopmind::graph::test {

RealtimeGuard::RealtimeGuard() {
    ++guards;
}
RealtimeGuard::~RealtimeGuard() {
    --guards;
}
long RealtimeGuard::violations() {
    return found;
}
const char* RealtimeGuard::last() {
    return last_name;
}

} // namespace loopmind::graph::test

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

extern "C" {

void* __libc_malloc(std::size_t size);
void __libc_free(void* memory);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
    note("malloc");
    return __libc_malloc(size);
}
void free(void* memory) {
    if (memory != nullptr) note("free");
    __libc_free(memory);
}
void* calloc(std::size_t count, std::size_t size) {
    note("calloc");
    return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
    note("realloc");
    return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    note("aligned_alloc");
    return __libc_memalign(alignment, size);
}

int pthread_mutex_lock(pthread_mutex_t* mutex) {
    note("pthread_mutex_lock");
    static auto* const next = real<int(pthread_mutex_t*)>("pthread_mutex_lock");
    return next(mutex);
}
int pthread_mutex_trylock(pthread_mutex_t* mutex) {
    note("pthread_mutex_trylock");
    static auto* const next = real<int(pthread_mutex_t*)>("pthread_mutex_trylock");
    return next(mutex);
}
int pthread_rwlock_rdlock(pthread_rwlock_t* lock) {
    note("pthread_rwlock_rdlock");
    static auto* const next = real<int(pthread_rwlock_t*)>("pthread_rwlock_rdlock");
    return next(lock);
}
int pthread_rwlock_wrlock(pthread_rwlock_t* lock) {
    note("pthread_rwlock_wrlock");
    static auto* const next = real<int(pthread_rwlock_t*)>("pthread_rwlock_wrlock");
    return next(lock);
}
int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
    note("pthread_cond_wait");
    static auto* const next = real<int(pthread_cond_t*, pthread_mutex_t*)>("pthread_cond_wait");
    return next(condition, mutex);
}
int pthread_cond_signal(pthread_cond_t* condition) {
    note("pthread_cond_signal");
    static auto* const next = real<int(pthread_cond_t*)>("pthread_cond_signal");
    return next(condition);
}
int pthread_cond_broadcast(pthread_cond_t* condition) {
    note("pthread_cond_broadcast");
    static auto* const next = real<int(pthread_cond_t*)>("pthread_cond_broadcast");
    return next(condition);
}
int sem_wait(sem_t* semaphore) {
    note("sem_wait");
    static auto* const next = real<int(sem_t*)>("sem_wait");
    return next(semaphore);
}
int nanosleep(const timespec* time, timespec* left) {
    note("nanosleep");
    static auto* const next = real<int(const timespec*, timespec*)>("nanosleep");
    return next(time, left);
}

/// std::atomic::wait and notify go to the kernel by this.
long syscall(long number, ...) {
    note(number == SYS_futex ? "futex" : "syscall");
    va_list arguments;
    va_start(arguments, number);
    long a[6];
    for (long& argument : a)
        argument = va_arg(arguments, long);
    va_end(arguments);
    static auto* const next = real<long(long, ...)>("syscall");
    return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

} // extern "C"

#endif
