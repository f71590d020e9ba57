// Finds from the outputs backwards which values are wanted and by whom, then evaluates forwards.
#include "passes/fold_constants.h"

#include "graph/constant.h"
#include "graph/rewrite.h"

namespace burin::passes {

namespace {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Op;

constexpr int64_t kMostElements = 1 << 16;
constexpr int64_t kMostWeights = 1 << 12;       // of weights that a packer can read as they are
constexpr int64_t kMostOtherWeights = 1 << 20;  // of those that it cannot
// Bounds on the work that a hostile graph can ask for: products of one node, elements of all.
constexpr int64_t kMostProducts = 1 << 22;
constexpr int64_t kMostElementsInAll = 1 << 25;

// Ops that are no larger than their operands and cheaper than a stored result.
bool stays(Op op) {
  return op == Op::parameter || op == Op::constant || op == Op::iota || op == Op::broadcast;
}

// Ops that packers of weights read through.
bool is_view_of_weights(Op op) {
  return op == Op::transpose || op == Op::reshape || op == Op::slice || op == Op::reverse ||
         op == Op::broadcast || op == Op::convert || op == Op::mul;
}

// The multiplications, comparisons and so on that evaluating a node takes, at most.
double products(const Graph& graph, const Node& node) {
  auto elements = [&](size_t i) {
    return static_cast<double>(graph.type(node.operands[i]).shape.elements());
  };
  auto results = static_cast<double>(node.type.shape.elements());
  switch (node.op) {
    case Op::convolution: return results * elements(1);
    case Op::dot_general: {
      double terms = 1;
      for (int64_t axis : std::get<graph::DotAttr>(node.attr).lhs_contract) {
        terms *= static_cast<double>(graph.type(node.operands[0]).shape[static_cast<size_t>(axis)]);
      }
      return results * terms;
    }
    case Op::reduce_window: return results * elements(0);
    default: return results;
  }
}

class Folder {
 public:
  explicit Folder(const Graph& graph)
      : old_(graph), constants_(graph, kMostOtherWeights), plans_(graph.size()) {}

  Graph run();

 private:
  struct Plan {
    bool as_value = false;    // wanted by an op that reads elements
    bool as_weights = false;  // wanted by a packer
    bool evaluate = false;
  };

  void find_affordable();
  bool can_fold(NodeId id) const {
    bool small = !plans_[id].as_value || old_.type(id).shape.elements() <= kMostElements;
    return small && affordable_[id] && !stays(old_[id].op);
  }
  void plan(NodeId id);

  const Graph& old_;
  graph::ConstantEvaluator constants_;
  IdVector<NodeId, Plan> plans_;
  IdVector<NodeId, char> affordable_;  // known, and so cheap that it may be evaluated
};

void Folder::find_affordable() {
  affordable_.resize(old_.size());
  int64_t spent_on_small = 0, spent_on_large = 0;  // the one must not starve the other
  for (size_t i = 0; i < old_.size(); ++i) {
    NodeId id(i);
    const Node& node = old_[id];
    bool ok = constants_.is_known(id) &&
              (node.op == Op::constant || products(old_, node) <= kMostProducts);
    for (NodeId operand : node.operands) ok = ok && affordable_[operand];
    if (ok && node.op != Op::constant) {
      int64_t elements = node.type.shape.elements();
      int64_t& spent = elements <= kMostElements ? spent_on_small : spent_on_large;
      ok = elements <= kMostOtherWeights && (spent += elements) <= kMostElementsInAll;
    }
    affordable_[id] = ok;
  }
}

void Folder::plan(NodeId id) {
  Plan& plan = plans_[id];
  const Node& node = old_[id];
  if (!plan.as_value && !plan.as_weights) return;
  bool left_to_packer =
      !plan.as_value && is_view_of_weights(node.op) && node.type.shape.elements() > kMostWeights;
  plan.evaluate = !left_to_packer && can_fold(id);
  if (plan.evaluate) return;
  bool dense = node.op == Op::convolution || node.op == Op::dot_general;
  for (size_t i = 0; i < node.operands.size(); ++i) {
    Plan& operand = plans_[node.operands[i]];
    (left_to_packer || (dense && i == 1) ? operand.as_weights : operand.as_value) = true;
  }
}

Graph Folder::run() {
  find_affordable();
  for (const graph::Port& port : old_.outputs) plans_[port.node].as_value = true;
  for (size_t i = old_.size(); i-- > 0;) plan(NodeId(i));
  graph::Rewriter rw(old_);
  for (NodeId id : rw.live()) {
    const Plan& plan = plans_[id];
    if (!plan.as_value && !plan.as_weights) continue;
    std::optional<Tensor> value;
    if (plan.evaluate) value = constants_.value(id);
    rw.use_source_of(id);
    rw.map(id, value ? rw.builder().constant(*std::move(value)) : rw.copy(id));
  }
  return rw.finish();
}

}  // namespace

Graph fold_constants(const Graph& graph) { return Folder(graph).run(); }

}  // namespace burin::passes
