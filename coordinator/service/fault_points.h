// Points at which a test may end this process at once, to prove that nothing is lost. TEST ONLY: without the
// environment variable LOOPMIND_FAULT they do nothing.
#pragma once

namespace loopmind::service {

/// Ends the process with SIGKILL at the n-th hit of the point named in LOOPMIND_FAULT="point:n" (n from 1).
/// Points:
///   after-grant-commit            a grant is durable, its StartTask not yet sent
///   before-commit                 a result's bytes are durable under their hashes, the result not yet
///   committed after-commit-before-verdict   a result is committed, its Verdict not yet sent
/// Called on the socket thread only. A malformed or unknown value does nothing.
void fault_point(const char* name);

} // namespace loopmind::service
