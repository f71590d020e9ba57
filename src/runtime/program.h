// A program: kernels as machine code, where their buffers live, and the order to run them in.
// Everything here is data; runtime/session.h runs it. Neither AsmJit nor the compiler is needed.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/byte_range.h"
#include "tensor/shape.h"

namespace burin::runtime {

// Where a kernel's buffer lives while the program runs.
struct Place {
  enum class Kind : uint8_t { arena, scratch, constant, input, output };
  Kind kind = Kind::arena;
  uint32_t index = 0;  // of the input or output
  int64_t offset = 0;  // bytes
};

// What the tiles of a step may touch of one of its buffers, in bytes from its place on: the p-th
// range is for the tiles from share_begin(tiles, p, kStepParts) to where the next part begins.
inline constexpr int64_t kStepParts = 16;
struct Touch {
  bool writes = false;  // it may write there too
  std::array<ByteRange, kStepParts> parts;
};

// A value of the optimised graph that is complete after a step: it begins `offset` bytes behind the
// place of one of the step's buffers.
struct StepResult {
  uint32_t node = 0;
  size_t buffer = 0;
  int64_t offset = 0;
};

struct Step {
  uint32_t kernel = 0;         // index into Program::kernels
  int64_t tiles = 1;           // the kernel is called once for each tile in [0, tiles)
  std::vector<Place> buffers;  // in the order of the kernel's pointers
  std::vector<Touch> touches;  // of each buffer; none: any tile may write any byte
  std::string name;            // the layer, for profiles
  std::string algorithm;       // "gemm, register tiles of 14 x 2 vectors"
  double flops = 0;            // that the network asks for
  double bytes = 0;            // read and written at least once
  double performed = 0;        // operations that the algorithm really does
  double weight_bytes = 0;     // the bytes that are constants
  std::string reason;          // why not another algorithm; may be empty
  std::vector<StepResult> results;
};

// When steps run slice by slice (runtime/bands.h).
struct BandLimits {
  // Bytes that a step must have in common with those in front of it: caches keep less anyway.
  int64_t least_common = std::numeric_limits<int64_t>::max();
  // Bytes that the slices under way may touch together.
  int64_t most_at_hand = 0;
};

struct KernelCode {
  int64_t offset = 0;  // in Program::code
  int64_t size = 0;
};

struct PortSpec {
  std::string name;
  TensorType type;
};

struct Program {
  std::string name;           // of the network
  std::vector<uint8_t> code;  // all kernels, each 64-byte aligned
  std::vector<KernelCode> kernels;
  std::vector<Step> steps;
  BandLimits band_limits;
  std::shared_ptr<std::byte> constants;  // 64-byte aligned
  int64_t constant_bytes = 0;
  int64_t arena_bytes = 0;
  int64_t scratch_bytes = 0;  // per worker thread
  std::vector<PortSpec> inputs, outputs;
};

}  // namespace burin::runtime
