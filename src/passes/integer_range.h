// What values a graph's integers can take, as far as it shows without running it.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace burin::passes {

// Every element lies in [low, high]. Bounds are exact: |low|, |high| <= 2^53, or infinite.
struct Range {
  double low = 0, high = 0;
  double largest() const { return low < 0 && -low > high ? -low : high; }
};

// One for each node; for others than integers the widest. Integers that may wrap have the range of
// their dtype.
IdVector<graph::NodeId, Range> integer_ranges(const graph::Graph& graph);

}  // namespace burin::passes
