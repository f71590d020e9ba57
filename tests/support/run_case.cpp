// The registry of executions and the comparison; the execution through the passes.
#include "tests/support/run_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "graph/constant.h"
#include "graph/eval.h"
#include "passes/run.h"

namespace burin::test {

namespace {

std::vector<Execution>& registry() {
  static std::vector<Execution> all;
  return all;
}

// The optimised graph through the oracle: the passes keep the meaning.
Result<std::vector<Tensor>> run_optimised(const graph::Graph& graph,
                                          std::span<const Tensor> inputs) {
  auto optimised = passes::run_passes(graph, {.verify = true});
  if (!optimised) return std::unexpected(optimised.error());
  return graph::eval(optimised->graph, inputs);
}

const RegisterExecution register_optimised({.name = "optimised", .run = run_optimised});

// Node by node, each result rounded to its dtype, as a machine does that fuses nothing: shows that
// the tolerances and the random graphs leave room for rounding.
Result<std::vector<Tensor>> run_rounded(const graph::Graph& graph, std::span<const Tensor> inputs) {
  graph::Graph closed = graph;
  for (size_t i = 0; i < inputs.size(); ++i) {
    graph::Node& node = closed.nodes[closed.inputs[i].node];
    node.op = graph::Op::constant;
    node.attr = graph::ConstantAttr{inputs[i]};
  }
  graph::ConstantEvaluator rounded(closed, kMaxElements);
  std::vector<Tensor> outputs;
  for (const graph::Port& port : closed.outputs) outputs.push_back(*rounded.value(port.node));
  return outputs;
}

const RegisterExecution register_rounded({.name = "rounded", .run = run_rounded});

// `scale`: the size of values whose rounding errors may have added up in this one.
bool within(double got, double want, double tolerance, double scale) {
  if (std::isnan(want)) return std::isnan(got);
  if (std::isinf(want) || std::isinf(got)) return got == want;
  return std::abs(got - want) <= tolerance * (std::abs(want) + scale);
}

// Winograd's errors are those of the largest values, not of the one at hand.
double share_of_largest(const graph::Graph& graph) {
  bool convolves = std::ranges::any_of(
      graph.nodes, [](const graph::Node& n) { return n.op == graph::Op::convolution; });
  return convolves ? 1 : 0.1;
}

}  // namespace

RegisterExecution::RegisterExecution(Execution execution) {
  registry().push_back(std::move(execution));
}

std::vector<Execution> executions() {
  std::vector<Execution> all = registry();
  std::ranges::sort(all, {}, &Execution::name);
  return all;
}

double tolerance_of(DType dtype) {
  switch (dtype) {
    case DType::f64: return 1e-9;
    case DType::f32: return 1e-5;
    case DType::f16: return 4e-3;
    case DType::bf16: return 3e-2;
    default: return 0;
  }
}

std::optional<std::string> difference(const Tensor& got, const Tensor& want,
                                      double share_of_largest) {
  if (got.type() != want.type()) {
    return fmt::format("got {}, want {}", got.type().text(), want.type().text());
  }
  bool floating = is_float(want.dtype());
  double tolerance = tolerance_of(want.dtype()), scale = 0;
  for (int64_t i = 0; floating && i < want.elements(); ++i) {
    double value = std::abs(want.as_double(i));
    if (std::isfinite(value)) scale = std::max(scale, value);
  }
  for (int64_t i = 0; i < want.elements(); ++i) {
    bool same =
        floating ? within(got.as_double(i), want.as_double(i), tolerance, share_of_largest * scale)
                 : got.as_int(i) == want.as_int(i);
    if (same) continue;
    if (!floating) return fmt::format("[{}]: got {}, want {}", i, got.as_int(i), want.as_int(i));
    return fmt::format("[{}]: got {:.9g}, want {:.9g}", i, got.as_double(i), want.as_double(i));
  }
  return std::nullopt;
}

std::optional<std::string> difference_to_oracle(const graph::Graph& graph,
                                                std::span<const Tensor> inputs,
                                                std::span<const Tensor> got) {
  auto want = graph::eval(graph, inputs);
  if (!want) return want.error().text();
  if (want->size() != got.size()) return "got another number of outputs";
  for (size_t i = 0; i < got.size(); ++i) {
    auto text = difference(got[i], (*want)[i], share_of_largest(graph));
    if (text) return graph.outputs[i].name + text.value();
  }
  return std::nullopt;
}

}  // namespace burin::test
