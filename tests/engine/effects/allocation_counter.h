// Counts what the test program allocates, to prove that audio code does not.
#pragma once

namespace loopmind::effects::test {

/// Calls of operator new and malloc in this program so far, on all threads; one may count for both.
long allocations();

} // namespace loopmind::effects::test
