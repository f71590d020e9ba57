// Builds the loss, differentiates it, and compares with central differences.
#include "tests/support/gradient_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "autodiff/differentiate.h"
#include "base/rng.h"
#include "graph/eval.h"
#include "graph/in_doubles.h"
#include "graph/rewrite.h"

namespace burin::test {

namespace {

using graph::Graph;
using graph::NodeId;

constexpr double kStep = 1e-5;

Tensor loss_weights(const TensorType& type, size_t output) {
  return random_tensor(type, {-1, 1}, 77 + output);
}

}  // namespace

BuiltCase build_tame_case(const std::string& name,
                          const std::function<NodeId(CaseBuilder&)>& build) {
  BuiltCase built;
  built.graph.name = name;
  CaseBuilder b(built.graph);
  b.output("out", build(b));
  for (size_t i = 0; i < b.ranges.size(); ++i) {
    InputRange range = b.ranges[i];
    range.special = false;
    built.inputs.push_back(random_tensor(b.type(built.graph.inputs[i].node), range, 1000 + i));
  }
  return built;
}

BuiltCase build_tame_case(const OpCase& op_case) {
  return build_tame_case(op_case.name, op_case.build);
}

bool has_float_input(const Graph& graph) {
  return std::ranges::any_of(
      graph.inputs, [&](const graph::Port& port) { return is_float(graph.type(port.node).dtype); });
}

bool has_float_output(const Graph& graph) {
  return is_float(graph.type(graph.outputs[0].node).dtype);
}

Result<Graph> gradient_graph(Graph graph) {
  graph::Builder b(graph);
  DType dtype = DType::f32;
  for (const graph::Port& port : graph.inputs) {
    if (b.dtype(port.node) == DType::f64) dtype = DType::f64;
  }
  NodeId loss = b.scalar(dtype, 0);
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    NodeId out = b.convert(graph.outputs[i].node, dtype);
    NodeId terms = b.mul(out, b.constant(loss_weights(b.type(out), i)));
    Dims axes(b.shape(out).rank());
    std::iota(axes.begin(), axes.end(), 0);
    loss = b.add(loss, b.reduce(terms, graph::ReduceKind::sum, axes));
  }
  std::vector<NodeId> wrt;
  std::vector<std::string> names;
  for (const graph::Port& port : graph.inputs) {
    if (!is_float(b.dtype(port.node))) continue;
    wrt.push_back(port.node);
    names.push_back("d_" + port.name);
  }
  BURIN_ASSIGN(auto gradients, autodiff::differentiate(graph, loss, wrt));
  graph.outputs.clear();
  for (size_t i = 0; i < wrt.size(); ++i) b.output(names[i], gradients[i]);
  graph::drop_dead_nodes(graph);
  return graph;
}

BuiltCase in_doubles(const BuiltCase& built) {
  BuiltCase wide = built;
  graph::in_doubles(wide.graph);
  for (Tensor& input : wide.inputs) input = graph::in_doubles(input);
  return wide;
}

namespace {

// The loss as a function of one element of one input, as its difference from the loss where the
// element is as given.
class Differences {
 public:
  static Result<Differences> make(const BuiltCase& built) {
    BURIN_ASSIGN(auto at, graph::eval(built.graph, built.inputs));
    return Differences(built, std::move(at));
  }

  double at(size_t input, int64_t element, double step) const {
    std::vector<Tensor> inputs = built_.inputs;
    Tensor moved = Tensor::from_doubles(inputs[input].type(), inputs[input].to_doubles());
    moved.set_double(element, moved.as_double(element) + step);
    inputs[input] = moved;
    auto outputs = graph::eval(built_.graph, inputs);
    double sum = 0;
    for (size_t i = 0; i < outputs->size(); ++i) {
      std::vector<double> to = (*outputs)[i].to_doubles();
      for (size_t n = 0; n < to.size(); ++n) {
        // An infinity that stays, as of a maximum over padding alone, is no change.
        if (to[n] != from_[i][n]) sum += weights_[i][n] * (to[n] - from_[i][n]);
      }
    }
    return sum;
  }

 private:
  Differences(const BuiltCase& built, std::vector<Tensor> at) : built_(built) {
    for (size_t i = 0; i < at.size(); ++i) {
      from_.push_back(at[i].to_doubles());
      weights_.push_back(loss_weights({DType::f64, at[i].shape()}, i).to_doubles());
    }
  }

  const BuiltCase& built_;
  std::vector<std::vector<double>> from_, weights_;  // per output
};

// All elements where there are few, else some drawn from a fixed seed.
std::vector<int64_t> sampled(int64_t elements, int samples, uint64_t seed) {
  std::vector<int64_t> out;
  Rng rng(seed);
  for (int64_t i = 0; i < std::min<int64_t>(elements, samples); ++i) {
    out.push_back(elements <= samples ? i : rng.below(elements));
  }
  return out;
}

void check_input(const Differences& loss, size_t input, const Tensor& gradient, int samples,
                 GradientCheck& check) {
  double scale = 0;
  for (double g : gradient.to_doubles())
    scale = std::max(scale, std::isfinite(g) ? std::abs(g) : 0);
  for (int64_t element : sampled(gradient.elements(), samples, 5 + input)) {
    double up = loss.at(input, element, kStep), down = loss.at(input, element, -kStep);
    // Where the loss has a kink within the step, it bends by much more than a smooth one does.
    if (!(std::abs(up + down) <= 1e-3 * std::max(std::abs(up), std::abs(down)) + 1e-12)) {
      ++check.skipped;
      continue;
    }
    ++check.checked;
    double want = (up - down) / (2 * kStep), got = gradient.as_double(element);
    if (std::abs(got - want) <= 1e-6 * (std::abs(want) + scale) + 1e-9) continue;
    check.wrong.push_back(fmt::format("input {} [{}]: got {:.9g}, differences say {:.9g}", input,
                                      element, got, want));
  }
}

}  // namespace

Result<GradientCheck> check_gradients(const BuiltCase& built, int samples) {
  BuiltCase wide = in_doubles(built);
  BURIN_ASSIGN(Graph graph, gradient_graph(wide.graph));
  BURIN_ASSIGN(auto gradients, graph::eval(graph, wide.inputs));
  BURIN_ASSIGN(auto loss, Differences::make(wide));
  GradientCheck check;
  size_t next = 0;
  for (size_t i = 0; i < wide.inputs.size(); ++i) {
    if (!is_float(wide.inputs[i].dtype())) continue;
    check_input(loss, i, gradients[next++], samples, check);
  }
  return check;
}

}  // namespace burin::test
