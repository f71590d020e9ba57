// The table of contents: graph -> passes -> loop IR -> machine code -> program.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "isa/target.h"
#include "loop/function.h"
#include "runtime/program.h"

namespace burin::driver {

struct CompileOptions {
  isa::Target target;
  std::vector<std::string> disabled_passes;
  int bisect_limit = -1;   // run only the first so many passes; -1 for all
  bool exact = false;      // as lower::Options
  int64_t max_memory = 0;  // bytes of arena and constants together; 0 for no limit
  int threads = 0;         // to compile on; 0 for all that may be used
  // Called now and then while weights are packed, on any thread: what was read of the model may
  // leave memory.
  std::function<void()> release_model;
  bool verify = false;   // run the verifiers at each boundary
  bool keep = false;     // keep what `burin inspect` and `burin verify` show
  bool listing = false;  // and a listing of every kernel's machine code
};

struct StageTime {
  std::string stage;
  double seconds = 0;
};

// What the stages made on the way, for people to look at.
struct Intermediates {
  graph::Graph graph;  // after the passes
  std::vector<StageTime> passes;
  std::vector<loop::Function> functions;  // of each kernel of the program
  std::vector<std::string> listings;      // of each kernel, if asked for
  std::vector<int64_t> buffer_bytes;      // of each temporary, and
  std::vector<int64_t> buffer_offsets;    //   where it lies in the arena
};

struct Compiled {
  runtime::Program program;
  std::vector<StageTime> times;                        // passes, lower, engrave
  std::shared_ptr<const Intermediates> intermediates;  // null unless kept
};

Result<Compiled> compile(const graph::Graph& graph, const CompileOptions& options);

}  // namespace burin::driver
