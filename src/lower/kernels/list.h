// The kernels for convolution, dot_general and reduce_window, best first, the generic reference
// last. Lowering describes what it wants as a DenseJob; the first method that does not refuse makes
// the kernels. Each refusal says why, and the explanation of a choice lists them.
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lower/choice.h"
#include "lower/expr.h"
#include "lower/kernel.h"
#include "lower/weights.h"

namespace burin::lower {

// An operand of the node: a buffer, or weights known while compiling.
struct DenseOperand {
  View view;  // over the operand's own axes, its pointer among the job's; unused for weights
  std::optional<WeightView> weights;
  // Set: of each element that is read, what the operand has in its place, over the one axis of
  // channels; acc leaf 0 is the element. For methods that make operands.
  std::optional<Expr> made = {};
};

// One convolution, dot_general or reduce_window with everything fused behind it.
struct DenseJob {
  const graph::Graph* graph = nullptr;
  graph::NodeId node;
  const loop::Machine* machine = nullptr;
  bool exact = false;  // as lower::Options
  // Bytes by which packed weights may still exceed those of the model.
  int64_t spare_weights = std::numeric_limits<int64_t>::max();
  std::vector<DenseOperand> operands;  // as the node's; views may have any strides
  Expr epilogue;  // over the node's result shape; acc leaf 0 is the node's result. Never
                  // empty: without work it is that leaf alone
  std::vector<View> outputs;  // where each result of the epilogue goes, over the result shape
  // Further results of the epilogue: each is summed over the axes along which its view does not
  // move. For methods that take sums.
  std::vector<View> sums;
  bool begins_sums = true;  // with zero, else with what is there
  int pointers = 0;         // the views above use the pointers [0, pointers)
  // Wanted of the method; null, or not fit for the job: those of its own model.
  const Parameters* parameters = nullptr;
};

// A buffer that the kernels need besides the job's: packed weights, or memory to work in.
struct ExtraBuffer {
  int64_t bytes = 0;
  Fill fill;  // set: a constant, written by this; else a temporary
  // A temporary of which each worker thread has its own, undefined when a tile begins.
  bool per_thread = false;
};

// One kernel; the stages of a job run in order.
struct DenseStage {
  loop::Function function;
  int64_t tiles = 1;
  std::vector<int> uses;     // per pointer of the function: a job's pointer, or pointers + an extra
  std::vector<bool> writes;  // per pointer of the function
  std::vector<std::pair<int, int>> in_place = {};  // of the function's pointers, as Kernel's
  double flops = 0;                                // that the network asks for
  double performed = 0;                            // where the algorithm needs fewer; 0: as many
  double bytes = 0;  // read and written at least once; 0: those of the job's views
};

struct DenseKernels {
  std::vector<DenseStage> stages;
  std::vector<ExtraBuffer> extras;
  std::string algorithm;              // what was chosen, one line
  double cycles = 0;                  // estimated, of one core; 0 if the method has no model
  std::vector<Refusal> refused = {};  // methods that stand before the chosen one
  // The method, and what it was made with: wanted again, the same kernels come out.
  Choice choice;
  int64_t spare_weights = 0;  // the least DenseJob::spare_weights that allows them
};

struct DenseMethod {
  std::string_view name;
  std::optional<graph::Op> op;  // what it is for; any dense op if not given
  // Why this job is not for this method; nothing if it is. Empty where the job is of another kind
  // altogether: nobody would ask.
  std::optional<std::string> (*refusal)(const DenseJob&);  // cannot, or does not pay
  DenseKernels (*make)(const DenseJob&);
  // Parameters worth measuring beside these, each other in one respect, the likeliest first. None
  // for a method without parameters.
  std::vector<Parameters> (*alternatives)(const DenseJob&, const Parameters& around) = nullptr;
  // Why the method cannot do this job; null: what it refuses, it cannot do.
  std::optional<std::string> (*cannot)(const DenseJob&) = nullptr;
  bool takes_sums = false;      // DenseJob::sums
  bool makes_operands = false;  // DenseOperand::made
};

std::span<const DenseMethod> dense_methods();

// The first method that takes the job makes its kernels. The reference takes every job. A choice
// that is not fit for the job is ignored.
DenseKernels make_dense(const DenseJob& job, const Choice* choice = nullptr);

// Choices worth measuring beside the one that make_dense came to: other parameters, then other
// methods.
std::vector<Choice> alternatives_to(const DenseJob& job, const Choice& choice);

}  // namespace burin::lower
