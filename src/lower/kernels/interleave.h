// Copies that interleave two sequences of 32-bit elements, as a shuffle of channels in two groups
// does: out[.., i, j] = in[.., i + j * distance] with j of 2. A pair is one element of 64 bits, so
// lanes run along i and nothing is gathered.
#pragma once

#include "lower/kernels/fused_job.h"

namespace burin::lower {

// Whether a collapsed job is such a copy.
bool interleaves(const FusedJob& job);
DenseKernels make_interleave(const FusedJob& job);

}  // namespace burin::lower
