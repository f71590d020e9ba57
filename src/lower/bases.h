// Where the buffers of a job begin for its kernels. What all views of a pointer skip moves into the
// pointer itself: kernels that differ only in which slice of a buffer they work on become one.
#pragma once

#include <cstdint>
#include <vector>

#include "lower/kernels/fused_job.h"
#include "lower/kernels/list.h"

namespace burin::lower {

// Bytes by which each of the job's pointers moves on, and its views back: multiples of
// kBufferAlignment, so that what is known of alignment stays true.
std::vector<int64_t> move_bases(DenseJob& job);
std::vector<int64_t> move_bases(FusedJob& job);

}  // namespace burin::lower
