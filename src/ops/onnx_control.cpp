// Control flow that is decided while building: If takes a branch, Loop and Scan are unrolled. An
// If whose condition is only known at run time computes both branches and selects.
#include <set>

#include "ops/onnx_util.h"

namespace burin::ops {

namespace {

// Unrolling stops here; the importer bounds the number of nodes as well.
constexpr int64_t kMaxIterations = 1 << 16;

bool as_bool(const Tensor& t) {
  if (t.elements() != 1) refuse("a condition must have one element");
  return t.as_int(0) != 0;
}

// Whether the value comes from small integer inputs only, such as a sampling rate or a flag: then
// specialising by their values is cheap. Images and signals are not.
bool from_flags_only(const graph::Graph& graph, NodeId value) {
  std::set<NodeId> seen{value};
  std::vector<NodeId> stack{value};
  while (!stack.empty()) {
    NodeId at = stack.back();
    stack.pop_back();
    const TensorType& type = graph.type(at);
    bool flag = !is_float(type.dtype) && type.shape.elements() <= 16;
    if (graph[at].op == Op::parameter && !flag) return false;
    for (NodeId operand : graph[at].operands) {
      if (seen.insert(operand).second) stack.push_back(operand);
    }
  }
  return true;
}

void build_if(OpContext& c) {
  auto then_graph = c.attr_graph("then_branch"), else_graph = c.attr_graph("else_branch");
  std::optional<Tensor> known = c.known_input(0);
  if (!known && from_flags_only(c.b.graph(), c.input(0))) known = c.constant_input(0);
  if (known) {
    std::vector<NodeId> values = c.inline_graph(as_bool(*known) ? *then_graph : *else_graph, {});
    for (size_t i = 0; i < values.size(); ++i) set(c, i, values[i]);
    return;
  }
  Value condition = input(c, 0);
  if (condition.shape().elements() != 1) refuse("a condition must have one element");
  condition = condition.reshape({});
  std::vector<NodeId> on_true = c.inline_graph(*then_graph, {});
  std::vector<NodeId> on_false = c.inline_graph(*else_graph, {});
  for (size_t i = 0; i < std::min(on_true.size(), on_false.size()); ++i) {
    if (c.b.type(on_true[i]) != c.b.type(on_false[i])) {
      refuse("the branches differ in type and the condition is only known at run time",
             "make the condition a constant of the model");
    }
    set(c, i, select(condition, {c.b, on_true[i]}, {c.b, on_false[i]}));
  }
}
BURIN_ONNX_OP(If, 1, build_if);

// [parts...] stacked along a new axis
Value stacked(OpContext& c, std::vector<NodeId> parts, int64_t axis) {
  for (NodeId& part : parts) {
    Dims dims = c.b.shape(part).dims();
    dims.insert(dims.begin() + axis, 1);
    part = c.b.reshape(part, Shape(std::move(dims)));
  }
  return {c.b, c.b.concatenate(std::move(parts), axis)};
}

// Body: (iteration, condition, carried...) -> (condition, carried..., scanned...)
void build_loop(OpContext& c) {
  auto body = c.attr_graph("body");
  int64_t trips = kMaxIterations + 1;
  if (c.has_input(0)) trips = std::max<int64_t>(c.ints_input(0).at(0), 0);
  bool go_on = !c.has_input(1) || as_bool(c.constant_input(1));
  size_t carried = c.input_count() < 2 ? 0 : c.input_count() - 2;
  std::vector<NodeId> state(carried + 2);
  for (size_t i = 0; i < carried; ++i) state[i + 2] = c.input(i + 2);
  std::vector<std::vector<NodeId>> scanned;
  for (int64_t t = 0; t < trips && go_on; ++t) {
    if (t >= kMaxIterations)
      refuse("Loop runs more than " + std::to_string(kMaxIterations) + " times");
    state[0] = c.b.scalar(DType::i64, static_cast<double>(t));
    state[1] = c.b.scalar(DType::pred, 1);
    std::vector<NodeId> out = c.inline_graph(*body, state);
    if (out.size() < carried + 1) refuse("the body of Loop has too few outputs");
    scanned.resize(out.size() - carried - 1);
    std::copy_n(out.begin() + 1, carried, state.begin() + 2);
    for (size_t i = 0; i < scanned.size(); ++i) scanned[i].push_back(out[carried + 1 + i]);
    go_on = as_bool(c.constant_value(out[0]));
  }
  for (size_t i = 0; i < carried; ++i) set(c, i, state[i + 2]);
  for (size_t i = 0; i < scanned.size(); ++i) set(c, carried + i, stacked(c, scanned[i], 0));
}
BURIN_ONNX_OP(Loop, 1, build_loop);

int64_t entry(const Ints& values, size_t i) { return i < values.size() ? values[i] : 0; }

// Body: (states..., one slice of each scanned input) -> (states..., one slice of each scanned
// output)
void build_scan(OpContext& c) {
  auto body = c.attr_graph("body");
  auto scans = c.attr_int("num_scan_inputs");
  if (scans < 1 || scans > static_cast<int64_t>(c.input_count()))
    refuse("num_scan_inputs is wrong");
  size_t states = c.input_count() - static_cast<size_t>(scans);
  Ints axes = c.attr_ints("scan_input_axes"), directions = c.attr_ints("scan_input_directions");
  Ints out_axes = c.attr_ints("scan_output_axes");
  Ints out_directions = c.attr_ints("scan_output_directions");
  std::vector<NodeId> state;
  for (size_t i = 0; i < states; ++i) state.push_back(c.input(i));
  std::optional<int64_t> length;
  std::vector<std::vector<NodeId>> scanned;
  for (int64_t t = 0; t < length.value_or(1); ++t) {
    std::vector<NodeId> in = state;
    for (size_t i = 0; i < static_cast<size_t>(scans); ++i) {
      Value x = input(c, states + i);
      int64_t axis = OpContext::axis(entry(axes, i), x.rank()), size = x.dim(axis);
      if (length.value_or(size) != size) refuse("the scanned inputs differ in length");
      length = size;
      if (size == 0 || size > kMaxIterations)
        refuse("Scan over " + std::to_string(size) + " steps");
      int64_t at = entry(directions, i) ? size - 1 - t : t;
      in.push_back(without_axes(x.slice(axis, at, at + 1), {axis}));
    }
    std::vector<NodeId> out = c.inline_graph(*body, in);
    if (out.size() < states) refuse("the body of Scan has too few outputs");
    scanned.resize(out.size() - states);
    std::copy_n(out.begin(), states, state.begin());
    for (size_t i = 0; i < scanned.size(); ++i) {
      bool front = entry(out_directions, i) != 0;
      scanned[i].insert(front ? scanned[i].begin() : scanned[i].end(), out[states + i]);
    }
  }
  for (size_t i = 0; i < states; ++i) set(c, i, state[i]);
  for (size_t i = 0; i < scanned.size(); ++i) {
    if (scanned[i].empty()) refuse("a scan over no elements");
    size_t rank = c.b.shape(scanned[i][0]).rank() + 1;
    set(c, states + i, stacked(c, scanned[i], OpContext::axis(entry(out_axes, i), rank)));
  }
}
BURIN_ONNX_OP(Scan, 9, build_scan);

}  // namespace

}  // namespace burin::ops
