// Each large map looks at the groups that read what it writes.
#include "lower/dense_operands.h"

#include <algorithm>
#include <memory>

#include "lower/expr_build.h"
#include "lower/kernels/depthwise_gradient.h"
#include "lower/kernels/machine_model.h"
#include "lower/storage.h"

namespace burin::lower {

namespace {

using graph::Graph;
using graph::NodeId;
using graph::Op;

constexpr size_t kMostMadeNodes = 12;  // computed again for several taps
constexpr int64_t kMostMadeTaps = 7;   // along each axis

// Whether the node's kernel makes its first operand: one filter for each channel, or the gradient
// of such.
bool makes_operand(const Graph& graph, NodeId id) {
  const graph::Node& node = graph[id];
  if (node.op != Op::convolution || node.type.dtype != DType::f32) return false;
  const auto& attr = std::get<graph::ConvAttr>(node.attr);
  if (is_depthwise_gradient(graph, node)) return true;
  const Dims& w = graph.type(node.operands[1]).shape.dims();
  auto one = [](int64_t d) { return d == 1; };
  return attr.groups > 1 && w.end()[-2] == 1 && w.back() == attr.groups &&
         std::all_of(attr.x_dilation.begin(), attr.x_dilation.end(), one) &&
         std::all_of(w.begin(), w.end() - 2, [](int64_t taps) { return taps <= kMostMadeTaps; });
}

class OperandJoiner {
 public:
  OperandJoiner(const Graph& graph, const loop::Machine& machine, Grouping& grouping)
      : graph_(graph),
        machine_(machine),
        grouping_(grouping),
        groups_(grouping.groups),
        storage_(graph, grouping.groups),
        readers_(graph.size()),
        gone_(groups_.size(), false) {}

  void run() {
    auto large = [&](const Group& g) { return is_candidate(g); };
    if (std::none_of(groups_.begin(), groups_.end(), large)) return;
    find_readers();
    for (size_t i = 0; i < groups_.size(); ++i) {
      if (is_candidate(groups_[i])) join(i);
    }
    erase_groups(groups_, gone_);
  }

 private:
  bool is_candidate(const Group& g) const {
    return g.kind == Group::Kind::map && g.siblings.empty() && g.value == g.root &&
           g.target == g.root && grouping_.stored[g.root] != Stored::output &&
           comes_from_memory(graph_.type(g.root).bytes(), machine_);
  }

  void find_readers() {
    for (size_t i = 0; i < groups_.size(); ++i) {
      const Group& g = groups_[i];
      if (g.kind == Group::Kind::alias) continue;
      auto note = [&](NodeId id) {
        std::vector<size_t>& known = readers_[storage_.of(id)];
        if (known.empty() || known.back() != i) known.push_back(i);
      };
      if (g.kind == Group::Kind::single) {
        for (NodeId id : graph_[g.target].operands) note(id);
        continue;
      }
      for (NodeId id : build_expr(graph_, grouping_, g).buffers) note(id);
      for (const DenseSums& s : g.sums) {
        for (NodeId id : build_expr(graph_, grouping_, s.row).buffers) note(id);
      }
      for (const DenseLeaf& leaf : g.operands) {
        if (leaf.leaf.valid()) note(leaf.leaf);
      }
    }
  }

  void join(size_t i) {
    NodeId made = groups_[i].target;
    for (const graph::Port& port : graph_.outputs) {
      if (storage_.of(port.node) == made) return;
    }
    std::vector<size_t> readers = readers_[made];
    std::erase(readers, i);  // it writes there
    auto takes = [&](size_t r) { return reads_as_operand(groups_[r], groups_[i]); };
    if (readers.empty() || !std::all_of(readers.begin(), readers.end(), takes)) return;
    if (!made_element(graph_, grouping_, groups_[i])) return;
    auto map = std::make_shared<const Group>(std::move(groups_[i]));
    for (size_t r : readers) groups_[r].operands[0].made = map;
    grouping_.materialized[made] = false;
    gone_[i] = true;
  }

