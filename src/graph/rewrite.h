// The helper that passes rebuild a graph with: it starts a new graph with the same name, sources
// and inputs, maps each old node to a new one, and drops what no output needs.
//
//   Rewriter rw(graph);
//   for (NodeId id : rw.live()) rw.map(id, matches(id) ? replacement(rw, id) : rw.copy(id));
//   return rw.finish();
#pragma once

#include <vector>

#include "graph/builder.h"
#include "graph/graph.h"

namespace burin::graph {

class Rewriter {
 public:
  // `from` must outlive the rewriter. Its parameters are already copied and mapped.
  explicit Rewriter(const Graph& from);
  Rewriter(const Rewriter&) = delete;

  const Graph& from() const { return from_; }
  // Builds into the new graph, with the source that use_source_of() chose.
  Builder& builder() { return builder_; }
  Graph& to() { return to_; }
  // The old nodes that outputs depend on, in order, without the parameters.
  const std::vector<NodeId>& live() const { return live_; }
  // The new node of an old one; it must be mapped.
  NodeId operator[](NodeId old) const { return map_[old]; }
  bool mapped(NodeId old) const { return map_[old].valid(); }
  void map(NodeId old, NodeId replacement) { map_[old] = replacement; }
  // Nodes built from now on carry the source of this old node.
  void use_source_of(NodeId old) { builder_.set_source(from_[old].source); }
  // The same node over the mapped operands, with the type it had. Does not map it.
  NodeId copy(NodeId old);
  // Adds the outputs and drops dead nodes. The rewriter is spent after that.
  Graph finish();

 private:
  const Graph& from_;
  Graph to_;
  Builder builder_{to_};
  IdVector<NodeId, NodeId> map_;
  std::vector<NodeId> live_;
};

// Removes the nodes that neither outputs nor inputs need; ids close up and keep their order.
void drop_dead_nodes(Graph& graph);

}  // namespace burin::graph
