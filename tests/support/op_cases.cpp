// Joins the parts of the table; draws inputs.
#include "tests/support/op_cases.h"

#include <cmath>
#include <limits>

#include "base/rng.h"

namespace burin::test {

graph::NodeId CaseBuilder::in(DType dtype, Dims dims, InputRange range) {
  ranges.push_back(range);
  return input("in" + std::to_string(ranges.size() - 1), {dtype, Shape(std::move(dims))});
}

std::span<const OpCase> op_cases() {
  static const std::vector<OpCase> all = [] {
    std::vector<OpCase> rows;
    for (auto part :
         {elementwise_cases, movement_cases, indexed_cases, reduction_cases, dense_cases}) {
      for (OpCase& row : part()) rows.push_back(std::move(row));
    }
    return rows;
  }();
  return all;
}

namespace {

double special_value(Rng& rng) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kValues[] = {std::numeric_limits<double>::quiet_NaN(), kInfinity, -kInfinity,
                                0.0, -0.0};
  return kValues[rng.below(5)];
}

}  // namespace

Tensor random_tensor(const TensorType& type, const InputRange& range, uint64_t seed) {
  Rng rng(seed);
  Tensor tensor(type);
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    if (type.dtype == DType::pred) {
      tensor.set_int(i, rng.below(2));
    } else if (!is_float(type.dtype)) {
      double span = range.high - range.low + 1;
      tensor.set_int(i, static_cast<int64_t>(std::floor(range.low + span * rng.uniform())));
    } else if (range.special && rng.below(5) == 0) {
      tensor.set_double(i, special_value(rng));
    } else {
      tensor.set_double(i, rng.uniform(range.low, range.high));
    }
  }
  return tensor;
}

BuiltCase build_case(const OpCase& op_case, uint64_t seed) {
  BuiltCase built;
  built.graph.name = op_case.name;
  CaseBuilder b(built.graph);
  b.output("out", op_case.build(b));
  for (size_t i = 0; i < b.ranges.size(); ++i) {
    const TensorType& type = b.type(built.graph.inputs[i].node);
    built.inputs.push_back(random_tensor(type, b.ranges[i], seed * 1000 + i));
  }
  return built;
}

}  // namespace burin::test
