// The recurrent cells: RNN, GRU (Cho et al. 2014), LSTM (Hochreiter and Schmidhuber 1997, with
// Gers and Schmidhuber's peepholes), in ONNX's gate order.
#include "ops/onnx_recurrent.h"

namespace burin::ops {

namespace {

Value plus(Value x, const std::optional<Value>& bias) { return bias ? x + *bias : x; }

// Gate inputs bounded to [-clip, clip] if the node says so.
std::function<Value(Value)> clipper(OpContext& c) {
  if (!c.has_attr("clip")) return [](Value x) { return x; };
  double bound = c.attr_float("clip", 0);
  return [bound](Value x) { return clip(x, -bound, bound); };
}

// h' = f(x W^T + h R^T + b)
void build_rnn(OpContext& c) {
  auto bounded = clipper(c);
  auto step = [=](const Direction& d, Value x, const std::vector<Value>& state) {
    Value sum = plus(x + times_transposed(state[0], d.r), d.bias_r);
    return std::vector<Value>{d.activations[0](bounded(sum))};
  };
  build_recurrent(c, {.gates = 1, .states = 1, .activations = {"Tanh"}}, step);
}
BURIN_ONNX_OP(RNN, 7, build_rnn);

// Gates z, r, h:  h' = (1 - z) * g(x_h + r * h R_h^T) + z * h, the reset before or after R_h
void build_gru(OpContext& c) {
  auto bounded = clipper(c);
  bool reset_after = c.attr_int("linear_before_reset", 0) != 0;
  auto step = [=](const Direction& d, Value x, const std::vector<Value>& state) {
    const Value& h = state[0];
    int64_t units = d.hidden;
    auto rows = [&](Value v, int64_t begin, int64_t end) {
      return v.slice(0, begin * units, end * units);
    };
    auto bias = [&](int64_t begin, int64_t end) {
      return d.bias_r ? std::optional(rows(*d.bias_r, begin, end)) : std::nullopt;
    };
    // With the reset after R_h, all three gates come from one product.
    Value from_state = plus(times_transposed(h, reset_after ? d.r : rows(d.r, 0, 2)),
                            bias(0, reset_after ? 3 : 2));
    Value zr = x.slice(1, 0, 2 * units) + from_state.slice(1, 0, 2 * units);
    zr = d.activations[0](bounded(zr));
    Value z = d.gate(zr, 0), r = d.gate(zr, 1);
    Value candidate = reset_after ? r * d.gate(from_state, 2)
                                  : plus(times_transposed(r * h, rows(d.r, 2, 3)), bias(2, 3));
    candidate = d.activations[1](bounded(d.gate(x, 2) + candidate));
    return std::vector<Value>{(1.0 - z) * candidate + z * h};
  };
  build_recurrent(c, {.gates = 3, .states = 1, .activations = {"Sigmoid", "Tanh"}}, step);
}
BURIN_ONNX_OP(GRU, 7, build_gru);

// Gates i, o, f, c:  c' = f * c + i * g(c_gate),  h' = o * h(c')
void build_lstm(OpContext& c) {
  auto bounded = clipper(c);
  bool coupled = c.attr_int("input_forget", 0) != 0;
  auto step = [=](const Direction& d, Value x, const std::vector<Value>& state) {
    Value gates = plus(x + times_transposed(state[0], d.r), d.bias_r);
    auto with_peephole = [&](int64_t gate, int64_t peephole, Value cell) {
      Value sum = d.gate(gates, gate);
      return bounded(d.peepholes ? sum + cell * d.gate(*d.peepholes, peephole) : sum);
    };
    Value i = d.activations[0](with_peephole(0, 0, state[1]));
    Value f = coupled ? 1.0 - i : d.activations[0](with_peephole(2, 2, state[1]));
    Value cell = f * state[1] + i * d.activations[1](bounded(d.gate(gates, 3)));
    Value o = d.activations[0](with_peephole(1, 1, cell));
    return std::vector<Value>{o * d.activations[2](cell), cell};
  };
  build_recurrent(
      c, {.gates = 4, .states = 2, .activations = {"Sigmoid", "Tanh", "Tanh"}, .peepholes = true},
      step);
}
BURIN_ONNX_OP(LSTM, 7, build_lstm);

}  // namespace

}  // namespace burin::ops
