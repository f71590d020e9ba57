// Steps of the random graph generator: products, reductions, and the patterns that layers make of
// primitives (softmax, norms, dense and convolution layers with their activations).
#include <algorithm>
#include <cmath>

#include "tests/support/graph_maker.h"

namespace burin::test {

namespace {

using graph::NodeId;
using graph::Op;
using graph::ReduceKind;

int64_t rank_of(GraphMaker& m, NodeId x) { return static_cast<int64_t>(m.b.shape(x).rank()); }

int64_t last_size(GraphMaker& m, NodeId x) { return m.b.shape(x).dims().back(); }

constexpr ReduceKind kLikelyKinds[] = {ReduceKind::sum, ReduceKind::sum, ReduceKind::max,
                                       ReduceKind::min, ReduceKind::prod};

// Bound and exactness of combining `count` elements of x; prod wants them near one.
void note_reduced(GraphMaker& m, NodeId id, NodeId x, ReduceKind kind, double count) {
  bool extreme = kind == ReduceKind::max || kind == ReduceKind::min;
  double bound = m.bound(x);
  if (kind == ReduceKind::sum) bound *= count;
  if (kind == ReduceKind::prod) bound = std::pow(1.05, std::min(count, 100.0));
  m.note(id, bound, extreme && m.exact(x));
}

NodeId reducible(GraphMaker& m, ReduceKind kind, int64_t least_rank) {
  if (m.chance(20)) {
    auto wanted = [&](NodeId id) {
      return is_integer(m.b.dtype(id)) && rank_of(m, id) >= least_rank;
    };
    return m.pick(wanted, {DType::i32, Shape(m.dims(least_rank, 4))});
  }
  NodeId x = m.pick_float(least_rank);
  return kind == ReduceKind::prod ? m.tamed(x, 1.05) : m.tamed(x, 100);
}

void reduce(GraphMaker& m) {
  ReduceKind kind = m.one_of(kLikelyKinds);
  NodeId x = reducible(m, kind, 1);
  Dims axes;
  double count = 1;
  for (int64_t i = 0; i < rank_of(m, x); ++i) {
    if (!m.chance(50)) continue;
    axes.push_back(i);
    count *= static_cast<double>(m.b.shape(x)[static_cast<size_t>(i)]);
  }
  NodeId y = m.chance(40) ? m.b.reduce_keep(x, kind, axes) : m.b.reduce(x, kind, axes);
  note_reduced(m, y, x, kind, count);
}

void reduce_window(GraphMaker& m) {
  graph::WindowAttr attr;
  attr.kind = m.one_of(kLikelyKinds);
  NodeId x = reducible(m, attr.kind, 1);
  bool padded = attr.kind == ReduceKind::sum || attr.kind == ReduceKind::prod;
  double count = 1;
  for (int64_t size : m.b.shape(x).dims()) {
    bool slides = m.chance(60) && size > 1;
    attr.window.push_back(slides ? m.between(1, std::min<int64_t>(3, size)) : 1);
    attr.stride.push_back(slides ? m.between(1, 2) : 1);
    attr.dilation.push_back(slides && m.chance(20) ? 2 : 1);
    // Padding below the window: no result is an identity alone, which may be infinite.
    int64_t most = slides && (padded || attr.dilation.back() == 1) ? attr.window.back() - 1 : 0;
    attr.low.push_back(m.between(0, most));
    attr.high.push_back(m.between(0, most));
    count *= static_cast<double>(attr.window.back());
  }
  ReduceKind kind = attr.kind;
  note_reduced(m, m.b.reduce_window(x, std::move(attr)), x, kind, count);
}

// a[batch..., free..., contracted] times something that fits, with its axes in any order.
void dot_general(GraphMaker& m) {
  NodeId a = m.tamed(m.pick_float(1), 8);
  const Shape shape = m.b.shape(a);
  graph::DotAttr attr;
  Dims b_dims;
  auto pair_axis = [&](int64_t axis, Dims& left, Dims& right) {
    left.push_back(axis);
    right.push_back(static_cast<int64_t>(b_dims.size()));
    b_dims.push_back(shape[static_cast<size_t>(axis)]);
  };
  if (m.chance(50)) b_dims.push_back(m.dimension());
  double count = 1;
  for (int64_t axis = 0; axis < rank_of(m, a); ++axis) {
    bool last = axis + 1 == rank_of(m, a);
    if (m.chance(last ? 85 : 15)) {
      pair_axis(axis, attr.lhs_contract, attr.rhs_contract);
      count *= static_cast<double>(shape[static_cast<size_t>(axis)]);
    } else if (m.chance(40)) {
      pair_axis(axis, attr.lhs_batch, attr.rhs_batch);
    }
  }
  if (m.chance(60)) b_dims.push_back(m.dimension());
  if (Shape(b_dims).elements() > 2000) return;
  NodeId b = m.tamed(m.pick_like({m.b.dtype(a), Shape(b_dims)}), 8);
  m.note(m.b.dot_general(a, b, attr), m.bound(a) * m.bound(b) * count, false);
}

NodeId convolved(GraphMaker& m, NodeId x) {
  int64_t channels = last_size(m, x), spatial = rank_of(m, x) - 2;
  graph::ConvAttr attr;
  bool depthwise = m.chance(25);
  attr.groups = depthwise ? channels : channels % 2 == 0 && m.chance(25) ? 2 : 1;
  int64_t per_group = channels / attr.groups;
  Dims w_dims;
  double count = static_cast<double>(per_group);
  for (int64_t i = 0; i < spatial; ++i) {
    w_dims.push_back(m.between(1, 3));
    attr.stride.push_back(m.chance(70) ? 1 : 2);
    attr.low.push_back(m.between(m.chance(10) ? -1 : 0, 2));
    attr.high.push_back(m.between(m.chance(10) ? -1 : 0, 2));
    attr.x_dilation.push_back(m.chance(85) ? 1 : 2);
    attr.w_dilation.push_back(m.chance(85) ? 1 : 2);
    count *= static_cast<double>(w_dims.back());
  }
  w_dims.push_back(per_group);
  int64_t multiple = depthwise ? m.between(1, 2) : m.dimension();
  w_dims.push_back(attr.groups * multiple);
  if (Shape(w_dims).elements() > 20000) return x;
  NodeId w = m.fresh({m.b.dtype(x), Shape(w_dims)}, {-1, 1});
  return m.note(m.b.convolution(x, w, attr), m.bound(x) * count, false);
}

void convolution(GraphMaker& m) { convolved(m, m.tamed(m.pick_float(3, 5), 8)); }

// A vector along the last axis of x, in x's shape.
NodeId along_last(GraphMaker& m, NodeId x) {
  NodeId vector = m.fresh({m.b.dtype(x), Shape{last_size(m, x)}});
  return m.note(m.b.broadcast(vector, m.b.shape(x), {rank_of(m, x) - 1}), m.bound(vector), true);
}

NodeId activated(GraphMaker& m, NodeId x) {
  auto like = [&](double v) { return m.b.full(m.b.type(x), v); };
  double bound = m.bound(x);
  switch (m.between(0, 4)) {
    case 0: return m.note(m.b.max(x, like(0)), bound, false);
    case 1: return m.note(m.b.clamp(like(0), x, like(6)), 6, false);
    case 2: return m.note(m.b.mul(x, m.b.logistic(x)), bound, false);
    case 3: {  // x * (erf(x / sqrt(2)) + 1) / 2
      NodeId gate = m.b.add(m.b.erf(m.b.mul(x, like(0.70710678))), like(1));
      return m.note(m.b.mul(m.b.mul(x, like(0.5)), gate), bound, false);
    }
    default: return m.note(m.b.tanh(x), 1, false);
  }
}

void dense_layer(GraphMaker& m) {
  NodeId x = m.tamed(m.pick_float(2, 3), 8);
  NodeId w = m.fresh({m.b.dtype(x), Shape{last_size(m, x), m.dimension()}}, {-1, 1});
  NodeId y = m.b.dot_general(x, w, {{}, {}, {rank_of(m, x) - 1}, {0}});
  m.note(y, m.bound(x) * static_cast<double>(last_size(m, x)), false);
  NodeId biased = m.note(m.b.add(y, along_last(m, y)), m.bound(y) + 2, false);
  activated(m, biased);
}

void conv_layer(GraphMaker& m) {
  NodeId y = convolved(m, m.tamed(m.pick_float(4, 4), 8));
  NodeId scaled = m.note(m.b.mul(y, along_last(m, y)), m.bound(y) * 2, false);
  NodeId shifted = m.note(m.b.add(scaled, along_last(m, y)), m.bound(scaled) + 2, false);
  NodeId z = activated(m, shifted);
  if (m.chance(50))
    m.note(m.b.add(z, m.tamed(m.pick_like(m.b.type(z)), 100)), m.bound(z) + 100, false);
}

NodeId reduced_back(GraphMaker& m, NodeId x, ReduceKind kind, int64_t axis) {
  const Shape shape = m.b.shape(x);
  return m.b.broadcast_to(m.b.reduce_keep(x, kind, {axis}), shape);
}

// exp(x - max) / sum(exp(x - max))
void softmax(GraphMaker& m) {
  NodeId x = m.tamed(m.pick_float(1), 20);
  int64_t axis = m.chance(80) ? rank_of(m, x) - 1 : m.between(0, rank_of(m, x) - 1);
  NodeId e = m.b.exp(m.b.sub(x, reduced_back(m, x, ReduceKind::max, axis)));
  m.note(m.b.div(e, reduced_back(m, e, ReduceKind::sum, axis)), 1, false);
}

// (x - mean) / sqrt(variance + 0.1) * scale + shift, over the last axis
void layer_norm(GraphMaker& m) {
  NodeId x = m.tamed(m.pick_float(1), 20);
  int64_t axis = rank_of(m, x) - 1;
  NodeId part = m.b.full(m.b.type(x), 1.0 / static_cast<double>(last_size(m, x)));
  NodeId mean = m.b.mul(reduced_back(m, x, ReduceKind::sum, axis), part);
  NodeId centred = m.b.sub(x, mean);
  NodeId squares = reduced_back(m, m.b.mul(centred, centred), ReduceKind::sum, axis);
  NodeId variance = m.b.add(m.b.mul(squares, part), m.b.full(m.b.type(x), 0.1));
  NodeId y = m.note(m.b.mul(centred, m.b.rsqrt(variance)), 10, false);
  NodeId scaled = m.note(m.b.mul(y, along_last(m, y)), 20, false);
  m.note(m.b.add(scaled, along_last(m, y)), 22, false);
}

constexpr GrowStep kDenseSteps[] = {reduce,      reduce_window, dot_general, convolution,
                                    dense_layer, conv_layer,    softmax,     layer_norm};

}  // namespace

std::span<const GrowStep> dense_steps() { return kDenseSteps; }

}  // namespace burin::test
