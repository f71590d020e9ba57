// Follows each chain from the dense op down, summing it up as y * scale + shift per channel.
#include "passes/fold_scale_into_weights.h"

#include <cmath>

#include "graph/rewrite.h"
#include "passes/dims.h"

namespace burin::passes {

namespace {

using graph::DimsAttr;
using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Op;

// root * scale + shift is the value of `end`; one entry per channel, the last axis of the root.
struct Chain {
  NodeId root, end;
  std::vector<double> scale, shift;
  int links = 0;
  bool scales = false;  // whether some link is more than an addition
};

// The axis of the weights that the last axis of the result comes from; -1 if there is none.
int64_t channel_axis(const Graph& graph, const Node& root) {
  const Shape& w = graph.type(root.operands[1]).shape;
  if (root.op == Op::convolution) return static_cast<int64_t>(w.rank()) - 1;
  const auto& attr = std::get<graph::DotAttr>(root.attr);
  if (!attr.rhs_batch.empty() || attr.rhs_contract.size() + 1 != w.rank()) return -1;
  int64_t axis = 0;
  while (contains(attr.rhs_contract, axis)) ++axis;
  return axis;
}

// A broadcast constant with one value per channel, or one for all.
std::optional<std::vector<double>> per_channel(const Graph& graph, NodeId id) {
  const Node& node = graph[id];
  if (node.op != Op::broadcast || !graph.is_constant(node.operands[0])) return std::nullopt;
  const Tensor& value = graph.constant(node.operands[0]);
  const Dims& dims = std::get<DimsAttr>(node.attr).dims;
  size_t last = node.type.shape.rank() - 1;
  bool scalar = value.elements() == 1;
  if (!scalar && (dims.size() != 1 || to_index(dims[0]) != last)) return std::nullopt;
  std::vector<double> out = value.to_doubles();
  if (scalar) out.resize(to_index(node.type.shape[last]), out[0]);
  bool finite = std::all_of(out.begin(), out.end(), [](double v) { return std::isfinite(v); });
  return finite ? std::optional(out) : std::nullopt;
}

// Takes (value op c), or (c op value), into the chain; false if the op is not of the kind.
bool extend(Chain& chain, Op op, const std::vector<double>& c, bool value_first) {
  bool additive = op == Op::add || op == Op::sub;
  if (!additive && op != Op::mul && !(op == Op::div && value_first)) return false;
  for (size_t i = 0; i < c.size(); ++i) {
    double& scale = chain.scale[i];
    double& shift = chain.shift[i];
    if (op == Op::add) shift += c[i];
    if (op == Op::mul) scale *= c[i], shift *= c[i];
    if (op == Op::div) scale /= c[i], shift /= c[i];
    if (op == Op::sub && value_first) shift -= c[i];
    if (op == Op::sub && !value_first) scale = -scale, shift = c[i] - shift;
  }
  chain.scales = chain.scales || !additive || (op == Op::sub && !value_first);
  ++chain.links;
  return true;
}

class ScaleFolder {
 public:
  explicit ScaleFolder(const Graph& graph)
      : old_(graph), rw_(graph), uses_(graph.use_counts()), user_(graph.size()) {}

  Graph run();

 private:
  bool is_root(NodeId id) const;
  Chain follow(NodeId root) const;
  NodeId replace(const Chain& chain);

  const Graph& old_;
  graph::Rewriter rw_;
  IdVector<NodeId, int> uses_;
  IdVector<NodeId, NodeId> user_;        // the last one
  IdVector<NodeId, char> known_;         // depends on constants only
  IdVector<NodeId, const Chain*> ends_;  // the chain that ends at a node
};

bool ScaleFolder::is_root(NodeId id) const {
  const Node& node = old_[id];
  if (node.op != Op::convolution && node.op != Op::dot_general) return false;
  bool wide = node.type.dtype == DType::f32 || node.type.dtype == DType::f64;
  return wide && known_[node.operands[1]] && !known_[node.operands[0]] &&
         channel_axis(old_, node) >= 0;
}

Chain ScaleFolder::follow(NodeId root) const {
  const Shape& shape = old_.type(root).shape;
  size_t channels = to_index(shape[shape.rank() - 1]);
  Chain chain{root, root, std::vector<double>(channels, 1), std::vector<double>(channels, 0)};
  while (uses_[chain.end] == 1 && user_[chain.end].valid()) {
    NodeId next = user_[chain.end];
    const Node& node = old_[next];
    if (!graph::is_elementwise(node.op) || node.operands.size() != 2) break;
    bool first = node.operands[0] == chain.end;
    auto c = per_channel(old_, node.operands[first ? 1 : 0]);
    if (!c || !extend(chain, node.op, *c, first)) break;
    chain.end = next;
  }
  return chain;
}

NodeId ScaleFolder::replace(const Chain& chain) {
  const Node& root = old_[chain.root];
  graph::Builder& b = rw_.builder();
  rw_.use_source_of(chain.root);
  NodeId w = rw_[root.operands[1]];
  TensorType channels{root.type.dtype, {static_cast<int64_t>(chain.scale.size())}};
  if (chain.scales) {
    NodeId s = b.constant(Tensor::from_doubles(channels, chain.scale));
    w = b.mul(w, b.broadcast(s, b.shape(w), {channel_axis(old_, root)}));
  }
  NodeId y = b.add(root.op, {rw_[root.operands[0]], w}, root.attr);
  bool shifts =
      std::any_of(chain.shift.begin(), chain.shift.end(), [](double v) { return v != 0; });
  if (!shifts) return y;
  rw_.use_source_of(chain.end);
  NodeId shift = b.constant(Tensor::from_doubles(channels, chain.shift));
  return b.add(y, b.broadcast(shift, b.shape(y), {static_cast<int64_t>(b.shape(y).rank()) - 1}));
}

Graph ScaleFolder::run() {
  std::vector<Chain> chains;
  known_.resize(old_.size());
  ends_.resize(old_.size());
  for (NodeId id : rw_.live()) {
    bool known = true;
    for (NodeId x : old_[id].operands) {
      known = known && known_[x];
      user_[x] = id;
    }
    known_[id] = known;
  }
  for (NodeId id : rw_.live()) {
    if (!is_root(id)) continue;
    Chain chain = follow(id);
    if (chain.scales || chain.links > 1) chains.push_back(std::move(chain));
  }
  for (const Chain& chain : chains) ends_[chain.end] = &chain;
  for (NodeId id : rw_.live()) rw_.map(id, ends_[id] ? replace(*ends_[id]) : rw_.copy(id));
  return rw_.finish();
}

}  // namespace

Graph fold_scale_into_weights(const Graph& graph) { return ScaleFolder(graph).run(); }

}  // namespace burin::passes
