// Kernels with reductions: softmax, log-softmax, the norms, and plain reductions over any axes.
// Each row (a point of the axes that are not reduced) takes one pass per level of dependent
// reductions and a last one that stores.
#pragma once

#include "lower/kernels/fused_job.h"

namespace burin::lower {

DenseKernels make_row(const FusedJob& job);

}  // namespace burin::lower
