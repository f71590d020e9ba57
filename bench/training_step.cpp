// One training step of a built-in network or an ONNX file as machine code: how long it takes, and
// with --per-kernel which kernels take it. What bench/training compares with PyTorch.
//   bench_training_step catdog [--batch 16] [--threads 1] [--optimiser sgd] [--seconds 2]
//   [--exact] [--per-kernel] [--json]
// Data, labels and weights are random; weights do not advance, so every step is the same work.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "CLI/CLI.hpp"
#include "base/rng.h"
#include "bench/support/training.h"
#include "driver/compile.h"
#include "driver/profile.h"
#include "runtime/session.h"

namespace burin::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Settings {
  std::string network, optimiser = "sgd";
  int64_t batch = 16;
  int threads = 1;
  double seconds = 2;
  bool exact = false, per_kernel = false, json = false;
};

// A variable's initial value, zeros for labels, numbers in [0, 1) for the rest.
Tensor input_for(const runtime::PortSpec& port, const train::StepGraph& step, Rng& rng) {
  Tensor tensor(port.type);
  for (const train::VariableSpec& v : step.variables) {
    if (v.name != port.name) continue;
    std::ranges::copy(v.initial.bytes(), tensor.mutable_data());
    return tensor;
  }
  if (port.type.dtype != DType::f32) return tensor;
  auto* to = reinterpret_cast<float*>(tensor.mutable_data());
  for (int64_t i = 0; i < tensor.elements(); ++i) to[i] = static_cast<float>(rng.uniform(0, 1));
  return tensor;
}

// A program with its buffers.
struct Fed {
  std::shared_ptr<const runtime::Program> program;
  std::unique_ptr<runtime::Session> session;
  std::vector<Tensor> tensors;
  std::vector<const void*> inputs;
  std::vector<void*> outputs;
  double compiled = 0;  // seconds
};

Result<Fed> compile(const Settings& s, const train::StepGraph& step,
                    const driver::CompileOptions& options) {
  auto start = Clock::now();
  BURIN_ASSIGN(driver::Compiled compiled, driver::compile(step.graph, options));
  Fed fed;
  fed.program = std::make_shared<const runtime::Program>(std::move(compiled.program));
  BURIN_ASSIGN(fed.session, runtime::Session::create(fed.program, s.threads));
  fed.compiled = std::chrono::duration<double>(Clock::now() - start).count();
  Rng rng(1);
  for (const runtime::PortSpec& port : fed.program->inputs) {
    fed.tensors.push_back(input_for(port, step, rng));
    fed.inputs.push_back(fed.tensors.back().data());
  }
  for (const runtime::PortSpec& port : fed.program->outputs) {
    fed.tensors.emplace_back(port.type);
    fed.outputs.push_back(fed.tensors.back().mutable_data());
  }
  return fed;
}

void print(const Fed& fed, const driver::Profile& profile, const Settings& s) {
  if (s.json) {
    nlohmann::json out = {{"network", s.network},
                          {"batch", s.batch},
                          {"threads", s.threads},
                          {"step_ms", 1e3 * profile.run},
                          {"compile_ms", 1e3 * fed.compiled},
                          {"arena_bytes", fed.program->arena_bytes}};
    std::printf("%s\n", out.dump(2).c_str());
    return;
  }
  for (size_t i = 0; s.per_kernel && i < profile.kernels.size(); ++i) {
    const runtime::Step& step = fed.program->steps[i];
    double seconds = profile.kernels[i].seconds;
    std::printf("%9.3f ms %5.1f %% %7.1f GFLOP/s %6.1f GB/s  %-34s %.90s\n", 1e3 * seconds,
                100 * seconds / profile.kernel_seconds(), step.flops / seconds / 1e9,
                step.bytes / seconds / 1e9, step.name.c_str(), step.algorithm.c_str());
  }
  std::printf("%s, batch %lld, %d threads: %.2f ms a step, compiled in %.0f ms, arena %.1f MiB\n",
              s.network.c_str(), static_cast<long long>(s.batch), s.threads, 1e3 * profile.run,
              1e3 * fed.compiled, static_cast<double>(fed.program->arena_bytes) / (1 << 20));
}

Result<void> run(const Settings& s) {
  BURIN_ASSIGN(const train::Optimiser* optimiser, optimiser_named(s.optimiser));
  BURIN_ASSIGN(TrainedNetwork built, build_training(s.network, s.batch, *optimiser));
  driver::CompileOptions options;
  BURIN_ASSIGN(options.target, isa::host_target());
  options.exact = s.exact;
  BURIN_ASSIGN(Fed fed, compile(s, built.step, options));
  print(fed,
        driver::measure_profile(*fed.session, fed.inputs, fed.outputs, options.target.machine, {},
                                s.seconds),
        s);
  return {};
}

int main_of(int argc, char** argv) {
  Settings s;
  CLI::App app("How long a training step takes");
  app.add_option("network", s.network, "built-in network or ONNX file")->required();
  app.add_option("--batch", s.batch, "samples in a step");
  app.add_option("--threads", s.threads, "threads to run on");
  app.add_option("--optimiser", s.optimiser, "how weights follow gradients");
  app.add_option("--seconds", s.seconds, "how long to run");
  app.add_flag("--exact", s.exact, "neither Winograd's nor Strassen's method");
  app.add_flag("--per-kernel", s.per_kernel, "print each kernel's time");
  app.add_flag("--json", s.json, "machine-readable output");
  CLI11_PARSE(app, argc, argv);
  Result<void> done = run(s);
  if (done) return 0;
  std::fprintf(stderr, "%s\n", done.error().text().c_str());
  return 1;
}

}  // namespace
}  // namespace burin::bench

int main(int argc, char** argv) { return burin::bench::main_of(argc, argv); }
