// Sorts by the place of the last operand.
#include "train/early_updates.h"

#include <algorithm>

#include "graph/rewrite.h"

namespace burin::train {

namespace {

using graph::Graph;
using graph::NodeId;

constexpr size_t kAnywhere = ~size_t{0};

// Behind which earlier node each node may stand; kAnywhere for what needs inputs and constants
// only.
IdVector<NodeId, size_t> find_places(const Graph& graph, NodeId first) {
  IdVector<NodeId, size_t> places(graph.size(), kAnywhere);
  for (size_t i = 0; i < graph.size(); ++i) {
    NodeId id(i);
    if (id < first) {
      places[id] = i;
      continue;
    }
    for (NodeId operand : graph[id].operands) {
      graph::Op op = graph[operand].op;
      if (op == graph::Op::parameter || op == graph::Op::constant) continue;
      size_t place = places[operand];
      if (place == kAnywhere) continue;
      places[id] = places[id] == kAnywhere ? place : std::max(places[id], place);
    }
  }
  return places;
}

}  // namespace

Graph move_updates_early(const Graph& graph, NodeId first) {
  IdVector<NodeId, size_t> places = find_places(graph, first);
  for (size_t i = graph.size(); i-- > first.index;) {  // what may stand anywhere, before its users
    size_t place = places[NodeId(i)];
    for (NodeId operand : graph[NodeId(i)].operands) {
      if (operand >= first && graph[operand].op != graph::Op::parameter &&
          place < places[operand]) {
        places[operand] = place;
      }
    }
  }
  graph::Rewriter rw(graph);
  std::vector<NodeId> order = rw.live();
  std::ranges::stable_sort(order, {}, [&](NodeId id) { return places[id]; });
  for (NodeId id : order) rw.map(id, rw.copy(id));
  return rw.finish();
}

}  // namespace burin::train
