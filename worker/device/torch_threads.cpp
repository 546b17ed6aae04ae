// The one place of worker/device that needs LibTorch.
#include "worker/device/numerics.h"

#include <ATen/Parallel.h>

namespace loopmind::device {

void pin_thread() {
    at::set_num_threads(1);
}

} // namespace loopmind::device
