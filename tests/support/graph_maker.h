// The state of the random graph generator: what has been built, which values are exact and how
// large they may be. tests/support/random_graph.cpp holds the steps that use it.
#pragma once

#include <functional>

#include "base/rng.h"
#include "tests/support/op_cases.h"

namespace burin::test {

class GraphMaker {
 public:
  GraphMaker(graph::Graph& graph, uint64_t seed, int64_t max_elements)
      : b(graph), rng(seed), graph_(graph), max_elements_(max_elements) {}

  // Random choices.
  int64_t between(int64_t low, int64_t high) { return low + rng.below(high - low + 1); }
  bool chance(int percent) { return rng.below(100) < percent; }
  template <class T, size_t n>
  T one_of(const T (&items)[n]) {
    return items[rng.below(static_cast<int64_t>(n))];
  }
  int64_t dimension();
  Dims dims(int64_t least_rank, int64_t most_rank);

  // Values to build on: one that was built before and satisfies `wanted`, now and then or for want
  // of one a new input or constant of `fallback`.
  using Wanted = std::function<bool(graph::NodeId)>;
  graph::NodeId pick(const Wanted& wanted, const TensorType& fallback);
  graph::NodeId pick_float(int64_t least_rank = 0, int64_t most_rank = 4);
  graph::NodeId pick_like(const TensorType& type);
  graph::NodeId fresh(const TensorType& type, InputRange range = {});

  // Facts. A float is exact if any machine computes the same bits; integers always are. The bound
  // is on the absolute value.
  bool exact(graph::NodeId id) const { return facts_[id.index].exact; }
  double bound(graph::NodeId id) const { return facts_[id.index].bound; }
  bool is_float(graph::NodeId id) const { return burin::is_float(b.dtype(id)); }
  // f32 or f64: the floats that arithmetic is built on.
  bool is_wide(graph::NodeId id) const;
  // x, clamped if its bound is above `limit`.
  graph::NodeId tamed(graph::NodeId x, double limit);
  // |x| + distance: bounded away from zero.
  graph::NodeId positive(graph::NodeId x, double distance);

  // Records facts of a node just built; one that is too large is left unused.
  graph::NodeId note(graph::NodeId id, double bound, bool exact);
  // The values that may be outputs: nothing uses them yet.
  std::vector<graph::NodeId> loose_ends() const;

  CaseBuilder b;
  Rng rng;

 private:
  const graph::Graph& graph_;
  struct Fact {
    double bound = 0;
    bool exact = false;
    bool usable = false;  // may be picked; those built on the way to another are not
  };
  int64_t max_elements_;
  std::vector<Fact> facts_;  // by node
};

// One way to grow a graph; may build nothing where nothing fits.
using GrowStep = void (*)(GraphMaker&);
std::span<const GrowStep> elementwise_steps();
std::span<const GrowStep> movement_steps();
std::span<const GrowStep> dense_steps();  // with reductions and patterns of whole layers

}  // namespace burin::test
