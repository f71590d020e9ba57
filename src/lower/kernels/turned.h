// Maps that read along another axis than they write, as a transpose does: the order of loops in
// which every line that is touched is used up before the caches lose it.
#pragma once

#include "lower/kernels/fused_job.h"

namespace burin::lower {

// The axis along which most of the views that stride along `lane_axis` are contiguous; `lane_axis`
// if there is none.
size_t contiguous_axis(const FusedJob& job, size_t lane_axis);

// The job with its axes in the order of such loops, innermost the one that is read along, and where
// its lanes run.
struct Turned {
  FusedJob job;
  size_t lane_axis = 0;
};

// The job writes along its last axis. Nothing if it reads along that too, or is small.
std::optional<Turned> turn(const FusedJob& job);

}  // namespace burin::lower
