// The gradient of a product's weights, x^T dy: that of a 1 x 1 convolution whose pixels are the
// steps of k. Both sides are read where they are, rows of channels; a register tile of the
// contraction would want the left side packed.
#include <algorithm>

#include "lower/kernels/contraction.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/weight_gradient.h"

namespace burin::lower {

using loop::Builder;

namespace {

constexpr int64_t kMostColumns = 64, kFewestColumns = 16;  // of the pixels
constexpr int64_t kFewestStaying = 32;  // rows, of whose lines none drives out another

int64_t largest_divisor(int64_t n, int64_t most) {
  int64_t divisor = std::min(n, most);
  while (n % divisor != 0) --divisor;
  return divisor;
}

bool stay(int64_t row) { return rows_that_stay(row * kF32Bytes) >= kFewestStaying; }

int64_t columns_of(const Contraction& c) { return largest_divisor(c.k, kMostColumns); }

WeightGradient product_of(const Contraction& c) {
  WeightGradient w;
  w.x = c.nest.lhs, w.dy = c.rhs;
  w.in = c.nest.m, w.out = c.nest.n;
  w.lanes = c.nest.lanes;
  int64_t columns = columns_of(c), rows = c.k / columns;
  w.images = largest_divisor(rows, kEnoughTiles);
  w.pixels = w.input = {rows / w.images, columns};
  w.taps = w.step = w.dilation = {1, 1};
  w.low = {0, 0};
  int64_t x = c.lhs_k_stride, dy = c.rhs.strides.end()[-2];
  w.x.strides = {c.nest.lhs_m_stride, columns * x, x, w.pixels[0] * columns * x};
  w.dy.strides = {columns * dy, dy, w.pixels[0] * columns * dy, 1};
  return w;
}

}  // namespace

std::optional<std::string> refuse_weight_product(const DenseJob& job) {
  if (node_of(job).type.dtype != DType::f32 || refuse_gemm(job)) return "";
  if (job.operands[0].weights || job.operands[1].weights) return "";
  Contraction c = gemm_form(job, job.operands[0].view);
  if (!packs_left(c)) return "";
  auto varies = [](const OuterAxis& axis) { return axis.extent != 1; };
  if (std::any_of(c.nest.outer.begin(), c.nest.outer.end(), varies)) return "several products";
  if (c.rhs.strides.back() != 1) return "the result's channels are not contiguous";
  if (!stay(c.lhs_k_stride) || !stay(c.rhs.strides.end()[-2])) {
    return "lines of its rows drive each other from the cache";
  }
  if (columns_of(c) < kFewestColumns) return "the steps of k make no rows of equal length";
  return std::nullopt;
}

DenseKernels make_weight_product(const DenseJob& job) {
  Contraction c = gemm_form(job, job.operands[0].view);
  WeightGradient w = product_of(c);
  int m = static_cast<int>(c.nest.outer.size());
  const AxisSource axes[] = {{m}, {kNoAxis}, {kNoAxis}, {m + 1}};
  Epilogue follows{Shape{c.nest.m, 1, 1, c.nest.n}, remap(c.nest.epilogue, axes), {}};
  for (const View& view : c.nest.outputs) follows.outputs.push_back(remap(view, axes));
  return make_outer_products(job, std::move(w), follows);
}

}  // namespace burin::lower
