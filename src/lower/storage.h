// Where values live: a reshape that no kernel took into its loops shares its operand's buffer.
#pragma once

#include <vector>

#include "lower/group.h"

namespace burin::lower {

class Storage {
 public:
  Storage(const graph::Graph& graph, const std::vector<Group>& groups);

  // The node whose buffer holds the value.
  graph::NodeId of(graph::NodeId id) const;

 private:
  const graph::Graph& graph_;
  IdVector<graph::NodeId, bool> alias_;
};

// Drops the groups that others have taken in.
void erase_groups(std::vector<Group>& groups, const std::vector<bool>& gone);

}  // namespace burin::lower
