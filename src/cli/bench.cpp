// burin bench: how long a network takes to engrave and to run, and how near the machine's peak.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/processor_wait.h"
#include "cli/common.h"
#include "cli/inputs.h"
#include "cli/outputs.h"
#include "driver/profile.h"

namespace burin::cli {

namespace {

struct BenchOptions {
  Common common;
  InputOptions inputs;
  std::string model;
  double seconds = 2;
  bool per_kernel = false;
  bool steadiness = false;
};

// Of sorted samples.
double quantile(const std::vector<double>& sorted, double q) {
  return sorted[static_cast<size_t>(q * static_cast<double>(sorted.size() - 1) + 0.5)];
}

// The slowest run of a hundred over the median one.
double spread(const std::vector<double>& sorted) {
  return quantile(sorted, 0.99) / quantile(sorted, 0.5);
}

struct Figures {
  double load = 0, first_result = 0;  // seconds from the start
  std::vector<double> runs;           // seconds, sorted
  std::vector<double> undisturbed;    // those for which no thread waited for a processor
  std::vector<double> fixed;  // of work of the same length in the cores' caches; may be empty
  double flops = 0, bytes = 0, peak = 0;
  std::optional<driver::Profile> profile;

  double quantile(double q) const { return cli::quantile(runs, q); }
};

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
// Those of which threads did not wait for a processor for more than a hundredth go to `undisturbed`
// too.
void time_runs(const std::function<void()>& run, double seconds, std::vector<double>& samples,
               std::vector<double>* undisturbed = nullptr) {
  constexpr size_t kLeast = 5, kMost = 100'000;
  auto start = Clock::now();
  while (seconds_since(start) < seconds / 10) run();
  size_t before = samples.size();
  start = Clock::now();
  while (samples.size() < before + kLeast ||
         (seconds_since(start) < seconds && samples.size() < kMost)) {
    auto waited = undisturbed ? processor_wait_seconds() : std::nullopt;
    auto begin = Clock::now();
    run();
    samples.push_back(seconds_since(begin));
    if (!waited) continue;
    bool alone = processor_wait_seconds().value_or(0) - *waited <= samples.back() / 100;
    if (alone) undisturbed->push_back(samples.back());
  }
}

// The network and fixed work of the same length by turns, for half of the time each: what both
// suffer is the machine's.
Result<void> measure_with_fixed_work(const std::function<void()>& run, const isa::Target& target,
                                     int threads, double seconds, Figures& figures) {
  constexpr int kTurns = 10;
  constexpr std::chrono::milliseconds kPause(5);  // the other pool's threads go to sleep
  std::vector<double> warm;
  time_runs(run, seconds / 10, warm);
  std::sort(warm.begin(), warm.end());
  BURIN_ASSIGN(auto fixed, driver::FixedWork::create(target, threads, cli::quantile(warm, 0.5)));
  for (int turn = 0; turn < kTurns; ++turn) {
    std::this_thread::sleep_for(kPause);
    time_runs(run, seconds / 2 / kTurns, figures.runs, &figures.undisturbed);
    std::this_thread::sleep_for(kPause);
    time_runs([&] { fixed.run(); }, seconds / 2 / kTurns, figures.fixed);
  }
  std::sort(figures.fixed.begin(), figures.fixed.end());
  std::sort(figures.undisturbed.begin(), figures.undisturbed.end());
  return {};
}

// Each kernel's part of the report.
nlohmann::json to_json(const runtime::Step& step, const driver::KernelTime& kernel) {
  nlohmann::json j = {{"name", step.name},
                      {"algorithm", step.algorithm},
                      {"reason", step.reason},
                      {"ms", kernel.seconds * 1e3},
                      {"flops", step.flops},
                      {"performed_flops", step.performed},
                      {"gflop_per_second", step.flops / kernel.seconds / 1e9},
                      {"bytes", step.bytes},
                      {"weight_bytes", step.weight_bytes},
                      {"gb_per_second", step.bytes / kernel.seconds / 1e9},
                      {"tiles", step.tiles}};
  j["roof_ms"] = kernel.roof.seconds() * 1e3;
  j["share_of_roof"] = kernel.share();
  j["bound"] = driver::name_of(kernel.roof.bound);
  return j;
}

nlohmann::json to_json(const driver::Limits& limits) {
  return {{"gflop_per_second", limits.flops / 1e9},
          {"l2_gb_per_second", limits.l2 / 1e9},
          {"l3_gb_per_second", limits.l3 / 1e9},
          {"memory_gb_per_second", limits.memory / 1e9}};
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
  if (!f.fixed.empty()) {
    j["steadiness"] = {{"p99_over_p50", spread(f.runs)}, {"machine_p99_over_p50", spread(f.fixed)}};
    if (!f.undisturbed.empty()) {
      j["steadiness"]["undisturbed_p99_over_p50"] = spread(f.undisturbed);
      j["steadiness"]["undisturbed_runs"] = f.undisturbed.size();
    }
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
  if (!f.profile) return j;
  j["limits"] = to_json(f.profile->limits);
  j["roof_ms"] = f.profile->roof_seconds() * 1e3;
  for (size_t i = 0; i < p.steps.size(); ++i) {
    j["kernels"].push_back(to_json(p.steps[i], f.profile->kernels[i]));
  }
  return j;
}

void print_kernels(const runtime::Program& program, const driver::Profile& profile) {
  double total = profile.kernel_seconds();
  std::vector<std::vector<std::string>> rows = {{"kernel", "time", "of all", "GFLOP/s", "bytes",
                                                 "GB/s", "of roof", "bound", "tiles", "algorithm"}};
  for (size_t i = 0; i < program.steps.size(); ++i) {
    const runtime::Step& s = program.steps[i];
    const driver::KernelTime& k = profile.kernels[i];
    rows.push_back(
        {s.name, human_seconds(k.seconds), fmt::format("{:.1f} %", 100 * k.seconds / total),
         fmt::format("{:.1f}", s.flops / k.seconds / 1e9), human_bytes(s.bytes),
         fmt::format("{:.1f}", s.bytes / k.seconds / 1e9), fmt::format("{:.0f} %", 100 * k.share()),
         std::string(driver::name_of(k.roof.bound)), std::to_string(s.tiles),
         s.algorithm + (s.reason.empty() ? "" : "; " + s.reason)});
  }
  fmt::print("{}\n", format_table(rows));
  const driver::Limits& l = profile.limits;
  fmt::print(
      "roof           {} of {} in kernels: {:.0f} GFLOP/s; {:.0f} GB/s from L2, {:.0f} from "
      "L3, {:.0f} from memory\n",
      human_seconds(profile.roof_seconds()), human_seconds(total), l.flops / 1e9, l.l2 / 1e9,
      l.l3 / 1e9, l.memory / 1e9);
}

void print_text(const driver::Engraved& engraved, const Figures& f, int threads) {
  const runtime::Program& p = *engraved.program;
  if (f.profile) print_kernels(p, *f.profile);
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
  if (!f.fixed.empty()) {
    fmt::print(
        "steadiness     p99 is {:.2f} x p50; work of this length in the cores' caches: {:.2f} x\n",
        spread(f.runs), spread(f.fixed));
    if (!f.undisturbed.empty()) {
      fmt::print(
          "               {:.2f} x in the {} runs for which no thread waited for a processor\n",
          spread(f.undisturbed), f.undisturbed.size());
    }
  }
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
  figures.load = seconds_since(start);
  BURIN_ASSIGN(auto specs, prepare_inputs(model->proto(), options.inputs, options.common.seed));
  BURIN_ASSIGN(auto compile, options.common.compile_options());
  if (!isa::can_run(compile.target)) {
    return fail("--target", "this processor cannot run " + compile.target.name);
  }
  auto compile_start = Clock::now();
  BURIN_ASSIGN(auto engraved, model->engrave(specs, compile));
  int threads = options.common.thread_count();
  BURIN_ASSIGN(auto session, runtime::Session::create(engraved->program, threads));
  threads = session->threads();  // one, if more do not pay
  BURIN_ASSIGN(Buffers buffers, make_buffers(*engraved->program, specs));
  session->run(buffers.inputs, buffers.output_pointers);
  figures.first_result = figures.load + seconds_since(compile_start);
  for (const runtime::Step& step : engraved->program->steps) {
    figures.flops += step.flops, figures.bytes += step.bytes;
  }
  auto run = [&] { session->run(buffers.inputs, buffers.output_pointers); };
  if (options.steadiness) {
    BURIN_TRY(measure_with_fixed_work(run, compile.target, threads, options.seconds, figures));
  } else {
    time_runs(run, options.seconds, figures.runs);
  }
  std::sort(figures.runs.begin(), figures.runs.end());
  if (options.per_kernel) {
    BURIN_ASSIGN(driver::Limits limits, driver::measure_limits(compile.target, threads));
    figures.profile = driver::measure_profile(*session, buffers.inputs, buffers.output_pointers,
                                              compile.target.machine, limits, options.seconds / 2);
  }
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
  verb->add_flag("--per-kernel", options->per_kernel,
                 "a table of every kernel: time, share of its roofline, algorithm and reason");
  verb->add_flag(
      "--steadiness", options->steadiness,
      "how much of the latencies' spread is the machine's: fixed work by turns, and runs that "
      "the system left alone");
  options->common.add_threads(*verb);
  options->common.add_target(*verb);
  options->common.add_tune_cache(*verb);
  options->common.add_max_memory(*verb);
  options->common.add_exact(*verb);
  options->common.add_seed(*verb);
  options->common.add_symbols(*verb);
  options->common.add_json(*verb);
  verb->footer("Example: burin bench resnet50 --threads 1 --per-kernel");
  set_body(*verb, exit_code, [options] { return bench(*options); });
}

}  // namespace burin::cli
