// Partitions a graph into kernels. Every group computes one value, or one part of it, at each point
// of its iteration space, and those of its siblings; the nodes inside a group never reach memory.
//   map    elementwise nodes over views of buffers
//   row    the same with reductions over some axes of the space: softmax, norms, plain reductions
//   dense  a convolution, dot_general or reduce_window with the elementwise nodes behind it
//   alias  a reshape of a buffer: no kernel
//   single gather, scatter, argsort: a kernel of its own
// concatenate and pad are map, row or dense groups that each write a region of one buffer; values
// that live in a concatenation's buffer (lower/homes.h) are written straight into it.
// Next: lower/expr_build.h makes the expression of a group, lower/lower.h its kernels.
#pragma once

#include <memory>
#include <vector>

#include "graph/graph.h"
#include "lower/homes.h"
#include "lower/index_map.h"
#include "lower/remap.h"

namespace burin::lower {

struct Member {
  graph::NodeId node;
  IndexMap map;
};

struct Group;

// An operand of a dense node: a buffer seen through movement ops; weights have an invalid leaf.
struct DenseLeaf {
  graph::NodeId leaf;
  View view;  // over the axes of the operand's shape
  // Set: a map whose result would be the leaf. The kernel makes each element of it where it loads
  // what it is made of (lower/dense_operands.h).
  std::shared_ptr<const Group> made = {};
};

struct DenseSums;

struct Group {
  enum class Kind : uint8_t { map, row, dense, alias, single };
  Kind kind = Kind::map;
  graph::NodeId value;  // what is computed: at `value_map` of each point of the space
  IndexMap value_map;
  graph::NodeId root;    // the node of which this is all or a part
  graph::NodeId target;  // the node whose buffer is written: where the root lives
  graph::NodeId order;   // runs when all nodes before this one are known
  Affine output;         // where in that buffer, in elements
  Dims space;
  std::vector<bool> reduced;        // per axis of the space: summed over, not part of the output
  graph::NodeId anchor;             // dense only
  std::vector<DenseLeaf> operands;  // dense only: of the anchor
  std::vector<Member> members;      // elementwise and reduce nodes inside, users first
  // Dense only: rows that sum what the group computes, while it is at hand (lower/dense_sums.h).
  std::vector<DenseSums> sums;
  // Map and row only: more values at each point, by groups of the same kind, space and reduced
  // axes (lower/siblings.h). One may use what those before it compute.
  std::vector<Group> siblings;

  bool has_reductions() const;
  // Calls f with the group and all that its kernels compute besides.
  template <class F>
  void each(F&& f) const;
};

// A row group that reads what dense groups write, and adds up the part of one of them.
struct DenseSums {
  Group row;
  std::vector<AxisSource> axes;  // of the dense group's space, from the row's
  bool first = true;             // of the dense groups; the others go on with what it began
};

template <class F>
void Group::each(F&& f) const {
  f(*this);
  for (const Group& sibling : siblings) f(sibling);
  for (const DenseSums& s : sums) s.row.each(f);
}

// Why a node's value reaches memory instead of staying inside the kernel that uses it.
enum class Stored : uint8_t {
  no,
  output,    // of the network
  read,      // a kernel reads it from a buffer: an operand of a dense node, a gather
  several,   // several kernels use it
  repeated,  // its users would compute it more than once
  early,     // its user comes later, and what it is made of is at hand
  full,      // its user holds as many nodes as one may
  unfit,     // its user's loops do not visit it as it would have to be computed
  alone,     // concatenate, pad, gather and such are kernels of their own
};

struct Grouping {
  std::vector<Group> groups;                   // in execution order
  IdVector<graph::NodeId, bool> materialized;  // the nodes that are in memory
  IdVector<graph::NodeId, Stored> stored;      // why
  std::shared_ptr<const Homes> homes;          // and where
};

// The map of a reduction's operand inside a group, given the reduction's own: the reduced axes of
// the space, in row-major order, are the axes that it removes.
Delinearized through_reduce(const graph::Graph& graph, graph::NodeId reduce, const IndexMap& map,
                            const Group& group);

// The machine tells how much its caches hold.
Grouping group_nodes(const graph::Graph& graph, const loop::Machine& machine = {});

}  // namespace burin::lower
