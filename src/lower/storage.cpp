// Alias groups, followed to the node that they are another shape of.
#include "lower/storage.h"

namespace burin::lower {

using graph::Graph;
using graph::NodeId;

Storage::Storage(const Graph& graph, const std::vector<Group>& groups)
    : graph_(graph), alias_(graph.size(), false) {
  for (const Group& g : groups) {
    if (g.kind == Group::Kind::alias) alias_[g.target] = true;
  }
}

NodeId Storage::of(NodeId id) const {
  while (alias_[id]) id = graph_[id].operands[0];
  return id;
}

void erase_groups(std::vector<Group>& groups, const std::vector<bool>& gone) {
  std::vector<Group> kept;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (!gone[i]) kept.push_back(std::move(groups[i]));
  }
  groups = std::move(kept);
}

}  // namespace burin::lower
