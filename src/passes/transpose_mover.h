// The state of move_transposes: where each value of the old graph is in the new one, and in which
// order of axes. In move_transposes.cpp: the walk and the ops that treat axes alike; in
// move_transposes_shapes.cpp: those that make, merge or contract axes.
#pragma once

#include <optional>
#include <vector>

#include "graph/rewrite.h"
#include "passes/dims.h"

namespace burin::passes {

using graph::Graph;
using graph::NodeId;
using graph::Op;

// An old value as a node of the new graph: axis i of the value is axis perm[i] of `base`.
struct Ordered {
  NodeId base;
  Dims perm;
};

class TransposeMover {
 public:
  // `ending`: values that are computed in their own order; empty for none.
  explicit TransposeMover(const Graph& graph, IdVector<NodeId, char> ending = {})
      : old_(graph), rw_(graph), values_(graph.size()), ending_(std::move(ending)) {}
  Graph run();

 private:
  // A value that can be had in any order for (almost) nothing: constants, iotas, broadcasts of
  // something much smaller, and elementwise ops and transposes of those. Made when asked for.
  struct State {
    bool free = false;
    int depth = 0;                // of free values in terms of free values
    Ordered value;                // where it first was, unless free
    std::vector<Ordered> copies;  // other orders that were asked for
  };

  const Shape& shape(NodeId old) const { return old_.type(old).shape; }
  graph::Builder& builder() { return rw_.builder(); }
  // The value in the order in which it is at hand.
  Ordered at_hand(NodeId old);
  // The base of the value with this order; transposes where it must.
  NodeId demand(NodeId old, const Dims& perm);
  NodeId in_order(NodeId old) { return demand(old, identity_dims(shape(old).rank())); }
  NodeId make_free(NodeId old, const Dims& perm);
  NodeId transposed(NodeId base, const Dims& perm);  // by a reshape where that does it
  bool is_free(NodeId old) const;
  Dims elect(const graph::Node& node);

  Ordered visit(NodeId old);
  Ordered same_axes(NodeId old);     // elementwise, convert, concatenate
  Ordered axis_by_axis(NodeId old);  // slice, pad, reduce_window, reverse, argsort
  Ordered fixed_order(NodeId old);   // convolution, scatter, parameter
  Ordered transpose(NodeId old);
  Ordered reduce(NodeId old);
  Ordered reshape(NodeId old);
  Ordered broadcast(NodeId old);
  Ordered gather(NodeId old);
  Ordered dot_general(NodeId old);
  // A dot_general that contracts a flattening of axes that lie in another order, with a free right
  // side: contracts those axes one by one, in the order they lie in. Nothing if it is not that.
  std::optional<Ordered> contract_unflattened(NodeId old);

  const Graph& old_;
  graph::Rewriter rw_;
  IdVector<NodeId, State> values_;
  IdVector<NodeId, char> ending_;
};

}  // namespace burin::passes
