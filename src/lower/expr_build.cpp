// Walks a group from its value to its leaves, following the maps that grouping found possible.
#include "lower/expr_build.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <unordered_map>

#include "base/check.h"

namespace burin::lower {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Op;

namespace {

// What a reduction of nothing gives.
void set_identity(ExprNode& literal, graph::ReduceKind kind) {
  bool ends = kind == graph::ReduceKind::max || kind == graph::ReduceKind::min;
  bool lowest = kind == graph::ReduceKind::max;
  double inf = std::numeric_limits<double>::infinity();
  literal.literal_int = kind == graph::ReduceKind::prod;
  literal.literal = ends ? (lowest ? -inf : inf) : static_cast<double>(literal.literal_int);
  if (!ends) return;
  visit_dtype(literal.dtype, [&](auto t) {
    using Limits = std::numeric_limits<decltype(t)>;
    literal.literal_int = static_cast<int64_t>(lowest ? Limits::min() : Limits::max());
  });
}

class ExprBuilder {
 public:
  ExprBuilder(const Graph& graph, const Grouping& grouping, const Group& group)
      : graph_(graph), grouping_(grouping), group_(group) {
    for (const Member& m : group.members) maps_[m.node] = &m.map;
  }

  Fused build() {
    fused_.expr.results = {resolve(group_.value, group_.value_map)};
    View out{static_cast<int>(fused_.buffers.size()), graph_.type(group_.target).dtype,
             group_.output.offset, group_.output.coefs};
    fused_.outputs = {std::move(out)};
    fused_.buffers.push_back(group_.target);
    return std::move(fused_);
  }

 private:
  int append(ExprNode node) {
    fused_.expr.nodes.push_back(node);
    return static_cast<int>(fused_.expr.nodes.size() - 1);
  }

  // The node of a value at a map. Views are followed in a loop, so recursion is as deep as the
  // group has members.
  int resolve(NodeId id, IndexMap map) {
    for (;;) {
      const Node& node = graph_[id];
      bool own = id == group_.root || maps_.contains(id);
      if (grouping_.materialized[id] && !own) return leaf(id, map);
      if (!is_view(node.op)) break;
      Delinearized d = through_view(graph_, id, map, group_.space);
      BURIN_CHECK(d.map, "a view without a map inside a group");
      map = std::move(*d.map);
      id = node.operands[0];
    }
    if (graph_[id].op == Op::iota) return iota(id, map);
    if (auto known = done_.find(id); known != done_.end()) return known->second;
    int made = make(id);
    done_[id] = made;
    return made;
  }

  int make(NodeId id) {
    const Node& node = graph_[id];
    ExprNode out;
    out.dtype = node.type.dtype;
    out.source = node.source;
    if (id == group_.anchor) {
      out.kind = ExprNode::Kind::acc;
      return append(out);
    }
    const IndexMap& map = *maps_.at(id);
    if (node.op == Op::reduce) return reduce(id, out);
    out.op = node.op;
    for (size_t i = 0; i < node.operands.size(); ++i) {
      out.operands[i] = resolve(node.operands[i], map);
    }
    return append(out);
  }

  int reduce(NodeId id, ExprNode out) {
    NodeId operand = graph_[id].operands[0];
    RowReduce r{graph_.attr<graph::ReduceAttr>(id).kind, out.dtype, 0, 0};
    if (graph_.type(operand).shape.elements() == 0) {
      out.kind = ExprNode::Kind::literal;
      set_identity(out, r.kind);
      return append(out);
    }
    Delinearized inner = through_reduce(graph_, id, *maps_.at(id), group_);
    BURIN_CHECK(inner.map, "a reduction without a map inside its group");
    r.operand = resolve(operand, std::move(*inner.map));
    out.kind = ExprNode::Kind::acc;
    out.acc = static_cast<int>(fused_.reduces.size());
    r.node = append(out);
    fused_.reduces.push_back(r);
    return r.node;
  }

