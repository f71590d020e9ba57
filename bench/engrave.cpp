// How long the code generator takes: every distinct kernel of a built-in network, engraved again
// and again; per kernel, per loop-IR instruction and per byte of code.
//   bench_engrave [network] [--target avx2] [--repeat 20]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "CLI/CLI.hpp"
#include "driver/model.h"
#include "isa/engrave.h"
#include "loop/equal.h"
#include "lower/lower.h"
#include "passes/run.h"
#include "zoo/save.h"
#include "zoo/zoo.h"

namespace burin {
namespace {

struct Options {
  std::string network = "resnet50", target = "native";
  int repeat = 20;
};

double now() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

Result<lower::Lowered> lower_network(const Options& options, const isa::Target& target) {
  const zoo::ZooEntry* entry = zoo::find(options.network);
  if (!entry) return fail(options.network, "no such built-in network");
  BURIN_ASSIGN(zoo::Bytes bytes, zoo::to_bytes(*entry, 1));
  BURIN_ASSIGN(auto model, driver::Model::from_memory(options.network, std::move(bytes)));
  BURIN_ASSIGN(onnx::Imported imported, model->import({}));
  BURIN_ASSIGN(passes::Optimized optimized, passes::run_passes(imported.graph, {}));
  return lower::lower(optimized.graph, target.machine);
}

bool seen_before(const lower::Lowered& lowered, size_t i) {
  for (size_t j = 0; j < i; ++j) {
    if (loop::same_code(lowered.kernels[i].function, lowered.kernels[j].function)) return true;
  }
  return false;
}

// Prints one line; adds the best time of `repeat` runs to `total`.
Result<void> measure(const lower::Kernel& kernel, const isa::Target& target, int repeat,
                     double* total) {
  double best = 1e9;
  isa::Code code;
  for (int i = 0; i < repeat; ++i) {
    double start = now();
    BURIN_ASSIGN(code, isa::engrave(kernel.function, target));
    best = std::min(best, now() - start);
  }
  *total += best;
  auto insts = static_cast<double>(kernel.function.insts.size());
  std::printf("%-28s %8.1f us  %6.0f insts  %6.0f ns each  %6zu bytes  %3d spills\n",
              kernel.name.c_str(), best * 1e6, insts, best / insts * 1e9, code.bytes.size(),
              code.spills);
  return {};
}

Result<void> run(const Options& options) {
  BURIN_ASSIGN(isa::Target target, isa::target_from_name(options.target));
  BURIN_ASSIGN(lower::Lowered lowered, lower_network(options, target));
  double total = 0;
  for (size_t i = 0; i < lowered.kernels.size(); ++i) {
    if (seen_before(lowered, i)) continue;
    BURIN_TRY(measure(lowered.kernels[i], target, options.repeat, &total));
  }
  std::printf("all %.2f ms\n", total * 1e3);
  return {};
}

}  // namespace
}  // namespace burin

int main(int argc, char** argv) {
  CLI::App app("Measures the code generator.");
  burin::Options options;
  app.add_option("network", options.network, "a built-in network");
  app.add_option("--target", options.target, "native, avx512 or avx2");
  app.add_option("--repeat", options.repeat, "runs of which the fastest counts");
  CLI11_PARSE(app, argc, argv);
  auto done = burin::run(options);
  if (done) return 0;
  std::fprintf(stderr, "%s\n", done.error().text().c_str());
  return 1;
}
