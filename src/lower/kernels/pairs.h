// Copies of 32-bit elements that go by pairs, as shuffles and splits of channels in two groups do.
// A pair is one element of 64 bits, so lanes run along the pairs and nothing is gathered.
#pragma once

#include <optional>

#include "lower/kernels/fused_job.h"

namespace burin::lower {

enum class PairCopy {
  join,    // out[.., i, j] = in[.., i + j * distance] with j of 2: two sequences interleaved
  first,   // out[.., i] = in[.., 2 * i]: every other element
  second,  // the same, read behind an element that exists
};

// Which such copy a collapsed job is, if it is one.
std::optional<PairCopy> pair_copy(const FusedJob& job);
DenseKernels make_pair_copy(const FusedJob& job, PairCopy kind);

}  // namespace burin::lower
