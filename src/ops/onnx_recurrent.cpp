// Unrolls recurrent cells. The inputs' part of all steps is one product before the steps.
#include "ops/onnx_recurrent.h"

#include <algorithm>

namespace burin::ops {

namespace {

constexpr int64_t kMaxSteps = 4096;

// X[S, N, I] of the node and what says how its entries end.
struct Sequence {
  Value x;
  std::optional<Value> lengths;  // [N], where they differ from S

  int64_t steps() const { return x.dim(0); }
  int64_t batch() const { return x.dim(1); }
};

struct Ran {
  Value outputs;              // [S, N, H]
  std::vector<Value> states;  // each [N, H]
};

// x[d] of [D, ...]
Value direction_of(Value x, size_t d) {
  auto at = static_cast<int64_t>(d);
  return without_axes(x.slice(0, at, at + 1), {0});
}

std::optional<Value> optional_of(OpContext& c, size_t i, size_t d) {
  return c.has_input(i) ? std::optional(direction_of(input(c, i), d)) : std::nullopt;
}

Sequence read_sequence(OpContext& c, bool batch_first) {
  Value x = input(c, 0);
  if (x.rank() != 3) refuse("the input must have rank 3, not " + x.type().text());
  if (batch_first) x = x.transpose({1, 0, 2});
  Sequence s{x, std::nullopt};
  if (s.steps() < 1 || s.steps() > kMaxSteps) {
    refuse("a sequence of " + std::to_string(s.steps()) + " steps",
           "between 1 and " + std::to_string(kMaxSteps) + " steps are unrolled");
  }
  if (!c.has_input(4)) return s;
  std::optional<Tensor> known = c.known_input(4);
  Ints ends = known ? known->to_ints() : Ints();
  bool full = known && std::ranges::all_of(ends, [&](int64_t n) { return n == s.steps(); });
  if (!full) s.lengths = input(c, 4).to(DType::i32);
  return s;
}

Direction read_direction(OpContext& c, const CellKind& kind, size_t d, bool reverse) {
  Direction out{direction_of(input(c, 1), d), direction_of(input(c, 2), d)};
  out.reverse = reverse;
  out.hidden = out.r.dim(1);
  int64_t rows = kind.gates * out.hidden;
  if (out.w.rank() != 2 || out.w.dim(0) != rows || out.r.dim(0) != rows ||
      out.hidden != c.attr_int("hidden_size", out.hidden)) {
    refuse("the weights do not match hidden_size");
  }
  if (std::optional<Value> bias = optional_of(c, 3, d)) {
    out.bias_w = bias->slice(0, 0, rows);
    out.bias_r = bias->slice(0, rows, 2 * rows);
  }
  if (kind.peepholes) out.peepholes = optional_of(c, 7, d);
  return out;
}

// What all steps make of the inputs: [S, N, G * H].
Value project_inputs(const Sequence& s, const Direction& d) {
  int64_t steps = s.steps(), batch = s.batch(), width = d.w.dim(0);
  Value from_inputs = times_transposed(s.x.reshape({steps * batch, s.x.dim(2)}), d.w);
  if (d.bias_w) from_inputs = from_inputs + *d.bias_w;
  return from_inputs.reshape({steps, batch, width});
}

Ran run_direction(const Sequence& s, const Direction& d, Value from_inputs,
                  std::vector<Value> states, const Step& step) {
  int64_t steps = s.steps(), batch = s.batch();
  std::vector<NodeId> outputs(static_cast<size_t>(steps));
  for (int64_t i = 0; i < steps; ++i) {
    int64_t t = d.reverse ? steps - 1 - i : i;
    std::vector<Value> next = step(d, without_axes(from_inputs.slice(0, t, t + 1), {0}), states);
    Value output = next[0];
    if (s.lengths) {  // entries that have ended, or in reverse not begun, keep their state
      Value live = (*s.lengths > static_cast<double>(t)).reshape({batch, 1});
      output = select(live, output, 0.0);
      for (size_t k = 0; k < next.size(); ++k) next[k] = select(live, next[k], states[k]);
    }
    states = next;
    outputs[static_cast<size_t>(t)] = output.reshape({1, batch, d.hidden});
  }
  graph::Builder& b = s.x.builder();
  return {{b, b.concatenate(std::move(outputs), 0)}, states};
}

// parts of [...] joined along a new axis 0
Value joined(const std::vector<Value>& parts, int64_t axis) {
  std::vector<NodeId> wide;
  for (const Value& part : parts) {
    Dims dims = part.dims();
    dims.insert(dims.begin() + axis, 1);
    wide.push_back(part.reshape(std::move(dims)));
  }
  return parts[0].wrap(parts[0].builder().concatenate(std::move(wide), axis));
}

}  // namespace

Value times_transposed(Value x, Value y) {
  graph::DotAttr attr;
  attr.lhs_contract = attr.rhs_contract = {1};
  return x.wrap(x.builder().dot_general(x, y, std::move(attr)));
}

void build_recurrent(OpContext& c, const CellKind& kind, const Step& step) {
  std::string direction = c.attr_string("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional") {
    refuse("direction is '" + direction + "'");
  }
  size_t directions = direction == "bidirectional" ? 2 : 1;
  bool batch_first = c.attr_int("layout", 0) != 0;
  Sequence s = read_sequence(c, batch_first);
  if (input(c, 1).rank() != 3 || input(c, 1).dim(0) != static_cast<int64_t>(directions)) {
    refuse("the weights do not have one entry for each direction");
  }
  std::vector<Activation> activations = read_activations(c, kind.activations, directions);
  std::vector<Direction> read;
  std::vector<Value> projected;  // of both directions before the steps of either: these run apart
  for (size_t d = 0; d < directions; ++d) {
    read.push_back(read_direction(c, kind, d, direction == "reverse" || d == 1));
    projected.push_back(project_inputs(s, read[d]));
  }
  std::vector<Value> outputs;
  std::vector<std::vector<Value>> last(kind.states);
  for (size_t d = 0; d < directions; ++d) {
    Direction& dir = read[d];
    auto first = activations.begin() + static_cast<std::ptrdiff_t>(d * kind.activations.size());
    dir.activations.assign(first, first + static_cast<std::ptrdiff_t>(kind.activations.size()));
    std::vector<Value> states;
    for (size_t k = 0; k < kind.states; ++k) {
      bool given = c.has_input(5 + k);
      Value all = given ? input(c, 5 + k) : s.x;
      if (given && batch_first) all = all.transpose({1, 0, 2});
      Value zero(c.b, c.b.full({s.x.dtype(), {s.batch(), dir.hidden}}, 0));
      states.push_back(given ? direction_of(all, d) : zero);
    }
    Ran ran = run_direction(s, dir, projected[d], std::move(states), step);
    outputs.push_back(ran.outputs);
    for (size_t k = 0; k < kind.states; ++k) last[k].push_back(ran.states[k]);
  }
  Value y = joined(outputs, 1);  // [S, D, N, H]
  set(c, 0, batch_first ? y.transpose({2, 0, 1, 3}) : y);
  for (size_t k = 0; k < kind.states; ++k) set(c, 1 + k, joined(last[k], batch_first ? 1 : 0));
}

}  // namespace burin::ops
