// Walks a group from its value to its leaves, following the maps that grouping found possible.
#include "lower/expr_build.h"

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
      if (grouping_.materialized[id] && id != group_.root) return leaf(id, map);
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

}  // namespace

Fused build_expr(const Graph& graph, const Grouping& grouping, const Group& group) {
  return ExprBuilder(graph, grouping, group).build();
}

}  // namespace burin::lower
