// Walks forward; each value stays in the order it was computed in until somebody needs another.
#include "passes/move_transposes.h"

#include <map>

#include "passes/transpose_mover.h"

namespace burin::passes {

namespace {

using graph::AxisAttr;
using graph::DimsAttr;
using graph::Node;

constexpr int kMaxFreeDepth = 32;
constexpr int64_t kMuchSmaller = 4;  // a broadcast that repeats its operand so often is free

// Elements that the transposes of values move at run time.
int64_t moved_elements(const Graph& graph) {
  int64_t sum = 0;
  IdVector<NodeId, char> constant(graph.size(), 0);
  for (size_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph[NodeId(i)];
    bool known = node.op != Op::parameter;
    for (NodeId x : node.operands) known = known && constant[x];
    constant[NodeId(i)] = known;
    if (known || node.op != Op::transpose) continue;
    const Shape& from = graph.type(node.operands[0]).shape;
    if (!moves_only_units(std::get<DimsAttr>(node.attr).dims, from)) sum += from.elements();
  }
  return sum;
}

bool has_transpose(const Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(),
                     [](const Node& node) { return node.op == Op::transpose; });
}

Shape permuted_shape(const Shape& shape, const Dims& perm) {
  return Shape(permuted(shape.dims(), inverse(perm)));
}

bool treats_axes_alike(Op op) { return graph::is_elementwise(op) || op == Op::convert; }

// Values that lead to outputs alone, by ops that treat axes alike.
IdVector<NodeId, char> find_ending(const Graph& graph) {
  IdVector<NodeId, char> ending(graph.size(), 0), leaves(graph.size(), 0);
  for (const graph::Port& port : graph.outputs) ending[port.node] = 1;
  for (size_t i = graph.size(); i-- > 0;) {
    NodeId id(i);
    if (leaves[id]) ending[id] = 0;
    bool alike = treats_axes_alike(graph[id].op);
    for (NodeId x : graph[id].operands) {
      (alike && ending[id] ? ending : leaves)[x] = 1;
    }
  }
  return ending;
}

// Whether some of them are made from inputs, which lie in their own order: new weights and averages
// from old ones and a gradient that lies in another. Then only the gradient should move.
bool updates_inputs(const Graph& graph, const IdVector<NodeId, char>& ending) {
  for (size_t i = 0; i < graph.size(); ++i) {
    if (!ending[NodeId(i)] || !treats_axes_alike(graph[NodeId(i)].op)) continue;
    for (NodeId x : graph[NodeId(i)].operands) {
      if (graph[x].op == Op::parameter && graph.type(x).shape.rank() > 1) return true;
    }
  }
  return false;
}

}  // namespace

bool TransposeMover::is_free(NodeId old) const {
  const Node& node = old_[old];
  bool all_free = true;
  for (NodeId x : node.operands) {
    if (values_[x].depth >= kMaxFreeDepth) return false;
    all_free = all_free && values_[x].free;
  }
  switch (node.op) {
    case Op::constant:
    case Op::iota: return true;
    case Op::broadcast:
      return all_free || shape(node.operands[0]).elements() <= shape(old).elements() / kMuchSmaller;
    case Op::convert:
    case Op::transpose: return all_free;
    default: return all_free && graph::is_elementwise(node.op);
  }
}

NodeId TransposeMover::transposed(NodeId base, const Dims& perm) {
  if (is_identity(perm)) return base;
  const Shape from = rw_.to().type(base).shape;
  if (moves_only_units(perm, from)) {
    return builder().reshape(base, Shape(permuted(from.dims(), perm)));
  }
  return builder().transpose(base, perm);
}

Ordered TransposeMover::at_hand(NodeId old) {
  if (!values_[old].free) return values_[old].value;
  return {in_order(old), identity_dims(shape(old).rank())};
}

NodeId TransposeMover::demand(NodeId old, const Dims& perm) {
  State& state = values_[old];
  if (!state.free && state.value.perm == perm) return state.value.base;
  for (const Ordered& copy : state.copies) {
    if (copy.perm == perm) return copy.base;
  }
  NodeId made = state.free
                    ? make_free(old, perm)
                    : transposed(state.value.base, permuted(state.value.perm, inverse(perm)));
  values_[old].copies.push_back({made, perm});
  return made;
}

NodeId TransposeMover::make_free(NodeId old, const Dims& perm) {
  const Node& node = old_[old];
  rw_.use_source_of(old);
  TensorType type{node.type.dtype, permuted_shape(node.type.shape, perm)};
  switch (node.op) {
    case Op::constant: {
      NodeId copy = is_identity(perm) ? rw_.copy(old) : in_order(old);
      return transposed(copy, inverse(perm));
    }
    case Op::iota: return builder().iota(type, perm[to_index(old_.attr<AxisAttr>(old).axis)]);
    case Op::transpose: {  // axis dims[i] of the operand is axis i of the value
      Dims of_operand = permuted(perm, inverse(old_.attr<DimsAttr>(old).dims));
      return demand(node.operands[0], of_operand);
    }
    case Op::broadcast: {
      Ordered x = at_hand(node.operands[0]);
      const Dims& dims = old_.attr<DimsAttr>(old).dims;
      Dims to(dims.size());
      for (size_t i = 0; i < dims.size(); ++i) to[to_index(x.perm[i])] = perm[to_index(dims[i])];
      return builder().broadcast(x.base, type.shape, to);
    }
    default: break;
  }
  std::vector<NodeId> operands;
  for (NodeId x : node.operands) operands.push_back(demand(x, perm));
  rw_.use_source_of(old);
  return builder().add(node.op, std::move(operands), node.attr, type);
}

