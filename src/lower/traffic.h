// The least memory traffic of a job: the bytes that its views touch, each once. Reports divide a
// kernel's time by it; nothing is decided with it.
#pragma once

#include <vector>

#include "lower/expr_build.h"
#include "lower/kernels/list.h"

namespace burin::lower {

// By pointer of the job. A pointer's own bytes may be fewer than this where views overlap: whoever
// asks knows the buffer.
std::vector<double> traffic_of(const Fused& fused, const Dims& space);
std::vector<double> traffic_of(const DenseJob& job);

}  // namespace burin::lower
