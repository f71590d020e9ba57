// The table of contents: graph -> passes -> loop IR -> machine code -> program.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "isa/target.h"
#include "runtime/program.h"

namespace burin::driver {

struct CompileOptions {
  isa::Target target;
  std::vector<std::string> disabled_passes;
  int64_t max_memory = 0;  // bytes of arena and constants together; 0 for no limit
  bool verify = false;     // run the verifiers at each boundary
};

struct StageTime {
  std::string stage;
  double seconds = 0;
};

struct Compiled {
  runtime::Program program;
  std::vector<StageTime> times;
};

Result<Compiled> compile(const graph::Graph& graph, const CompileOptions& options);

}  // namespace burin::driver
