// Walks down through views to a small constant.
#include "passes/uniform.h"

#include <cmath>

namespace burin::passes {

namespace {

constexpr int64_t kMostCompared = 64;

// The value of a small constant whose elements have the same bytes.
std::optional<double> uniform_constant(const Tensor& value) {
  if (value.elements() < 1 || value.elements() > kMostCompared) return std::nullopt;
  auto bytes = value.bytes();
  auto size = static_cast<size_t>(size_of(value.dtype()));
  if (std::memcmp(bytes.data(), bytes.data() + size, bytes.size() - size) != 0) return std::nullopt;
  if (is_float(value.dtype())) return value.as_double(0);
  constexpr int64_t kExact = int64_t{1} << 53;
  int64_t i = value.as_int(0);
  if (i > kExact || i < -kExact) return std::nullopt;
  return static_cast<double>(i);
}

}  // namespace

std::optional<double> uniform_value(const graph::Graph& graph, graph::NodeId id) {
  for (;;) {
    switch (graph[id].op) {
      case graph::Op::broadcast:
      case graph::Op::reshape:
      case graph::Op::transpose: id = graph[id].operands[0]; break;
      case graph::Op::constant: return uniform_constant(graph.constant(id));
      default: return std::nullopt;
    }
  }
}

bool is_non_negative(const graph::Graph& graph, graph::NodeId id) {
  using graph::Op;
  const graph::Node& node = graph[id];
  auto at_least_zero = [&](graph::NodeId bound) {
    auto value = uniform_value(graph, bound);
    return value && *value >= 0;
  };
  switch (node.op) {
    case Op::abs: return is_float(node.type.dtype);
    case Op::exp:
    case Op::logistic:
    case Op::sqrt: return true;
    case Op::max: return at_least_zero(node.operands[0]) || at_least_zero(node.operands[1]);
    case Op::clamp: return at_least_zero(node.operands[0]) && at_least_zero(node.operands[2]);
    default: return false;
  }
}

}  // namespace burin::passes
