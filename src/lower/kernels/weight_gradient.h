// The gradient of a convolution's weights: a convolution whose window is an image, summed over the
// batch, and whose result is small. The result's channels lie innermost, so each pixel adds an
// outer product of the input's channels and those:
//   dw[c, kh, kw, o] = sum over n, oh, ow of x[n, y, x, c] * dy[n, oh, ow, o]
// at the position y = kh * dilation + oh * step - low, and so for x. In terms of the node: operand
// 0 is x seen as [c, y, x, n], operand 1 is dy seen as [oh, ow, n, o]. Parts of the batch are
// summed by themselves; a second kernel adds the parts and does what follows.
#pragma once

#include "lower/kernels/views.h"

namespace burin::lower {

// How the work is cut. A register tile is `rows` channels of the input times `vectors` of the
// result; it runs over the pixels of `block` rows of an image at a time, while they are in the
// cache.
struct WeightGradientPlan {
  int64_t rows = 1, vectors = 1;
  int64_t pixels =
      1;  // at a time, each with sums of its own: a small tile's would wait for another
  int64_t block = 1;
  int64_t parts = 1;     // of the batch
  int64_t groups = 1;    // of the blocks of channels
  bool fetches = false;  // while at a block of rows, fetch the next one
  double cycles = 0;     // estimated, of one core
};

inline constexpr int64_t kMostPartBytes = 8 << 20;  // of all parts together

struct WeightGradient {
  View x, dy;                // [c, y, x, n] and [oh, ow, n, o]
  int64_t in = 1, out = 1;   // channels
  int64_t images = 1;        // of the batch
  Dims input, pixels, taps;  // spatial sizes of x, dy and the result, two each
  Dims step, dilation, low;  // see above
  uint16_t lanes = 1;
  bool splits_indexed = false;  // as loop::Machine says
  WeightGradientPlan plan;
  int parts_pointer = 0;  // [part][c][tap][o], o padded to whole vectors

  int64_t padded_out() const;  // elements of a row of a part
  int64_t part_elements() const;
  int64_t channel_blocks() const { return (in + plan.rows - 1) / plan.rows; }
  int64_t blocks_per_group() const { return (channel_blocks() + plan.groups - 1) / plan.groups; }
};

// Whether the node looks like the gradient of weights: its operands may then have their channels
// along other axes than a convolution wants.
bool is_weight_gradient(const graph::Graph& graph, graph::NodeId node);

// The operands and sizes of such a node; the plan and the pointer are open.
WeightGradient weight_gradient_of(const DenseJob& job);
// Operations that the network asks for.
double weight_gradient_flops(const WeightGradient& w);

WeightGradientPlan plan_weight_gradient(const WeightGradient& w, const loop::Machine& machine);

// The code of one tile: a part of the batch, a group of channels.
void emit_weight_gradient_tile(loop::Builder& b, const WeightGradient& w);

// What adds the parts, in order, and evaluates what follows, over [c, kh, kw, o]. The only
// extra of `kernels` is the parts.
DenseStage make_weight_gradient_sum(const DenseJob& job, const Epilogue& follows,
                                    const WeightGradient& w, const DenseKernels& kernels);

// The kernels of a gradient whose plan and pointer are open.
DenseKernels make_outer_products(const DenseJob& job, WeightGradient w, const Epilogue& follows);

// The methods of the list (kernels/list.h).
std::optional<std::string> refuse_weight_gradient(const DenseJob& job);
DenseKernels make_weight_gradient(const DenseJob& job);
std::optional<std::string> refuse_weight_product(const DenseJob& job);
DenseKernels make_weight_product(const DenseJob& job);

}  // namespace burin::lower
