// Whether a value that several groups use is better computed by each of them than stored once.
#pragma once

#include "lower/group_state.h"

namespace burin::lower {

// Whether an elementwise node whose requests are known costs less memory traffic if each group that
// requests it computes it from what it is made of. Groups of one kind and space count once: they
// will be siblings.
bool costs_less_than_stored(const GroupState& state, graph::NodeId id);

// Whether the group of one of its requests reads all that a stored node is made of anyway.
bool costs_nothing(const GroupState& state, graph::NodeId id, const Request& request);

}  // namespace burin::lower
