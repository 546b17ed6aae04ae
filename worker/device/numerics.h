// Pins what floating-point results depend on, so that the same recipe gives the same bytes on a class of
// machines.
#pragma once

#include "proto/base/result.h"

#include <string>

namespace loopmind::device {

/// First thing in main(). LibTorch and OpenBLAS choose their kernels and threads from the environment when
/// they are loaded, before main() runs: when the environment is not as wanted, it is set and the program
/// executed again (same process id). Wanted: ATEN_CPU_CAPABILITY avx2 (or default where the CPU has no AVX2),
/// OPENBLAS_CORETYPE Haswell (or Nehalem), one thread for OpenBLAS, OpenMP and MKL. ATEN_CPU_CAPABILITY and
/// OPENBLAS_CORETYPE set by the user stay. `arguments` is argv. Errors: unavailable when the program cannot
/// be executed again.
Status pin_process(char** arguments);

/// Each thread that computes calls it first: one LibTorch thread.
void pin_thread();

/// What was pinned, e.g. "aten=avx2 blas=Haswell threads=1"; part of the worker's fingerprint.
std::string numerics();

} // namespace loopmind::device