  int leaf(NodeId id, const IndexMap& map) {
    const Node& node = graph_[id];
    ExprNode out;
    out.dtype = node.type.dtype;
    out.source = node.source;
    if (node.op == Op::constant && node.type.shape.elements() == 1) {
      const Tensor& value = graph_.constant(id);
      out.kind = ExprNode::Kind::literal;
      if (is_float(out.dtype)) out.literal = value.as_double(0);
      if (!is_float(out.dtype)) out.literal_int = value.as_int(0);
      return append(out);
    }
    NodeId home = grouping_.homes->node(id);
    View view = view_of(grouping_.homes->map(id, map), graph_.type(home), pointer(home),
                        group_.space.size());
    for (size_t i = 0; i < fused_.expr.nodes.size(); ++i) {
      const ExprNode& other = fused_.expr.nodes[i];
      if (other.kind != ExprNode::Kind::load) continue;
      const View& known = fused_.expr.views[static_cast<size_t>(other.view)];
      if (known.pointer == view.pointer && known.offset == view.offset &&
          known.strides == view.strides) {
        return static_cast<int>(i);
      }
    }
    out.kind = ExprNode::Kind::load;
    out.view = static_cast<int>(fused_.expr.views.size());
    fused_.expr.views.push_back(std::move(view));
    return append(out);
  }

  int pointer(NodeId id) {
    for (size_t i = 0; i < fused_.buffers.size(); ++i) {
      if (fused_.buffers[i] == id) return static_cast<int>(i);
    }
    fused_.buffers.push_back(id);
    return static_cast<int>(fused_.buffers.size() - 1);
  }

  // offset + sum(coefs[d] * index d), computed in i32 where that cannot overflow.
  int iota(NodeId id, const IndexMap& map) {
    const Node& node = graph_[id];
    auto axis = static_cast<size_t>(graph_.attr<graph::AxisAttr>(id).axis);
    DType dtype = node.type.shape[axis] < (int64_t{1} << 31) ? DType::i32 : DType::i64;
    auto literal = [&](int64_t value) {
      ExprNode n{.kind = ExprNode::Kind::literal, .dtype = dtype, .literal_int = value};
      n.source = node.source;
      return append(n);
    };
    auto binary = [&](Op op, int a, int b) {
      ExprNode n{.kind = ExprNode::Kind::op, .dtype = dtype, .op = op, .operands = {a, b, -1}};
      n.source = node.source;
      return append(n);
    };
    int sum = literal(map[axis].offset);
    for (size_t d = 0; d < group_.space.size(); ++d) {
      if (map[axis].coefs[d] == 0) continue;
      ExprNode n{.kind = ExprNode::Kind::index, .dtype = dtype, .acc = static_cast<int>(d)};
      n.source = node.source;
      int term = append(n);
      if (map[axis].coefs[d] != 1) term = binary(Op::mul, term, literal(map[axis].coefs[d]));
      sum = binary(Op::add, sum, term);
    }
    if (node.type.dtype == dtype) return sum;
    ExprNode out{.kind = ExprNode::Kind::op, .dtype = node.type.dtype, .op = Op::convert};
    out.operands[0] = sum;
    out.source = node.source;
    return append(out);
  }

  const Graph& graph_;
  const Grouping& grouping_;
  const Group& group_;
  Fused fused_;
  std::unordered_map<NodeId, const IndexMap*> maps_;
  std::unordered_map<NodeId, int> done_;
};

// Appends one expression to another over the same space. What both compute is computed once, and
// what an earlier result stores is not loaded again.
class Appender {
 public:
  Appender(Fused& to, const Fused& more) : to_(to), more_(more) {}

  void run() {
    for (NodeId id : more_.buffers) pointers_.push_back(pointer(id));
    for (const ExprNode& node : more_.expr.nodes) nodes_.push_back(place(node));
    for (int result : more_.expr.results) to_.expr.results.push_back(at(nodes_, result));
    for (const View& view : more_.outputs) to_.outputs.push_back(moved(view));
  }

