// Dense layers of known networks one by one on one core: GFLOP/s of each, and its share of the peak
// that a loop of independent FMAs reaches on the same core; the median over all layers last.
//   bench_kernels [resnet50|square|grouped|matmul] [--target avx2] [--seconds 0.2] [--layer 3]
//   [--listing]
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>

#include "CLI/CLI.hpp"
#include "bench/support/dense_bench.h"

namespace burin::bench {
namespace {

struct Layer {
  std::string name;
  int count = 1;  // how often the network has it
  std::function<graph::NodeId(graph::Builder&)> build;
};

// size x size x in, a square window, padded to keep the size.
Layer conv(std::string name, int count, int64_t size, int64_t in, int64_t out, int64_t window,
           int64_t stride, int64_t groups = 1) {
  auto build = [=](graph::Builder& g) {
    int64_t pad = window / 2;
    graph::NodeId x = g.input("x", {DType::f32, {1, size, size, in}});
    Tensor weights = random_tensor({DType::f32, {out, in / groups, window, window}});
    graph::NodeId w = g.transpose(g.constant(weights), {2, 3, 1, 0});
    return g.convolution(x, w, {{stride, stride}, {pad, pad}, {pad, pad}, {1, 1}, {1, 1}, groups});
  };
  return {std::move(name), count, build};
}

std::vector<Layer> resnet50() {
  return {
      conv("7x7/2 224 3-64", 1, 224, 3, 64, 7, 2),
      conv("1x1 56 64-64", 1, 56, 64, 64, 1, 1),
      conv("3x3 56 64-64", 3, 56, 64, 64, 3, 1),
      conv("1x1 56 64-256", 4, 56, 64, 256, 1, 1),
      conv("1x1 56 256-64", 2, 56, 256, 64, 1, 1),
      conv("1x1 56 256-128", 1, 56, 256, 128, 1, 1),
      conv("3x3/2 56 128-128", 1, 56, 128, 128, 3, 2),
      conv("1x1/2 56 256-512", 1, 56, 256, 512, 1, 2),
      conv("1x1 28 128-512", 4, 28, 128, 512, 1, 1),
      conv("1x1 28 512-128", 3, 28, 512, 128, 1, 1),
      conv("3x3 28 128-128", 3, 28, 128, 128, 3, 1),
      conv("1x1 28 512-256", 1, 28, 512, 256, 1, 1),
      conv("3x3/2 28 256-256", 1, 28, 256, 256, 3, 2),
      conv("1x1/2 28 512-1024", 1, 28, 512, 1024, 1, 2),
      conv("1x1 14 256-1024", 6, 14, 256, 1024, 1, 1),
      conv("1x1 14 1024-256", 5, 14, 1024, 256, 1, 1),
      conv("3x3 14 256-256", 5, 14, 256, 256, 3, 1),
      conv("1x1 14 1024-512", 1, 14, 1024, 512, 1, 1),
      conv("3x3/2 14 512-512", 1, 14, 512, 512, 3, 2),
      conv("1x1/2 14 1024-2048", 1, 14, 1024, 2048, 1, 2),
      conv("1x1 7 512-2048", 3, 7, 512, 2048, 1, 1),
      conv("1x1 7 2048-512", 2, 7, 2048, 512, 1, 1),
      conv("3x3 7 512-512", 2, 7, 512, 512, 3, 1),
      conv("1x1 1 2048-1000", 1, 1, 2048, 1000, 1, 1),
  };
}

// 3x3 layers as in VGG-16, ResNet-18 and others.
std::vector<Layer> square() {
  return {
      conv("3x3 224 64-64", 1, 224, 64, 64, 3, 1),
      conv("3x3 112 64-128", 1, 112, 64, 128, 3, 1),
      conv("3x3 112 128-128", 1, 112, 128, 128, 3, 1),
      conv("3x3 56 128-256", 1, 56, 128, 256, 3, 1),
      conv("3x3 56 256-256", 2, 56, 256, 256, 3, 1),
      conv("3x3 28 256-512", 1, 28, 256, 512, 3, 1),
      conv("3x3 28 512-512", 2, 28, 512, 512, 3, 1),
      conv("3x3 14 512-512", 3, 14, 512, 512, 3, 1),
      conv("3x3 56 64-64", 1, 56, 64, 64, 3, 1),
      conv("3x3 28 128-128", 1, 28, 128, 128, 3, 1),
      conv("3x3 14 256-256", 1, 14, 256, 256, 3, 1),
      conv("3x3 7 512-512", 1, 7, 512, 512, 3, 1),
      conv("3x3 35 64-96", 1, 35, 64, 96, 3, 1),
      conv("3x3 14 128-32", 1, 14, 128, 32, 3, 1),
  };
}

// Depthwise layers of MobileNet v2 and grouped ones of ResNeXt-50.
std::vector<Layer> grouped() {
  return {
      conv("dw 112 32", 1, 112, 32, 32, 3, 1, 32),
      conv("dw/2 112 96", 1, 112, 96, 96, 3, 2, 96),
      conv("dw 56 144", 1, 56, 144, 144, 3, 1, 144),
      conv("dw/2 56 144", 1, 56, 144, 144, 3, 2, 144),
      conv("dw 28 192", 2, 28, 192, 192, 3, 1, 192),
      conv("dw/2 28 192", 1, 28, 192, 192, 3, 2, 192),
      conv("dw 14 384", 4, 14, 384, 384, 3, 1, 384),
      conv("dw 14 576", 2, 14, 576, 576, 3, 1, 576),
      conv("dw/2 14 576", 1, 14, 576, 576, 3, 2, 576),
      conv("dw 7 960", 3, 7, 960, 960, 3, 1, 960),
      conv("32 groups 56 128", 3, 56, 128, 128, 3, 1, 32),
      conv("32 groups 28 256", 3, 28, 256, 256, 3, 1, 32),
      conv("32 groups 14 512", 5, 14, 512, 512, 3, 1, 32),
      conv("32 groups 7 1024", 2, 7, 1024, 1024, 3, 1, 32),
  };
}

// [m, k] by weights that the model stores as [n, k].
Layer linear(std::string name, int64_t m, int64_t k, int64_t n) {
  auto build = [=](graph::Builder& g) {
    graph::NodeId x = g.input("x", {DType::f32, {m, k}});
    Tensor weights = random_tensor({DType::f32, {n, k}});
    graph::NodeId w = g.transpose(g.constant(weights), {1, 0});
    return g.dot_general(x, w, {{}, {}, {1}, {0}});
  };
  return {std::move(name), 1, build};
}

// Two tensors by heads, contracted over the given axis of the right one.
Layer heads(std::string name, Dims lhs, Dims rhs, int64_t rhs_contract) {
  auto build = [=](graph::Builder& g) {
    graph::NodeId a = g.input("a", {DType::f32, Shape(lhs)});
    graph::NodeId b = g.input("b", {DType::f32, Shape(rhs)});
    return g.dot_general(a, b, {{0}, {0}, {2}, {rhs_contract}});
  };
  return {std::move(name), 1, build};
}

std::vector<Layer> matmul() {
  return {
      linear("197x768-768", 197, 768, 768),
      linear("197x768-3072", 197, 768, 3072),
      linear("197x3072-768", 197, 3072, 768),
      linear("197x192-576", 197, 192, 576),
      linear("128x128-512", 128, 128, 512),
      linear("1x4096-4096", 1, 4096, 4096),
      linear("4x4096-4096", 4, 4096, 4096),
      linear("33x100-10", 33, 100, 10),
      linear("512x512-512", 512, 512, 512),
      heads("q k' 12x197x64", {12, 197, 64}, {12, 197, 64}, 2),
      heads("a v 12x197x64", {12, 197, 197}, {12, 197, 64}, 1),
      heads("q k' 2x128x64", {2, 128, 64}, {2, 128, 64}, 2),
      heads("q k' one query", {12, 1, 64}, {12, 512, 64}, 2),
  };
}

int run(const std::string& target_name, const std::vector<Layer>& layers, double seconds, int only,
        bool listing) {
  isa::Target target = isa::target_from_name(target_name).value();
  double peak = measure_peak(target);
  std::printf("peak %.1f GFLOP/s, %s\n", peak, target.name.c_str());
  std::vector<double> shares;
  double total = 0;
  Made sum;
  for (int i = 0; i < static_cast<int>(layers.size()); ++i) {
    if (only >= 0 && i != only) continue;
    const Layer& layer = layers[static_cast<size_t>(i)];
    Made made = make_op(target, listing, layer.build);
    if (listing) std::printf("%s", made.listing.c_str());
    double best = measure(made, seconds), rate = made.flops / best * 1e-9;
    std::printf("%2d %-19s x%d %7.3f ms %6.1f GFLOP/s %5.1f %%, code %5.1f KB, spills %d; %s\n", i,
                layer.name.c_str(), layer.count, best * 1e3, rate, rate / peak * 100,
                static_cast<double>(made.code_bytes) / 1e3, made.spills, made.algorithm.c_str());
    shares.insert(shares.end(), static_cast<size_t>(layer.count), rate / peak);
    total += best * layer.count;
    sum.lower_ms += made.lower_ms;
    sum.engrave_ms += made.engrave_ms;
    sum.pack_ms += made.pack_ms * layer.count;
    sum.code_bytes += made.code_bytes;
    sum.weight_bytes += made.weight_bytes * layer.count;
  }
  std::sort(shares.begin(), shares.end());
  std::printf("median %.1f %% of peak, least %.1f %%; all layers %.2f ms\n",
              shares[shares.size() / 2] * 100, shares.front() * 100, total * 1e3);
  std::printf(
      "distinct kernels: lowered in %.1f ms, engraved in %.1f ms, %.0f KB of code; "
      "%.0f MB of weights packed in %.1f ms\n",
      sum.lower_ms, sum.engrave_ms, static_cast<double>(sum.code_bytes) / 1e3,
      static_cast<double>(sum.weight_bytes) / 1e6, sum.pack_ms);
  return 0;
}

}  // namespace
}  // namespace burin::bench

int main(int argc, char** argv) {
  using namespace burin::bench;
  std::map<std::string, std::vector<Layer> (*)()> sets = {
      {"resnet50", resnet50}, {"square", square}, {"grouped", grouped}, {"matmul", matmul}};
  CLI::App app("dense layers, one by one on one core");
  std::string set = "resnet50", target = "native";
  double seconds = 0.2;
  int layer = -1;
  bool listing = false;
  app.add_option("layers", set)->check(CLI::IsMember(sets));
  app.add_option("--target", target);
  app.add_option("--seconds", seconds, "per layer");
  app.add_option("--layer", layer, "only this one");
  app.add_flag("--listing", listing);
  CLI11_PARSE(app, argc, argv);
  return run(target, sets.at(set)(), seconds, layer, listing);
}
