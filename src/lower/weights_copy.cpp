// Copies out of weight views: whole and dense, or boxes in another order, blocked for the cache.
#include <algorithm>
#include <numeric>
#include <type_traits>

#include "base/check.h"
#include "lower/weights.h"

namespace burin::lower {
namespace {

constexpr int64_t kBlock = 16;  // floats of a cache line

// The axes of a box but the innermost one of the output, flattened in the order of the input.
struct Entry {
  int64_t in, out, scale;
};

// All positions of the axes `order` (outermost first) as offsets into input, output and scale.
std::vector<Entry> flatten(const WeightView& view, std::span<const size_t> order,
                           std::span<const int64_t> extents, std::span<const int64_t> out_strides) {
  std::vector<Entry> entries = {{0, 0, 0}};
  for (size_t axis : order) {
    std::vector<Entry> next;
    next.reserve(entries.size() * static_cast<size_t>(extents[axis]));
    int64_t scale = view.scale.valid() ? view.scale_strides[axis] : 0;
    for (const Entry& e : entries) {
      for (int64_t i = 0; i < extents[axis]; ++i) {
        next.push_back(
            {e.in + i * view.strides[axis], e.out + i * out_strides[axis], e.scale + i * scale});
      }
    }
    entries = std::move(next);
  }
  return entries;
}

// out[e.out + o] = in[e.in + o * in_stride] * scales. Lines of input are read whole into a small
// square and written out across it: strided reads that share cache sets would evict one another.
template <class T, class Out>
struct BlockCopy {
  const WeightView& view;
  int64_t base = 0;       // of the box in the input
  int64_t in_stride = 0;  // along the innermost axis of the output
  Out* out = nullptr;

  void rows(std::span<const Entry> entries, int64_t n) const {
    for (const Entry& e : entries) {
      for (int64_t o = 0; o < n; ++o) {
        out[e.out + o] = static_cast<Out>(view.value.load<T>(base + e.in + o * in_stride));
      }
    }
  }

  // Few input streams at a time: sixteen channels over all entries, then the next sixteen.
  void squares(std::span<const Entry> entries, int64_t n) const {
    for (int64_t o = 0; o < n; o += kBlock) {
      for (size_t e = 0; e < entries.size(); e += kBlock) {
        auto some = entries.subspan(e, std::min<size_t>(kBlock, entries.size() - e));
        bool line = some.size() == kBlock && some.back().in - some.front().in == kBlock - 1;
        square(some, o, std::min(kBlock, n - o), line);
      }
    }
  }

