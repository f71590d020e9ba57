// The ops that make, merge or contract axes, over operands in any order.
#include "passes/transpose_mover.h"

namespace burin::passes {

namespace {

using graph::DimsAttr;
using graph::DotAttr;
using graph::ReduceAttr;

// Adds the axes of a value of `rank` that `order` lacks, each behind the axis before it.
void insert_missing(Dims& order, size_t rank) {
  for (int64_t axis = 0; axis < static_cast<int64_t>(rank); ++axis) {
    if (contains(order, axis)) continue;
    auto before = axis == 0 ? order.end() : std::find(order.begin(), order.end(), axis - 1);
    order.insert(axis == 0 ? order.begin() : before + 1, axis);
  }
}

// The axes of [0, rank) that neither list names, in order.
Dims others(size_t rank, const Dims& a, const Dims& b) {
  Dims out;
  for (int64_t axis = 0; axis < static_cast<int64_t>(rank); ++axis) {
    if (!contains(a, axis) && !contains(b, axis)) out.push_back(axis);
  }
  return out;
}

// The position of each entry in the sorted list.
Dims ranks(const Dims& axes) {
  Dims out;
  for (int64_t axis : axes) {
    out.push_back(std::count_if(axes.begin(), axes.end(), [&](int64_t a) { return a < axis; }));
  }
  return out;
}

}  // namespace

Ordered TransposeMover::reduce(NodeId old) {
  Ordered x = at_hand(old_[old].operands[0]);
  ReduceAttr attr = old_.attr<ReduceAttr>(old);
  Dims kept = permuted(x.perm, others(x.perm.size(), attr.dims, {}));
  for (int64_t& axis : attr.dims) axis = x.perm[to_index(axis)];
  rw_.use_source_of(old);
  return {builder().reduce(x.base, attr.kind, attr.dims), ranks(kept)};
}

// Each group of axes must lie together and in order; groups may lie in any order, which the result
// keeps. Groups are ordered by where their last axis is, so that what is innermost stays there.
Ordered TransposeMover::reshape(NodeId old) {
  NodeId from = old_[old].operands[0];
  const Shape& to = shape(old);
  if (to.elements() == 0) return fixed_order(old);
  Ordered x = at_hand(from);
  std::vector<AxisGroup> groups = regroup(shape(from), to);
  std::sort(groups.begin(), groups.end(), [&](const AxisGroup& a, const AxisGroup& b) {
    return x.perm[to_index(a.from.back())] < x.perm[to_index(b.from.back())];
  });
  Dims wanted, order;  // axes of the base, axes of the result
  for (const AxisGroup& group : groups) {
    for (int64_t axis : group.from) wanted.push_back(x.perm[to_index(axis)]);
    order.insert(order.end(), group.to.begin(), group.to.end());
  }
  insert_missing(wanted, x.perm.size());
  insert_missing(order, to.rank());
  rw_.use_source_of(old);
  bool in_place = moves_only_units(wanted, rw_.to().type(x.base).shape);
  NodeId base = in_place ? x.base : transposed(x.base, wanted);
  return {builder().reshape(base, Shape(permuted(to.dims(), order))), inverse(order)};
}

Ordered TransposeMover::broadcast(NodeId old) {
  Ordered x = at_hand(old_[old].operands[0]);
  const Shape& to = shape(old);
  // Axes of the result in the order of the base's axes, then those that are new.
  Dims order = permuted(old_.attr<DimsAttr>(old).dims, inverse(x.perm));
  Dims named = order;
  insert_missing(order, to.rank());
  Dims perm = inverse(order);
  rw_.use_source_of(old);
  NodeId base =
      builder().broadcast(x.base, Shape(permuted(to.dims(), order)), permuted(perm, named));
  return {base, perm};
}

Ordered TransposeMover::gather(NodeId old) {
  Ordered x = at_hand(old_[old].operands[0]);
  NodeId indices = in_order(old_[old].operands[1]);
  int64_t axis = old_.attr<graph::AxisAttr>(old).axis, base_axis = x.perm[to_index(axis)];
  auto added = static_cast<int64_t>(shape(old_[old].operands[1]).rank()) - 1;
  Dims perm(shape(old).rank());
  for (int64_t i = 0; i < static_cast<int64_t>(x.perm.size()); ++i) {
    int64_t b = x.perm[to_index(i)];
    if (i != axis) perm[to_index(i < axis ? i : i + added)] = b < base_axis ? b : b + added;
  }
  for (int64_t j = 0; j <= added; ++j) perm[to_index(axis + j)] = base_axis + j;
  rw_.use_source_of(old);
  return {builder().gather(x.base, indices, base_axis), perm};
}

std::optional<Ordered> TransposeMover::contract_unflattened(NodeId old) {
  DotAttr attr = old_.attr<DotAttr>(old);
  NodeId a = old_[old].operands[0], b = old_[old].operands[1];
  if (old_[a].op != Op::reshape || values_[a].free || !values_[b].free) return {};
  if (!attr.lhs_batch.empty() || attr.lhs_contract.size() != 1) return {};
  NodeId unflattened = old_[a].operands[0];
  Ordered x = at_hand(unflattened);
  Dims contracted, sizes, kept;  // axes of the base, their sizes, and its other axes larger than 1
  for (const AxisGroup& group : regroup(shape(unflattened), shape(a))) {
    bool flattens = group.to == attr.lhs_contract;
    if (!flattens && (group.from.size() != 1 || group.to.size() != 1)) return {};
    for (int64_t axis : group.from) {
      (flattens ? contracted : kept).push_back(x.perm[to_index(axis)]);
      if (flattens) sizes.push_back(shape(unflattened)[to_index(axis)]);
    }
  }
  if (std::is_sorted(contracted.begin(), contracted.end())) return {};
  if (!std::is_sorted(kept.begin(), kept.end())) return {};
  auto inner = attr.rhs_contract[0];
  Dims split = shape(b).dims();
  split.erase(split.begin() + inner);
  split.insert(split.begin() + inner, sizes.begin(), sizes.end());
  Dims split_axes(sizes.size());
  std::iota(split_axes.begin(), split_axes.end(), inner);
  // Pairs in the order of the base, which is how its elements follow each other.
  Dims by_place(sizes.size());
  Dims place = ranks(contracted);
  for (size_t i = 0; i < place.size(); ++i) by_place[to_index(place[i])] = static_cast<int64_t>(i);
  rw_.use_source_of(old);
  NodeId w = builder().reshape(in_order(b), Shape(split));
  NodeId dot = builder().dot_general(
      x.base, w, {{}, {}, permuted(contracted, by_place), permuted(split_axes, by_place)});
  return Ordered{builder().reshape(dot, shape(old)), identity_dims(shape(old).rank())};
}

Ordered TransposeMover::dot_general(NodeId old) {
  if (auto made = contract_unflattened(old)) return *made;
  DotAttr attr = old_.attr<DotAttr>(old);
  NodeId a = old_[old].operands[0], b = old_[old].operands[1];
  Ordered lhs = at_hand(a), rhs = at_hand(b);
  Dims lhs_free = permuted(lhs.perm, others(lhs.perm.size(), attr.lhs_batch, attr.lhs_contract));
  Dims rhs_free = permuted(rhs.perm, others(rhs.perm.size(), attr.rhs_batch, attr.rhs_contract));
  attr.lhs_batch = permuted(lhs.perm, attr.lhs_batch);
  attr.rhs_batch = permuted(rhs.perm, attr.rhs_batch);
  attr.lhs_contract = permuted(lhs.perm, attr.lhs_contract);
  attr.rhs_contract = permuted(rhs.perm, attr.rhs_contract);
  // The result is batch, then the free axes in the order of each base.
  Dims perm = identity_dims(attr.lhs_batch.size());
  for (const Dims& free : {lhs_free, rhs_free}) {
    auto first = static_cast<int64_t>(perm.size());
    for (int64_t rank : ranks(free)) perm.push_back(first + rank);
  }
  rw_.use_source_of(old);
  return {builder().dot_general(lhs.base, rhs.base, std::move(attr)), perm};
}

}  // namespace burin::passes
