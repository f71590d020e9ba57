// What the map and row kernels share: the job they are given, and an iteration space brought to the
// fewest axes in the order that suits memory.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lower/expr_build.h"
#include "lower/kernels/list.h"
#include "lower/kernels/tiles.h"

namespace burin::lower {

// An expression over a space. Result i of the expression goes to output i; with reductions the
// outputs have stride 0 along the reduced axes exactly if they hold one value per row.
struct FusedJob {
  Expr expr;
  std::vector<View> outputs;
  std::vector<RowReduce> reduces;
  Dims space;
  std::vector<bool> reduced;  // per axis
  int pointers = 0;
  const loop::Machine* machine = nullptr;
  std::string name;
};

// Reorders the axes as `order` lists them, drops those of size 1, and makes neighbours one where
// every view walks them in equal steps.
FusedJob collapse(FusedJob job, std::span<const size_t> order);

// One vector of a lane loop: lanes [i, i + count * lanes), or the lanes of `mask` from i on.
struct LaneStep {
  loop::Value i;
  int count = 1;  // vectors side by side
  uint16_t lanes = 1;
  loop::Value mask;
};

// How vectors run along an axis of `size`, of which a tile covers a range.
struct LanePlan {
  uint16_t lanes = 1;
  int unroll = 1;
  bool masks = false;  // the remainder is one masked vector, else a loop over single lanes
  loop::Elem mask_elem = loop::Elem::m32;
  int64_t size = 0;
  int64_t chunk = 0;  // ranges start at multiples of it
};

// Emits the loops over [range.lo, range.hi): unrolled vectors, single vectors, the remainder. The
// state is carried from each step to the next; a step gets it and returns the new one.
using LaneState = std::vector<loop::Value>;
LaneState emit_lanes(loop::Builder& b, const LanePlan& plan, const Range& range, LaneState state,
                     const std::function<LaneState(const LaneStep&, LaneState)>& step);

// A loop over the range, or just the body where the range is a single index.
LaneState emit_range(loop::Builder& b, const Range& range, LaneState state,
                     const std::function<LaneState(loop::Value i, LaneState)>& body);

// The stage of a job's function: pointers are the job's own, the outputs' are written.
DenseStage fused_stage(const FusedJob& job, loop::Function function, int64_t tiles);

// (output 0, pointer) for the pointers whose every view is that of the output.
std::vector<std::pair<int, int>> pairs_in_place(const FusedJob& job);

// Bytes that one point touches, and a weight for its arithmetic.
double point_bytes(const FusedJob& job);
double point_flops(const FusedJob& job);

}  // namespace burin::lower
