// Runs lowered kernels as loop IR through the interpreter, with every access checked against what
// its part of the tiles may touch and memory placed by the plan: the execution between the oracle
// and machine code.
#pragma once

#include <span>
#include <vector>

#include "lower/kernel.h"

namespace burin::test {

// As so many threads that share the tiles, of which one is as far ahead as it may be.
struct RunOrder {
  int shares = 1, leader = 0;
};

// The outputs of `graph`, which `lowered` was made from.
Result<std::vector<Tensor>> run_lowered(const graph::Graph& graph, const lower::Lowered& lowered,
                                        std::span<const Tensor> inputs, RunOrder order);

}  // namespace burin::test
