// The gradient of 3 x 3 weights, stride 1, by Winograd's algorithm: a correlation of x with dy that
// gives 3 x 3 sums. Every m x m tile of dy and its alpha x alpha tile of x (alpha = m + 2) become
// alpha * alpha products of channels instead of 9 * m * m:
//   dw = A^T [ sum over tiles of (B^T x B) * (G dy G^T) ] A
// with the B of the convolution, G's rows those of the same points for m elements, and A^T's first
// 3 rows. The sum over tiles is a product of matrices for each point: [channels of x, tiles] by
// [tiles, channels of dy]. Look next: weight_gradient.h for the operands and for what follows,
// winograd.h for the transforms.
#pragma once

#include "lower/kernels/weight_gradient.h"
#include "lower/kernels/winograd.h"

namespace burin::lower {

// How the work is cut. A tile of the plan is a part of the Winograd tiles times `panel_block`
// panels of dy's channels. Block by block of its Winograd tiles it transforms x and dy, then adds
// their products to sums that stay in its scratch memory.
struct WinogradGradientPlan {
  WinogradPoints points;
  WinogradGrid grid;                         // of dy
  int64_t parts = 1, blocks = 1, block = 1;  // of the tiles, of a part; Winograd tiles of a block
  int64_t rows = 1, vectors = 1;             // of the register tile: channels of x, of dy
  int64_t panels = 1, panel_block = 1;
  double cycles = 0;  // estimated, of the whole

  int64_t groups() const { return (panels + panel_block - 1) / panel_block; }
};

// Scratch memory of a tile, offsets and strides in elements.
struct WinogradGradientScratch {
  int64_t v_row = 0, v_point = 0;                    // transformed x: [point][tile][channel]
  int64_t d = 0, d_row = 0, d_point = 0;             // transformed dy: [point][tile][channel]
  int64_t sums = 0, sums_panel = 0, sums_point = 0;  // [point][panel][channel of x][of the panel]
  int64_t patch = 0, patch_pixel = 0;  // a tile of x or dy that reaches over the border
  int64_t elements = 0;
};

struct WinogradGradient {
  WeightGradient base;  // of its plan only the parts count
  WinogradGradientPlan plan;
  WinogradGradientScratch scratch;
  int scratch_pointer = 0;
};

// The register tiles over `block` Winograd tiles, for `channels` of dy.
Contraction winograd_gradient_products(const WeightGradient& w, int64_t block, int64_t channels);
// How tiles of m x m pixels of dy are cut into parts and blocks of about these numbers; register
// tile and panels are open.
WinogradGradientPlan cut_winograd_gradient(const WeightGradient& w, int64_t m, int64_t parts,
                                           int64_t block);
// Elements of scratch memory, and where they lie.
WinogradGradientScratch winograd_gradient_scratch(const WeightGradient& w,
                                                  const WinogradGradientPlan& plan);
// The best plan by estimate; nothing if every one needs too much memory.
std::optional<WinogradGradientPlan> plan_winograd_gradient(const WeightGradient& w,
                                                           const loop::Machine& machine);
// The kernels by a given plan.
DenseKernels make_winograd_gradient(const DenseJob& job, const WinogradGradientPlan& plan);

// The plan as parameters of a method and back; nothing if they make no plan for this gradient.
Parameters parameters_of(const WinogradGradientPlan& plan);
std::optional<WinogradGradientPlan> winograd_gradient_plan_from(const Parameters& parameters,
                                                                const WeightGradient& w,
                                                                const loop::Machine& machine);

// The methods of the list (kernels/list.h).
std::optional<std::string> cannot_winograd_gradient(const DenseJob& job);
std::optional<std::string> refuse_winograd_gradient(const DenseJob& job);
DenseKernels make_winograd_gradient(const DenseJob& job);
std::vector<Parameters> winograd_gradient_alternatives(const DenseJob& job,
                                                       const Parameters& around);

// The code of one tile of the plan.
void emit_winograd_gradient_tile(loop::Builder& b, const WinogradGradient& w);

}  // namespace burin::lower
