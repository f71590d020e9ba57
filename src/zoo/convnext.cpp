// ConvNeXt-Tiny: depthwise 7x7 filters, then two linear layers over the channels.
#include "zoo/zoo.h"

namespace burin::zoo {

namespace {

std::string channels_last(Net& net, const std::string& x) { return net.transpose(x, {0, 2, 3, 1}); }
std::string channels_first(Net& net, const std::string& x) {
  return net.transpose(x, {0, 3, 1, 2});
}

// Over the channels of x[N, C, H, W].
std::string norm(Net& net, const std::string& x, int64_t channels) {
  return channels_first(net, net.layer_norm(channels_last(net, x), channels));
}

std::string block(Net& net, const std::string& x, int64_t width) {
  std::string y = net.conv(x, {.in = width, .out = width, .kernel = 7, .pad = 3, .groups = width});
  y = net.layer_norm(channels_last(net, y), width);
  y = net.linear(net.gelu(net.linear(y, width, 4 * width)), 4 * width, width);
  std::string scale = net.weights("layer_scale", {width, 1, 1}, 0.1, 0.5);
  return net.add(net.mul(scale, channels_first(net, y)), x);
}

}  // namespace

void build_convnext_tiny(Net& net) {
  std::string x = net.input("input", DType::f32, {"batch", 3, 224, 224});
  x = norm(net, net.conv(x, {.in = 3, .out = 96, .kernel = 4, .stride = 4}), 96);
  int64_t in = 96;
  for (auto [width, blocks] : {std::pair{96, 3}, {192, 3}, {384, 9}, {768, 3}}) {
    if (width != in) {
      x = net.conv(norm(net, x, in), {.in = in, .out = width, .kernel = 2, .stride = 2});
      in = width;
    }
    for (int i = 0; i < blocks; ++i) x = block(net, x, width);
  }
  x = net.flatten(norm(net, net.global_average_pool(x), in));
  net.output(net.dense(x, in, 1000, 1), "output", {"batch", 1000});
}

}  // namespace burin::zoo
