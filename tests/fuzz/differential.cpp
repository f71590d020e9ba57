// The differential fuzzer: random graphs through every way of executing them, against the oracle.
//
//   burin_differential [--seed N] [--seconds S] [--steps K] [--only EXECUTION] [--gradients]
//
// Prints the seed and the shrunk graph of the first difference and exits with 1.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "graph/print.h"
#include "tests/support/gradient_case.h"
#include "tests/support/random_graph.h"
#include "tests/support/run_case.h"
#include "tests/support/shrink_graph.h"

namespace burin::test {

namespace {

struct Options {
  uint64_t seed = 1;
  double seconds = 10;
  int steps = 12;
  std::string only;
  bool gradients = false;
};

// What is wrong with executing a graph that way, or nullopt.
std::optional<std::string> complaint(const Execution& execution, const BuiltCase& built) {
  auto got = execution.run(built.graph, built.inputs);
  if (!got) return got.error().text();
  return random_difference(built, *got);
}

void report(const Execution& execution, uint64_t seed, const Options& options,
            const BuiltCase& built, std::string first) {
  Shrunk small = shrink(built, std::move(first),
                        [&](const BuiltCase& part) { return complaint(execution, part); });
  std::printf("%s differs: --seed %llu --steps %d%s\n%s\n%s", execution.name.c_str(),
              static_cast<unsigned long long>(seed), options.steps,
              options.gradients ? " --gradients" : "", small.complaint.c_str(),
              graph::print(small.part.graph).c_str());
}

// Nothing if there is no gradient.
std::optional<BuiltCase> make_case(uint64_t seed, int steps, bool gradients) {
  BuiltCase built = random_graph(seed, {.steps = steps});
  if (!gradients) return built;
  if (!has_float_input(built.graph)) return std::nullopt;
  auto graph = gradient_graph(built.graph);
  if (!graph) return std::nullopt;
  built.graph = *std::move(graph);
  return built;
}

// The number of graphs tried; stops at the first difference.
int fuzz(const Options& options) {
  using Clock = std::chrono::steady_clock;
  auto start = Clock::now();
  uint64_t seed = options.seed;
  auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  for (; seed == options.seed || elapsed() < options.seconds; ++seed) {
    // Small graphs and large ones in turn.
    int steps = 1 + static_cast<int>(seed * 7 % (2 * static_cast<uint64_t>(options.steps)));
    std::optional<BuiltCase> built = make_case(seed, steps, options.gradients);
    if (!built) continue;
    for (const Execution& execution : executions()) {
      if (!options.only.empty() && execution.name != options.only) continue;
      if (execution.unavailable()) continue;
      std::optional<std::string> found = complaint(execution, *built);
      if (!found) continue;
      report(execution, seed, options, *built, *std::move(found));
      return 1;
    }
  }
  std::printf("%llu graphs in %.1f s, no difference\n",
              static_cast<unsigned long long>(seed - options.seed), elapsed());
  return 0;
}

}  // namespace

}  // namespace burin::test

int main(int argc, char** argv) {
  burin::test::Options options;
  CLI::App app("Random graphs through every execution, compared with the oracle");
  app.add_option("--seed", options.seed, "seed of the first graph");
  app.add_option("--seconds", options.seconds, "how long to try; 0 tries one graph");
  app.add_option("--steps", options.steps, "mean size of the graphs")->check(CLI::Range(1, 1000));
  std::vector<std::string> names;
  for (const burin::test::Execution& execution : burin::test::executions()) {
    names.push_back(execution.name);
  }
  app.add_option("--only", options.only, "one execution only")->check(CLI::IsMember(names));
  app.add_flag("--gradients", options.gradients, "their gradients instead of the graphs");
  CLI11_PARSE(app, argc, argv);
  return burin::test::fuzz(options);
}
