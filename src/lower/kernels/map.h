// Elementwise kernels over views: maps with everything fused, copies, transposes, slices,
// broadcasts, fills, and the regions of a concatenate or pad.
#pragma once

#include "lower/kernels/fused_job.h"

namespace burin::lower {

// Every point of the space is computed once and stored once. The function has the job's pointers.
DenseKernels make_map(const FusedJob& job);

}  // namespace burin::lower
