// Greedy: each cut that keeps the failure stays.
#include "tests/support/shrink_graph.h"

#include "graph/eval.h"

namespace burin::test {

using graph::Node;
using graph::NodeId;
using graph::Op;

namespace {

// A copy of what `outputs` need, in which the nodes that have a value in `cuts` are inputs.
BuiltCase rebuilt(const BuiltCase& from, const std::vector<graph::Port>& outputs,
                  const std::vector<Tensor>& cuts) {
  const graph::Graph& old = from.graph;
  std::vector<bool> needed(old.size(), false);
  for (const graph::Port& port : outputs) needed[port.node.index] = true;
  for (size_t n = old.size(); n-- > 0;) {
    if (!needed[n] || cuts[n].valid()) continue;
    for (NodeId operand : old[NodeId(n)].operands) needed[operand.index] = true;
  }
  BuiltCase out;
  out.graph.name = old.name;
  out.graph.sources = old.sources;
  graph::Builder b(out.graph);
  std::vector<NodeId> moved(old.size());
  for (size_t n = 0; n < old.size(); ++n) {
    if (!needed[n]) continue;
    const Node& node = old[NodeId(n)];
    bool was_input = node.op == Op::parameter;
    if (cuts[n].valid() || was_input) {
      auto index =
          was_input ? static_cast<size_t>(old.attr<graph::ParameterAttr>(NodeId(n)).index) : 0;
      out.inputs.push_back(was_input ? from.inputs[index] : cuts[n]);
      moved[n] = b.input("in" + std::to_string(out.inputs.size() - 1), node.type);
      continue;
    }
    std::vector<NodeId> operands;
    for (NodeId operand : node.operands) operands.push_back(moved[operand.index]);
    moved[n] = b.add(node.op, std::move(operands), node.attr, node.type);
  }
  for (const graph::Port& port : outputs) b.output(port.name, moved[port.node.index]);
  return out;
}

std::vector<Tensor> values_of(const BuiltCase& built) {
  std::vector<Tensor> values(built.graph.size());
  auto keep = [&](NodeId id, const graph::Array& array) {
    values[id.index] = graph::to_tensor(array);
  };
  (void)graph::eval(built.graph, built.inputs, {.visit = keep});
  return values;
}

bool worth_cutting(const Node& node) {
  return node.op != Op::parameter && node.op != Op::constant && node.op != Op::iota;
}

}  // namespace

Shrunk shrink(const BuiltCase& failing, std::string first, const Complaint& complain) {
  std::vector<Tensor> values = values_of(failing), cuts(failing.graph.size());
  std::vector<graph::Port> outputs = failing.graph.outputs;
  std::string last = std::move(first);
  auto still_fails = [&](const std::vector<graph::Port>& kept) {
    std::optional<std::string> found = complain(rebuilt(failing, kept, cuts));
    if (found) last = *std::move(found);
    return found.has_value();
  };
  for (const graph::Port& port : failing.graph.outputs) {
    if (!still_fails({port})) continue;
    outputs = {port};
    break;
  }
  for (size_t n = failing.graph.size(); n-- > 0;) {
    if (!worth_cutting(failing.graph[NodeId(n)]) || !values[n].valid()) continue;
    cuts[n] = values[n];
    if (!still_fails(outputs)) cuts[n] = {};
  }
  return {rebuilt(failing, outputs, cuts), std::move(last)};
}

}  // namespace burin::test