  // Whether the group reads what the map makes as its first operand, along the same channels, and
  // only so.
  bool reads_as_operand(const Group& g, const Group& map) const {
    NodeId buffer = map.target;
    if (g.kind != Group::Kind::dense || !makes_operand(graph_, g.anchor)) return false;
    const DenseLeaf& leaf = g.operands[0];
    if (!leaf.leaf.valid() || storage_.of(leaf.leaf) != buffer || leaf.made) return false;
    if (leaf.view.offset != 0 || leaf.view.strides.back() != 1) return false;
    int64_t channels = graph_.type(graph_[g.anchor].operands[0]).shape.dims().back();
    if (map.space.empty() || map.space.back() != channels) return false;
    if (g.operands[1].leaf.valid() && storage_.of(g.operands[1].leaf) == buffer) return false;
    auto other = [&](NodeId id) { return storage_.of(id) != buffer; };
    std::vector<NodeId> buffers = build_expr(graph_, grouping_, g).buffers;
    for (const DenseSums& s : g.sums) {
      for (NodeId id : build_expr(graph_, grouping_, s.row).buffers) {
        if (storage_.of(id) != storage_.of(g.target)) buffers.push_back(id);
      }
    }
    return std::all_of(buffers.begin(), buffers.end(), other);
  }

  const Graph& graph_;
  const loop::Machine& machine_;
  Grouping& grouping_;
  std::vector<Group>& groups_;
  Storage storage_;
  IdVector<NodeId, std::vector<size_t>> readers_;  // groups, of each buffer
  std::vector<bool> gone_;
};

}  // namespace

std::optional<MadeElement> made_element(const Graph& graph, const Grouping& grouping,
                                        const Group& map) {
  Fused fused = build_expr(graph, grouping, map);
  const View& out = fused.outputs[0];
  if (map.space.empty() || out.strides != Shape(map.space).strides() || out.offset != 0) {
    return std::nullopt;
  }
  if (fused.expr.nodes.size() > kMostMadeNodes || out.dtype != DType::f32) return std::nullopt;
  MadeElement made;
  std::vector<int> view_of(fused.expr.views.size(), -1);  // -1: what is loaded
  for (size_t i = 0; i < fused.expr.views.size(); ++i) {
    const View& view = fused.expr.views[i];
    NodeId buffer = fused.buffers[static_cast<size_t>(view.pointer)];
    if (view.dtype != DType::f32) return std::nullopt;
    if (view.strides == out.strides && view.offset == 0) {
      if (made.loaded.valid()) return std::nullopt;
      made.loaded = buffer;
      continue;
    }
    bool of_channel =
        std::all_of(view.strides.begin(), view.strides.end() - 1, [](int64_t s) { return s == 0; });
    if (!of_channel || view.strides.back() < 0 || view.strides.back() > 1) return std::nullopt;
    view_of[i] = static_cast<int>(made.expr.views.size());
    made.expr.views.push_back(
        {static_cast<int>(made.buffers.size()), view.dtype, view.offset, {view.strides.back()}});
    made.buffers.push_back(buffer);
  }
  if (!made.loaded.valid()) return std::nullopt;
  for (ExprNode node : fused.expr.nodes) {
    if (node.kind == ExprNode::Kind::index || node.kind == ExprNode::Kind::acc) return std::nullopt;
    if (node.kind == ExprNode::Kind::load) {
      node.view = view_of[static_cast<size_t>(node.view)];
      if (node.view < 0) node.kind = ExprNode::Kind::acc, node.acc = 0, node.view = 0;
    }
    made.expr.add(node);
  }
  made.expr.results = fused.expr.results;
  return made;
}

void join_dense_operands(const Graph& graph, const loop::Machine& machine, Grouping& grouping) {
  OperandJoiner(graph, machine, grouping).run();
}

}  // namespace burin::lower
