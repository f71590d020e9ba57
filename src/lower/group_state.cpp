// Requests, new groups, and splits of their spaces.
#include "lower/group_state.h"

namespace burin::lower {

using graph::Graph;
using graph::NodeId;
using graph::Op;

namespace {

constexpr size_t kRecentRequests = 64;  // looked through for an equal one

}  // namespace

Affine row_major(const Shape& shape) {
  IndexMap map = identity_map(shape);
  return linearize(map, shape, space_of(shape).size());
}

GroupState::GroupState(const Graph& of, const GroupFacts& known, const Homes& where,
                       const IdVector<NodeId, bool>& forced)
    : graph(of),
      facts(known),
      homes(where),
      needed(forced),
      requests(of.size()),
      materialized(of.size(), false),
      stored(of.size(), Stored::no) {
  for (size_t i = 0; i < of.size(); ++i) {
    if (needed[NodeId(i)]) stored[NodeId(i)] = Stored::repeated;
  }
}

void GroupState::request(NodeId id, size_t group, IndexMap map) {
  Op op = graph[id].op;
  if (op == Op::parameter || op == Op::constant) return;  // read from its buffer
  std::vector<Request>& all = requests[id];
  Request r{static_cast<uint32_t>(group), std::move(map)};
  auto recent = all.end() - static_cast<int64_t>(std::min(all.size(), kRecentRequests));
  if (std::find(recent, all.end(), r) != all.end()) return;
  all.push_back(std::move(r));
  if (requested.size() <= group) requested.resize(group + 1);
  requested[group].push_back(id);
}

const Request* GroupState::sole_request(NodeId id) {
  if (needed[id] || requests[id].size() != 1) return nullptr;
  const Request& r = requests[id][0];
  return is_full(r) ? nullptr : &r;
}

Affine GroupState::place(NodeId id, const IndexMap& map, size_t axes) const {
  return linearize(homes.map(id, map), shape(homes.node(id)), axes);
}

size_t GroupState::open(Group::Kind kind, NodeId value, NodeId root, IndexMap at) {
  Group g;
  g.kind = kind;
  g.value = value;
  g.value_map = identity_map(shape(value));
  g.root = g.order = root;
  g.target = homes.node(root);
  g.space = space_of(shape(value));
  g.output = place(root, at, g.space.size());
  g.reduced.assign(g.space.size(), false);
  groups.push_back(std::move(g));
  requested.resize(groups.size());
  return groups.size() - 1;
}

size_t GroupState::open_root(Group::Kind kind, NodeId id) {
  materialized[id] = true;
  if (stored[id] == Stored::no) {
    bool one = requests[id].size() == 1;
    stored[id] = !one ? Stored::several : is_full(requests[id][0]) ? Stored::full : Stored::unfit;
  }
  return open(kind, id, id, identity_map(shape(id)));
}

std::optional<IndexMap> GroupState::follow_view(NodeId view, size_t g, const IndexMap& map) {
  for (int round = 0; round < kMaxSplits; ++round) {
    Delinearized d = through_view(graph, view, map, groups[g].space);
    if (d.map) return std::move(d.map);
    if (!d.split || groups[g].kind == Group::Kind::dense) return std::nullopt;
    split(g, *d.split);
  }
  return std::nullopt;
}

void GroupState::split(size_t g, SplitRequest s) {
  Group& group = groups[g];
  auto at = static_cast<int64_t>(s.axis);
  group.space[s.axis] /= s.inner;
  group.space.insert(group.space.begin() + at + 1, s.inner);
  bool reduced = group.reduced[s.axis];
  group.reduced.insert(group.reduced.begin() + at + 1, reduced);
  each_map(g, [&](IndexMap& map) { split_axis(map, s); });
  split_axis(group.output, s);
}

}  // namespace burin::lower
