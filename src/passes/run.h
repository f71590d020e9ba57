// The passes over the graph, in order, and the one wrapper that runs them: timing, dump, verify,
// on and off by name, bisect. A pass is a free function that reads one graph and makes another; its
// header says what it expects, does and leaves.
#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "graph/graph.h"

namespace burin::passes {

struct Pass {
  std::string_view name;
  graph::Graph (*run)(const graph::Graph&);
  // A pass that must have run earlier: what it leaves, this one expects. Empty for none. Where that
  // one is switched off, so is this.
  std::string_view requires_pass;
};

// In the order they run. A pass may stand more than once: it is switched by name, all at once.
std::span<const Pass> all_passes();
// Nothing if there is none of that name.
const Pass* find_pass(std::string_view name);

struct PassOptions {
  std::vector<std::string> disabled;  // names
  // Runs only the first so many of the enabled passes; -1 for all. Halving it finds the pass that
  // breaks a network.
  int bisect_limit = -1;
  bool verify = false;           // the graph's verifier before the first pass and after each
  std::ostream* dump = nullptr;  // the graph as text before the first pass and after each
  bool changes = false;          // note what each pass changed
};

struct PassTime {
  std::string_view name;
  double seconds = 0;
  size_t nodes = 0;                           // of the graph it left
  std::vector<graph::SourceId> changed = {};  // layers whose nodes it changed, if asked for
};

struct Optimized {
  graph::Graph graph;
  std::vector<PassTime> times;  // of the passes that ran, in order
};

// Fails on an unknown name in `disabled`, and with the pass's name where the verifier objects.
Result<Optimized> run_passes(const graph::Graph& graph, const PassOptions& options = {});

}  // namespace burin::passes
