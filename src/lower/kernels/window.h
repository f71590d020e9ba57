// Windows over each channel by itself: depthwise convolution and pooling. Lanes run along the
// channels, a register tile covers several positions of a row, and each input vector is loaded once
// for all the positions whose window it is in. Look next: nest.h for the loops around a tile.
#pragma once

#include "lower/kernels/nest.h"

namespace burin::lower {

struct Window {
  loop::Elem elem = loop::Elem::f32;  // of operands and sums: f32 or i32
  Nest nest;
  std::optional<Expr> made;                 // as DenseOperand's, of the inputs
  std::optional<graph::ReduceKind> reduce;  // pooling; else products with weights, summed
  double flops = 0;
  bool fetches = false;           // register tiles fetch the next row of inputs, from memory
  bool fetches_epilogue = false;  // what the epilogue of the next register tile reads and writes
};

// Positions and vectors of one register tile, of which so many are computed at once.
struct WindowTile {
  int64_t rows = 1, vectors = 1, at_once = 1;
  bool weights_in_registers = true;
};
WindowTile choose_window_tile(const Window& w, const loop::Machine& machine);

// Emits one register tile.
void emit_window_tile(loop::Builder& b, const Window& w, const WindowTile& form,
                      const MicroTile& tile);

// The methods of the list (kernels/list.h).
std::optional<std::string> refuse_depthwise(const DenseJob& job);
DenseKernels make_depthwise(const DenseJob& job);
std::optional<std::string> refuse_pool(const DenseJob& job);
DenseKernels make_pool(const DenseJob& job);

}  // namespace burin::lower
