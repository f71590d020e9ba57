// Weights as they lie in the model file: a constant seen through the transposes, reshapes and
// slices that stand on it, and the per-channel scale that a folded batch norm multiplies it with.
// Packers read these views straight into the layout of their kernel, so no weight is copied twice.
#pragma once

#include <optional>

#include "graph/graph.h"
#include "tensor/tensor.h"

namespace burin::lower {

// Logical element (d0, d1, ...) is value[offset + sum(d[i] * strides[i])] converted to
// `type.dtype`, times scale[scale_offset + d[scale_axis] * scale_stride] when scale_axis >= 0.
// Strides count elements and may be zero or negative.
struct WeightView {
  TensorType type;  // of the logical tensor
  Tensor value;
  int64_t offset = 0;
  Dims strides;
  Tensor scale;  // may be invalid
  int64_t scale_offset = 0;
  Dims scale_strides;

  double at(std::span<const int64_t> index) const;
};

// Whether two views are of the same elements of the same memory, in the same order.
bool same_elements(const WeightView& a, const WeightView& b);

// Follows `node` down to a constant through transpose, reshape, slice, reverse, broadcast, convert
// between float types or between integers, and one multiplication by another such constant. Nothing
// if the value is not such a view of a constant; whoever asks may then evaluate it
// (graph/constant.h).
std::optional<WeightView> resolve_weights(const graph::Graph& graph, graph::NodeId node);

// The view with other axes: axis i of the result stands for the adjacent axes `groups[i]` of the
// view, the last of them innermost; none makes an axis of size 1. Nothing if they cannot be walked
// in equal steps.
std::optional<WeightView> merge_axes(const WeightView& view,
                                     std::span<const std::vector<size_t>> groups);
// The view with one axis split into two, the inner one of `inner` elements, which divides its size.
WeightView split_axis(const WeightView& view, size_t axis, int64_t inner);

// The whole tensor, dense and row-major, in the view's dtype.
Tensor pack_dense(const WeightView& view);

// Copies the box [0, extents) of the view that starts at `start` (both per axis) to `out`,
// row-major with `out_strides` elements per axis. Blocked for the cache whichever side is
// transposed.
void copy_weights_f32(const WeightView& view, std::span<const int64_t> start,
                      std::span<const int64_t> extents, std::span<const int64_t> out_strides,
                      float* out);
// Adds the box times `factor` to what is there.
void add_weights_f32(const WeightView& view, float factor, std::span<const int64_t> start,
                     std::span<const int64_t> extents, std::span<const int64_t> out_strides,
                     float* out);
// copy_weights_f32 for integers, of views without a scale.
void copy_weights_i32(const WeightView& view, std::span<const int64_t> start,
                      std::span<const int64_t> extents, std::span<const int64_t> out_strides,
                      int32_t* out);

}  // namespace burin::lower
