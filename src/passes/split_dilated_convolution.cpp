// Result o of a dilated axis is  sum over k of  xd[o + k - low] * w[k],  xd[i] = x[i / d] where d
// divides i, else 0. With o = d*j + r only the taps k = k0 + d*m count, k0 = (low - r) mod d:
//   sum over m of  x[j + m + (r + k0 - low) / d] * w[k0 + d*m]
#include "passes/split_dilated_convolution.h"

#include "base/checked.h"
#include "graph/rewrite.h"
#include "passes/dims.h"

namespace burin::passes {

namespace {

using graph::Builder;
using graph::ConvAttr;
using graph::Graph;
using graph::NodeId;
using graph::Op;

constexpr int64_t kMostPhases = 16;
constexpr int64_t kLeastProducts = 8;  // per result; below, interleaving costs more than it saves

// One phase of one axis as an ordinary convolution; taps is 0 where no weight falls into it.
struct Phase {
  int64_t first_tap = 0, taps = 0, low = 0, high = 0;
};

class Splitter {
 public:
  Splitter(Builder& builder, NodeId x, NodeId w, ConvAttr attr, const TensorType& result)
      : b_(builder),
        x_(x),
        w_(w),
        attr_(std::move(attr)),
        result_(result),
        spatial_(attr_.low.size()) {
    phases_.resize(spatial_);
  }

  NodeId run();

 private:
  int64_t positions(size_t axis) const {
    return ceil_div(result_.shape[axis + 1], attr_.x_dilation[axis]);
  }
  Phase phase(size_t axis, int64_t r) const;
  NodeId convolve();
  NodeId interleave(size_t axis);

  Builder& b_;
  NodeId x_, w_;
  ConvAttr attr_;
  TensorType result_;
  size_t spatial_;
  std::vector<Phase> phases_;  // the one at hand, per axis
};

Phase Splitter::phase(size_t axis, int64_t r) const {
  int64_t d = attr_.x_dilation[axis], low = attr_.low[axis], taps = b_.shape(w_)[axis];
  if (d == 1) return {0, taps, low, attr_.high[axis]};
  Phase p;
  p.first_tap = ((low - r) % d + d) % d;
  p.taps = p.first_tap < taps ? ceil_div(taps - p.first_tap, d) : 0;
  p.low = -(r + p.first_tap - low) / d;
  p.high = positions(axis) + p.taps - 1 - b_.shape(x_)[axis + 1] - p.low;
  return p;
}

// The convolution of the phases at hand, with axes of size 1 behind each spatial axis where the
// phases will stand: [N, j0, 1, j1, 1, ..., O].
NodeId Splitter::convolve() {
  Dims spread = {result_.shape[0]};
  for (size_t i = 0; i < spatial_; ++i) {
    spread.push_back(positions(i));
    spread.push_back(1);
  }
  spread.push_back(result_.shape[spatial_ + 1]);
  ConvAttr conv = attr_;
  const Shape w = b_.shape(w_);
  Dims start(w.rank(), 0), limit = w.dims(), stride(w.rank(), 1);
  for (size_t i = 0; i < spatial_; ++i) {
    if (phases_[i].taps == 0) return b_.full({result_.dtype, Shape(spread)}, 0);
    start[i] = phases_[i].first_tap;
    stride[i] = attr_.x_dilation[i];
    conv.low[i] = phases_[i].low;
    conv.high[i] = phases_[i].high;
    conv.x_dilation[i] = 1;
  }
  NodeId taps = b_.slice(w_, start, limit, stride);
  return b_.reshape(b_.convolution(x_, taps, conv), Shape(spread));
}

// All phases of the axes from `axis` on, concatenated.
NodeId Splitter::interleave(size_t axis) {
  if (axis == spatial_) return convolve();
  std::vector<NodeId> parts;
  for (int64_t r = 0; r < attr_.x_dilation[axis]; ++r) {
    phases_[axis] = phase(axis, r);
    parts.push_back(interleave(axis + 1));
  }
  return b_.concatenate(std::move(parts), static_cast<int64_t>(2 * axis + 2));
}

NodeId Splitter::run() {
  NodeId spread = interleave(0);
  Dims whole = result_.shape.dims();
  for (size_t i = 0; i < spatial_; ++i) whole[i + 1] = positions(i) * attr_.x_dilation[i];
  size_t rank = whole.size();
  NodeId y = b_.reshape(spread, Shape(whole));
  if (b_.shape(y) == result_.shape) return y;
  return b_.slice(y, Dims(rank, 0), result_.shape.dims(), Dims(rank, 1));
}

bool worth_splitting(const Graph& graph, NodeId id) {
  if (graph[id].op != Op::convolution) return false;
  const auto& attr = graph.attr<ConvAttr>(id);
  const Shape& x = graph.type(graph[id].operands[0]).shape;
  const Shape& w = graph.type(graph[id].operands[1]).shape;
  if (x.elements() == 0 || graph.type(id).shape.elements() == 0) return false;
  if (!are_moderate(attr.low) || !are_moderate(attr.high)) return false;
  int64_t phases = 1;
  for (size_t i = 0; i < attr.low.size(); ++i) {
    int64_t d = attr.x_dilation[i];
    if (d == 1) continue;
    if (d > kMostPhases || attr.stride[i] != 1 || attr.w_dilation[i] != 1) return false;
    phases *= d;
  }
  int64_t products = w.elements() / w[w.rank() - 1];
  return phases > 1 && phases <= kMostPhases && products >= kLeastProducts;
}

}  // namespace

Graph split_dilated_convolution(const Graph& graph) {
  graph::Rewriter rw(graph);
  for (NodeId id : rw.live()) {
    rw.use_source_of(id);
    if (!worth_splitting(graph, id)) {
      rw.map(id, rw.copy(id));
      continue;
    }
    const graph::Node& node = graph[id];
    Splitter splitter(rw.builder(), rw[node.operands[0]], rw[node.operands[1]],
                      graph.attr<ConvAttr>(id), node.type);
    rw.map(id, splitter.run());
  }
  return rw.finish();
}

}  // namespace burin::passes