  void square(std::span<const Entry> entries, int64_t o, int64_t n, bool line) const {
    Out block[kBlock][kBlock];
    for (int64_t i = 0; i < n; ++i) {
      int64_t from = base + (o + i) * in_stride;
      if (line && std::is_same_v<T, Out>) {
        std::memcpy(block[i], view.value.data() + (from + entries[0].in) * 4, sizeof(block[i]));
        continue;
      }
      for (size_t j = 0; j < entries.size(); ++j) {
        block[i][j] = static_cast<Out>(view.value.load<T>(from + entries[j].in));
      }
    }
    for (size_t j = 0; j < entries.size(); ++j) {
      Out* to = out + entries[j].out + o;
      for (int64_t i = 0; i < n; ++i) to[i] = block[i][j];
    }
  }
};

// Multiplies what was copied by its scales.
void apply_scale(const WeightView& view, int64_t base, int64_t stride,
                 std::span<const Entry> entries, int64_t n, float* out) {
  std::vector<float> row(static_cast<size_t>(n));
  int64_t loaded = -1;
  for (const Entry& e : entries) {
    if (e.scale != loaded) {
      for (int64_t o = 0; o < n; ++o) {
        row[static_cast<size_t>(o)] =
            static_cast<float>(view.scale.as_double(base + e.scale + o * stride));
      }
      loaded = e.scale;
    }
    for (int64_t o = 0; o < n; ++o) out[e.out + o] *= row[static_cast<size_t>(o)];
  }
}

// The axis with stride 1 in the output; the longest if sizes of 1 make a tie.
size_t innermost(std::span<const int64_t> extents, std::span<const int64_t> out_strides) {
  size_t inner = 0;
  for (size_t i = 0; i < extents.size(); ++i) {
    bool better = out_strides[i] == 1 && (out_strides[inner] != 1 || extents[i] > extents[inner]);
    if (better) inner = i;
  }
  BURIN_CHECK(out_strides[inner] == 1, "no contiguous axis to pack into");
  return inner;
}

template <class T, class Out>
void copy_box(const WeightView& view, std::span<const int64_t> start,
              std::span<const int64_t> extents, std::span<const int64_t> out_strides, Out* out) {
  size_t inner = innermost(extents, out_strides);
  std::vector<size_t> order;
  for (size_t i = 0; i < extents.size(); ++i) {
    if (i != inner && extents[i] > 1) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::abs(view.strides[a]) > std::abs(view.strides[b]);
  });
  std::vector<Entry> entries = flatten(view, order, extents, out_strides);
  BlockCopy<T, Out> copy{view, view.offset, view.strides[inner], out};
  copy.base = std::inner_product(start.begin(), start.end(), view.strides.begin(), view.offset);
  view.strides[inner] == 1 ? copy.rows(entries, extents[inner])
                           : copy.squares(entries, extents[inner]);
  if (!view.scale.valid()) return;
  int64_t base =
      std::inner_product(start.begin(), start.end(), view.scale_strides.begin(), view.scale_offset);
  if constexpr (std::is_same_v<Out, float>)
    apply_scale(view, base, view.scale_strides[inner], entries, extents[inner], out);
}

}  // namespace

void copy_weights_f32(const WeightView& view, std::span<const int64_t> start,
                      std::span<const int64_t> extents, std::span<const int64_t> out_strides,
                      float* out) {
  if (std::any_of(extents.begin(), extents.end(), [](int64_t n) { return n <= 0; })) return;
  if (extents.empty()) {
    out[0] = static_cast<float>(view.at({}));
    return;
  }
  visit_dtype(view.value.dtype(), [&](auto t) {
    copy_box<decltype(t), float>(view, start, extents, out_strides, out);
  });
}

void copy_weights_i32(const WeightView& view, std::span<const int64_t> start,
                      std::span<const int64_t> extents, std::span<const int64_t> out_strides,
                      int32_t* out) {
  BURIN_CHECK(!view.scale.valid() && !is_float(view.value.dtype()), "weights are not integers");
  if (std::any_of(extents.begin(), extents.end(), [](int64_t n) { return n <= 0; })) return;
  if (extents.empty()) {
    out[0] = static_cast<int32_t>(view.value.as_int(view.offset));
    return;
  }
  visit_dtype(view.value.dtype(), [&](auto t) {
    if constexpr (std::is_integral_v<decltype(t)>) {
      copy_box<decltype(t), int32_t>(view, start, extents, out_strides, out);
    }
  });
}

Tensor pack_dense(const WeightView& view) {
  Tensor out(view.type);
  const Dims& dims = view.type.shape.dims();
  if (view.type.dtype == DType::f32) {
    Dims start(dims.size(), 0), strides = view.type.shape.strides();
    copy_weights_f32(view, start, dims, strides, reinterpret_cast<float*>(out.mutable_data()));
    return out;
  }
  Dims index(dims.size(), 0);
  for (int64_t i = 0; i < out.elements(); ++i) {
    if (is_float(view.type.dtype)) {
      out.set_double(i, view.at(index));
    } else {
      out.set_int(i, view.value.as_int(std::inner_product(index.begin(), index.end(),
                                                          view.strides.begin(), view.offset)));
    }
    for (size_t d = dims.size(); d-- > 0 && ++index[d] == dims[d];) index[d] = 0;
  }
  return out;
}

}  // namespace burin::lower