  // As sums of a dense group: results are what the reductions reduce.
  void run_sums() {
    for (NodeId id : more_.buffers) pointers_.push_back(pointer(id));
    for (const ExprNode& node : more_.expr.nodes) {
      nodes_.push_back(node.kind == ExprNode::Kind::acc ? -1 : place(node));
    }
    for (size_t i = 0; i < more_.outputs.size(); ++i) {
      const ExprNode& result = more_.expr.nodes[static_cast<size_t>(more_.expr.results[i])];
      int operand = more_.reduces[static_cast<size_t>(result.acc)].operand;
      to_.expr.results.push_back(at(nodes_, operand));
      to_.sums.push_back(moved(more_.outputs[i]));
    }
  }

 private:
  static int at(const std::vector<int>& places, int i) { return places[static_cast<size_t>(i)]; }

  int pointer(NodeId id) {
    auto it = std::find(to_.buffers.begin(), to_.buffers.end(), id);
    if (it == to_.buffers.end()) it = to_.buffers.insert(it, id);
    return static_cast<int>(it - to_.buffers.begin());
  }

  View moved(View view) const {
    view.pointer = at(pointers_, view.pointer);
    return view;
  }

  // A buffer that is read and written has two pointers.
  bool same(const View& a, const View& b) const {
    return to_.buffers[static_cast<size_t>(a.pointer)] ==
               to_.buffers[static_cast<size_t>(b.pointer)] &&
           a.dtype == b.dtype && a.offset == b.offset && a.strides == b.strides;
  }

  int place(ExprNode node) {
    if (node.kind == ExprNode::Kind::load) return place_load(node);
    if (node.kind == ExprNode::Kind::acc) return place_reduce(node);
    for (int& operand : node.operands) {
      if (operand >= 0) operand = at(nodes_, operand);
    }
    for (size_t i = 0; i < to_.expr.nodes.size(); ++i) {
      if (equal(to_.expr.nodes[i], node)) return static_cast<int>(i);
    }
    return to_.expr.add(node);
  }

  static bool equal(const ExprNode& a, const ExprNode& b) {
    if (a.kind != b.kind || a.dtype != b.dtype) return false;
    if (a.kind == ExprNode::Kind::index) return a.acc == b.acc;
    if (a.kind == ExprNode::Kind::literal) {
      return std::bit_cast<uint64_t>(a.literal) == std::bit_cast<uint64_t>(b.literal) &&
             a.literal_int == b.literal_int;
    }
    return a.kind == ExprNode::Kind::op && a.op == b.op &&
           std::ranges::equal(a.operands, b.operands);
  }

  int place_load(ExprNode node) {
    View view = moved(more_.expr.views[static_cast<size_t>(node.view)]);
    for (size_t r = 0; r < to_.outputs.size(); ++r) {
      if (same(to_.outputs[r], view)) return to_.expr.results[r];
    }
    for (size_t i = 0; i < to_.expr.nodes.size(); ++i) {
      const ExprNode& other = to_.expr.nodes[i];
      if (other.kind != ExprNode::Kind::load) continue;
      if (same(to_.expr.views[static_cast<size_t>(other.view)], view)) return static_cast<int>(i);
    }
    node.view = static_cast<int>(to_.expr.views.size());
    to_.expr.views.push_back(std::move(view));
    return to_.expr.add(node);
  }

  int place_reduce(ExprNode node) {
    RowReduce reduce = more_.reduces[static_cast<size_t>(node.acc)];
    reduce.operand = at(nodes_, reduce.operand);
    node.acc = static_cast<int>(to_.reduces.size());
    reduce.node = to_.expr.add(node);
    to_.reduces.push_back(reduce);
    return reduce.node;
  }

  Fused& to_;
  const Fused& more_;
  std::vector<int> pointers_, nodes_;  // where those of `more` are
};

}  // namespace

Fused build_expr(const Graph& graph, const Grouping& grouping, const Group& group) {
  Fused fused = ExprBuilder(graph, grouping, group).build();
  for (const Group& sibling : group.siblings) {
    Appender(fused, ExprBuilder(graph, grouping, sibling).build()).run();
  }
  return fused;
}

void append_sums(Fused& dense, Fused row, std::span<const AxisSource> axes) {
  row.expr = remap(row.expr, axes);
  for (View& view : row.outputs) view = remap(view, axes);
  Appender(dense, row).run_sums();
}

}  // namespace burin::lower
