// Densely connected layers: each reads all that its block has made so far. The normalisations stand
// before their convolutions, so an exporter can fold only every second one.
#include "zoo/zoo.h"

namespace burin::zoo {

namespace {

constexpr int64_t kGrowth = 32, kBottleneck = 128;

std::string layer(Net& net, const std::vector<std::string>& features, int64_t in) {
  std::string x = net.concat(features);
  x = net.relu(net.batch_norm(x, in));
  x = net.relu(net.conv_norm(x, {.in = in, .out = kBottleneck, .kernel = 1}));
  return net.conv(x, {.in = kBottleneck, .out = kGrowth, .kernel = 3, .pad = 1, .bias = false});
}

std::string transition(Net& net, const std::string& x, int64_t in) {
  std::string y = net.relu(net.batch_norm(x, in));
  y = net.conv(y, {.in = in, .out = in / 2, .kernel = 1, .bias = false});
  return net.average_pool(y, 2, 2);
}

}  // namespace

void build_densenet121(Net& net) {
  std::string x = net.input("input", DType::f32, {"batch", 3, 224, 224});
  x = net.relu(net.conv_norm(x, {.in = 3, .out = 64, .kernel = 7, .stride = 2, .pad = 3}));
  x = net.max_pool(x, 3, 2, 1);
  int64_t width = 64;
  for (int layers : {6, 12, 24, 16}) {
    if (width > 64) {
      x = transition(net, x, width);
      width /= 2;
    }
    std::vector<std::string> features = {x};
    for (int i = 0; i < layers; ++i, width += kGrowth) {
      features.push_back(layer(net, features, width));
    }
    x = net.concat(features);
  }
  x = net.relu(net.batch_norm(x, width));
  x = net.flatten(net.global_average_pool(x));
  net.output(net.dense(x, width, 1000, 1), "output", {"batch", 1000});
}

}  // namespace burin::zoo
