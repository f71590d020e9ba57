// The gradient of depthwise weights: a depthwise convolution whose window is the whole batch of
// images and whose result is small, as ops/grad_convolution.cpp writes it:
//   dw[kh, kw, c] = sum over n, oh, ow of x[n, oh * step + kh * dilation - low, ..., c] *
//                   dy[n, oh, ow, c]
// In terms of the node: operand 0 is x[1, n, y, x, c], operand 1 is dy[n, oh, ow, 1, c], the result
// is [1, 1, kh, kw, c]; the axis of y is absent from all where convolutions have one axis. Lanes
// run along the channels; the sums of several taps stay in registers along a row of pixels and in a
// buffer from row to row. Parts of the batch are summed by themselves; a second kernel adds the
// parts in order and does what follows.
#pragma once

#include "lower/kernels/views.h"

namespace burin::lower {

struct DepthwiseGradient {
  View x, dy;                // over n, y, x, c and n, oh, ow, c
  std::optional<Expr> made;  // as DenseOperand's, of x
  int64_t images = 1, channels = 1;
  Dims input, pixels, taps;  // spatial sizes of x, dy and the result, two each
  Dims step, dilation, low;
  uint16_t lanes = 1;
  // How the work is cut: rows of taps that are summed at once, rows of an image that are walked for
  // all channels of a tile, parts of the batch, vectors of channels of a tile.
  int64_t tap_rows = 1, block = 1, parts = 1, vectors = 1;
  bool fetches = false;   // while at a block of rows, fetch the next one
  int parts_pointer = 0;  // [part][kh][kw][c], c padded to whole vectors

  int64_t channel_vectors() const { return (channels + lanes - 1) / lanes; }
  int64_t padded_channels() const { return channel_vectors() * lanes; }
  int64_t groups() const { return (channel_vectors() + vectors - 1) / vectors; }
  int64_t part_elements() const { return taps[0] * taps[1] * padded_channels(); }
};

// The code of one tile: a part of the batch, a group of channels.
void emit_depthwise_gradient_tile(loop::Builder& b, const DepthwiseGradient& w);

// Whether the node is such a gradient.
bool is_depthwise_gradient(const graph::Graph& graph, const graph::Node& node);

// The methods of the list (kernels/list.h).
std::optional<std::string> refuse_depthwise_gradient(const DenseJob& job);
DenseKernels make_depthwise_gradient(const DenseJob& job);

}  // namespace burin::lower
