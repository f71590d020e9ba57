// ShuffleNetV2: half of the channels pass a block untouched, then both halves are interleaved.
#include "zoo/zoo.h"

namespace burin::zoo {

namespace {

std::string pointwise(Net& net, const std::string& x, int64_t in, int64_t out) {
  return net.relu(net.conv_norm(x, {.in = in, .out = out, .kernel = 1}));
}

// Nothing takes half of its power away afterwards, as a ReLU would.
std::string depthwise(Net& net, const std::string& x, int64_t channels, int64_t stride) {
  constexpr double kGain = 0.7;
  Net::ConvShape shape = {.in = channels, .out = channels, .kernel = 3, .stride = stride, .pad = 1};
  shape.groups = channels;
  return net.conv_norm(x, shape, kGain);
}

// [N, 2 * half, size, size]: channel c of each half becomes channels 2c and 2c + 1.
std::string shuffle(Net& net, const std::string& x, int64_t half, int64_t size) {
  std::string y = net.reshape(x, {-1, 2, half, size, size});
  return net.reshape(net.transpose(y, {0, 2, 1, 3, 4}), {-1, 2 * half, size, size});
}

std::string branch(Net& net, const std::string& x, int64_t in, int64_t half, int64_t stride) {
  std::string y = pointwise(net, x, in, half);
  return pointwise(net, depthwise(net, y, half, stride), half, half);
}

}  // namespace

void build_shufflenet_v2_x1_0(Net& net) {
  std::string x = net.input("input", DType::f32, {"batch", 3, 224, 224});
  x = net.relu(net.conv_norm(x, {.in = 3, .out = 24, .kernel = 3, .stride = 2, .pad = 1}));
  x = net.max_pool(x, 3, 2, 1);
  int64_t in = 24, half = 58, size = 28;
  for (int blocks : {4, 8, 4}) {
    std::string left = pointwise(net, depthwise(net, x, in, 2), in, half);
    x = shuffle(net, net.concat({left, branch(net, x, in, half, 2)}), half, size);
    for (int i = 1; i < blocks; ++i) {
      auto halves = net.split(x, 1, {half, half});
      x = shuffle(net, net.concat({halves[0], branch(net, halves[1], half, half, 1)}), half, size);
    }
    in = 2 * half;
    half *= 2;
    size /= 2;
  }
  x = pointwise(net, x, in, 1024);
  x = net.node("ReduceMean", {x}, {{"axes", std::vector<int64_t>{2, 3}}, {"keepdims", int64_t{0}}});
  net.output(net.dense(x, 1024, 1000, 1), "output", {"batch", 1000});
}

}  // namespace burin::zoo
