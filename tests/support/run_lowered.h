// Runs lowered kernels as loop IR through the interpreter, with every access checked against its
// buffer and memory placed by the plan: the execution between the oracle and machine code.
#pragma once

#include <span>
#include <vector>

#include "lower/kernel.h"

namespace burin::test {

// The outputs of `graph`, which `lowered` was made from.
Result<std::vector<Tensor>> run_lowered(const graph::Graph& graph, const lower::Lowered& lowered,
                                        std::span<const Tensor> inputs);

}  // namespace burin::test
