// Where a fused node is read: each of its coordinates as an affine function of the point of the
// iteration space. Maps are followed from a result up through the movement ops to the buffers, so
// transposes, slices, broadcasts and most reshapes cost nothing in a fused kernel.
#pragma once

#include <optional>

#include "graph/graph.h"
#include "lower/expr.h"

namespace burin::lower {

// offset + sum(point[d] * coefs[d])
struct Affine {
  int64_t offset = 0;
  Dims coefs;  // one per axis of the iteration space

  bool is_constant() const;
  friend bool operator==(const Affine&, const Affine&) = default;
};

using IndexMap = std::vector<Affine>;  // one per axis of the node's shape

// Axis `axis` of the iteration space becomes two: the outer one, and an inner one of `inner`.
struct SplitRequest {
  size_t axis = 0;
  int64_t inner = 1;
};

struct Delinearized {
  std::optional<IndexMap> map;        // what was asked for, or
  std::optional<SplitRequest> split;  // the split that brings it nearer, or neither: impossible
};

// The iteration space of a shape has the axes of the shape that are not 1, in order.
Dims space_of(const Shape& shape);
// The map of a node whose shape spans the space space_of(shape).
IndexMap identity_map(const Shape& shape);

// The row-major position in `shape` of the coordinates.
Affine linearize(const IndexMap& map, const Shape& shape, size_t axes);
// The coordinates in `shape` of a row-major position; exact for every point of the space.
Delinearized delinearize(const Affine& position, const Shape& shape, const Dims& space);

// reshape, transpose, broadcast, slice and reverse.
bool is_view(graph::Op op);
// The map of a view's operand, given the view's own.
Delinearized through_view(const graph::Graph& graph, graph::NodeId view, const IndexMap& map,
                          const Dims& space);

// Rewrites a map after a split of an axis of its space, and after axes are appended.
void split_axis(Affine& affine, SplitRequest split);
void split_axis(IndexMap& map, SplitRequest split);
void append_axes(IndexMap& map, size_t count);

// The dense row-major buffer of `type` read through the map.
View view_of(const IndexMap& map, const TensorType& type, int pointer, size_t axes);

// A view over space_of(shape) as one over all axes of the shape.
View widen_view(View view, const Shape& shape);

}  // namespace burin::lower
