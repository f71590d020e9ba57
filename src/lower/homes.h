// Values that live inside the buffer of a concatenation instead of one of their own: its parts, and
// concatenations of its first parts. Each part is then written once, into its place, and read from
// there by all its users: a chain of growing concatenations copies nothing.
#pragma once

#include "lower/index_map.h"

namespace burin::lower {

class Homes {
 public:
  explicit Homes(const graph::Graph& graph);

  // Whether the value lives in the buffer of another node.
  bool is_guest(graph::NodeId id) const { return homes_[id].node.valid(); }
  // The node whose buffer holds the value: itself, if it is no guest.
  graph::NodeId node(graph::NodeId id) const { return is_guest(id) ? homes_[id].node : id; }
  // Coordinates of the value as coordinates of that node.
  IndexMap map(graph::NodeId id, IndexMap map) const;
  // Whether the value is, or begins with, the first operands of the concatenation that it lives in:
  // what writes those writes it too.
  bool is_beginning(graph::NodeId id) const { return is_guest(id) && homes_[id].beginning; }
  // Whether the value lives where operand `position` of the concatenation is.
  bool is_operand(graph::NodeId concatenation, size_t position) const;
  // The first concatenation of which this operand is a part: it must be in place by then.
  graph::NodeId first_reader(graph::NodeId concatenation, size_t position) const;

 private:
  struct Home {
    graph::NodeId node;
    size_t axis = 0;
    int64_t start = 0;  // along the axis
    bool beginning = false;
  };

  void take_beginnings(graph::NodeId concatenation);
  void take_parts(graph::NodeId concatenation);

  const graph::Graph& graph_;
  std::vector<graph::NodeId> concatenations_;  // the last one first
  IdVector<graph::NodeId, int> uses_;          // by what is needed
  IdVector<graph::NodeId, bool> movable_;
  IdVector<graph::NodeId, Home> homes_;
};

}  // namespace burin::lower
