// Grows a graph step by step; compares with allowance for rounding.
#include "tests/support/random_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "graph/eval.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_case.h"

namespace burin::test {

using graph::NodeId;

namespace {

void grow(GraphMaker& maker) {
  int64_t kind = maker.between(0, 9);
  auto steps = kind < 4 ? elementwise_steps() : kind < 7 ? movement_steps() : dense_steps();
  try {
    steps[static_cast<size_t>(maker.rng.below(static_cast<int64_t>(steps.size())))](maker);
  } catch (const graph::BuildError&) {
    // A window that does not fit its operand: the step leaves nothing behind but unused nodes.
  }
}

}  // namespace

BuiltCase random_graph(uint64_t seed, const RandomGraphOptions& options) {
  BuiltCase built;
  built.graph.name = "random_" + std::to_string(seed);
  GraphMaker maker(built.graph, seed, options.max_elements);
  maker.fresh({DType::f32, Shape(maker.dims(2, 4))});
  for (int step = 0; step < options.steps; ++step) grow(maker);
  for (NodeId id : maker.loose_ends()) {
    maker.b.output("out" + std::to_string(built.graph.outputs.size()), id);
  }
  for (size_t i = 0; i < maker.b.ranges.size(); ++i) {
    const TensorType& type = built.graph.type(built.graph.inputs[i].node);
    built.inputs.push_back(random_tensor(type, maker.b.ranges[i], seed * 1000 + i));
  }
  return built;
}

namespace {

// How far rounding may lead at a node: the largest float and the coarsest tolerance on the way.
struct Reach {
  double scale = 0, tolerance = 0;

  void include(const Reach& other) {
    scale = std::max(scale, other.scale);
    tolerance = std::max(tolerance, other.tolerance);
  }
};

Reach reach_of(const graph::Graph& graph, NodeId id, const graph::Array& value,
               const IdVector<NodeId, Reach>& reaches) {
  Reach reach;
  reach.tolerance = tolerance_of(value.type.dtype);
  for (double v : value.f) {
    if (std::isfinite(v)) reach.scale = std::max(reach.scale, std::abs(v));
  }
  for (NodeId operand : graph[id].operands) reach.include(reaches[operand]);
  return reach;
}

std::optional<std::string> difference_within(const Tensor& got, const Tensor& want,
                                             const Reach& reach) {
  if (got.type() != want.type()) return "got " + got.type().text();
  if (!is_float(want.dtype())) return difference(got, want);
  for (int64_t i = 0; i < want.elements(); ++i) {
    double g = got.as_double(i), w = want.as_double(i);
    bool same = std::isfinite(w) ? std::abs(g - w) <= reach.tolerance * (std::abs(w) + reach.scale)
                : std::isnan(w)  ? std::isnan(g)
                                 : g == w;
    if (same) continue;
    return fmt::format("[{}]: got {:.9g}, want {:.9g}, allowed {:.2g}", i, g, w,
                       reach.tolerance * (std::abs(w) + reach.scale));
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> random_difference(const BuiltCase& built, std::span<const Tensor> got) {
  const graph::Graph& graph = built.graph;
  IdVector<NodeId, Reach> reaches(graph.size());
  auto visit = [&](NodeId id, const graph::Array& value) {
    reaches[id] = reach_of(graph, id, value, reaches);
  };
  auto want = graph::eval(graph, built.inputs, {.visit = visit});
  if (!want) return want.error().text();
  if (want->size() != got.size()) return "got another number of outputs";
  for (size_t i = 0; i < got.size(); ++i) {
    const graph::Port& port = graph.outputs[i];
    if (auto text = difference_within(got[i], (*want)[i], reaches[port.node])) {
      return port.name + *text;
    }
  }
  return std::nullopt;
}

}  // namespace burin::test
