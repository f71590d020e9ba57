// What the gradient rules share.
#include "ops/grad.h"

#include <algorithm>
#include <numeric>

namespace burin::ops {

NodeId zeros_like(Builder& b, NodeId x) { return b.full(b.type(x), 0); }
NodeId ones_like(Builder& b, NodeId x) { return b.full(b.type(x), 1); }

NodeId where(Builder& b, NodeId pred, NodeId x) { return b.select(pred, x, zeros_like(b, x)); }

NodeId put_axes(Builder& b, NodeId x, const Dims& axes) {
  if (std::is_sorted(axes.begin(), axes.end())) return x;
  Dims perm(axes.size());
  for (size_t i = 0; i < axes.size(); ++i) {
    perm[static_cast<size_t>(axes[i])] = static_cast<int64_t>(i);
  }
  return b.transpose(x, std::move(perm));
}

NodeId pad_or_crop(Builder& b, NodeId x, const Dims& low, const Dims& high, const Dims& interior) {
  auto clipped = [](Dims dims) {
    for (int64_t& d : dims) d = std::max<int64_t>(d, 0);
    return dims;
  };
  auto some = [](const Dims& dims, auto test) { return std::ranges::any_of(dims, test); };
  auto positive = [](int64_t d) { return d > 0; };
  auto negative = [](int64_t d) { return d < 0; };
  if (some(low, positive) || some(high, positive) || some(interior, positive)) {
    x = b.pad(x, b.scalar(b.dtype(x), 0), clipped(low), clipped(high), interior);
  }
  if (!some(low, negative) && !some(high, negative)) return x;
  Dims start(low.size()), limit = b.shape(x).dims();
  for (size_t i = 0; i < low.size(); ++i) {
    start[i] = std::max<int64_t>(-low[i], 0);
    limit[i] += std::min<int64_t>(high[i], 0);
  }
  return b.slice(x, std::move(start), std::move(limit), Dims(low.size(), 1));
}

std::vector<Dims> indices_below(const Dims& size) {
  std::vector<Dims> all = {Dims(size.size(), 0)};
  for (;;) {
    Dims next = all.back();
    size_t axis = size.size();
    while (axis > 0 && ++next[axis - 1] == size[axis - 1]) next[--axis] = 0;
    if (axis == 0) return all;
    all.push_back(std::move(next));
  }
}

Dims axis_range(size_t first, size_t count) {
  Dims axes(count);
  std::iota(axes.begin(), axes.end(), static_cast<int64_t>(first));
  return axes;
}

std::vector<NodeId> no_gradient(const GradArgs& args) {
  return std::vector<NodeId>(args.operand_count());
}

}  // namespace burin::ops
