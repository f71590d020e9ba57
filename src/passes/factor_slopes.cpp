// Sums are searched from the last node on for a factor that all their terms have.
#include "passes/factor_slopes.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <ranges>

#include "graph/op_def.h"
#include "graph/rewrite.h"
#include "passes/uniform.h"

namespace burin::passes {

namespace {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Op;

constexpr size_t kMostTerms = 32;   // nodes of a sum of products
constexpr size_t kMostNodes = 128;  // of which a slope is made, back to what is no elementwise op

bool is_sum(Op op) { return op == Op::add || op == Op::sub; }

// Nodes that only the sum uses, down to those that it is linear in.
class Terms {
 public:
  Terms(const Graph& graph, const IdVector<NodeId, int>& uses) : graph_(graph), uses_(uses) {}

  // The latest node that is a factor of all terms of a sum; invalid if there is none.
  NodeId common_factor(NodeId sum) {
    count_ = 0;
    std::vector<NodeId> all = factors(sum, true);
    int64_t points = graph_.type(sum).shape.elements();
    NodeId latest;
    for (NodeId id : all) {
      bool whole = graph_[id].op != Op::broadcast && graph_.type(id).shape.elements() == points;
      if (id != sum && whole && (!latest.valid() || latest < id)) latest = id;
    }
    return count_ < kMostTerms ? latest : NodeId{};
  }

  bool has_factor(NodeId id, NodeId factor) {
    count_ = 0;
    std::vector<NodeId> all = factors(id, false);
    return std::find(all.begin(), all.end(), factor) != all.end();
  }

 private:
  // What `id` is proportional to, itself included, in ascending order.
  std::vector<NodeId> factors(NodeId id, bool root) {
    if (++count_ >= kMostTerms || (!root && uses_[id] != 1)) return {id};
    const std::vector<NodeId>& operands = graph_[id].operands;
    std::vector<NodeId> found;
    switch (graph_[id].op) {
      case Op::neg:
      case Op::div: found = factors(operands[0], false); break;
      case Op::mul: found = both(operands, std::ranges::set_union); break;
      case Op::add:
      case Op::sub: found = both(operands, std::ranges::set_intersection); break;
      default: break;
    }
    found.push_back(id);
    return found;
  }

  template <class Combine>
  std::vector<NodeId> both(const std::vector<NodeId>& operands, Combine combine) {
    std::vector<NodeId> a = factors(operands[0], false), b = factors(operands[1], false), found;
    combine(a, b, std::back_inserter(found));
    return found;
  }

  const Graph& graph_;
  const IdVector<NodeId, int>& uses_;
  size_t count_ = 0;
};

class Factoring {
 public:
  explicit Factoring(const Graph& graph)
      : graph_(graph),
        uses_(graph.use_counts()),
        terms_(graph, uses_),
        rw_(graph),
        slopes_(graph.size()),
        factor_(graph.size()),
        early_(graph.size()) {}

  Graph run() {
    find();
    make_slopes(at_start_);
    for (NodeId id : rw_.live()) {
      if (!rw_.mapped(id)) rewrite(id);
      make_slopes(early_[id]);
    }
    return rw_.finish();
  }

 private:
  void find() {
    IdVector<NodeId, bool> inside(graph_.size(), false);  // of a sum that was taken
    for (auto it = rw_.live().rbegin(); it != rw_.live().rend(); ++it) {
      NodeId sum = *it;
      if (inside[sum] || !is_sum(graph_[sum].op) || !is_float(graph_.type(sum).dtype)) continue;
      NodeId factor = terms_.common_factor(sum);
      if (!factor.valid()) continue;
      std::vector<NodeId> others, terms;
      collect(sum, factor, others, terms);
      bool constant = std::ranges::all_of(
          others, [&](NodeId id) { return uniform_value(graph_, id).has_value(); });
      std::optional<size_t> known = known_behind(others);
      if (constant || !known || *known >= factor.index) continue;
      factor_[sum] = factor;
      for (NodeId id : terms) inside[id] = true;
      NodeId last(*known);
      bool at_start = *known == 0 || rw_.mapped(last);
      (at_start ? at_start_ : early_[last]).push_back(sum);
    }
  }

