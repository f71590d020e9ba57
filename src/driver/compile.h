// The table of contents: graph -> passes -> loop IR -> machine code -> program.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "isa/target.h"
#include "loop/function.h"
#include "lower/choice.h"
#include "lower/explain.h"
#include "passes/run.h"
#include "runtime/program.h"

namespace burin::driver {

struct CompileOptions {
  isa::Target target;
  std::vector<std::string> disabled_passes;
  int bisect_limit = -1;   // run only the first so many passes; -1 for all
  bool exact = false;      // as lower::Options
  int64_t max_memory = 0;  // bytes of arena and constants together; 0 for no limit
  // An output, such as a training's loss: to keep to max_memory, nodes behind it may compute values
  // from before it again. -1: none.
  int recompute_after = -1;
  int threads = 0;  // to compile on; 0 for all that may be used
  // Called now and then while weights are packed, on any thread: what was read of the model may
  // leave memory.
  std::function<void()> release_model;
  std::shared_ptr<const lower::Choices> choices;  // measured for this target; may be null
  bool verify = false;                            // run the verifiers at each boundary
  bool keep = false;     // keep what `burin inspect` and `burin verify` show
  bool listing = false;  // and a listing of every kernel's machine code
};

// What is computed a second time to save memory.
struct Recomputation {
  int64_t nodes = 0;  // of the graph
  double share = 0;   // of the arithmetic that the graph asks for without it
};

struct StageTime {
  std::string stage;
  double seconds = 0;
};

// A temporary: where it lies in the arena, and from which step to which it is in use.
struct ArenaBuffer {
  int64_t offset = 0, bytes = 0;
  size_t first = 0, last = 0;
};

// How a step came to be what it is.
struct StepStory {
  lower::KernelStory kernel;
  std::vector<lower::Refusal> refused;
  double cycles = 0;  // estimated, of one core; 0 if there is no model
};

// What the stages made on the way, for people to look at.
struct Intermediates {
  graph::Graph graph;  // after the passes
  std::vector<passes::PassTime> passes;
  std::vector<loop::Function> functions;     // of each kernel of the program
  std::vector<std::string> listings;         // of each kernel, if asked for
  std::vector<ArenaBuffer> buffers;          // in the order of their first use
  std::vector<StepStory> steps;              // of each step of the program
  std::vector<lower::ChoiceRecord> choices;  // of the dense jobs
};

struct Compiled {
  runtime::Program program;
  Recomputation recomputation;
  std::vector<StageTime> times;                        // passes, lower, engrave
  std::shared_ptr<const Intermediates> intermediates;  // null unless kept
};

Result<Compiled> compile(const graph::Graph& graph, const CompileOptions& options);

}  // namespace burin::driver
