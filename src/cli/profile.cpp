// burin profile: a network measured and drawn, as an HTML page, an SVG or a trace.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/clock.h"
#include "cli/common.h"
#include "cli/inputs.h"
#include "cli/outputs.h"
#include "driver/profile.h"
#include "report/report.h"

namespace burin::cli {

namespace {

using Spans = std::vector<runtime::Session::TileSpan>;

struct ProfileOptions {
  Common common;
  InputOptions inputs;
  std::string model, output, trace;
  double seconds = 2;
};

// One line on a terminal, rewritten; nothing elsewhere.
class Progress {
 public:
  void show(const std::string& what) {
    if (!terminal_ || what == last_) return;
    fmt::print(stderr, "\r\033[K{}", what);
    std::fflush(stderr);
    last_ = what;
  }
  ~Progress() {
    if (!last_.empty()) fmt::print(stderr, "\r\033[K");
  }

 private:
  bool terminal_ = isatty(STDERR_FILENO) != 0;
  std::string last_;
};

// The stages from the file to the program, each timed.
struct Built {
  driver::Compiled compiled;
  std::vector<driver::InputSpec> specs;
  std::vector<driver::StageTime> stages;
};

Result<Built> build(const ProfileOptions& options, const driver::CompileOptions& compile) {
  Built built;
  auto start = Clock::now();
  auto stage = [&](const char* name) {
    built.stages.push_back({name, seconds_since(start)});
    start = Clock::now();
  };
  BURIN_ASSIGN(auto model, load_network(options.model, options.common));
  stage("load");
  BURIN_ASSIGN(built.specs, prepare_inputs(model->proto(), options.inputs, options.common.seed));
  start = Clock::now();
  BURIN_ASSIGN(onnx::Imported imported, model->import(built.specs));
  stage("import");
  BURIN_ASSIGN(built.compiled, driver::compile(imported.graph, compile));
  const auto& times = built.compiled.times;
  built.stages.insert(built.stages.end(), times.begin(), times.end());
  return built;
}

// The trace of a typical run: of a few, the one of median length.
Spans typical_run(runtime::Session& session, Buffers& buffers) {
  constexpr size_t kRuns = 7;
  auto length = [](const Spans& spans) {
    double end = 0;
    for (const auto& span : spans) end = std::max(end, span.end);
    return end;
  };
  std::vector<Spans> runs;
  for (size_t i = 0; i < kRuns; ++i) {
    runs.push_back(session.run_traced(buffers.inputs, buffers.output_pointers));
  }
  std::nth_element(runs.begin(), runs.begin() + kRuns / 2, runs.end(),
                   [&](const Spans& a, const Spans& b) { return length(a) < length(b); });
  return std::move(runs[kRuns / 2]);
}

void print_summary(const ProfileOptions& options, const driver::Profile& profile) {
  double total = profile.kernel_seconds(), roof = profile.roof_seconds();
  fmt::print("one run        {}, median\n", human_seconds(profile.run));
  fmt::print("kernels        {}, {} at the machine's limits: {:.0f} %\n", human_seconds(total),
             human_seconds(roof), 100 * roof / total);
  for (const std::string& path : {options.output, options.trace}) {
    if (!path.empty() && path != "-") fmt::print("wrote          {}\n", path);
  }
}

Result<void> write_reports(const ProfileOptions& options, const report::Subject& subject,
                           const Spans& spans) {
  if (!options.output.empty()) {
    bool svg = options.output.ends_with(".svg");
    BURIN_TRY(write_text(options.output,
                         svg ? report::roofline_svg(subject) : report::html_page(subject)));
  }
  if (options.trace.empty()) return {};
  return write_text(options.trace, report::chrome_trace(subject, spans));
}

Result<int> profile(const ProfileOptions& options) {
  if (options.output.empty() && options.trace.empty()) {
    return fail("profile", "no file to write",
                "name one with -o report.html or --trace trace.json");
  }
  Progress progress;
  progress.show("engraving " + options.model);
  BURIN_ASSIGN(auto compile, options.common.compile_options());
  if (!isa::can_run(compile.target)) {
    return fail("--target", "this processor cannot run " + compile.target.name);
  }
  compile.keep = true;
  BURIN_ASSIGN(Built built, build(options, compile));
  auto program = std::make_shared<runtime::Program>(built.compiled.program);
  int threads = options.common.thread_count();
  BURIN_ASSIGN(auto session, runtime::Session::create(program, threads));
  threads = session->threads();  // one, if more do not pay
  BURIN_ASSIGN(Buffers buffers, make_buffers(*program, built.specs));

  progress.show("measuring the machine");
  BURIN_ASSIGN(driver::Limits limits, driver::measure_limits(compile.target, threads));
  auto watch = [&](double done) {
    progress.show(fmt::format("measuring {}: {:.0f} %, {:.0f} s to go", options.model, 100 * done,
                              (1 - done) * options.seconds));
  };
  driver::Profile measured =
      driver::measure_profile(*session, buffers.inputs, buffers.output_pointers,
                              compile.target.machine, limits, options.seconds, watch);
  Spans spans;
  if (!options.trace.empty()) spans = typical_run(*session, buffers);
  std::string name = options.model.substr(options.model.find_last_of('/') + 1);
  report::Subject subject{name, compile.target, built.compiled, measured, built.stages};
  BURIN_TRY(write_reports(options, subject, spans));
  progress.show("");
  if (options.output != "-" && options.trace != "-") print_summary(options, measured);
  return 0;
}

}  // namespace

void add_profile(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("profile", "measure every kernel and draw where the time goes");
  auto options = std::make_shared<ProfileOptions>();
  verb->add_option("model", options->model, "ONNX file or built-in network")->required();
  options->inputs.add_files(*verb);
  options->inputs.add_shapes(*verb);
  verb->add_option("-o,--output", options->output,
                   "an HTML page that needs nothing beside it, or NAME.svg: its roofline alone");
  verb->add_option("--trace", options->trace,
                   "compiling and one run as trace events, for ui.perfetto.dev");
  verb->add_option("--seconds", options->seconds, "how long to measure")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  options->common.add_threads(*verb);
  options->common.add_target(*verb);
  options->common.add_max_memory(*verb);
  options->common.add_exact(*verb);
  options->common.add_seed(*verb);
  options->common.add_symbols(*verb);
  verb->footer("Example: burin profile resnet50 --threads 1 -o report.html --trace trace.json");
  set_body(*verb, exit_code, [options] { return profile(*options); });
}

}  // namespace burin::cli
