// Choices, facts and guards of the random graph generator.
#include "tests/support/graph_maker.h"

#include <cmath>

namespace burin::test {

using graph::NodeId;

int64_t GraphMaker::dimension() {
  constexpr int64_t kSizes[] = {1, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33};
  return one_of(kSizes);
}

Dims GraphMaker::dims(int64_t least_rank, int64_t most_rank) {
  Dims out(static_cast<size_t>(between(least_rank, most_rank)));
  int64_t elements = 1;
  for (int64_t& d : out) {
    d = dimension();
    while (elements * d > max_elements_ / 4) d = (d + 1) / 2;
    elements *= d;
  }
  return out;
}

NodeId GraphMaker::note(NodeId id, double bound, bool exact) {
  facts_.resize(b.graph().size());
  Fact& fact = facts_[id.index];
  if (fact.usable) return id;
  bool integral = !burin::is_float(b.dtype(id));
  fact = {bound, exact || integral, b.shape(id).elements() <= max_elements_};
  return id;
}

std::vector<NodeId> GraphMaker::loose_ends() const {
  std::vector<bool> used(facts_.size(), false);
  for (size_t n = 0; n < facts_.size(); ++n) {
    if (!facts_[n].usable) continue;
    for (NodeId operand : graph_.nodes[NodeId(n)].operands) used[operand.index] = true;
  }
  std::vector<NodeId> ends;
  for (size_t n = 0; n < facts_.size(); ++n) {
    if (facts_[n].usable && !used[n]) ends.push_back(NodeId(n));
  }
  return ends;
}

NodeId GraphMaker::fresh(const TensorType& type, InputRange range) {
  double bound = std::max(std::abs(range.low), std::abs(range.high));
  if (chance(30)) return note(b.constant(random_tensor(type, range, rng.next())), bound, true);
  return note(b.in(type.dtype, type.shape.dims(), range), bound, true);
}

NodeId GraphMaker::pick(const Wanted& wanted, const TensorType& fallback) {
  std::vector<NodeId> found;
  for (size_t n = 0; n < facts_.size(); ++n) {
    if (facts_[n].usable && wanted(NodeId(n))) found.push_back(NodeId(n));
  }
  if (found.empty() || chance(15)) return fresh(fallback);
  // Recent values more often: graphs grow deep.
  auto n = static_cast<int64_t>(found.size());
  return found[static_cast<size_t>(chance(60) ? between(std::max<int64_t>(0, n - 3), n - 1)
                                              : rng.below(n))];
}

bool GraphMaker::is_wide(NodeId id) const {
  return b.dtype(id) == DType::f32 || b.dtype(id) == DType::f64;
}

NodeId GraphMaker::pick_float(int64_t least_rank, int64_t most_rank) {
  auto fits_rank = [&](NodeId id) {
    auto rank = static_cast<int64_t>(b.shape(id).rank());
    return is_wide(id) && rank >= least_rank && rank <= most_rank;
  };
  DType dtype = chance(90) ? DType::f32 : DType::f64;
  return pick(fits_rank, {dtype, Shape(dims(least_rank, most_rank))});
}

NodeId GraphMaker::pick_like(const TensorType& type) {
  return pick([&](NodeId id) { return b.type(id) == type; }, type);
}

NodeId GraphMaker::tamed(NodeId x, double limit) {
  if (bound(x) <= limit) return x;
  NodeId low = b.full(b.type(x), -limit), high = b.full(b.type(x), limit);
  return note(b.clamp(low, x, high), limit, exact(x));
}

NodeId GraphMaker::positive(NodeId x, double distance) {
  NodeId y = b.add(b.abs(x), b.full(b.type(x), distance));
  return note(y, bound(x) + distance, false);
}

}  // namespace burin::test
