// Gradients of weights are summed part by part of the batch, each part by itself; here is the
// kernel that adds the parts up. They lie one behind the other in a buffer of f32.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lower/kernels/views.h"

namespace burin::lower {

struct Parts {
  int pointer = 0;  // the buffer, the last pointer of the kernel
  int64_t count = 1;
  int64_t elements = 0;  // of one part
};

// Emits a row of the result: its index, of which the last entry is open, and the element of a part
// where it begins.
using EmitRow = std::function<void(const std::vector<loop::Value>& index, loop::Value from)>;

// Adds the parts in order and evaluates what follows. `emit_tile` emits the rows of a tile.
DenseStage make_sum_of_parts(const DenseJob& job, const Epilogue& follows,
                             const DenseKernels& kernels, const std::string& name,
                             const Parts& parts, int64_t tiles,
                             const std::function<void(loop::Builder&, const EmitRow&)>& emit_tile);

}  // namespace burin::lower
