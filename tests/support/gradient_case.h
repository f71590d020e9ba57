// Gradients of whole graphs, checked against finite differences. The loss is always the sum of the
// graph's outputs, each element times a fixed random weight.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "tests/support/op_cases.h"

namespace burin::test {

// A case without NaN and infinities among its inputs.
BuiltCase build_tame_case(const OpCase& op_case);
BuiltCase build_tame_case(const std::string& name,
                          const std::function<graph::NodeId(CaseBuilder&)>& build);

bool has_float_input(const graph::Graph& graph);
bool has_float_output(const graph::Graph& graph);

// The graph whose outputs are the gradients of the loss with respect to the float inputs. Outputs
// that are not floats are converted.
Result<graph::Graph> gradient_graph(graph::Graph graph);

// The same graph, inputs, with every float as f64.
BuiltCase in_doubles(const BuiltCase& built);

struct GradientCheck {
  int checked = 0, skipped = 0;    // elements; skipped: a kink or a pole is too near
  std::vector<std::string> wrong;  // one line each
};

// Compares gradients with central differences, both in double precision, at up to `samples`
// elements of each input.
Result<GradientCheck> check_gradients(const BuiltCase& built, int samples);

}  // namespace burin::test
