// Rebuilding drops dead nodes by itself.
#include "passes/eliminate_dead_nodes.h"

#include "graph/rewrite.h"

namespace burin::passes {

graph::Graph eliminate_dead_nodes(const graph::Graph& graph) {
  graph::Rewriter rw(graph);
  for (graph::NodeId id : rw.live()) rw.map(id, rw.copy(id));
  return rw.finish();
}

}  // namespace burin::passes
