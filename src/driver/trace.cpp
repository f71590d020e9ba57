// The oracle first (keeping what kernels complete), then the program, one step at a time.
#include "driver/trace.h"

#include <cstring>
#include <unordered_map>

#include "base/check.h"
#include "graph/eval.h"
#include "runtime/session.h"

namespace burin::driver {

namespace {

using Wanted = std::unordered_map<uint32_t, graph::Array>;

Result<Wanted> evaluate(const Compiled& compiled, std::span<const Tensor> inputs) {
  Wanted wanted;
  for (const runtime::Step& step : compiled.program.steps) {
    for (auto [node, buffer] : step.results) wanted[node];
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

  auto program = std::make_shared<runtime::Program>(compiled.program);
  BURIN_ASSIGN(auto session, runtime::Session::create(program, threads));
  std::vector<const void*> in;
  std::vector<Tensor> outputs;
  std::vector<void*> out;
  for (const Tensor& t : inputs) in.push_back(t.data());
  for (const auto& port : program->outputs) outputs.emplace_back(port.type);
  for (Tensor& t : outputs) out.push_back(t.mutable_data());

  std::vector<TracedValue> values;
  session->run_stepwise(in, out, [&](size_t index) {
    const runtime::Step& step = program->steps[index];
    for (auto [node, buffer] : step.results) {
      TracedValue value = describe_step(graph, step, node);
      Tensor got(value.type);
      std::memcpy(got.mutable_data(), session->buffer(index, static_cast<size_t>(buffer)),
                  static_cast<size_t>(value.type.bytes()));
      value.difference = compare(got, wanted[node]);
      values.push_back(std::move(value));
    }
  });
  return values;
}

}  // namespace burin::driver
