// What lowering makes: kernels in loop IR over buffers that have no place yet. lower/lower.h makes
// them, lower/memory_plan.h gives the buffers their places, src/driver engraves and links them.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/id.h"
#include "graph/graph.h"
#include "loop/function.h"
#include "lower/choice.h"
#include "lower/group.h"
#include "tensor/tensor.h"

namespace burin::lower {

struct BufferTag;
using BufferId = Id<BufferTag>;

// Writes a constant's bytes to where they will stay (64-byte aligned, zeroed). Weights are packed
// by this once the program's block is allocated: nothing is copied twice. The parts of a large one
// may be written in any order, on any threads. Keeps what it reads alive.
struct Fill {
  std::function<void(std::byte* out, int64_t part)> write;  // `out`: of the whole
  int64_t parts = 1;

  Fill() = default;
  template <class F>
  requires std::invocable<F&, std::byte*> Fill(F whole)
      : write([whole](std::byte* out, int64_t) { whole(out); }) {}
  template <class F>
  requires std::invocable<F&, std::byte*, int64_t> Fill(F part, int64_t count)
      : write(std::move(part)), parts(count) {}

  explicit operator bool() const { return write != nullptr; }
  void operator()(std::byte* out) const {
    for (int64_t part = 0; part < parts; ++part) write(out, part);
  }
};

struct Buffer {
  // scratch: used by one kernel; each worker thread has its own, undefined when a tile begins.
  enum class Kind : uint8_t { temporary, scratch, constant, input, output };
  Kind kind = Kind::temporary;
  int64_t bytes = 0;
  uint32_t port = 0;  // input or output: its position
  Tensor constant;    // constant: its bytes,
  Fill fill;          //   or what writes them, `bytes` long
};

// A buffer, or a part of one from `offset` bytes on.
struct BufferUse {
  BufferId buffer;
  int64_t offset = 0;
};

// A method that did not make a kernel, and why not.
struct Refusal {
  std::string method;
  std::string reason;
};

struct Kernel {
  loop::Function function;
  int64_t tiles = 1;  // tile t may only write what no other tile of the kernel reads or writes
  std::vector<BufferUse> buffers;  // of the function's pointers, in order
  std::vector<bool> writes;        // per buffer
  // (written, read) indices into `buffers` that may be one memory: every tile reads an element of
  // the read buffer before it writes the same one, and no other tile reads it. Both have the same
  // offset.
  std::vector<std::pair<int, int>> in_place;
  // The graph nodes whose values are complete when the kernel has run: (node, index into buffers,
  // each from its buffer's begin on).
  std::vector<std::pair<graph::NodeId, int>> results;
  static constexpr size_t kNoGroup = ~size_t{0};
  size_t group = kNoGroup;       // of Lowered::grouping that asked for it; none for a copied output
  std::string name;              // the layer that asked for it
  std::string algorithm;         // what was chosen, one line
  std::vector<Refusal> refused;  // methods that stand before the chosen one
  double cycles = 0;             // estimated, of one core; 0 if the method has no model
  double flops = 0;              // that the network asks for,
  double performed = 0;          //   and that the algorithm really does
  double bytes = 0;              // read and written at least once,
  double weight_bytes = 0;       //   and those of them that are constants
};

struct Lowered {
  IdVector<BufferId, Buffer> buffers;
  std::vector<Kernel> kernels;        // in execution order
  Grouping grouping;                  // for lower/explain.h
  std::vector<ChoiceRecord> choices;  // of each dense job, if asked for
};

}  // namespace burin::lower
