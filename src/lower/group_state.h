// The groups under construction: which node is needed in memory, which groups ask for it and at
// what map of their space. lower/group.cpp walks the graph with it, lower/group_absorb.h draws
// reductions and dense nodes into groups.
#pragma once

#include <algorithm>
#include <optional>

#include "lower/group.h"
#include "lower/group_facts.h"

namespace burin::lower {

inline constexpr size_t kMaxMembers = 40;   // of one group: bounds code size and pointers
inline constexpr int kMaxSplits = 8;        // of a group's axes for one node
inline constexpr size_t kMaxRequests = 96;  // from one group

struct Request {
  uint32_t group = 0;
  IndexMap map;
  friend bool operator==(const Request&, const Request&) = default;
};

// The row-major position in a shape, over space_of(shape).
Affine row_major(const Shape& shape);

struct GroupState {
  GroupState(const graph::Graph& graph, const GroupFacts& facts, const Homes& homes,
             const IdVector<graph::NodeId, bool>& forced);

  const Shape& shape(graph::NodeId id) const { return graph.type(id).shape; }
  Group& group_of(const Request& r) { return groups[r.group]; }

  // A kernel reads the node from memory.
  void need(graph::NodeId id, Stored why) {
    needed[id] = true;
    if (stored[id] == Stored::no) stored[id] = why;
  }
  // Group `group` reads the node at the map.
  void request(graph::NodeId id, size_t group, IndexMap map);
  // The only request, if there is one and the node may live inside that group.
  const Request* sole_request(graph::NodeId id);
  bool is_full(const Request& r) {
    return group_of(r).members.size() >= kMaxMembers || requested[r.group].size() > kMaxRequests;
  }

  // A new group over the shape of `value`, which it writes at these coordinates of the root.
  size_t open(Group::Kind kind, graph::NodeId value, graph::NodeId root, IndexMap at);
  // Where in memory the coordinates of a node are.
  Affine place(graph::NodeId id, const IndexMap& map, size_t axes) const;
  // The same for all of a node's buffer.
  size_t open_root(Group::Kind kind, graph::NodeId id);

  // The operand's map in group `g`, after splitting axes of the group's space where that helps.
  // `map` must belong to a request or the group, so that splits reach it.
  std::optional<IndexMap> follow_view(graph::NodeId view, size_t g, const IndexMap& map);
  void split(size_t g, SplitRequest s);

  // Calls f with all maps over the space of a group: its members' and those still to be visited.
  template <class F>
  void each_map(size_t g, F&& f) {
    f(groups[g].value_map);
    for (Member& m : groups[g].members) f(m.map);
    std::vector<graph::NodeId>& ids = requested[g];
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    for (graph::NodeId id : ids) {
      for (Request& r : requests[id]) {
        if (r.group == g) f(r.map);
      }
    }
  }

  const graph::Graph& graph;
  const GroupFacts& facts;
  const Homes& homes;
  IdVector<graph::NodeId, bool> needed;  // in memory
  IdVector<graph::NodeId, std::vector<Request>> requests;
  IdVector<graph::NodeId, bool> materialized;
  IdVector<graph::NodeId, Stored> stored;
  std::vector<Group> groups;
  std::vector<std::vector<graph::NodeId>> requested;  // per group: the nodes with requests from it
};

}  // namespace burin::lower
