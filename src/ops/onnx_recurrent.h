// What RNN, GRU and LSTM share: reading the node, running a cell over the steps of each direction
// (unrolled: sequence lengths are static), and laying out the results.
#pragma once

#include <functional>

#include "ops/onnx_util.h"

namespace burin::ops {

using Activation = std::function<Value(Value)>;

// One direction's parameters; G gates of H units over I inputs.
struct Direction {
  Value w;                              // [G * H, I]
  Value r;                              // [G * H, H]
  std::optional<Value> bias_w, bias_r;  // [G * H]
  std::optional<Value> peepholes;       // [3 * H]
  std::vector<Activation> activations;
  bool reverse = false;
  int64_t hidden = 0;

  // Gate g of a tensor [..., G * H].
  Value gate(Value x, int64_t g) const {
    return x.slice(static_cast<int64_t>(x.rank()) - 1, g * hidden, (g + 1) * hidden);
  }
};

// The next state from x * W^T + bias_w [N, G * H] and the state ([0] is the output h[N, H]).
using Step = std::function<std::vector<Value>(const Direction&, Value, const std::vector<Value>&)>;

struct CellKind {
  int64_t gates = 1;
  size_t states = 1;                     // LSTM has h and c
  std::vector<std::string> activations;  // the defaults of one direction
  bool peepholes = false;                // input 7
};

void build_recurrent(OpContext& c, const CellKind& kind, const Step& step);

// x * y^T
Value times_transposed(Value x, Value y);

// The activations of all directions, as the attributes say, `defaults` for each direction.
std::vector<Activation> read_activations(OpContext& c, const std::vector<std::string>& defaults,
                                         size_t directions);

}  // namespace burin::ops
