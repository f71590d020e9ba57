// Runs a program once on tensors, and shows the values that its kernels complete on the way.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "driver/compile.h"
#include "tensor/tensor.h"

namespace burin::driver {

// A value of the optimised graph, complete after this step of the program.
using ValueVisitor = std::function<void(size_t step, graph::NodeId node, const Tensor& value)>;

// `inputs` in the order of the program's ports; gives a tensor for each output. With a visitor,
// which sees values in the order of the kernels, `compiled` must have kept its intermediates.
Result<std::vector<Tensor>> run_program(const Compiled& compiled, std::span<const Tensor> inputs,
                                        int threads, const ValueVisitor& visit = {});

}  // namespace burin::driver
