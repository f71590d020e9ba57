// Bounds each sum, then lifts its operands into f32 through what only moves and shifts them.
#include "passes/sum_integers_in_floats.h"

#include <algorithm>
#include <cmath>

#include "graph/rewrite.h"
#include "passes/dims.h"
#include "passes/integer_range.h"
#include "passes/uniform.h"

namespace burin::passes {

namespace {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Op;

constexpr int kDeepest = 32;                // nodes that are lifted at a time, through each other
constexpr double kExactInteger = 16777216;  // 2^24: f32 holds every integer up to here

class Lifter {
 public:
  explicit Lifter(const Graph& graph)
      : old_(graph),
        rw_(graph),
        ranges_(graph.size()),
        reals_(graph.size()),
        lifted_(graph.size()) {}

  Graph run() {
    for (const graph::Port& port : old_.inputs) {
      ranges_[port.node] = integer_range(old_, port.node, ranges_);
    }
    for (NodeId id : rw_.live()) {
      rw_.use_source_of(id);
      rw_.map(id, rewritten(id));
    }
    return rw_.finish();
  }

 private:
  NodeId rewritten(NodeId id) {
    const Node& node = old_[id];
    if (sums_exactly(id)) return summed_in_float(id);
    ranges_[id] = integer_range(old_, id, ranges_);
    reals_[id] = reals_of(old_, id, ranges_, reals_);
    if (node.op == Op::convert && node.type.dtype == DType::f32 &&
        is_integer(old_.type(node.operands[0]).dtype)) {
      if (NodeId lifted = lift(node.operands[0]); lifted.valid()) return lifted;
    }
    return rw_.copy(id);
  }

  // Whether no sum of the node reaches 2^24; then its range is known.
  bool sums_exactly(NodeId id) {
    const Node& node = old_[id];
    bool sums = node.op == Op::convolution || node.op == Op::dot_general;
    if (!sums || node.type.dtype != DType::i32 || node.type.shape.elements() == 0) return false;
    NodeId x = node.operands[0], w = node.operands[1];
    double left = ranges_[x].largest(), right = ranges_[w].largest();
    if (left > kExactInteger || right > kExactInteger) return false;
    double most = products(id) * left * right;
    // Weights that are known tell more.
    if (most >= kExactInteger) most = left * largest_column(id, lift(w));
    if (most >= kExactInteger) return false;
    ranges_[id] = {-most, most};
    return true;
  }

  // How many products are added up to one element of the result.
  double products(NodeId id) const {
    const Node& node = old_[id];
    const Shape& w = old_.type(node.operands[1]).shape;
    if (node.op == Op::convolution) {
      return static_cast<double>(w.elements() / w[w.rank() - 1]);
    }
    double count = 1;
    for (int64_t axis : old_.attr<graph::DotAttr>(id).rhs_contract) {
      count *= static_cast<double>(w[to_index(axis)]);
    }
    return count;
  }

  // The axis of the right operand that no product is summed over; -1 if there are several.
  int64_t column_axis(NodeId id) const {
    auto rank = static_cast<int64_t>(old_.type(old_[id].operands[1]).shape.rank());
    if (old_[id].op == Op::convolution) return rank - 1;
    const auto& attr = old_.attr<graph::DotAttr>(id);
    if (!attr.rhs_batch.empty() || static_cast<int64_t>(attr.rhs_contract.size()) + 1 != rank)
      return -1;
    int64_t axis = 0;
    while (contains(attr.rhs_contract, axis)) ++axis;
    return axis;
  }

  // The largest sum of absolute weights of one column, seen through a transpose.
  double largest_column(NodeId id, NodeId weights) {
    int64_t axis = column_axis(id);
    const Node& node = rw_.to()[weights];
    NodeId value = weights;
    if (node.op == Op::transpose && axis >= 0) {
      axis = std::get<graph::DimsAttr>(node.attr).dims[to_index(axis)];
      value = node.operands[0];
    }
    if (axis < 0 || !rw_.to().is_constant(value)) return kExactInteger;
    const Tensor& tensor = rw_.to().constant(value);
    const Shape& shape = tensor.type().shape;
    int64_t columns = shape[to_index(axis)],
            inner = shape.elements(to_index(axis) + 1, shape.rank());
    std::vector<double> sums(to_index(columns), 0.0);
    int64_t count = tensor.elements();
    for (int64_t i = 0; i < count; ++i) {
      sums[to_index(i / inner % columns)] += std::abs(static_cast<double>(tensor.load<float>(i)));
    }
    return *std::max_element(sums.begin(), sums.end());
  }

