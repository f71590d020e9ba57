// burin bench: how long a network takes to engrave and to run, and how near the machine's peak.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <numeric>

#include "cli/common.h"
#include "cli/inputs.h"
#include "cli/outputs.h"
#include "driver/peak.h"

namespace burin::cli {

namespace {

using Clock = std::chrono::steady_clock;

struct BenchOptions {
  Common common;
  InputOptions inputs;
  std::string model;
  double seconds = 2;
  bool per_kernel = false;
};

struct Figures {
  double load = 0, first_result = 0;  // seconds from the start
  std::vector<double> runs;           // seconds, sorted
  double flops = 0, bytes = 0, peak = 0;
  std::vector<double> steps;  // seconds, median of the timed runs

  double quantile(double q) const {
    return runs[static_cast<size_t>(q * static_cast<double>(runs.size() - 1) + 0.5)];
  }
};

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The most memory that this process has held at once. (getrusage's figure would count the
// parent's.)
int64_t peak_rss_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    int64_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

// Warm-up for a tenth of the time, then single runs for the rest: at least 5, at most 100,000.
void measure_runs(runtime::Session& session, Buffers& buffers, double seconds, Figures& figures) {
  auto start = Clock::now();
  while (since(start) < seconds / 10) session.run(buffers.inputs, buffers.output_pointers);
  start = Clock::now();
  while (figures.runs.size() < 5 || (since(start) < seconds && figures.runs.size() < 100'000)) {
    auto run = Clock::now();
    session.run(buffers.inputs, buffers.output_pointers);
    figures.runs.push_back(since(run));
  }
  std::sort(figures.runs.begin(), figures.runs.end());
}

// The median time of each step over a number of runs.
void measure_steps(runtime::Session& session, Buffers& buffers, Figures& figures) {
  constexpr size_t kRuns = 15;
  size_t count = session.program().steps.size();
  std::vector<std::vector<double>> samples(count);
  for (size_t r = 0; r < kRuns; ++r) {
    std::vector<double> seconds(count, 0.0);
    session.run_timed(buffers.inputs, buffers.output_pointers, seconds);
    for (size_t i = 0; i < count; ++i) samples[i].push_back(seconds[i]);
  }
  for (auto& s : samples) {
    std::nth_element(s.begin(), s.begin() + kRuns / 2, s.end());
    figures.steps.push_back(s[kRuns / 2]);
  }
}

nlohmann::json to_json(const BenchOptions& options, const driver::Engraved& engraved,
                       const Figures& f, int threads) {
  nlohmann::json j = {{"model", options.model}, {"threads", threads}, {"runs", f.runs.size()}};
  j["load_ms"] = f.load * 1e3;
  for (const auto& stage : engraved.times) j["stages_ms"][stage.stage] = stage.seconds * 1e3;
  j["first_result_ms"] = f.first_result * 1e3;
  j["min_ms"] = f.runs.front() * 1e3;
  for (auto [name, q] : {std::pair{"p50_ms", 0.5}, {"p90_ms", 0.9}, {"p99_ms", 0.99}}) {
    j[name] = f.quantile(q) * 1e3;
  }
  j["per_second"] = 1 / f.quantile(0.5);
  j["gflop"] = f.flops / 1e9;
  j["gflop_per_second"] = f.flops / f.quantile(0.5) / 1e9;
  j["peak_gflop_per_second"] = f.peak / 1e9;
  j["share_of_peak"] = f.flops / f.quantile(0.5) / f.peak;
  const runtime::Program& p = *engraved.program;
  j["code_bytes"] = p.code.size(), j["weight_bytes"] = p.constant_bytes;
  j["arena_bytes"] = p.arena_bytes;
  j["peak_rss_bytes"] = peak_rss_bytes();
  for (size_t i = 0; i < f.steps.size(); ++i) {
    const runtime::Step& s = p.steps[i];
    j["kernels"].push_back({{"name", s.name},
                            {"algorithm", s.algorithm},
                            {"ms", f.steps[i] * 1e3},
                            {"flops", s.flops},
                            {"bytes", s.bytes},
                            {"tiles", s.tiles},
                            {"share_of_peak", s.flops / f.steps[i] / f.peak}});
  }
  return j;
}

void print_kernels(const runtime::Program& program, const Figures& f) {
  double total = std::accumulate(f.steps.begin(), f.steps.end(), 0.0);
  std::vector<std::vector<std::string>> rows = {
      {"kernel", "time", "of all", "GFLOP/s", "of peak", "GB/s", "tiles", "algorithm"}};
  for (size_t i = 0; i < f.steps.size(); ++i) {
    const runtime::Step& s = program.steps[i];
    double t = f.steps[i];
    rows.push_back({s.name, human_seconds(t), fmt::format("{:.1f} %", 100 * t / total),
                    fmt::format("{:.1f}", s.flops / t / 1e9),
                    fmt::format("{:.0f} %", 100 * s.flops / t / f.peak),
                    fmt::format("{:.1f}", s.bytes / t / 1e9), std::to_string(s.tiles),
                    s.algorithm.substr(0, s.algorithm.find(';'))});
  }
  fmt::print("{}\n", format_table(rows));
}

void print_text(const driver::Engraved& engraved, const Figures& f, int threads) {
  const runtime::Program& p = *engraved.program;
  if (!f.steps.empty()) print_kernels(p, f);
  std::string stages = "load " + human_seconds(f.load);
  for (const auto& stage : engraved.times) {
    stages += ", " + stage.stage + " " + human_seconds(stage.seconds);
  }
  fmt::print("engraved in    {}\n", stages);
  fmt::print("first result   {} after the start\n", human_seconds(f.first_result));
  fmt::print("one run        min {}  p50 {}  p90 {}  p99 {}  ({} runs, {} thread{})\n",
             human_seconds(f.runs.front()), human_seconds(f.quantile(0.5)),
             human_seconds(f.quantile(0.9)), human_seconds(f.quantile(0.99)), f.runs.size(),
             threads, threads == 1 ? "" : "s");
  double rate = f.flops / f.quantile(0.5);
  fmt::print("throughput     {:.1f} runs/s, {:.1f} GFLOP/s, {:.0f} % of the measured {:.0f}\n",
             1 / f.quantile(0.5), rate / 1e9, 100 * rate / f.peak, f.peak / 1e9);
  fmt::print("memory         code {}, weights {}, arena {}, {} kernels in {} steps\n",
             human_bytes(static_cast<double>(p.code.size())),
             human_bytes(static_cast<double>(p.constant_bytes)),
             human_bytes(static_cast<double>(p.arena_bytes)), p.kernels.size(), p.steps.size());
}

Result<int> bench(const BenchOptions& options) {
  Figures figures;
  auto start = Clock::now();
  BURIN_ASSIGN(auto model, load_network(options.model, options.common));
  figures.load = since(start);
  BURIN_ASSIGN(auto specs, prepare_inputs(model->proto(), options.inputs, options.common.seed));
  BURIN_ASSIGN(auto compile, options.common.compile_options());
  if (!isa::can_run(compile.target)) {
    return fail("--target", "this processor cannot run " + compile.target.name);
  }
  auto compile_start = Clock::now();
  BURIN_ASSIGN(auto engraved, model->engrave(specs, compile));
  int threads = options.common.thread_count();
  BURIN_ASSIGN(auto session, runtime::Session::create(engraved->program, threads));
  BURIN_ASSIGN(Buffers buffers, make_buffers(*engraved->program, specs));
  session->run(buffers.inputs, buffers.output_pointers);
  figures.first_result = figures.load + since(compile_start);
  for (const runtime::Step& step : engraved->program->steps) {
    figures.flops += step.flops, figures.bytes += step.bytes;
  }
  measure_runs(*session, buffers, options.seconds, figures);
  if (options.per_kernel) measure_steps(*session, buffers, figures);
  // One core's peak times the threads: a busy neighbour does not make the share look better.
  BURIN_ASSIGN(double one_core, driver::measure_peak_flops(compile.target));
  figures.peak = one_core * threads;
  if (options.common.json) {
    fmt::print("{}\n", to_json(options, *engraved, figures, threads).dump(2));
  } else {
    print_text(*engraved, figures, threads);
  }
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("bench", "measure a network: engraving, latency, share of peak");
  auto options = std::make_shared<BenchOptions>();
  verb->add_option("model", options->model, "ONNX file or built-in network")->required();
  options->inputs.add_files(*verb);
  options->inputs.add_shapes(*verb);
  verb->add_option("--seconds", options->seconds, "how long to measure")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  verb->add_flag("--per-kernel", options->per_kernel, "a table of every kernel");
  options->common.add_threads(*verb);
  options->common.add_target(*verb);
  options->common.add_max_memory(*verb);
  options->common.add_exact(*verb);
  options->common.add_seed(*verb);
  options->common.add_json(*verb);
  verb->footer("Example: burin bench resnet50 --threads 1 --per-kernel");
  set_body(*verb, exit_code, [options] { return bench(*options); });
}

}  // namespace burin::cli
