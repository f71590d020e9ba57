// For work that a fast kernel cannot take behind its sums (another layout of the output, elements
// too wide for its vectors): the kernel stores plain sums to scratch memory, and a second stage
// does the rest.
#pragma once

#include "lower/kernels/list.h"

namespace burin::lower {

// The job with no work behind it, its result row-major in the first extra buffer.
DenseJob bare_job(const DenseJob& job);
// The kernels of `job` from those that a method made for bare_job(job).
DenseKernels attach_rest(const DenseJob& job, DenseKernels bare);

}  // namespace burin::lower
