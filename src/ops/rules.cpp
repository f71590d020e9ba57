// Checks shared by the rules of the primitives.
#include "ops/rules.h"

#include <algorithm>

#include "base/checked.h"

namespace burin::ops {

void refuse(Op op, const std::string& reason, const std::string& hint) {
  throw BuildError(fmt::format("{}: {}", graph::name_of(op), reason), hint);
}

void check_axis(Op op, int64_t axis, size_t rank) {
  if (axis < 0 || axis >= static_cast<int64_t>(rank)) {
    refuse(op, fmt::format("axis {} is outside [0, {})", axis, rank));
  }
}

void check_axes(Op op, std::string_view what, std::span<const int64_t> axes, size_t rank) {
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] < 0 || axes[i] >= static_cast<int64_t>(rank)) {
      refuse(op, fmt::format("{} names axis {}, outside [0, {})", what, axes[i], rank));
    }
    if (std::find(axes.begin(), axes.begin() + static_cast<int64_t>(i), axes[i]) !=
        axes.begin() + static_cast<int64_t>(i)) {
      refuse(op, fmt::format("{} names axis {} twice", what, axes[i]));
    }
  }
}

void check_count(Op op, std::string_view what, const Dims& entries, size_t count) {
  if (entries.size() != count) {
    refuse(op, fmt::format("{} has {} entries, not {}", what, entries.size(), count));
  }
}

void check_range(Op op, std::string_view what, const Dims& entries, int64_t least) {
  for (int64_t entry : entries) {
    if (entry < least || entry > kMaxElements) {
      refuse(op, fmt::format("{} {} is outside [{}, 2^40]", what, entry, least));
    }
  }
}

void check_same_dtype(Op op, const TensorType& a, const TensorType& b) {
  if (a.dtype != b.dtype) {
    refuse(op, fmt::format("operands {} and {} differ in dtype", a.text(), b.text()));
  }
}

void check_index_dtype(Op op, const TensorType& indices) {
  if (indices.dtype != DType::i32 && indices.dtype != DType::i64) {
    refuse(op, fmt::format("indices are {}, not i32 or i64", indices.text()));
  }
}

void check_numeric(Op op, const TensorType& x) {
  if (x.dtype == DType::pred) refuse(op, fmt::format("is not defined for {}", x.text()));
}

void check_bits(Op op, const TensorType& x) {
  if (is_float(x.dtype)) refuse(op, fmt::format("is not defined for {}", x.text()));
}

int64_t size_add(Op op, int64_t a, int64_t b) {
  auto sum = checked_add(a, b);
  if (!sum) refuse(op, fmt::format("size {} + {} overflows", a, b));
  return *sum;
}

int64_t size_mul(Op op, int64_t a, int64_t b) {
  auto product = checked_mul(a, b);
  if (!product) refuse(op, fmt::format("size {} * {} overflows", a, b));
  return *product;
}

int64_t window_positions(Op op, int64_t size, int64_t padded, int64_t window, int64_t dilation,
                         int64_t stride) {
  int64_t extent = size_add(op, size_mul(op, window - 1, dilation), 1);
  if (extent > kMaxElements || padded > 4 * kMaxElements) {
    refuse(op, fmt::format("a window of {} (dilation {}) over {} elements is too long", window,
                           dilation, padded));
  }
  if (padded >= extent) return (padded - extent) / stride + 1;
  if (size == 0) return 0;
  refuse(op, fmt::format("a window of {} (dilation {}) does not fit an axis of {} padded to {}",
                         window, dilation, size, padded));
}

}  // namespace burin::ops
