// Makes, engraves and times the kernels of one dense op (lower/kernels/list.h) on one core.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/builder.h"
#include "isa/target.h"
#include "runtime/code_pages.h"

namespace burin::bench {

// A kernel ready to run: its code, its buffers, its tiles.
struct Step {
  std::optional<runtime::CodePages> pages;
  std::vector<void*> buffers;
  int64_t tiles = 1;
};

struct Made {
  std::vector<Step> steps;
  std::vector<std::shared_ptr<std::byte>> memory;
  double flops = 0;
  double lower_ms = 0, engrave_ms = 0, pack_ms = 0;  // of processor time
  int64_t code_bytes = 0, weight_bytes = 0;
  int spills = 0;
  std::string algorithm, listing;
};

// The op on random operands, with a bias along the last axis and a clip at zero behind it.
// Operands that are constants, or views of them, count as weights.
Made make_op(const isa::Target& target, bool listing,
             const std::function<graph::NodeId(graph::Builder&)>& build);

// Seconds of the best run within about `seconds`.
double measure(const Made& made, double seconds);

// GFLOP/s of independent FMAs in registers.
double measure_peak(const isa::Target& target);

// Random numbers in [-1, 1).
Tensor random_tensor(const TensorType& type);

}  // namespace burin::bench
