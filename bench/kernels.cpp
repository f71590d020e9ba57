// The convolutions of ResNet-50 one by one on one core: GFLOP/s of each, and its share of the peak
// that a loop of independent FMAs reaches on the same core; the median over all layers last.
//   bench_kernels [--target avx2] [--seconds 0.2] [--layer 3] [--listing]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>

#include "CLI/CLI.hpp"
#include "base/rng.h"
#include "graph/builder.h"
#include "isa/engrave.h"
#include "lower/kernels/list.h"
#include "runtime/code_pages.h"

namespace burin {
namespace {

using Entry = void (*)(void* const*, int64_t);

double now() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

// Of this process: other work on the machine does not count.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

struct Layer {
  const char* name;
  int64_t size, in, out, window, stride;
  int count;  // how often the network has it
  int64_t groups = 1;
};

constexpr Layer kLayers[] = {
    {"7x7/2 224 3-64", 224, 3, 64, 7, 2, 1},     {"1x1 56 64-64", 56, 64, 64, 1, 1, 1},
    {"3x3 56 64-64", 56, 64, 64, 3, 1, 3},       {"1x1 56 64-256", 56, 64, 256, 1, 1, 4},
    {"1x1 56 256-64", 56, 256, 64, 1, 1, 2},     {"1x1 56 256-128", 56, 256, 128, 1, 1, 1},
    {"3x3/2 56 128-128", 56, 128, 128, 3, 2, 1}, {"1x1/2 56 256-512", 56, 256, 512, 1, 2, 1},
    {"1x1 28 128-512", 28, 128, 512, 1, 1, 4},   {"1x1 28 512-128", 28, 512, 128, 1, 1, 3},
    {"3x3 28 128-128", 28, 128, 128, 3, 1, 3},   {"1x1 28 512-256", 28, 512, 256, 1, 1, 1},
    {"3x3/2 28 256-256", 28, 256, 256, 3, 2, 1}, {"1x1/2 28 512-1024", 28, 512, 1024, 1, 2, 1},
    {"1x1 14 256-1024", 14, 256, 1024, 1, 1, 6}, {"1x1 14 1024-256", 14, 1024, 256, 1, 1, 5},
    {"3x3 14 256-256", 14, 256, 256, 3, 1, 5},   {"1x1 14 1024-512", 14, 1024, 512, 1, 1, 1},
    {"3x3/2 14 512-512", 14, 512, 512, 3, 2, 1}, {"1x1/2 14 1024-2048", 14, 1024, 2048, 1, 2, 1},
    {"1x1 7 512-2048", 7, 512, 2048, 1, 1, 3},   {"1x1 7 2048-512", 7, 2048, 512, 1, 1, 2},
    {"3x3 7 512-512", 7, 512, 512, 3, 1, 2},     {"1x1 1 2048-1000", 1, 2048, 1000, 1, 1, 1},
};

// Depthwise layers of MobileNet v2 and grouped ones of ResNeXt-50.
constexpr Layer kGroupedLayers[] = {
    {"dw 112 32", 112, 32, 32, 3, 1, 1, 32},
    {"dw/2 112 96", 112, 96, 96, 3, 2, 1, 96},
    {"dw 56 144", 56, 144, 144, 3, 1, 1, 144},
    {"dw/2 56 144", 56, 144, 144, 3, 2, 1, 144},
    {"dw 28 192", 28, 192, 192, 3, 1, 2, 192},
    {"dw/2 28 192", 28, 192, 192, 3, 2, 1, 192},
    {"dw 14 384", 14, 384, 384, 3, 1, 4, 384},
    {"dw 14 576", 14, 576, 576, 3, 1, 2, 576},
    {"dw/2 14 576", 14, 576, 576, 3, 2, 1, 576},
    {"dw 7 960", 7, 960, 960, 3, 1, 3, 960},
    {"32 groups 56 128", 56, 128, 128, 3, 1, 3, 32},
    {"32 groups 28 256", 28, 256, 256, 3, 1, 3, 32},
    {"32 groups 14 512", 14, 512, 512, 3, 1, 5, 32},
    {"32 groups 7 1024", 7, 1024, 1024, 3, 1, 2, 32},
};

struct Kernel {
  std::optional<runtime::CodePages> pages;
  std::vector<void*> buffers;
  int64_t tiles = 1;
};

struct Made {
  std::vector<Kernel> kernels;
  std::vector<std::shared_ptr<std::byte>> memory;
  double flops = 0, lower_ms = 0, engrave_ms = 0, pack_ms = 0;
  int64_t code_bytes = 0, weight_bytes = 0;
  int spills = 0;
  std::string algorithm, listing;
};

isa::Code engrave_or_exit(const loop::Function& f, const isa::Target& target, bool listing) {
  auto code = isa::engrave(f, target, {listing, {}});
  if (!code) {
    std::fprintf(stderr, "%s\n", code.error().text().c_str());
    std::exit(1);
  }
  return std::move(*code);
}

// GFLOP/s of independent FMAs in registers.
double measure_peak(const isa::Target& target) {
  uint16_t lanes = target.machine.lanes(loop::Elem::f32);
  loop::Builder b("peak", 1);
  loop::Type type{loop::Elem::f32, lanes};
  constexpr int kChains = 12, kUnroll = 8;
  constexpr int64_t kTrips = 20000;
  std::vector<loop::Value> init;
  loop::Value x = b.load(type, {b.pointer(0)});
  for (int i = 0; i < kChains; ++i) init.push_back(b.load(type, {b.pointer(0), {}, 1, i * 64}));
  auto sums = b.loop(b.index(0), b.index(kTrips), 1, init, [&](auto, auto carried) {
    std::vector<loop::Value> acc(carried.begin(), carried.end());
    for (int u = 0; u < kUnroll; ++u) {
      for (loop::Value& a : acc) a = b.fma(x, x, a);
    }
    return acc;
  });
  for (int i = 0; i < kChains; ++i)
    b.store(sums[static_cast<size_t>(i)], {b.pointer(0), {}, 1, i * 64});
  isa::Code code = engrave_or_exit(b.finish(), target, false);
  auto pages = runtime::CodePages::create(code.bytes).value();
  std::shared_ptr<std::byte> memory = allocate_bytes(kChains * 64);
  void* buffers[] = {memory.get()};
  double best = 1e9;
  for (int i = 0; i < 50; ++i) {
    double start = now();
    pages.entry<Entry>(0)(buffers, 0);
    best = std::min(best, now() - start);
  }
  return 2.0 * kChains * kUnroll * kTrips * lanes / best * 1e-9;
}

Tensor random_tensor(const TensorType& type) {
  Tensor t(type);
  Rng rng(3);
  auto* data = reinterpret_cast<float*>(t.mutable_data());
  for (int64_t i = 0; i < t.elements(); ++i) data[i] = static_cast<float>(rng.uniform(-1, 1));
  return t;
}

// acc + bias, clipped at zero, as most layers of the network have it.
void set_epilogue(lower::DenseJob& job, int bias) {
  using lower::ExprNode;
  auto add = [&](ExprNode node) {
    job.epilogue.nodes.push_back(node);
    return static_cast<int>(job.epilogue.nodes.size()) - 1;
  };
  ExprNode acc, load, zero, sum, clip;
  acc.kind = ExprNode::Kind::acc;
  load.kind = ExprNode::Kind::load;
  zero.kind = ExprNode::Kind::literal;
  job.epilogue.views = {{bias, DType::f32, 0, {0, 0, 0, 1}}};
  sum.op = graph::Op::add;
  sum.operands[0] = add(acc);
  sum.operands[1] = add(load);
  clip.op = graph::Op::max;
  clip.operands[0] = add(sum);
  clip.operands[1] = add(zero);
  job.epilogue.results = {add(clip)};
}

Made make_layer(const Layer& layer, const isa::Target& target, bool listing) {
  graph::Graph graph;
  graph::Builder g(graph);
  int64_t pad = layer.window / 2;
  graph::NodeId x = g.input("x", {DType::f32, {1, layer.size, layer.size, layer.in}});
  Tensor weights =
      random_tensor({DType::f32, {layer.out, layer.in / layer.groups, layer.window, layer.window}});
  graph::NodeId w = g.transpose(g.constant(weights), {2, 3, 1, 0});
  graph::NodeId y = g.convolution(
      x, w, {{layer.stride, layer.stride}, {pad, pad}, {pad, pad}, {1, 1}, {1, 1}, layer.groups});
  lower::DenseJob job;
  job.graph = &graph;
  job.node = y;
  job.machine = &target.machine;
  job.operands = {{{0, DType::f32, 0, g.shape(x).strides()}, {}},
                  {{}, lower::resolve_weights(graph, w)}};
  job.outputs = {{1, DType::f32, 0, g.shape(y).strides()}};
  job.pointers = 3;
  set_epilogue(job, 2);

  Made made;
  double t0 = cpu_seconds();
  lower::DenseKernels kernels = lower::make_dense(job);
  made.lower_ms = (cpu_seconds() - t0) * 1e3;
  made.algorithm = kernels.algorithm;
  std::vector<void*> buffers;
  auto allocate = [&](int64_t bytes) {
    made.memory.push_back(allocate_bytes(bytes));
    buffers.push_back(made.memory.back().get());
  };
  Tensor input = random_tensor(g.type(x));
  allocate(input.type().bytes());
  std::memcpy(buffers[0], input.data(), input.bytes().size());
  allocate(g.type(y).bytes());
  allocate(layer.out * 4);
  for (const lower::ExtraBuffer& extra : kernels.extras) {
    allocate(extra.bytes);
    t0 = cpu_seconds();
    if (extra.fill) extra.fill(made.memory.back().get());
    made.pack_ms += (cpu_seconds() - t0) * 1e3;
    made.weight_bytes += extra.bytes;
  }
  for (const lower::DenseStage& stage : kernels.stages) {
    t0 = cpu_seconds();
    isa::Code code = engrave_or_exit(stage.function, target, listing);
    made.engrave_ms += (cpu_seconds() - t0) * 1e3;
    made.code_bytes += static_cast<int64_t>(code.bytes.size());
    made.spills += code.spills;
    made.listing += code.listing;
    made.flops += stage.flops;
    Kernel& kernel = made.kernels.emplace_back();
    kernel.pages.emplace(runtime::CodePages::create(code.bytes).value());
    kernel.tiles = stage.tiles;
    for (int use : stage.uses) kernel.buffers.push_back(buffers[static_cast<size_t>(use)]);
  }
  return made;
}

// Seconds of the best run within about `seconds`.
double measure(const Made& made, double seconds) {
  double best = 1e9, end = now() + seconds;
  do {
    double start = now();
    for (const Kernel& kernel : made.kernels) {
      auto entry = kernel.pages->entry<Entry>(0);
      for (int64_t t = 0; t < kernel.tiles; ++t) entry(kernel.buffers.data(), t);
    }
    best = std::min(best, now() - start);
  } while (now() < end);
  return best;
}

int run(const std::string& target_name, std::span<const Layer> layers, double seconds, int only,
        bool listing) {
  isa::Target target = isa::target_from_name(target_name).value();
  double peak = measure_peak(target);
  std::printf("peak %.1f GFLOP/s, %s\n", peak, target.name.c_str());
  std::vector<double> shares;
  double total = 0, lower_ms = 0, engrave_ms = 0, pack_ms = 0;
  int64_t code = 0, weights = 0;
  for (int i = 0; i < static_cast<int>(layers.size()); ++i) {
    if (only >= 0 && i != only) continue;
    const Layer& layer = layers[static_cast<size_t>(i)];
    Made made = make_layer(layer, target, listing);
    if (listing) std::printf("%s", made.listing.c_str());
    double best = measure(made, seconds), rate = made.flops / best * 1e-9;
    std::printf(
        "%2d %-19s %7.3f ms %6.1f GFLOP/s %5.1f %%  x%d  code %5.1f KB, spills %d, tiles %lld; "
        "%s\n",
        i, layer.name, best * 1e3, rate, rate / peak * 100, layer.count,
        static_cast<double>(made.code_bytes) / 1e3, made.spills,
        static_cast<long long>(made.kernels.back().tiles), made.algorithm.c_str());
    for (int k = 0; k < layer.count; ++k) shares.push_back(rate / peak);
    total += best * layer.count;
    lower_ms += made.lower_ms;
    engrave_ms += made.engrave_ms;
    pack_ms += made.pack_ms * layer.count;
    code += made.code_bytes;
    weights += made.weight_bytes * layer.count;
  }
  std::sort(shares.begin(), shares.end());
  std::printf("median %.1f %% of peak, least %.1f %%; all layers %.2f ms\n",
              shares[shares.size() / 2] * 100, shares.front() * 100, total * 1e3);
  std::printf(
      "distinct kernels: lowered in %.1f ms, engraved in %.1f ms, %.0f KB of code; %.0f MB of "
      "weights packed in %.1f ms\n",
      lower_ms, engrave_ms, static_cast<double>(code) / 1e3, static_cast<double>(weights) / 1e6,
      pack_ms);
  return 0;
}

}  // namespace
}  // namespace burin

int main(int argc, char** argv) {
  CLI::App app("kernels of ResNet-50, one by one");
  std::string target = "native";
  double seconds = 0.2;
  int layer = -1;
  bool listing = false, grouped = false;
  app.add_option("--target", target);
  app.add_option("--seconds", seconds, "per layer");
  app.add_option("--layer", layer, "only this one");
  app.add_flag("--listing", listing);
  app.add_flag("--grouped", grouped, "depthwise and grouped layers instead");
  CLI11_PARSE(app, argc, argv);
  std::span<const burin::Layer> layers = burin::kLayers;
  if (grouped) layers = burin::kGroupedLayers;
  return burin::run(target, layers, seconds, layer, listing);
}
