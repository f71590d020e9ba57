// Argsort of long rows of keys of up to 32 bits: key and position are one integer of 64 bits, all
// of them different, and merging sorts those.
#pragma once

#include "lower/kernels/single.h"

namespace burin::lower {

// Whether merging is for this argsort: its rows are long and its keys narrow.
bool merges(const SingleJob& job);
DenseKernels make_argsort_merge(const SingleJob& job);

}  // namespace burin::lower
