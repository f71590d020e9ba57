// Networks without branches.
#include "zoo/zoo.h"

namespace burin::zoo {

void build_mlp(Net& net) {
  std::string x = net.input("input", DType::f32, {"batch", 784});
  x = net.relu(net.dense(x, 784, 256));
  x = net.relu(net.dense(x, 256, 128));
  net.output(net.dense(x, 128, 10, 1), "output", {"batch", 10});
}

void build_perceptron(Net& net) {
  std::string x = net.input("input", DType::f32, {"batch", 784});
  x = net.relu(net.dense(x, 784, 256));
  net.output(net.dense(x, 256, 10, 1), "output", {"batch", 10});
}

void build_lenet(Net& net) {
  std::string x = net.input("input", DType::f32, {"batch", 1, 28, 28});
  x = net.max_pool(net.relu(net.conv(x, {.in = 1, .out = 6, .kernel = 5, .pad = 2})), 2, 2);
  x = net.max_pool(net.relu(net.conv(x, {.in = 6, .out = 16, .kernel = 5})), 2, 2);
  x = net.relu(net.dense(net.flatten(x), 16 * 5 * 5, 120));
  x = net.relu(net.dense(x, 120, 84));
  net.output(net.dense(x, 84, 10, 1), "output", {"batch", 10});
}

void build_catdog(Net& net) {
  std::string x = net.input("input", DType::f32, {"batch", 3, 128, 128});
  int64_t in = 3;
  for (int64_t out : {32, 64, 128}) {
    x = net.conv(x, {.in = in, .out = out, .kernel = 3, .pad = 1});
    x = net.max_pool(net.relu(x), 2, 2);
    in = out;
  }
  x = net.relu(net.dense(net.flatten(x), 128 * 16 * 16, 128));
  x = net.node("Sigmoid", {net.dense(x, 128, 1, 1)});
  net.output(x, "output", {"batch", 1});
}

void build_vgg16(Net& net) {
  std::string x = net.input("input", DType::f32, {"batch", 3, 224, 224});
  int64_t in = 3;
  // 0 marks a pooling.
  for (int64_t out :
       {64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0}) {
    if (out == 0) {
      x = net.max_pool(x, 2, 2);
      continue;
    }
    x = net.relu(net.conv(x, {.in = in, .out = out, .kernel = 3, .pad = 1}));
    in = out;
  }
  x = net.relu(net.dense(net.flatten(x), 512 * 7 * 7, 4096));
  x = net.relu(net.dense(x, 4096, 4096));
  net.output(net.dense(x, 4096, 1000, 1), "output", {"batch", 1000});
}

}  // namespace burin::zoo
