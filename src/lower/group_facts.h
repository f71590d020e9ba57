// What grouping wants to know of a graph before it starts, from one walk over its nodes.
#pragma once

#include "graph/graph.h"

namespace burin::lower {

struct GroupFacts {
  explicit GroupFacts(const graph::Graph& graph);

  // Whether a row kernel suits `rows` rows of `length` elements: long rows need company.
  bool row_fits(int64_t rows, int64_t length) const;

  // Computed from a reduction by elementwise and movement ops: may belong to a row group.
  IdVector<graph::NodeId, bool> after_reduce;
  // One simple op on one operand as large as the result, and small ones.
  IdVector<graph::NodeId, bool> cheap;
  // An operand of a kernel that reads it from memory: dense nodes, gathers and such.
  IdVector<graph::NodeId, bool> read_from_memory;
  // Elementwise, and to be made before the dense node whose result it will meet: it shares
  // polynomials with others that are made of the same.
  IdVector<graph::NodeId, bool> early;
  // Elementwise, and fit for the epilogue of a dense node that it alone uses.
  IdVector<graph::NodeId, bool> after_dense;
};

}  // namespace burin::lower
