// Inverted residuals whose channels are weighed by their averages: MobileNetV3-Large and
// EfficientNet-B0. Gains make up for what an activation and the weighing take away.
#include "zoo/zoo.h"

namespace burin::zoo {

namespace {

// What the two networks' blocks have in common.
struct Style {
  double gain;             // of a convolution before the activation
  const char* activation;  // "Relu", "HardSwish" or "SiLU"
  const char* squeezed;    // the activation between the two small layers
  const char* gate;        // "HardSigmoid" or "Sigmoid"
};

struct Block {
  int64_t in, hidden, out, kernel, stride;
  int64_t squeezed = 0;  // 0: no weighing
};

std::string activate(Net& net, const std::string& x, std::string_view name) {
  return name == "SiLU" ? net.silu(x) : net.node(std::string(name), {x});
}

// x times a weight for each channel, from the averages over space.
std::string weigh(Net& net, const std::string& x, int64_t channels, int64_t squeezed,
                  const Style& style) {
  std::string s = net.global_average_pool(x);
  s = net.conv(s, {.in = channels, .out = squeezed, .kernel = 1});
  s = activate(net, s, style.squeezed);
  s = net.conv(s, {.in = squeezed, .out = channels, .kernel = 1});
  std::string_view gate = style.gate;
  return net.mul(gate == "Sigmoid"
                     ? net.node("Sigmoid", {s})
                     : net.node("HardSigmoid", {s}, {{"alpha", 1.0f / 6}, {"beta", 0.5f}}),
                 x);
}

std::string block(Net& net, const std::string& x, const Block& b, const Style& style) {
  std::string y = x;
  if (b.hidden != b.in) {
    y = net.conv_norm(y, {.in = b.in, .out = b.hidden, .kernel = 1}, style.gain);
    y = activate(net, y, style.activation);
  }
  y = net.conv_norm(y,
                    {.in = b.hidden,
                     .out = b.hidden,
                     .kernel = b.kernel,
                     .stride = b.stride,
                     .pad = b.kernel / 2,
                     .groups = b.hidden},
                    style.gain);
  y = activate(net, y, style.activation);
  if (b.squeezed > 0) y = weigh(net, y, b.hidden, b.squeezed, style);
  bool residual = b.stride == 1 && b.in == b.out;
  double gain = (b.squeezed > 0 ? 1.4 : 0.7) * (residual ? 0.5 : 1);
  y = net.conv_norm(y, {.in = b.hidden, .out = b.out, .kernel = 1}, gain);
  return residual ? net.add(y, x) : y;
}

}  // namespace

void build_mobilenet_v3_large(Net& net) {
  std::string x = net.input("input", DType::f32, {"batch", 3, 224, 224});
  x = net.conv_norm(x, {.in = 3, .out = 16, .kernel = 3, .stride = 2, .pad = 1});
  x = net.node("HardSwish", {x});
  constexpr Style kEarly = {1, "Relu", "Relu", "HardSigmoid"},
                  kLate = {1.1, "HardSwish", "Relu", "HardSigmoid"};
  for (const Block& b : {Block{16, 16, 16, 3, 1},
                         {16, 64, 24, 3, 2},
                         {24, 72, 24, 3, 1},
                         {24, 72, 40, 5, 2, 24},
                         {40, 120, 40, 5, 1, 32},
                         {40, 120, 40, 5, 1, 32}}) {
    x = block(net, x, b, kEarly);
  }
  for (const Block& b : {Block{40, 240, 80, 3, 2},
                         {80, 200, 80, 3, 1},
                         {80, 184, 80, 3, 1},
                         {80, 184, 80, 3, 1},
                         {80, 480, 112, 3, 1, 120},
                         {112, 672, 112, 3, 1, 168},
                         {112, 672, 160, 5, 2, 168},
                         {160, 960, 160, 5, 1, 240},
                         {160, 960, 160, 5, 1, 240}}) {
    x = block(net, x, b, kLate);
  }
  x = net.node("HardSwish", {net.conv_norm(x, {.in = 160, .out = 960, .kernel = 1})});
  x = net.flatten(net.global_average_pool(x));
  x = net.node("HardSwish", {net.dense(x, 960, 1280)});
  net.output(net.dense(x, 1280, 1000, 1), "output", {"batch", 1000});
}

void build_efficientnet_b0(Net& net) {
  struct Stage {
    int64_t expansion, out, repeats, stride, kernel;
  };
  constexpr Style kStyle = {1.1, "SiLU", "SiLU", "Sigmoid"};
  std::string x = net.input("input", DType::f32, {"batch", 3, 224, 224});
  x = net.silu(net.conv_norm(x, {.in = 3, .out = 32, .kernel = 3, .stride = 2, .pad = 1}));
  int64_t in = 32;
  for (const Stage& s : {Stage{1, 16, 1, 1, 3},
                         {6, 24, 2, 2, 3},
                         {6, 40, 2, 2, 5},
                         {6, 80, 3, 2, 3},
                         {6, 112, 3, 1, 5},
                         {6, 192, 4, 2, 5},
                         {6, 320, 1, 1, 3}}) {
    for (int64_t i = 0; i < s.repeats; ++i) {
      int64_t stride = i == 0 ? s.stride : 1;
      x = block(net, x, {in, in * s.expansion, s.out, s.kernel, stride, in / 4}, kStyle);
      in = s.out;
    }
  }
  x = net.silu(net.conv_norm(x, {.in = in, .out = 1280, .kernel = 1}));
  x = net.flatten(net.global_average_pool(x));
  net.output(net.dense(x, 1280, 1000, 1), "output", {"batch", 1000});
}

}  // namespace burin::zoo
