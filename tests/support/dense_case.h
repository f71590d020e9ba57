// One dense op (convolution, dot_general, reduce_window), run through the kernels of
// lower/kernels/list.h and compared with the evaluator of graphs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "graph/builder.h"
#include "isa/target.h"
#include "lower/kernels/list.h"

namespace burin::test {

struct DenseCase {
  std::string name;
  graph::Op op = graph::Op::convolution;
  TensorType x, w;  // as stored; w unused by reduce_window
  // How the operands see them, as a transpose does; empty: as stored.
  Dims x_order, w_order;
  graph::Attr attr;
  bool constant_weights = true;
  double mean = 0;  // of the random x
  // Adds a vector along the last axis, clips at zero and adds a tensor: over float results.
  bool epilogue = false;
  // The kernel makes the first operand of what it reads: max(x * scale + shift, 0), by channel.
  bool made = false;
  // Stores the result with its axes in reverse order of memory.
  bool reversed_output = false;
  bool streamed = false;  // stores the result past the caches
};

DenseCase conv_case(std::string name, Dims x, Dims w, Dims stride, Dims low, Dims high,
                    Dims w_dilation, int64_t groups = 1);
// The gradient of 3 x 3 weights of a convolution, stride 1: of x[n, y, x, c] and of the gradient of
// its result, of `out` channels.
DenseCase gradient_case(std::string name, Dims x, int64_t out, Dims low, Dims high);
// lhs[batch..., m, k] * rhs[batch..., k, n].
DenseCase matmul_case(std::string name, Dims lhs, Dims rhs);
DenseCase window_case(std::string name, Dims x, graph::ReduceKind kind, Dims window, Dims stride,
                      Dims low, Dims high);

// Runs one stage's function for one tile; fails with the reason.
using RunTile =
    std::function<std::string(const lower::DenseStage& stage, std::span<void* const> buffers,
                              std::span<const int64_t> bytes, int64_t tile)>;
RunTile interpret_tile();
// As machine code of a target that the host can run.
RunTile engraved_tile(const isa::Target& target);

struct DenseOutcome {
  std::string failure;    // empty: right
  std::string algorithm;  // what ran
  double error = 0;       // largest, relative to the largest value
};

// Runs the case by `method` (by the first that takes it if empty) on a machine.
DenseOutcome run_dense(const DenseCase& c, const loop::Machine& machine, std::string_view method,
                       const RunTile& run);

// The same with kernels that `make` makes.
using MakeKernels = std::function<lower::DenseKernels(const lower::DenseJob& job)>;
DenseOutcome run_dense(const DenseCase& c, const loop::Machine& machine, const MakeKernels& make,
                       const RunTile& run);

// Calls `use` with the case as a job.
void with_job(const DenseCase& c, const loop::Machine& machine,
              const std::function<void(const lower::DenseJob&)>& use);

loop::Machine machine_of(int vector_bits);  // 256 or 512

}  // namespace burin::test
