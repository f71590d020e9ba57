// Evaluates and compares.
#include "tests/support/same_values.h"

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "graph/eval.h"
#include "graph/verify.h"

namespace burin::test {

namespace {

std::string compare(const Tensor& a, const Tensor& b, double tolerance) {
  if (a.type() != b.type()) return a.type().text() + " became " + b.type().text();
  double scale = 1e-30;
  for (int64_t i = 0; i < a.elements(); ++i) {
    if (std::isfinite(a.as_double(i))) scale = std::max(scale, std::abs(a.as_double(i)));
  }
  for (int64_t i = 0; i < a.elements(); ++i) {
    double x = a.as_double(i), y = b.as_double(i);
    bool same = x == y || (std::isnan(x) && std::isnan(y));
    if (is_float(a.dtype())) same = same || std::abs(x - y) <= tolerance * scale;
    if (!is_float(a.dtype())) same = a.as_int(i) == b.as_int(i);
    if (!same) {
      return "element " + std::to_string(i) + " was " + std::to_string(x) + ", became " +
             std::to_string(y);
    }
  }
  return "";
}

}  // namespace

std::vector<Tensor> random_inputs(const graph::Graph& graph, uint64_t seed) {
  Rng rng(seed);
  std::vector<Tensor> out;
  for (const graph::Port& port : graph.inputs) {
    Tensor t(graph.type(port.node));
    for (int64_t i = 0; i < t.elements(); ++i) {
      if (is_float(t.dtype())) {
        t.set_double(i, rng.below(10) == 0 ? 0.0 : rng.uniform(-2, 2));
      } else {
        t.set_int(i, rng.below(is_signed(t.dtype()) ? 9 : 5) - (is_signed(t.dtype()) ? 4 : 0));
      }
    }
    out.push_back(std::move(t));
  }
  return out;
}

std::string difference(const graph::Graph& before, const graph::Graph& after, uint64_t seed,
                       double tolerance) {
  if (auto wrong = graph::verify(before)) return "before: " + wrong->text();
  if (auto wrong = graph::verify(after)) return "after: " + wrong->text();
  if (before.outputs.size() != after.outputs.size()) return "another number of outputs";
  auto inputs = random_inputs(before, seed);
  auto a = graph::eval(before, inputs), b = graph::eval(after, inputs);
  if (!a || !b) return "cannot be evaluated: " + (a ? b : a).error().text();
  for (size_t i = 0; i < a->size(); ++i) {
    std::string text = compare((*a)[i], (*b)[i], tolerance);
    if (!text.empty()) return "output " + before.outputs[i].name + ": " + text;
  }
  return "";
}

}  // namespace burin::test
