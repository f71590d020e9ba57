// The expression of a group: its nodes over its iteration space, with buffers as views, constants
// of one element as literals, and what the kernel itself computes (the result of the dense node,
// the reductions of a row) as acc leaves.
#pragma once

#include <span>
#include <vector>

#include "lower/group.h"

namespace burin::lower {

// Reduces the values of one node over the reduced axes of the space.
struct RowReduce {
  graph::ReduceKind kind = graph::ReduceKind::sum;
  DType dtype = DType::f32;
  int operand = 0;  // the node whose values are combined
  int node = 0;     // the acc leaf that stands for the result
};

struct Fused {
  Expr expr;                           // a result for the group and each of its siblings
  std::vector<View> outputs;           // where each result goes, over the space
  std::vector<graph::NodeId> buffers;  // behind pointers [0, size)
  std::vector<RowReduce> reduces;      // acc leaf i is reduce i; an operand's reduces come first
  // Of a dense group: where further results go, each summed over the axes along which its view does
  // not move.
  std::vector<View> sums = {};
};

// Without the group's sums.
Fused build_expr(const graph::Graph& graph, const Grouping& grouping, const Group& group);

// Adds what a row group sums to the expression of a dense group, whose space has these axes of the
// row's. What the dense group stores is not loaded again.
void append_sums(Fused& dense, Fused row, std::span<const AxisSource> axes);

}  // namespace burin::lower