  NodeId summed_in_float(NodeId id) {
    const Node& node = old_[id];
    lifted_[id] =
        rw_.builder().add(node.op, {lift(node.operands[0]), lift(node.operands[1])}, node.attr);
    return rw_.builder().convert(lifted_[id], DType::i32);
  }

  // The value in f32, at best without passing through i32; none if it may not fit.
  NodeId lift(NodeId id) {
    if (!lifted_[id].valid()) {
      ++depth_;
      lifted_[id] = ranges_[id].largest() <= kExactInteger ? make_lifted(id) : NodeId{};
      --depth_;
    }
    return lifted_[id];
  }

  NodeId make_lifted(NodeId id) {
    const Node& node = old_[id];
    graph::Builder& b = rw_.builder();
    if (depth_ > kDeepest) return b.convert(rw_[id], DType::f32);
    switch (node.op) {
      case Op::constant: return b.constant(to_floats(old_.constant(id), 0));
      case Op::convert:
        if (is_float(old_.type(node.operands[0]).dtype)) {
          if (keeps_floats(id)) return rw_[node.operands[0]];
          break;
        }
        if (NodeId inner = lift(node.operands[0]); inner.valid() && !changes(id)) return inner;
        break;
      case Op::sub:
        if (auto zero_point = uniform_value(old_, node.operands[1])) {
          NodeId inner = lift(node.operands[0]);
          if (inner.valid()) return shifted(inner, -*zero_point);
        }
        break;
      case Op::add: {
        NodeId left = lift(node.operands[0]), right = lift(node.operands[1]);
        if (left.valid() && right.valid() && !wraps(id)) return b.add(Op::add, {left, right});
        break;
      }
      case Op::broadcast:
        if (NodeId inner = lift(node.operands[0]); inner.valid()) {
          return b.broadcast(inner, node.type.shape, std::get<graph::DimsAttr>(node.attr).dims);
        }
        break;
      case Op::transpose:
        if (NodeId inner = lift(node.operands[0]); inner.valid()) {
          return b.transpose(inner, std::get<graph::DimsAttr>(node.attr).dims);
        }
        break;
      default: break;
    }
    return b.convert(rw_[id], DType::f32);
  }

  // value + shift, computed now where the value is a constant or a transposed one.
  NodeId shifted(NodeId value, double shift) {
    graph::Builder& b = rw_.builder();
    const Node node = rw_.to()[value];
    if (shift == 0) return value;
    if (node.op == Op::constant) return b.constant(to_floats(rw_.to().constant(value), shift));
    if (node.op == Op::transpose && rw_.to().is_constant(node.operands[0])) {
      return b.transpose(shifted(node.operands[0], shift),
                         std::get<graph::DimsAttr>(node.attr).dims);
    }
    return b.with_scalar(Op::add, value, shift);
  }

  // Whether a conversion of f32 to an integer changes no element: they are integers in its range.
  bool keeps_floats(NodeId id) const {
    const Reals& from = reals_[old_[id].operands[0]];
    const Range& to = ranges_[id];
    return from.whole && from.range && to.low <= from.range->low && from.range->high <= to.high;
  }

  // Whether a sum may wrap.
  bool wraps(NodeId id) const {
    const Range &a = ranges_[old_[id].operands[0]], &b = ranges_[old_[id].operands[1]];
    return ranges_[id].low > a.low + b.low || ranges_[id].high < a.high + b.high;
  }

  // Whether a conversion between integers may wrap.
  bool changes(NodeId id) const {
    const Range &to = ranges_[id], &from = ranges_[old_[id].operands[0]];
    return from.low < to.low || to.high < from.high;
  }

  static Tensor to_floats(const Tensor& value, double shift) {
    Tensor out({DType::f32, value.type().shape});
    auto* to = reinterpret_cast<float*>(out.mutable_data());
    int64_t count = value.elements();
    visit_dtype(value.dtype(), [&](auto t) {
      for (int64_t i = 0; i < count; ++i) {
        to[i] = static_cast<float>(static_cast<double>(value.load<decltype(t)>(i)) + shift);
      }
    });
    return out;
  }

  const Graph& old_;
  graph::Rewriter rw_;
  IdVector<NodeId, Range> ranges_;  // of what was visited; of sums, as they were bounded
  IdVector<NodeId, Reals> reals_;
  IdVector<NodeId, NodeId> lifted_;  // in f32
  int depth_ = 0;                    // of lift()
};

}  // namespace

Graph sum_integers_in_floats(const Graph& graph) { return Lifter(graph).run(); }

}  // namespace burin::passes
