// What the parts of one tile of a Winograd plan share while its code is emitted, whether of a
// convolution or of the gradient of its weights.
#pragma once

#include "lower/kernels/machine_model.h"
#include "lower/kernels/winograd.h"

namespace burin::lower {

// A Winograd tile: its number among those of a range, its image and where its outputs begin.
struct WinogradPlace {
  loop::Value t, n, y, x;
};

struct WinogradFrame {
  loop::Builder& b;
  const WinogradGrid& grid;
  WinogradLines lines;
  uint16_t lanes;
  loop::Type vector;
  int64_t m, alpha;
  int scratch_pointer;

  WinogradFrame(loop::Builder& builder, const WinogradPoints& points, const WinogradGrid& tiles,
                uint16_t vector_lanes, int scratch)
      : b(builder),
        grid(tiles),
        lines(builder, points, vector_lanes),
        lanes(vector_lanes),
        vector{loop::Elem::f32, vector_lanes},
        m(points.outputs()),
        alpha(points.count()),
        scratch_pointer(scratch) {}

  // Addresses: `elements` behind `base`, and in scratch memory.
  loop::Value at(loop::Value base, loop::Value elements) const {
    return b.offset({base, elements, kF32Bytes, 0});
  }
  loop::Value scratch(int64_t offset, loop::Value elements) const {
    return b.offset({b.pointer(scratch_pointer), elements, kF32Bytes, offset * kF32Bytes});
  }
};

// Calls `body` for the Winograd tiles [first, first + count) in order, stepping along the rows of
// images.
void each_winograd_tile(const WinogradFrame& f, loop::Value first, loop::Value count,
                        const std::function<void(const WinogradPlace&)>& body);

// Images of which every Winograd tile reads size x size pixels, from `low` before its place on, and
// `line` transforms them to alpha x alpha points, `point` elements apart.
struct WinogradImage {
  loop::Value base;            // the address of the first channel of the first pixel
  std::vector<int64_t> steps;  // elements along n, y, x; channels are contiguous
  Dims sizes, low;             // along y, x
  int64_t channels = 1;
  int64_t size = 1;
  WinogradLines::Line line = nullptr;
  int64_t point = 0;
  int64_t patch = 0, patch_pixel = 0;  // in scratch memory: the pixels of a tile at the border
};

// Transforms one Winograd tile to `to`, its place in the first point. Where vectors reach over the
// channels, zeros are written.
void emit_winograd_input(const WinogradFrame& f, const WinogradImage& image,
                         const WinogradPlace& at, loop::Value to);
// Transforms a chunk of weights, from `from` on, of a panel of `vectors`, into scratch memory.
void emit_winograd_weights(const WinogradFrame& f, const Winograd& w, loop::Value from,
                           int64_t vectors);
// Transforms the products at `from` back: the outputs of one Winograd tile in the vector of output
// channels that begins at `channel`, with the epilogue behind them.
void emit_winograd_output(const WinogradFrame& f, const Winograd& w, const WinogradPlace& at,
                          loop::Value channel, loop::Value from);

}  // namespace burin::lower
