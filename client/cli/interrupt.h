// Ctrl-C as an event instead of sudden death.
#pragma once

#include "proto/wire/wakeup.h"

namespace loopmind::cli {

/// While it lives, SIGINT and SIGTERM are counted instead of ending the process. One at a time; main thread.
class Interrupt {
  public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    /// How often it came so far.
    int count() const;
    /// Becomes readable when one comes.
    wire::Wakeup& wakeup();
};

} // namespace loopmind::cli
