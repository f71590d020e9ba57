// Slice: bounds as attributes before opset 10, as inputs since; negative steps run backwards.
#include <algorithm>

#include "ops/onnx_util.h"

namespace burin::ops {

namespace {

// The positions that `begin:end:step` selects of an axis, ascending: begin, begin + stride, ...
struct Selection {
  int64_t begin = 0, count = 0, stride = 1;
  bool backwards = false;
};

Selection select_positions(int64_t size, int64_t begin, int64_t end, int64_t step) {
  if (step == 0) refuse("a step of Slice is zero");
  if (begin < 0) begin += size;
  if (end < 0) end += size;
  if (step > 0) {
    begin = std::clamp<int64_t>(begin, 0, size), end = std::clamp<int64_t>(end, 0, size);
    if (begin >= end) return {};
    step = std::min(step, std::max<int64_t>(size, 1));
    return {begin, (end - begin + step - 1) / step, step, false};
  }
  begin = std::clamp<int64_t>(begin, -1, size - 1), end = std::clamp<int64_t>(end, -1, size - 1);
  if (begin <= end) return {};
  int64_t stride = step < -size ? size : -step;
  int64_t count = (begin - end + stride - 1) / stride;
  return {begin - (count - 1) * stride, count, stride, true};
}

void build_slice(OpContext& c) {
  Value x = input(c, 0);
  std::optional<Ints> starts = ints_at(c, "starts", 1), ends = ints_at(c, "ends", 2);
  if (!starts || !ends) refuse("Slice without starts or ends");
  Ints axes = ints_at(c, "axes", 3).value_or(range(0, static_cast<int64_t>(starts->size())));
  Ints steps = c.has_input(4) ? c.ints_input(4) : Ints(axes.size(), 1);
  if (starts->size() != axes.size() || ends->size() != axes.size() || steps.size() != axes.size()) {
    refuse("starts, ends, axes and steps of Slice differ in length");
  }
  normal_axes(axes, x.rank());
  Dims begin(x.rank(), 0), limit = x.dims(), stride(x.rank(), 1), backwards;
  for (size_t i = 0; i < axes.size(); ++i) {
    auto a = static_cast<size_t>(OpContext::axis(axes[i], x.rank()));
    Selection s = select_positions(x.shape()[a], (*starts)[i], (*ends)[i], steps[i]);
    begin[a] = s.begin, stride[a] = s.stride;
    limit[a] = s.count ? s.begin + (s.count - 1) * s.stride + 1 : s.begin;
    if (s.backwards && s.count > 1) backwards.push_back(static_cast<int64_t>(a));
  }
  std::sort(backwards.begin(), backwards.end());
  bool whole = begin == Dims(x.rank(), 0) && limit == x.dims() && stride == Dims(x.rank(), 1);
  Value y = whole ? x : x.wrap(c.b.slice(x, begin, limit, stride));
  c.set_output(0, backwards.empty() ? y : y.reverse(backwards));
}
BURIN_ONNX_OP(Slice, 1, build_slice);

}  // namespace

}  // namespace burin::ops
