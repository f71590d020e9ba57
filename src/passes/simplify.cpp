// Walks the graph forward; each node is rewritten as it is made, so one walk is enough.
#include "passes/simplify.h"

#include <array>

#include "passes/simplify_rules.h"

namespace burin::passes {

namespace {

// The rules of each op, in the order of the tables.
using RuleIndex = std::array<std::vector<const Rule*>, graph::kOpCount>;

RuleIndex make_index() {
  RuleIndex index;
  for (auto rules : {arithmetic_rules(), movement_rules(), reduction_rules(), window_rules()}) {
    for (const Rule& rule : rules) {
      for (size_t op = 0; op < graph::kOpCount; ++op) {
        bool any = graph::is_elementwise(static_cast<Op>(op)) || static_cast<Op>(op) == Op::convert;
        if (rule.op ? static_cast<size_t>(*rule.op) == op : any) index[op].push_back(&rule);
      }
    }
  }
  return index;
}

const RuleIndex& rule_index() {
  static const RuleIndex index = make_index();
  return index;
}

constexpr int kMaxDepth = 64;  // of rules whose replacements match rules

}  // namespace

Graph Simplifier::run() {
  for (NodeId id : rw_.live()) {
    rw_.use_source_of(id);
    rw_.map(id, reduce(rw_.copy(id)));
  }
  return rw_.finish();
}

NodeId Simplifier::reduce(NodeId id) {
  if (depth_ >= kMaxDepth) return id;
  ++depth_;
  for (bool changed = true; changed;) {
    changed = false;
    for (const Rule* rule : rule_index()[static_cast<size_t>(op(id))]) {
      NodeId better = rule->apply(*this, id);
      if (!better.valid()) continue;
      if (fired_) fired_->push_back(rule->formula);
      id = better;
      changed = true;
      break;
    }
  }
  --depth_;
  return id;
}

NodeId Simplifier::add(Op op, std::vector<NodeId> operands, graph::Attr attr, TensorType wanted) {
  return reduce(rw_.builder().add(op, std::move(operands), std::move(attr), std::move(wanted)));
}

NodeId Simplifier::reshape(NodeId x, Shape to) {
  if (graph()[x].type.shape == to) return x;
  return add(Op::reshape, {x}, graph::NoAttr{}, {dtype(x), std::move(to)});
}

NodeId Simplifier::broadcast(NodeId x, Shape to, Dims dims) {
  return add(Op::broadcast, {x}, graph::DimsAttr{std::move(dims)}, {dtype(x), std::move(to)});
}

NodeId Simplifier::constant(Tensor value) { return rw_.builder().constant(std::move(value)); }

NodeId Simplifier::full(TensorType type, double value) {
  return rw_.builder().full(std::move(type), value);
}

Graph simplify(const Graph& graph) { return simplify_traced(graph, nullptr); }

Graph simplify_traced(const Graph& graph, std::vector<std::string_view>* fired) {
  return Simplifier(graph, fired).run();
}

}  // namespace burin::passes
