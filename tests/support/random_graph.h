// Random valid graphs over all primitives on small odd shapes, by seed; mostly f32, with integers,
// pred, f64 and 16-bit floats around it. They are tame: what a machine's rounding could turn into
// another answer (comparing, flooring or sorting computed floats, dividing by almost nothing) is
// not built, so a difference to the oracle is a bug.
#pragma once

#include <cstdint>
#include <optional>

#include "tests/support/op_cases.h"

namespace burin::test {

struct RandomGraphOptions {
  int steps = 12;               // the graph of n steps is a part of that of n + 1
  int64_t max_elements = 3000;  // of any value
};

BuiltCase random_graph(uint64_t seed, const RandomGraphOptions& options = {});

// The first output that differs from the oracle by more than rounding explains, as text. What is
// allowed grows with the largest float on the way to the output and with its coarsest dtype.
std::optional<std::string> random_difference(const BuiltCase& built, std::span<const Tensor> got);

}  // namespace burin::test
