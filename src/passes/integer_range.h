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

// One for each node; for others than integers the widest. Integers that may wrap have the range of
// their dtype.
IdVector<graph::NodeId, Range> integer_ranges(const graph::Graph& graph);

// That of one integer node, from those of its operands.
Range integer_range(const graph::Graph& graph, graph::NodeId id,
                    const IdVector<graph::NodeId, Range>& known);

// Of the elements of a float node whose operands lead back to integers and constants, as far as
// `ranges` and a short walk tell; nothing if they may be infinite or NaN.
std::optional<Range> real_range(const graph::Graph& graph, graph::NodeId id,
                                const IdVector<graph::NodeId, Range>& ranges);

// Whether all elements of a float node are integers (or infinite, or NaN), by the same walk.
bool is_whole(const graph::Graph& graph, graph::NodeId id);

}  // namespace burin::passes
