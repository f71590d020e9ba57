// What values a graph's integers, and floats made from them, can take, as far as it shows without
// running it.
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace burin::passes {

// Every element lies in [low, high]. Bounds are exact: |low|, |high| <= 2^53, or infinite.
struct Range {
  double low = 0, high = 0;
  double largest() const { return low < 0 && -low > high ? -low : high; }
};

// Of one node, from those of its operands; for others than integers the widest. Integers that may
// wrap have the range of their dtype.
Range integer_range(const graph::Graph& graph, graph::NodeId id,
                    const IdVector<graph::NodeId, Range>& known);

// What is known of a node of f32 that is made from integers and constants.
struct Reals {
  std::optional<Range> range;  // none if elements may be infinite or NaN
  bool whole = false;          // integers all (or infinite, or NaN)
};

// Of one such node, from what is known of its operands; nothing of others, and of large constants.
Reals reals_of(const graph::Graph& graph, graph::NodeId id,
               const IdVector<graph::NodeId, Range>& integers,
               const IdVector<graph::NodeId, Reals>& known);

}  // namespace burin::passes
