// eventfd, or a pipe where there is none.
#include "proto/wire/wakeup.h"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#ifdef __linux__
#include <sys/eventfd.h>
#endif

namespace loopmind::wire {

Wakeup::Wakeup() {
#ifdef __linux__
    read_fd_ = write_fd_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (read_fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
#else
    int ends[2];
    if (::pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    for (const int fd : ends) {
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    read_fd_ = ends[0];
    write_fd_ = ends[1];
#endif
}

Wakeup::~Wakeup() {
    ::close(read_fd_);
    if (write_fd_ != read_fd_) ::close(write_fd_);
}

void Wakeup::signal() noexcept {
    const int saved = errno;
    const std::uint64_t one = 1;
    // A full counter or pipe is readable already: nothing is lost when the write fails.
    [[maybe_unused]] const auto written = ::write(write_fd_, &one, sizeof one);
    errno = saved;
}

void Wakeup::clear() noexcept {
    std::uint64_t value = 0;
    while (::read(read_fd_, &value, sizeof value) > 0) {
    }
}

} // namespace loopmind::wire