// The order that most elements of the operands are in; of equally many, one that is not the
// identity, so that channels-last spreads.
Dims TransposeMover::elect(const Node& node) {
  std::map<Dims, int64_t> votes;
  for (NodeId x : node.operands) {
    if (!values_[x].free) votes[values_[x].value.perm] += shape(x).elements();
  }
  Dims best = identity_dims(node.type.shape.rank());
  int64_t most = 0;
  for (const auto& [perm, weight] : votes) {
    if (weight > most || (weight == most && is_identity(best))) best = perm, most = weight;
  }
  return best;
}

Ordered TransposeMover::same_axes(NodeId old) {
  const Node& node = old_[old];
  bool ends = ending_.size() > 0 && ending_[old];
  Dims perm = ends ? identity_dims(node.type.shape.rank()) : elect(node);
  std::vector<NodeId> operands;
  for (NodeId x : node.operands) operands.push_back(demand(x, perm));
  graph::Attr attr = node.attr;
  if (auto* axis = std::get_if<AxisAttr>(&attr)) axis->axis = perm[to_index(axis->axis)];
  TensorType type{node.type.dtype, permuted_shape(node.type.shape, perm)};
  rw_.use_source_of(old);
  return {builder().add(node.op, std::move(operands), std::move(attr), type), perm};
}

Ordered TransposeMover::axis_by_axis(NodeId old) {
  const Node& node = old_[old];
  Ordered x = at_hand(node.operands[0]);
  graph::Attr attr = node.attr;
  Dims back = inverse(x.perm);
  // Fields with one entry per axis follow their axis; lists of axes and single axes are renamed.
  auto follow = [&](std::string_view, auto& field) {
    if constexpr (std::is_same_v<decltype(field), Dims&>) field = permuted(field, back);
  };
  if (auto* axes = std::get_if<DimsAttr>(&attr)) {
    for (int64_t& axis : axes->dims) axis = x.perm[to_index(axis)];
    std::sort(axes->dims.begin(), axes->dims.end());
  } else if (auto* sort = std::get_if<graph::SortAttr>(&attr)) {
    sort->axis = x.perm[to_index(sort->axis)];
  } else {
    std::visit([&](auto& a) { a.each(follow); }, attr);
  }
  std::vector<NodeId> operands = {x.base};
  for (size_t i = 1; i < node.operands.size(); ++i) operands.push_back(in_order(node.operands[i]));
  rw_.use_source_of(old);
  return {builder().add(node.op, std::move(operands), std::move(attr)), x.perm};
}

Ordered TransposeMover::fixed_order(NodeId old) {
  const Node& node = old_[old];
  std::vector<NodeId> operands;
  for (NodeId x : node.operands) operands.push_back(in_order(x));
  rw_.use_source_of(old);
  NodeId made = builder().add(node.op, std::move(operands), node.attr, node.type);
  return {made, identity_dims(node.type.shape.rank())};
}

Ordered TransposeMover::transpose(NodeId old) {
  Ordered x = at_hand(old_[old].operands[0]);
  return {x.base, permuted(x.perm, old_.attr<DimsAttr>(old).dims)};
}

Ordered TransposeMover::visit(NodeId old) {
  Op op = old_[old].op;
  if (graph::is_elementwise(op)) return same_axes(old);
  switch (op) {
    case Op::convert:
    case Op::concatenate: return same_axes(old);
    case Op::slice:
    case Op::pad:
    case Op::reduce_window:
    case Op::reverse:
    case Op::argsort: return axis_by_axis(old);
    case Op::transpose: return transpose(old);
    case Op::reduce: return reduce(old);
    case Op::reshape: return reshape(old);
    case Op::broadcast: return broadcast(old);
    case Op::gather: return gather(old);
    case Op::dot_general: return dot_general(old);
    default: return fixed_order(old);
  }
}

Graph TransposeMover::run() {
  for (const graph::Port& port : old_.inputs) {
    values_[port.node].value = {rw_[port.node], identity_dims(shape(port.node).rank())};
  }
  IdVector<NodeId, char> is_output(old_.size(), 0);
  for (const graph::Port& port : old_.outputs) is_output[port.node] = 1;
  for (NodeId old : rw_.live()) {
    State& state = values_[old];
    state.free = is_free(old);
    if (!state.free) {
      state.value = visit(old);
      if (is_output[old]) in_order(old);  // now, so that its other order need not stay in memory
      continue;
    }
    for (NodeId x : old_[old].operands) state.depth = std::max(state.depth, values_[x].depth + 1);
  }
  for (const graph::Port& port : old_.outputs) rw_.map(port.node, in_order(port.node));
  return rw_.finish();
}

Graph move_transposes(const Graph& graph) {
  if (!has_transpose(graph)) return graph;
  Graph moved = TransposeMover(graph).run();
  IdVector<NodeId, char> ending = find_ending(graph);
  if (updates_inputs(graph, ending)) {
    Graph other = TransposeMover(graph, std::move(ending)).run();
    if (moved_elements(other) < moved_elements(moved)) moved = std::move(other);
  }
  return moved_elements(moved) <= moved_elements(graph) ? moved : graph;
}

}  // namespace burin::passes
