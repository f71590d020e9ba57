// Memoised evaluation with the oracle's rules, on an explicit stack: files decide how deep it goes.
#include "onnx/known_values.h"

#include <algorithm>
#include <set>

#include "base/checked.h"
#include "graph/op_def.h"
#include "onnx/wire.h"

namespace burin::onnx {

using graph::NodeId;
using graph::Op;

KnownValues::KnownValues(const graph::Graph& graph,
                         const std::map<std::string, Tensor, std::less<>>* inputs,
                         int64_t max_memory)
    : graph_(graph),
      inputs_(inputs),
      bytes_left_(max_memory > 0 ? std::min(max_memory, kMaxBytes) : kMaxBytes) {}

const Tensor* KnownValues::find(NodeId id) {
  if (graph_.is_constant(id)) return &graph_.constant(id);
  entries_.resize(graph_.size());
  std::vector<NodeId> stack{id};
  while (!stack.empty()) {
    NodeId top = stack.back();
    if (auto first = settle(top)) {
      stack.push_back(*first);
    } else {
      stack.pop_back();
    }
  }
  const Entry& entry = entries_[id.index];
  return entry.kind == Entry::Kind::known ? &entry.value : nullptr;
}

std::optional<NodeId> KnownValues::settle(NodeId id) {
  Entry& entry = entries_[id.index];
  if (entry.kind != Entry::Kind::unseen) return std::nullopt;
  auto refuse = [&](NodeId obstacle) {
    entry.kind = Entry::Kind::unknown;
    entry.obstacle = obstacle;
    return std::nullopt;
  };
  const graph::Node& node = graph_[id];
  if (node.op == Op::constant) {
    entry.kind = Entry::Kind::known;
    entry.value = graph_.constant(id);
    return std::nullopt;
  }
  if (node.op == Op::parameter) {
    settle_parameter(id);
    return std::nullopt;
  }
  if (!within_limits(id)) return refuse(id);
  for (NodeId operand : node.operands) {
    const Entry& known = entries_[operand.index];
    if (known.kind == Entry::Kind::unseen) return operand;
    if (known.kind == Entry::Kind::unknown) return refuse(known.obstacle);
  }
  if (node.type.bytes() > bytes_left_) return refuse(id);
  bytes_left_ -= node.type.bytes();
  entry.value = evaluate(id);
  entry.kind = Entry::Kind::known;
  return std::nullopt;
}

void KnownValues::settle_parameter(NodeId id) {
  Entry& entry = entries_[id.index];
  entry.kind = Entry::Kind::unknown;
  entry.obstacle = id;
  if (!inputs_) return;
  auto index = static_cast<size_t>(graph_.attr<graph::ParameterAttr>(id).index);
  auto value = inputs_->find(graph_.inputs[index].name);
  if (value == inputs_->end()) return;
  entry.kind = Entry::Kind::known;
  entry.value = value->second;
}

bool KnownValues::within_limits(NodeId id) const {
  const graph::Node& node = graph_[id];
  if (!graph::op_def(node.op).eval) return false;
  if (node.type.shape.elements() > kMaxElements) return false;
  int64_t work = node.type.shape.elements();
  for (NodeId operand : node.operands) {
    int64_t n = graph_.type(operand).shape.elements();
    if (n > kMaxElements) return false;
    work = checked_mul(work, n).value_or(kMaxElements * kMaxElements);
  }
  bool contracts = node.op == Op::dot_general || node.op == Op::convolution;
  return !contracts || work <= kMaxElements;
}

Tensor KnownValues::evaluate(NodeId id) const {
  const graph::Node& node = graph_[id];
  std::vector<graph::Array> operands;
  operands.reserve(node.operands.size());
  for (NodeId operand : node.operands) {
    operands.push_back(graph::to_array(entries_[operand.index].value));
  }
  std::vector<const graph::Array*> pointers;
  for (const graph::Array& array : operands) pointers.push_back(&array);
  return to_tensor(graph::op_def(node.op).eval({node, pointers}));
}

std::string KnownValues::obstacle(NodeId id) const {
  NodeId at = entries_[id.index].obstacle;
  if (graph_[at].op == Op::parameter) {
    auto index = static_cast<size_t>(graph_.attr<graph::ParameterAttr>(at).index);
    return "it is computed from the graph input " + quote_name(graph_.inputs[index].name);
  }
  return "it takes a " + std::string(name_of(graph_[at].op)) + " of " + graph_.type(at).text() +
         ", too large to evaluate here";
}

std::vector<std::string> KnownValues::inputs_of(NodeId id) const {
  std::set<uint32_t> seen{id.index};
  std::set<int64_t> positions;
  std::vector<NodeId> stack{id};
  while (!stack.empty()) {
    NodeId at = stack.back();
    stack.pop_back();
    if (graph_[at].op == Op::parameter) {
      positions.insert(graph_.attr<graph::ParameterAttr>(at).index);
    }
    for (NodeId operand : graph_[at].operands) {
      if (seen.insert(operand.index).second) stack.push_back(operand);
    }
  }
  std::vector<std::string> names;
  for (int64_t p : positions) names.push_back(graph_.inputs[static_cast<size_t>(p)].name);
  return names;
}

}  // namespace burin::onnx
