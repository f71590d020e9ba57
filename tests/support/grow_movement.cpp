// Steps of the random graph generator: moving, indexing and sorting.
#include <algorithm>
#include <numeric>

#include "tests/support/graph_maker.h"

namespace burin::test {

namespace {

using graph::NodeId;

NodeId pick_any(GraphMaker& m, int64_t least_rank) {
  auto wanted = [&](NodeId id) { return static_cast<int64_t>(m.b.shape(id).rank()) >= least_rank; };
  return m.pick(wanted, {DType::f32, Shape(m.dims(std::max<int64_t>(least_rank, 1), 4))});
}

// The result holds elements of x, and maybe of y.
void keep(GraphMaker& m, NodeId id, NodeId x, NodeId y = {}) {
  if (!y.valid()) y = x;
  m.note(id, std::max(m.bound(x), m.bound(y)), m.exact(x) && m.exact(y));
}

int64_t axis_of(GraphMaker& m, NodeId x) {
  return m.between(0, static_cast<int64_t>(m.b.shape(x).rank()) - 1);
}

// Joins two neighbouring axes, splits one, or inserts an axis of one.
void reshape(GraphMaker& m) {
  NodeId x = pick_any(m, 0);
  Dims dims = m.b.shape(x).dims();
  if (dims.size() >= 2 && m.chance(50)) {
    auto at = static_cast<size_t>(m.between(0, static_cast<int64_t>(dims.size()) - 2));
    dims[at] *= dims[at + 1];
    dims.erase(dims.begin() + static_cast<int64_t>(at) + 1);
  } else {
    int64_t at = m.between(0, static_cast<int64_t>(dims.size()));
    bool even = at < static_cast<int64_t>(dims.size()) && dims[static_cast<size_t>(at)] % 2 == 0;
    if (even) dims[static_cast<size_t>(at)] /= 2;
    dims.insert(dims.begin() + at, even ? 2 : 1);
  }
  if (dims.size() <= 5) keep(m, m.b.reshape(x, Shape(dims)), x);
}

void transpose(GraphMaker& m) {
  NodeId x = pick_any(m, 2);
  Dims perm(m.b.shape(x).rank());
  std::iota(perm.begin(), perm.end(), int64_t{0});
  for (size_t i = perm.size(); i-- > 1;) {
    std::swap(perm[i], perm[static_cast<size_t>(m.rng.below(static_cast<int64_t>(i) + 1))]);
  }
  keep(m, m.b.transpose(x, perm), x);
}

// A new axis anywhere, and axes of one widened.
void broadcast(GraphMaker& m) {
  NodeId x = pick_any(m, 0);
  Dims to = m.b.shape(x).dims(), axes(to.size());
  int64_t at = m.between(0, static_cast<int64_t>(to.size()));
  for (size_t i = 0; i < axes.size(); ++i) {
    axes[i] = static_cast<int64_t>(i) + (static_cast<int64_t>(i) >= at);
    if (to[i] == 1) to[i] = m.dimension();
  }
  to.insert(to.begin() + at, m.between(1, 5));
  if (to.size() <= 5) keep(m, m.b.broadcast(x, Shape(to), axes), x);
}

void slice(GraphMaker& m) {
  NodeId x = pick_any(m, 1);
  Dims start, limit, stride;
  for (int64_t d : m.b.shape(x).dims()) {
    start.push_back(m.between(0, d - 1));
    limit.push_back(m.between(start.back() + 1, d));
    stride.push_back(m.chance(70) ? 1 : m.between(1, 3));
  }
  keep(m, m.b.slice(x, start, limit, stride), x);
}

void pad(GraphMaker& m) {
  NodeId x = pick_any(m, 1);
  NodeId value = m.chance(50) ? m.note(m.b.scalar(m.b.dtype(x), 0), 0, true)
                              : m.pick_like({m.b.dtype(x), Shape{}});
  Dims low, high, interior;
  for (size_t i = 0; i < m.b.shape(x).rank(); ++i) {
    low.push_back(m.between(0, 2));
    high.push_back(m.between(0, 2));
    interior.push_back(m.chance(80) ? 0 : m.between(0, 2));
  }
  keep(m, m.b.pad(x, value, low, high, interior), x, value);
}

void concatenate(GraphMaker& m) {
  NodeId x = pick_any(m, 1);
  int64_t axis = axis_of(m, x);
  TensorType type = m.b.type(x);
  auto joins = [&](NodeId id) {
    if (m.b.dtype(id) != type.dtype || m.b.shape(id).rank() != type.shape.rank()) return false;
    Dims dims = m.b.shape(id).dims();
    dims[static_cast<size_t>(axis)] = type.shape[static_cast<size_t>(axis)];
    return dims == type.shape.dims();
  };
  NodeId y = m.pick(joins, type);
  keep(m, m.b.concatenate({x, y}, axis), x, y);
}

// Concatenations that grow by what is made of them, side by side or one inside the next.
void growing_concatenation(GraphMaker& m) {
  NodeId x = pick_any(m, 1);
  int64_t axis = axis_of(m, x);
  TensorType type = m.b.type(x);
  if (!is_float(type.dtype)) return;
  bool nested = m.chance(30);
  std::vector<NodeId> parts = {x};
  NodeId all = x;
  for (int64_t i = 0, count = m.between(2, 4); i < count; ++i) {
    Dims start(type.shape.rank(), 0), stride(type.shape.rank(), 1), limit = m.b.shape(all).dims();
    limit[static_cast<size_t>(axis)] = m.between(0, limit[static_cast<size_t>(axis)]);
    NodeId more = m.b.slice(m.chance(50) ? m.b.neg(all) : all, start, limit, stride);
    if (m.chance(70)) more = m.b.abs(more);
    parts.push_back(more);
    if (m.chance(10)) parts.push_back(x);
    all = m.b.concatenate(parts, axis);
    if (nested) parts = {all};
    if (m.chance(30)) keep(m, m.b.neg(all), x);
  }
  keep(m, all, x);
}

void reverse(GraphMaker& m) {
  NodeId x = pick_any(m, 1);
  Dims axes;
  for (size_t i = 0; i < m.b.shape(x).rank(); ++i) {
    if (m.chance(50)) axes.push_back(static_cast<int64_t>(i));
  }
  keep(m, m.b.reverse(x, axes), x);
}

NodeId indices_for(GraphMaker& m, int64_t size, Dims dims) {
  DType dtype = m.chance(70) ? DType::i64 : DType::i32;
  auto last = static_cast<double>(size - 1);
  InputRange range = m.chance(80) ? InputRange{0, last} : InputRange{-2, last + 2};
  return m.fresh({dtype, Shape(std::move(dims))}, range);
}

void gather(GraphMaker& m) {
  NodeId x = pick_any(m, 1);
  int64_t axis = axis_of(m, x);
  NodeId at = indices_for(m, m.b.shape(x)[static_cast<size_t>(axis)], m.dims(0, 2));
  if (m.b.shape(x).rank() + m.b.shape(at).rank() <= 6) keep(m, m.b.gather(x, at, axis), x);
}

void scatter(GraphMaker& m) {
  using Kind = graph::ScatterKind;
  constexpr Kind kKinds[] = {Kind::assign, Kind::add, Kind::max, Kind::min};
  NodeId x = pick_any(m, 1);
  TensorType type = m.b.type(x);
  Kind kind = type.dtype == DType::pred || !(m.is_wide(x) || is_integer(type.dtype))
                  ? Kind::assign
                  : m.one_of(kKinds);
  NodeId at = indices_for(m, type.shape[0], {m.between(1, 5)});
  Dims dims = type.shape.dims();
  dims[0] = m.b.shape(at)[0];
  NodeId updates = m.pick_like({type.dtype, Shape(dims)});
  double sum = m.bound(x) + m.bound(updates) * static_cast<double>(dims[0]);
  bool exact = m.exact(x) && m.exact(updates) && kind != Kind::add;
  m.note(m.b.scatter(x, at, updates, kind), sum, exact);
}

void argsort(GraphMaker& m) {
  auto wanted = [&](NodeId id) {
    bool sortable = m.b.dtype(id) != DType::pred && (m.is_wide(id) || !m.is_float(id));
    return m.exact(id) && sortable && m.b.shape(id).rank() > 0;
  };
  NodeId x = m.pick(wanted, {DType::f32, Shape(m.dims(1, 3))});
  m.note(m.b.argsort(x, axis_of(m, x), m.chance(50)), 1e6, true);
}

void iota(GraphMaker& m) {
  constexpr DType kDTypes[] = {DType::f32, DType::i32, DType::i64, DType::u8};
  Dims dims = m.dims(1, 3);
  auto axis = m.between(0, static_cast<int64_t>(dims.size()) - 1);
  m.note(m.b.iota({m.one_of(kDTypes), Shape(dims)}, axis), 100, true);
}

constexpr GrowStep kMovementSteps[] = {
    reshape, transpose, broadcast, slice,   pad, concatenate, growing_concatenation,
    reverse, gather,    scatter,   argsort, iota};

}  // namespace

std::span<const GrowStep> movement_steps() { return kMovementSteps; }

}  // namespace burin::test
