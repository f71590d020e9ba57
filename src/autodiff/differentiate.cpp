// Marks what lies between wrt and the loss, then walks it backwards.
#include "autodiff/differentiate.h"

#include <algorithm>

#include "base/check.h"
#include "graph/eval.h"
#include "graph/grad_def.h"

namespace burin::autodiff {

namespace {

using graph::Builder;
using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::SourceId;

class ReverseWalk {
 public:
  ReverseWalk(Graph& graph, NodeId loss, std::span<const NodeId> wrt,
              const DifferentiateOptions& options)
      : graph_(graph),
        loss_(loss),
        wrt_(wrt),
        depends_(graph.size(), 0),
        cotangents_(graph.size()),
        gradient_sources_(graph.sources.size()) {
    for (NodeId id : wrt) depends_[id] = 1;
    mark_dependents(options.stop);
  }

  // The first op on the way that has no rule.
  Result<void> check_rules() const {
    for (size_t n = 0; n <= loss_.index; ++n) {
      NodeId id(n);
      graph::Op op = graph_[id].op;
      if (!visited(id) || graph::grad_rule(op)) continue;
      return fail(graph::describe(graph_, id), std::string(name_of(op)) + " has no gradient rule",
                  "stop the gradient at this node, or register its rule (graph/grad_def.h)");
    }
    return {};
  }

  std::vector<NodeId> run() {
    b_.set_source(gradient_source(graph_[loss_].source));
    if (depends_[loss_]) cotangents_[loss_] = b_.scalar(graph_.type(loss_).dtype, 1);
    for (size_t n = loss_.index + 1; n-- > 0;) {
      if (cotangents_[NodeId(n)].valid()) visit(NodeId(n));
    }
    std::vector<NodeId> gradients;
    for (NodeId id : wrt_) gradients.push_back(gradient_of(id));
    return gradients;
  }

 private:
  // A value depends on wrt through floats only: integers are constant between their steps.
  void mark_dependents(std::span<const NodeId> stop) {
    IdVector<NodeId, char> stopped(graph_.size(), 0);
    for (NodeId id : stop) stopped[id] = 1;
    leads_.resize(graph_.size(), 0);
    for (size_t n = 0; n <= loss_.index; ++n) {
      NodeId id(n);
      const Node& node = graph_[id];
      if (stopped[id] || !is_float(node.type.dtype)) continue;
      for (NodeId operand : node.operands) leads_[id] |= depends_[operand];
      depends_[id] |= leads_[id];
    }
    reaches_.resize(graph_.size(), 0);
    reaches_[loss_] = 1;
    for (size_t n = loss_.index + 1; n-- > 0;) {
      if (!reaches_[NodeId(n)] || !leads_[NodeId(n)]) continue;
      for (NodeId operand : graph_[NodeId(n)].operands) reaches_[operand] = 1;
    }
  }

  // Whether operands of the node get cotangents from it.
  bool visited(NodeId id) const { return leads_[id] && reaches_[id]; }

  void visit(NodeId id) {
    if (!leads_[id]) return;
    b_.set_source(gradient_source(graph_[id].source));
    std::vector<NodeId> operands = graph_[id].operands;
    std::vector<bool> wanted;
    for (NodeId operand : operands) wanted.push_back(depends_[operand]);
    auto made = graph::grad_rule(graph_[id].op)({b_, id, cotangents_[id], wanted});
    BURIN_CHECK(made.size() == operands.size(), "a gradient rule that forgets operands");
    for (size_t i = 0; i < operands.size(); ++i) {
      if (wanted[i] && made[i].valid()) accumulate(operands[i], made[i]);
    }
  }

  void accumulate(NodeId id, NodeId term) {
    BURIN_CHECK(graph_.type(term) == graph_.type(id), "a cotangent of another type");
    NodeId& sum = cotangents_[id];
    sum = sum.valid() ? b_.add(sum, term) : term;
  }

  NodeId gradient_of(NodeId id) {
    if (id.index < cotangents_.size() && cotangents_[id].valid()) return cotangents_[id];
    b_.set_source(gradient_source(graph_[id].source));
    return b_.full(graph_.type(id), 0);
  }

  SourceId gradient_source(SourceId source) {
    if (!source.valid()) return source;
    SourceId& made = gradient_sources_[source];
    if (!made.valid()) {
      graph::Source of = graph_.sources[source];
      made = graph_.sources.push_back({of.name + " (gradient)", of.op_type});
    }
    return made;
  }

  Graph& graph_;
  Builder b_{graph_};
  NodeId loss_;
  std::span<const NodeId> wrt_;
  IdVector<NodeId, char> depends_;  // on wrt, or in it
  IdVector<NodeId, char> leads_;    // has an operand that depends, and is not stopped
  IdVector<NodeId, char> reaches_;  // the loss depends on it, by nodes that lead
  IdVector<NodeId, NodeId> cotangents_;
  IdVector<SourceId, SourceId> gradient_sources_;
};

Result<void> check_arguments(const Graph& graph, NodeId loss, std::span<const NodeId> wrt) {
  const TensorType& type = graph.type(loss);
  if (!is_float(type.dtype) || type.shape.rank() != 0) {
    return fail(graph::describe(graph, loss),
                "is " + type.text() + ": only a float scalar can be differentiated",
                "reduce it to its sum or mean first");
  }
  for (NodeId id : wrt) {
    if (is_float(graph.type(id).dtype)) continue;
    return fail(graph::describe(graph, id),
                "is " + graph.type(id).text() + ": there are no gradients of integers",
                "differentiate by float nodes");
  }
  return {};
}

}  // namespace

Result<std::vector<NodeId>> differentiate(Graph& graph, NodeId loss, std::span<const NodeId> wrt,
                                          const DifferentiateOptions& options) {
  BURIN_TRY(check_arguments(graph, loss, wrt));
  size_t nodes = graph.size(), sources = graph.sources.size();
  ReverseWalk walk(graph, loss, wrt, options);
  BURIN_TRY(walk.check_rules());
  try {
    return walk.run();
  } catch (const graph::BuildError& error) {
    // A cotangent too large to be a tensor.
    graph.nodes.resize(nodes);
    graph.sources.resize(sources);
    return fail(graph::describe(graph, loss), std::string("its gradient: ") + error.what(),
                error.hint);
  }
}

}  // namespace burin::autodiff
