// The table of small programs that exercise every primitive on odd shapes and on each dtype that
// matters. One row per case; tests/support/run_case.h runs rows through each way of executing a
// graph and compares with the oracle. To cover a new op, add rows to one of the op_cases_*.cpp.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "graph/builder.h"

namespace burin::test {

// How an input's elements are drawn: uniform in [low, high], integers rounded down; every fifth
// element of a `special` float is NaN, an infinity or a zero of either sign.
struct InputRange {
  double low = -2, high = 2;
  bool special = false;
};

// A builder whose inputs carry their ranges.
class CaseBuilder : public graph::Builder {
 public:
  using Builder::Builder;

  graph::NodeId in(DType dtype, Dims dims, InputRange range = {});
  graph::NodeId f32(Dims dims) { return in(DType::f32, std::move(dims)); }

  std::vector<InputRange> ranges;
};

struct OpCase {
  std::string name;
  graph::Op op;
  std::function<graph::NodeId(CaseBuilder&)> build;  // returns the output
};

std::span<const OpCase> op_cases();

// Parts of the table.
std::vector<OpCase> elementwise_cases();
std::vector<OpCase> movement_cases();
std::vector<OpCase> indexed_cases();
std::vector<OpCase> reduction_cases();
std::vector<OpCase> dense_cases();

// A case's graph and inputs drawn from a seed.
struct BuiltCase {
  graph::Graph graph;
  std::vector<Tensor> inputs;
};
BuiltCase build_case(const OpCase& op_case, uint64_t seed = 1);
Tensor random_tensor(const TensorType& type, const InputRange& range, uint64_t seed);

}  // namespace burin::test
