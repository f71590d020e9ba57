// Draws reductions and dense nodes into the groups that read them, and fixes how a dense node reads
// its operands.
#pragma once

#include "lower/group_state.h"

namespace burin::lower {

// Makes a reduction, which group `g` alone requests, part of the group: its reduced axes become
// axes of the group's space, or are those along which its result is broadcast. False if the space
// does not fit.
bool absorb_reduce(GroupState& state, size_t g, graph::NodeId id);

// Makes the axes of a dense node the group's space, if the group visits all of the node, as it is
// or transposed, and stores along its last axis. False if not.
bool absorb_anchor(GroupState& state, size_t g, graph::NodeId id);

// Follows an operand of a dense node through movement ops while the kernel can still read it well;
// marks what is left as needed.
DenseLeaf dense_leaf(GroupState& state, graph::NodeId anchor, graph::NodeId operand);

}  // namespace burin::lower