  // The other factors of all terms, and the nodes that make terms of them.
  void collect(NodeId id, NodeId factor, std::vector<NodeId>& others, std::vector<NodeId>& terms) {
    if (id == factor) return;
    terms.push_back(id);
    const std::vector<NodeId>& operands = graph_[id].operands;
    if (is_sum(graph_[id].op)) {
      for (NodeId operand : operands) collect(operand, factor, others, terms);
      return;
    }
    size_t way = way_to(id, factor);
    if (operands.size() > 1) others.push_back(operands[1 - way]);
    collect(operands[way], factor, others, terms);
  }

  // The operand of a product or quotient that has the factor.
  size_t way_to(NodeId id, NodeId factor) {
    return terms_.has_factor(graph_[id].operands[0], factor) ? 0 : 1;
  }

  // The last node that nodes need which are elementwise from there on. Nothing if they are many.
  std::optional<size_t> known_behind(std::vector<NodeId> open) const {
    size_t last = 0;
    std::vector<NodeId> seen;
    while (!open.empty()) {
      NodeId id = open.back();
      open.pop_back();
      if (std::find(seen.begin(), seen.end(), id) != seen.end()) continue;
      if (seen.size() == kMostNodes) return std::nullopt;
      seen.push_back(id);
      if (!moves_early(id)) {
        last = std::max<size_t>(last, id.index);
        continue;
      }
      for (NodeId operand : graph_[id].operands) open.push_back(operand);
    }
    return last;
  }

  bool moves_early(NodeId id) const {
    Op op = graph_[id].op;
    return graph::is_elementwise(op) || op == Op::broadcast || op == Op::constant;
  }

  void rewrite(NodeId id) {
    rw_.use_source_of(id);
    if (!slopes_[id].valid()) return rw_.map(id, rw_.copy(id));
    rw_.map(id, rw_.builder().mul(rw_[factor_[id]], slopes_[id]));
  }

  // The sums were found from the last one on.
  void make_slopes(const std::vector<NodeId>& sums) {
    for (NodeId sum : std::views::reverse(sums)) slopes_[sum] = coefficient(sum, factor_[sum]);
  }

  // A node over the factor that it is proportional to; invalid for 1.
  NodeId coefficient(NodeId id, NodeId factor) {
    if (id == factor) return {};
    const Node& node = graph_[id];
    graph::Builder& b = rw_.builder();
    if (is_sum(node.op)) {
      NodeId x = or_one(coefficient(node.operands[0], factor), id);
      NodeId y = or_one(coefficient(node.operands[1], factor), id);
      rw_.use_source_of(id);
      return b.add(node.op, {x, y});
    }
    size_t way = way_to(id, factor);
    NodeId x = coefficient(node.operands[way], factor);
    NodeId y = node.operands.size() > 1 ? early(node.operands[1 - way]) : NodeId{};
    rw_.use_source_of(id);
    if (node.op == Op::neg) return b.neg(or_one(x, id));
    if (node.op == Op::mul) return x.valid() ? b.mul(x, y) : y;
    std::optional<double> c = uniform_value(graph_, node.operands[1]);
    if (c && std::isnormal(*c) && std::isnormal(1 / *c)) {
      return b.with_scalar(Op::mul, or_one(x, id), 1 / *c);
    }
    return b.div(or_one(x, id), y);
  }

  NodeId or_one(NodeId x, NodeId like) {
    return x.valid() ? x : rw_.builder().full(graph_.type(like), 1);
  }

  // The new node of an old one, with what it is made of, now.
  NodeId early(NodeId id) {
    if (rw_.mapped(id)) return rw_[id];
    for (NodeId operand : graph_[id].operands) early(operand);
    rw_.use_source_of(id);
    rewrite(id);
    return rw_[id];
  }

  const Graph& graph_;
  IdVector<NodeId, int> uses_;
  Terms terms_;
  graph::Rewriter rw_;
  IdVector<NodeId, NodeId> slopes_, factor_;     // of a sum
  IdVector<NodeId, std::vector<NodeId>> early_;  // sums whose slopes are known behind a node
  std::vector<NodeId> at_start_;
};

}  // namespace

Graph factor_slopes(const Graph& graph) { return Factoring(graph).run(); }

}  // namespace burin::passes
