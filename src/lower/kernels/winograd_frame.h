// What the parts of one tile of a Winograd plan share while its code is emitted.
#pragma once

#include "lower/kernels/winograd.h"

namespace burin::lower {

// A Winograd tile: its number among those of a range, its image and where its outputs begin.
struct WinogradPlace {
  loop::Value t, n, y, x;
};

struct WinogradFrame {
  loop::Builder& b;
  const Winograd& w;
  WinogradLines lines;
  loop::Type vector;
  int64_t m, alpha;

  WinogradFrame(loop::Builder& builder, const Winograd& winograd)
      : b(builder),
        w(winograd),
        lines(builder, winograd.plan.points, winograd.lanes),
        vector{loop::Elem::f32, winograd.lanes},
        m(winograd.plan.points.outputs()),
        alpha(winograd.plan.points.count()) {}

  static constexpr int64_t kBytes = 4;
  // Addresses: `elements` behind `base`, and in scratch memory.
  loop::Value at(loop::Value base, loop::Value elements) const {
    return b.offset({base, elements, kBytes, 0});
  }
  loop::Value scratch(int64_t offset, loop::Value elements) const {
    return b.offset({b.pointer(w.scratch_pointer), elements, kBytes, offset * kBytes});
  }
};

// Calls `body` for the Winograd tiles [first, first + count) in order, stepping along the rows of
// images.
void each_winograd_tile(const WinogradFrame& f, loop::Value first, loop::Value count,
                        const std::function<void(const WinogradPlace&)>& body);

// Transforms the input of one Winograd tile to `to`, its place in the first point.
void emit_winograd_input(const WinogradFrame& f, const WinogradPlace& at, loop::Value to);
// Transforms a chunk of weights, from `from` on, of a panel of `vectors`, into scratch memory.
void emit_winograd_weights(const WinogradFrame& f, loop::Value from, int64_t vectors);
// Transforms the products at `from` back: the outputs of one Winograd tile in the vector of output
// channels that begins at `channel`, with the epilogue behind them.
void emit_winograd_output(const WinogradFrame& f, const WinogradPlace& at, loop::Value channel,
                          loop::Value from);

}  // namespace burin::lower
