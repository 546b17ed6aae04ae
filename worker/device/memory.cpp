// Physical memory by sysconf.
#include "worker/device/memory.h"

#include <unistd.h>

namespace loopmind::device {

std::uint64_t memory_bytes() {
    const long pages = ::sysconf(_SC_PHYS_PAGES);
    const long size = ::sysconf(_SC_PAGE_SIZE);
    return pages > 0 && size > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size) : 0;
}

} // namespace loopmind::device
