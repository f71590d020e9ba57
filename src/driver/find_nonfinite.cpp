// Two runs: the first finds the kernel, the second keeps what that kernel reads, so that its inner
// nodes can be evaluated one by one, rounded as the machine rounds.
#include "driver/find_nonfinite.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <map>
#include <set>

#include "driver/run_program.h"
#include "graph/eval.h"

namespace burin::driver {

namespace {

using graph::Array;
using graph::NodeId;
using graph::Op;

// The indices of an element, "[0,3]".
std::string position(const Shape& shape, int64_t element) {
  std::string text;
  for (size_t axis = shape.rank(); axis-- > 0;) {
    text = std::to_string(element % shape[axis]) + (text.empty() ? "" : ",") + text;
    element /= shape[axis];
  }
  return "[" + text + "]";
}

class Search {
 public:
  Search(const Compiled& compiled, std::span<const Tensor> inputs, int threads)
      : compiled_(compiled),
        graph_(compiled.intermediates->graph),
        inputs_(inputs),
        threads_(threads),
        follows_infinity_(graph_.size(), false) {
    for (size_t n = 0; n < graph_.size(); ++n) {
      NodeId id(n);
      bool follows = graph_.is_constant(id) && count_nonfinite(graph_.constant(id)).any();
      for (NodeId operand : graph_[id].operands) follows = follows || follows_infinity_[operand];
      follows_infinity_[id] = follows;
    }
  }

  Result<std::optional<NonFinite>> run() {
    auto uses = graph_.use_counts();
    for (size_t i = 0; i < inputs_.size(); ++i) {
      NonFiniteCount count = count_nonfinite(inputs_[i]);
      if (count.any() && uses[graph_.inputs[i].node] > 0)
        return describe(graph_.inputs[i].node, count, "");
    }
    BURIN_TRY(
        run_program(compiled_, inputs_, threads_,
                    [&](size_t step, NodeId node, const Tensor& v) { judge(step, node, v); }));
    if (!found_) return std::nullopt;
    BURIN_TRY(look_inside());
    return describe(found_->node, found_->count, compiled_.program.steps[found_->step].algorithm);
  }

 private:
  struct Found {
    size_t step;
    NodeId node;
    NonFiniteCount count;
  };

  bool is_bad(NodeId node, const NonFiniteCount& count) const {
    return count.nans > 0 || (count.infinities > 0 && !follows_infinity_[node]);
  }

  void judge(size_t step, NodeId node, const Tensor& value) {
    if (found_ || all_finite(value)) return;
    NonFiniteCount count = count_nonfinite(value);
    if (is_bad(node, count)) found_ = Found{step, node, count};
  }

  // The nodes between the results of earlier steps and the one that was found, operands first.
  std::set<NodeId> inner_nodes() const {
    std::set<NodeId> known, inner, pending{found_->node};
    for (size_t s = 0; s < found_->step; ++s) {
      for (const runtime::StepResult& result : compiled_.program.steps[s].results) {
        known.insert(NodeId(result.node));
      }
    }
    while (!pending.empty()) {
      NodeId id = pending.extract(pending.begin()).value();
      bool leaf = known.contains(id) || graph_[id].op == Op::parameter;
      if (leaf || !inner.insert(id).second) continue;
      pending.insert(graph_[id].operands.begin(), graph_[id].operands.end());
    }
    return inner;
  }

  std::map<NodeId, Array> read_leaves(const std::set<NodeId>& inner) const {
    std::map<NodeId, Array> values;
    for (NodeId id : inner) {
      for (NodeId operand : graph_[id].operands) {
        if (!inner.contains(operand)) values[operand] = {};
      }
    }
    for (size_t i = 0; i < inputs_.size(); ++i) {
      auto found = values.find(graph_.inputs[i].node);
      if (found != values.end()) found->second = graph::to_array(inputs_[i]);
    }
    return values;
  }

  // Replaces the kernel's result by the first of its inner nodes that is bad already.
  Result<void> look_inside() {
    std::set<NodeId> inner = inner_nodes();
    std::map<NodeId, Array> values = read_leaves(inner);
    BURIN_TRY(
        run_program(compiled_, inputs_, threads_, [&](size_t step, NodeId node, const Tensor& v) {
          if (step >= found_->step) return;
          if (auto it = values.find(node); it != values.end()) {
            it->second = graph::to_array(v);
          }
        }));
    for (NodeId id : inner) {
      std::vector<const Array*> operands;
      for (NodeId operand : graph_[id].operands) operands.push_back(&values.at(operand));
      Array& value = values[id] = eval_node(graph_, id, operands);
      NonFiniteCount count = count_nonfinite(graph::to_tensor(value));
      if (is_bad(id, count)) {
        found_->node = id, found_->count = count;
        return {};
      }
      for (double& v : value.f) v = graph::round_to(graph_.type(id).dtype, v);
    }
    return {};
  }

  NonFinite describe(NodeId node, const NonFiniteCount& count, const std::string& algorithm) const {
    const graph::Node& n = graph_[node];
    NonFinite result{"", std::string(name_of(n.op)), algorithm, n.type, count};
    if (n.source.valid()) result.layer = graph_.sources[n.source].name;
    if (n.op == Op::parameter) {
      result.layer =
          graph_.inputs[static_cast<size_t>(graph_.attr<graph::ParameterAttr>(node).index)].name;
    }
    return result;
  }

  const Compiled& compiled_;
  const graph::Graph& graph_;
  std::span<const Tensor> inputs_;
  int threads_;
  IdVector<NodeId, bool> follows_infinity_;
  std::optional<Found> found_;
};

}  // namespace

NonFiniteCount count_nonfinite(const Tensor& tensor) {
  NonFiniteCount count;
  if (!is_float(tensor.dtype())) return count;
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    double v = tensor.as_double(i);
    if (std::isfinite(v)) continue;
    ++(std::isnan(v) ? count.nans : count.infinities);
    if (count.first < 0) count.first = i;
  }
  return count;
}

bool all_finite(const Tensor& tensor) {
  if (tensor.dtype() != DType::f32) return !count_nonfinite(tensor).any();
  constexpr uint32_t kExponent = 0x7f800000;
  uint32_t bad = 0;
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    bad |= (tensor.load<uint32_t>(i) & kExponent) == kExponent;
  }
  return bad == 0;
}

std::string NonFinite::text() const {
  std::string what = count.nans ? fmt::format("{} NaN", count.nans) : "";
  if (count.infinities) {
    what += fmt::format("{}{} infinite", what.empty() ? "" : " and ", count.infinities);
  }
  std::string who = op == "parameter" ? fmt::format("the input '{}' has", layer)
                    : layer.empty()   ? fmt::format("{} makes", op)
                                      : fmt::format("{} of '{}' makes", op, layer);
  std::string where =
      type.shape.rank() ? ", the first at " + position(type.shape, count.first) : "";
  return fmt::format("{} {} of {} values, {}{}", who, what, type.shape.elements(), type.text(),
                     where);
}

Result<std::optional<NonFinite>> find_nonfinite(const Compiled& compiled,
                                                std::span<const Tensor> inputs, int threads) {
  return Search(compiled, inputs, threads).run();
}

}  // namespace burin::driver
