// The oracle first (keeping what kernels complete), then the program, one step at a time.
#include "driver/trace.h"

#include <unordered_map>

#include "base/check.h"
#include "driver/run_program.h"
#include "graph/eval.h"

namespace burin::driver {

namespace {

using Wanted = std::unordered_map<uint32_t, graph::Array>;

Result<Wanted> evaluate(const Compiled& compiled, std::span<const Tensor> inputs) {
  Wanted wanted;
  for (const runtime::Step& step : compiled.program.steps) {
    for (const runtime::StepResult& result : step.results) wanted[result.node];
  }
  graph::EvalOptions options;
  options.visit = [&](graph::NodeId id, const graph::Array& value) {
    if (auto it = wanted.find(id.index); it != wanted.end()) it->second = value;
  };
  BURIN_TRY(graph::eval(compiled.intermediates->graph, inputs, options));
  return wanted;
}

TracedValue describe_step(const graph::Graph& graph, const runtime::Step& step, uint32_t node) {
  const graph::Node& n = graph[graph::NodeId(node)];
  TracedValue value;
  value.layer = n.source.valid() ? graph.sources[n.source].name : step.name;
  value.op = name_of(n.op);
  value.algorithm = step.algorithm;
  value.type = n.type;
  return value;
}

}  // namespace

Result<std::vector<TracedValue>> trace(const Compiled& compiled, std::span<const Tensor> inputs,
                                       int threads) {
  BURIN_CHECK(compiled.intermediates != nullptr, "tracing needs the kept graph");
  const graph::Graph& graph = compiled.intermediates->graph;
  BURIN_ASSIGN(Wanted wanted, evaluate(compiled, inputs));

  std::vector<TracedValue> values;
  BURIN_TRY(run_program(compiled, inputs, threads,
                        [&](size_t index, graph::NodeId node, const Tensor& got) {
                          const runtime::Step& step = compiled.program.steps[index];
                          TracedValue value = describe_step(graph, step, node.index);
                          value.difference = compare(got, wanted[node.index]);
                          values.push_back(std::move(value));
                        }));
  return values;
}

}  // namespace burin::driver
