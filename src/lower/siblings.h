// Joins groups that walk the same space over the same buffers: one kernel computes their values
// side by side and reads once what they share. The two sums of batch normalisation's gradient are
// such, and what an optimiser makes of one gradient.
#pragma once

#include "lower/group.h"

namespace burin::lower {

// Map and row groups move to the earliest sibling that nothing in between keeps them from.
void join_siblings(const graph::Graph& graph, Grouping& grouping);

}  // namespace burin::lower
