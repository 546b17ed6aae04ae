// Ctrl-C as an event instead of sudden death.
#include "client/cli/interrupt.h"

#include <atomic>
#include <csignal>

namespace loopmind::cli {

namespace {

std::atomic<int> interrupts{0};
std::atomic<wire::Wakeup*> waker{nullptr};
struct sigaction old_interrupt, old_terminate;

void on_signal(int) {
    interrupts.fetch_add(1);
    if (wire::Wakeup* target = waker.load()) target->signal();
}

wire::Wakeup& shared_wakeup() {
    static wire::Wakeup wakeup;
    return wakeup;
}

} // namespace

Interrupt::Interrupt() {
    interrupts = 0;
    waker = &shared_wakeup();
    struct sigaction action {};
    action.sa_handler = on_signal;
    ::sigaction(SIGINT, &action, &old_interrupt);
    ::sigaction(SIGTERM, &action, &old_terminate);
}

Interrupt::~Interrupt() {
    ::sigaction(SIGINT, &old_interrupt, nullptr);
    ::sigaction(SIGTERM, &old_terminate, nullptr);
    waker = nullptr;
}

int Interrupt::count() const {
    return interrupts.load();
}
wire::Wakeup& Interrupt::wakeup() {
    return shared_wakeup();
}

} // namespace loopmind::cli
