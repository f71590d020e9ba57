// Small networks for phones: MobileNetV2 and SqueezeNet 1.1.
#include "zoo/zoo.h"

namespace burin::zoo {

namespace {

std::string conv_norm_relu6(Net& net, const std::string& x, Net::ConvShape shape) {
  shape.bias = false;
  std::string y = net.batch_norm(net.conv(x, shape), shape.out);
  return net.node("Clip", {y, net.scalar(0), net.scalar(6)});
}

std::string inverted_residual(Net& net, const std::string& x, int64_t in, int64_t out,
                              int64_t stride, int64_t expansion) {
  std::string y = x;
  int64_t hidden = in * expansion;
  if (expansion != 1) y = conv_norm_relu6(net, y, {.in = in, .out = hidden, .kernel = 1});
  y = conv_norm_relu6(
      net, y,
      {.in = hidden, .out = hidden, .kernel = 3, .stride = stride, .pad = 1, .groups = hidden});
  y = net.conv(y, {.in = hidden, .out = out, .kernel = 1, .bias = false});
  bool residual = stride == 1 && in == out;
  y = net.batch_norm(y, out, residual ? 0.5 : 1);
  return residual ? net.node("Add", {x, y}) : y;
}

std::string fire(Net& net, const std::string& x, int64_t in, int64_t squeeze, int64_t expand) {
  std::string s = net.relu(net.conv(x, {.in = in, .out = squeeze, .kernel = 1}));
  std::string a = net.relu(net.conv(s, {.in = squeeze, .out = expand, .kernel = 1}));
  std::string b = net.relu(net.conv(s, {.in = squeeze, .out = expand, .kernel = 3, .pad = 1}));
  return net.node("Concat", {a, b}, {{"axis", int64_t{1}}});
}

}  // namespace

void build_mobilenet_v2(Net& net) {
  struct Stage {
    int64_t expansion, out, repeats, stride;
  };
  std::string x = net.input("input", DType::f32, {"batch", 3, 224, 224});
  x = conv_norm_relu6(net, x, {.in = 3, .out = 32, .kernel = 3, .stride = 2, .pad = 1});
  int64_t in = 32;
  for (const Stage& s :
       {Stage{1, 16, 1, 1}, Stage{6, 24, 2, 2}, Stage{6, 32, 3, 2}, Stage{6, 64, 4, 2},
        Stage{6, 96, 3, 1}, Stage{6, 160, 3, 2}, Stage{6, 320, 1, 1}}) {
    for (int64_t i = 0; i < s.repeats; ++i) {
      x = inverted_residual(net, x, in, s.out, i == 0 ? s.stride : 1, s.expansion);
      in = s.out;
    }
  }
  x = conv_norm_relu6(net, x, {.in = in, .out = 1280, .kernel = 1});
  x = net.flatten(net.global_average_pool(x));
  net.output(net.dense(x, 1280, 1000, 1), "output", {"batch", 1000});
}

void build_squeezenet1_1(Net& net) {
  std::string x = net.input("input", DType::f32, {"batch", 3, 224, 224});
  x = net.relu(net.conv(x, {.in = 3, .out = 64, .kernel = 3, .stride = 2}));
  x = net.max_pool(x, 3, 2, 0, true);
  x = fire(net, x, 64, 16, 64);
  x = net.max_pool(fire(net, x, 128, 16, 64), 3, 2, 0, true);
  x = fire(net, x, 128, 32, 128);
  x = net.max_pool(fire(net, x, 256, 32, 128), 3, 2, 0, true);
  x = fire(net, x, 256, 48, 192);
  x = fire(net, x, 384, 48, 192);
  x = fire(net, x, 384, 64, 256);
  x = fire(net, x, 512, 64, 256);
  x = net.relu(net.conv(x, {.in = 512, .out = 1000, .kernel = 1}));
  net.output(net.flatten(net.global_average_pool(x)), "output", {"batch", 1000});
}

}  // namespace burin::zoo
