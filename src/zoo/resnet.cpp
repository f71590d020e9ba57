// Residual networks. The last normalisation of a branch has a small gain, so that activations stay
// of one size through the depth.
#include "zoo/zoo.h"

namespace burin::zoo {

namespace {

constexpr double kBranchGain = 0.5;

std::string conv_norm(Net& net, const std::string& x, Net::ConvShape shape, double gain = 1) {
  shape.bias = false;
  return net.batch_norm(net.conv(x, shape), shape.out, gain);
}

std::string shortcut(Net& net, const std::string& x, int64_t in, int64_t out, int64_t stride) {
  if (in == out && stride == 1) return x;
  return conv_norm(net, x, {.in = in, .out = out, .kernel = 1, .stride = stride});
}

std::string basic_block(Net& net, const std::string& x, int64_t in, int64_t width, int64_t stride) {
  std::string y = net.relu(
      conv_norm(net, x, {.in = in, .out = width, .kernel = 3, .stride = stride, .pad = 1}));
  y = conv_norm(net, y, {.in = width, .out = width, .kernel = 3, .pad = 1}, kBranchGain);
  return net.relu(net.node("Add", {y, shortcut(net, x, in, width, stride)}));
}

std::string bottleneck(Net& net, const std::string& x, int64_t in, int64_t width, int64_t stride) {
  std::string y = net.relu(conv_norm(net, x, {.in = in, .out = width, .kernel = 1}));
  y = net.relu(
      conv_norm(net, y, {.in = width, .out = width, .kernel = 3, .stride = stride, .pad = 1}));
  y = conv_norm(net, y, {.in = width, .out = width * 4, .kernel = 1}, kBranchGain);
  return net.relu(net.node("Add", {y, shortcut(net, x, in, width * 4, stride)}));
}

using BuildBlock = std::string (*)(Net&, const std::string&, int64_t in, int64_t width,
                                   int64_t stride);

void build_resnet(Net& net, BuildBlock block, int64_t expansion,
                  std::initializer_list<int> depths) {
  std::string x = net.input("input", DType::f32, {"batch", 3, 224, 224});
  x = net.relu(conv_norm(net, x, {.in = 3, .out = 64, .kernel = 7, .stride = 2, .pad = 3}));
  x = net.max_pool(x, 3, 2, 1);
  int64_t in = 64, width = 64;
  for (int depth : depths) {
    for (int i = 0; i < depth; ++i) {
      x = block(net, x, in, width, i == 0 && width > 64 ? 2 : 1);
      in = width * expansion;
    }
    width *= 2;
  }
  x = net.flatten(net.global_average_pool(x));
  net.output(net.dense(x, in, 1000, 1), "output", {"batch", 1000});
}

}  // namespace

void build_resnet18(Net& net) { build_resnet(net, basic_block, 1, {2, 2, 2, 2}); }
void build_resnet50(Net& net) { build_resnet(net, bottleneck, 4, {3, 4, 6, 3}); }

}  // namespace burin::zoo
