// Networks of parallel branches: GoogLeNet and Inception v3, without their auxiliary classifiers.
#include "zoo/zoo.h"

namespace burin::zoo {

namespace {

// Normalised convolutions with ReLU, one after the other.
std::string chain(Net& net, std::string x, std::initializer_list<Net::ConvShape> shapes) {
  for (const Net::ConvShape& shape : shapes) x = net.relu(net.conv_norm(x, shape));
  return x;
}

void classify(Net& net, const std::string& x, int64_t width) {
  std::string averages = net.flatten(net.global_average_pool(x));
  net.output(net.dense(averages, width, 1000, 1), "output", {"batch", 1000});
}

struct Widths {
  int64_t in, one, reduce3, three, reduce5, five, pooled;
  int64_t out() const { return one + three + five + pooled; }
};

// The branch of the paper's 5x5 filters has 3x3 filters here, as torchvision's.
std::string inception(Net& net, const std::string& x, const Widths& w) {
  return net.concat({chain(net, x, {{w.in, w.one, 1}}),
                     chain(net, x, {{w.in, w.reduce3, 1}, {w.reduce3, w.three, 3, 1, 1}}),
                     chain(net, x, {{w.in, w.reduce5, 1}, {w.reduce5, w.five, 3, 1, 1}}),
                     chain(net, net.max_pool(x, 3, 1, 1, true), {{w.in, w.pooled, 1}})});
}

// Kernels of one row or of one column.
Net::ConvShape row(int64_t in, int64_t out, int64_t width) {
  return {.in = in, .out = out, .kernel = 1, .width = width};
}
Net::ConvShape column(int64_t in, int64_t out, int64_t height) {
  return {.in = in, .out = out, .kernel = height, .pad = height / 2, .width = 1};
}

// The five kinds of modules, by torchvision's letters.
std::string module_a(Net& net, const std::string& x, int64_t in, int64_t pooled) {
  return net.concat({chain(net, x, {{in, 64, 1}}), chain(net, x, {{in, 48, 1}, {48, 64, 5, 1, 2}}),
                     chain(net, x, {{in, 64, 1}, {64, 96, 3, 1, 1}, {96, 96, 3, 1, 1}}),
                     chain(net, net.average_pool(x, 3, 1, 1), {{in, pooled, 1}})});
}

std::string module_b(Net& net, const std::string& x) {
  return net.concat({chain(net, x, {{288, 384, 3, 2}}),
                     chain(net, x, {{288, 64, 1}, {64, 96, 3, 1, 1}, {96, 96, 3, 2}}),
                     net.max_pool(x, 3, 2)});
}

std::string module_c(Net& net, const std::string& x, int64_t n) {
  return net.concat(
      {chain(net, x, {{768, 192, 1}}),
       chain(net, x, {{768, n, 1}, row(n, n, 7), column(n, 192, 7)}),
       chain(net, x, {{768, n, 1}, column(n, n, 7), row(n, n, 7), column(n, n, 7), row(n, 192, 7)}),
       chain(net, net.average_pool(x, 3, 1, 1), {{768, 192, 1}})});
}

std::string module_d(Net& net, const std::string& x) {
  return net.concat(
      {chain(net, x, {{768, 192, 1}, {192, 320, 3, 2}}),
       chain(net, x, {{768, 192, 1}, row(192, 192, 7), column(192, 192, 7), {192, 192, 3, 2}}),
       net.max_pool(x, 3, 2)});
}

std::string module_e(Net& net, const std::string& x, int64_t in) {
  auto fork = [&](const std::string& y) {
    return net.concat({chain(net, y, {row(384, 384, 3)}), chain(net, y, {column(384, 384, 3)})});
  };
  return net.concat({chain(net, x, {{in, 320, 1}}), fork(chain(net, x, {{in, 384, 1}})),
                     fork(chain(net, x, {{in, 448, 1}, {448, 384, 3, 1, 1}})),
                     chain(net, net.average_pool(x, 3, 1, 1), {{in, 192, 1}})});
}

}  // namespace

void build_googlenet(Net& net) {
  std::string x = net.input("input", DType::f32, {"batch", 3, 224, 224});
  x = net.max_pool(chain(net, x, {{3, 64, 7, 2, 3}}), 3, 2, 0, true);
  x = net.max_pool(chain(net, x, {{64, 64, 1}, {64, 192, 3, 1, 1}}), 3, 2, 0, true);
  for (const Widths& w : {Widths{192, 64, 96, 128, 16, 32, 32},
                          {256, 128, 128, 192, 32, 96, 64},
                          {480, 192, 96, 208, 16, 48, 64},
                          {512, 160, 112, 224, 24, 64, 64},
                          {512, 128, 128, 256, 24, 64, 64},
                          {512, 112, 144, 288, 32, 64, 64},
                          {528, 256, 160, 320, 32, 128, 128},
                          {832, 256, 160, 320, 32, 128, 128},
                          {832, 384, 192, 384, 48, 128, 128}}) {
    x = inception(net, x, w);
    if (w.in == 256) x = net.max_pool(x, 3, 2, 0, true);
    if (w.in == 528) x = net.max_pool(x, 2, 2, 0, true);
  }
  classify(net, x, 1024);
}

void build_inception_v3(Net& net) {
  std::string x = net.input("input", DType::f32, {"batch", 3, 299, 299});
  x = chain(net, x, {{3, 32, 3, 2}, {32, 32, 3}, {32, 64, 3, 1, 1}});
  x = net.max_pool(x, 3, 2);
  x = chain(net, x, {{64, 80, 1}, {80, 192, 3}});
  x = net.max_pool(x, 3, 2);
  x = module_a(net, x, 192, 32);
  x = module_a(net, x, 256, 64);
  x = module_a(net, x, 288, 64);
  x = module_b(net, x);
  for (int64_t n : {128, 160, 160, 192}) x = module_c(net, x, n);
  x = module_d(net, x);
  x = module_e(net, x, 1280);
  x = module_e(net, x, 2048);
  classify(net, x, 2048);
}

}  // namespace burin::zoo
