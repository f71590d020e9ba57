// Runs a program step by step beside the oracle: after each kernel, the values that it completes
// are compared with the double-precision evaluation of the optimised graph.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "driver/compare.h"
#include "driver/compile.h"

namespace burin::driver {

struct TracedValue {
  std::string layer;      // where the node came from in the model
  std::string op;         // the primitive, "convolution"
  std::string algorithm;  // of the kernel that made it
  TensorType type;
  Difference difference;
};

// `compiled` must have kept its intermediates. Values come in the order of the kernels.
Result<std::vector<TracedValue>> trace(const Compiled& compiled, std::span<const Tensor> inputs,
                                       int threads);

}  // namespace burin::driver
