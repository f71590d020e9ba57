// Maps of large values that only depthwise convolutions and the gradients of their weights read:
// batch normalisation and the activation behind it. Their kernels make each element when they load
// what it is made of, so the map's result never reaches memory.
#pragma once

#include "lower/group.h"

namespace burin::lower {

// Moves such maps into the operands of the dense groups that read them.
void join_dense_operands(const graph::Graph& graph, const loop::Machine& machine,
                         Grouping& grouping);

// What a kernel does with each element that it loads.
struct MadeElement {
  Expr expr;                           // over one axis, the channels; acc leaf 0 is what was loaded
  std::vector<graph::NodeId> buffers;  // behind pointers [0, size) of the expression
  graph::NodeId loaded;                // whose buffer holds what is loaded, laid out as the result
};

// The map as that; nothing unless it makes each element of one at the same place and of what
// belongs to the channel alone.
std::optional<MadeElement> made_element(const graph::Graph& graph, const Grouping& grouping,
                                        const Group& map);

}  // namespace burin::lower
