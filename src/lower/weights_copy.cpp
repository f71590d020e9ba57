// Copies out of weight views: whole and dense, or boxes in another order, blocked for the cache.
#include <algorithm>
#include <numeric>
#include <type_traits>

#include "base/check.h"
#include "lower/staged_rows.h"
#include "lower/weights.h"

namespace burin::lower {
namespace {

constexpr int64_t kBlock = 16;      // floats of a cache line
constexpr int64_t kAhead = 4 * 64;  // bytes fetched ahead of the line that is read
constexpr size_t kEntries = 8192;   // walked at a time where rows of the output cross the input

using Quad = float __attribute__((vector_size(16), aligned(1), may_alias));
constexpr int64_t kQuad = 4;

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

// What the elements of a row of the box are multiplied by; ones where the view has no scale.
class Scales {
 public:
  Scales(const WeightView& view, std::span<const int64_t> start, size_t inner, int64_t longest)
      : view_(view), values_(static_cast<size_t>(longest), 1.0f) {
    if (!view.scale.valid()) return;
    base_ = std::inner_product(start.begin(), start.end(), view.scale_strides.begin(),
                               view.scale_offset);
    stride_ = view.scale_strides[inner];
  }

  // For elements [o, o + n) of an entry; the pointer holds until the next call.
  const float* of(const Entry& e, int64_t o, int64_t n) {
    if (!view_.scale.valid()) return values_.data();
    if (e.scale == entry_ && o == first_ && n == count_) return values_.data();
    entry_ = e.scale, first_ = o, count_ = n;
    for (int64_t i = 0; i < n; ++i) {
      values_[static_cast<size_t>(i)] =
          static_cast<float>(view_.scale.as_double(base_ + e.scale + (o + i) * stride_));
    }
    return values_.data();
  }

 private:
  const WeightView& view_;
  std::vector<float> values_;
  int64_t base_ = 0, stride_ = 0, entry_ = 0, first_ = -1, count_ = 0;
};

// Four rows of four become four columns.
void transpose(Quad (&q)[4]) {
  Quad low = __builtin_shufflevector(q[0], q[1], 0, 4, 1, 5),
       high = __builtin_shufflevector(q[0], q[1], 2, 6, 3, 7),
       low2 = __builtin_shufflevector(q[2], q[3], 0, 4, 1, 5),
       high2 = __builtin_shufflevector(q[2], q[3], 2, 6, 3, 7);
  q[0] = __builtin_shufflevector(low, low2, 0, 1, 4, 5);
  q[1] = __builtin_shufflevector(low, low2, 2, 3, 6, 7);
  q[2] = __builtin_shufflevector(high, high2, 0, 1, 4, 5);
  q[3] = __builtin_shufflevector(high, high2, 2, 3, 6, 7);
}

// put(out[e.out + o], in[e.in + o * in_stride] * scale), of floats one at a time or four. Where
// rows of the output cross the input, lines of input are read whole: strided reads that share cache
// sets would evict one another.
template <class T, class Out, class Put>
struct BlockCopy {
  const WeightView& view;
  int64_t base = 0;       // of the box in the input
  int64_t in_stride = 0;  // along the innermost axis of the output
  Out* out = nullptr;
  Put put;
  Scales& scales;
  StagedRows staged = StagedRows(view.value);

  static constexpr bool kQuads = std::is_same_v<T, float> && std::is_same_v<Out, float>;

  void copy(std::span<const Entry> entries, int64_t n) {
    in_stride == 1 ? rows(entries, n) : squares(entries, n);
  }

  void rows(std::span<const Entry> entries, int64_t n) {
    for (const Entry& e : entries) {
      const float* scale = scales.of(e, 0, n);
      int64_t o = 0;
      if constexpr (kQuads) {
        const std::byte* in = view.value.data() + (base + e.in) * int64_t{sizeof(float)};
        for (; o + kQuad <= n; o += kQuad) store(e, o, load(in + o * 4) * load(scale + o));
      }
      for (; o < n; ++o) {
        store(e, o, view.value.load<T>(base + e.in + o), scale[o]);
      }
    }
  }

  // Few input streams at a time: sixteen channels over all entries, then the next sixteen.
  void squares(std::span<const Entry> entries, int64_t n) {
    for (int64_t o = 0; o < n; o += kBlock) {
      for (size_t e = 0; e < entries.size(); e += kEntries) {
        auto some = entries.subspan(e, std::min(kEntries, entries.size() - e));
        squares(some, o, std::min(kBlock, n - o));
      }
    }
  }

  void squares(std::span<const Entry> entries, int64_t o, int64_t n) {
    auto [low, high] = std::ranges::minmax(entries, {}, &Entry::in);
    Source from{staged.at(base + low.in + o * in_stride, high.in - low.in + 1, n, in_stride),
                low.in};
    for (size_t e = 0; e < entries.size(); e += kBlock) {
      square(from, entries.subspan(e, std::min<size_t>(kBlock, entries.size() - e)), o, n);
    }
  }

  // Of a block of channels.
  struct Source {
    StagedRows::Rows rows;
    int64_t first = 0;  // of the entries' places

    const std::byte* at(const Entry& e, int64_t i) const {
      return rows.first + (e.in - first + i * rows.step) * int64_t{sizeof(T)};
    }
  };

  // Whether the entries are a line of the input, in its order, with one scale.
  static bool is_line(std::span<const Entry> entries) {
    if (entries.size() != kBlock) return false;
    for (size_t e = 1; e < kBlock; ++e) {
      if (entries[e].in != entries[e - 1].in + 1) return false;
      if (entries[e].scale != entries[0].scale) return false;
    }
    return true;
  }

  void square(const Source& from, std::span<const Entry> entries, int64_t o, int64_t n) {
    if constexpr (kQuads) {
      if (n % kQuad == 0 && is_line(entries)) {
        const float* scale = scales.of(entries[0], o, n);
        for (int64_t i = 0; i < n; i += kQuad) lines(from, entries, o, i, load(scale + i));
        return;
      }
    }
    T block[kBlock][kBlock];
    for (int64_t i = 0; i < n; ++i) {
      for (size_t e = 0; e < entries.size(); ++e) {
        std::memcpy(&block[e][i], from.at(entries[e], i), sizeof(T));
      }
    }
    for (size_t e = 0; e < entries.size(); ++e) {
      const float* scale = scales.of(entries[e], o, n);
      for (int64_t i = 0; i < n; ++i) store(entries[e], o + i, block[e][i], scale[i]);
    }
  }

  // Four channels from number `first` of the block on, of entries that make a line.
  void lines(const Source& from, std::span<const Entry> entries, int64_t o, int64_t first,
             Quad scale) {
    for (int64_t i = 0; i < kQuad; ++i) {
      __builtin_prefetch(from.at(entries[0], first + i) + kAhead);
    }
    for (size_t e = 0; e < kBlock; e += kQuad) {
      Quad q[kQuad];
      for (int64_t i = 0; i < kQuad; ++i) {
        q[i] = load(from.at(entries[e], first + i));
      }
      transpose(q);
      for (size_t i = 0; i < kQuad; ++i) store(entries[e + i], o + first, q[i] * scale);
    }
  }

  static Quad load(const void* p) { return *static_cast<const Quad*>(p); }

  void store(const Entry& e, int64_t o, Quad values) {
    put(*reinterpret_cast<Quad*>(out + e.out + o), values);
  }
  void store(const Entry& e, int64_t o, T value, float scale) {
    if constexpr (std::is_same_v<Out, float>) {
      put(out[e.out + o], static_cast<float>(value) * scale);
    } else {
      put(out[e.out + o], static_cast<Out>(value));
    }
  }
};

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

// How a box is walked: along `inner`, over entries in the order of the input.
struct Walk {
  size_t inner = 0;
  int64_t base = 0;  // of the box in the input
  std::vector<Entry> entries;
};

Walk walk_box(const WeightView& view, std::span<const int64_t> start,
              std::span<const int64_t> extents, std::span<const int64_t> out_strides) {
  size_t inner = innermost(extents, out_strides);
  std::vector<size_t> order;
  for (size_t i = 0; i < extents.size(); ++i) {
    if (i != inner && extents[i] > 1) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::abs(view.strides[a]) > std::abs(view.strides[b]);
  });
  int64_t base = std::inner_product(start.begin(), start.end(), view.strides.begin(), view.offset);
  return {inner, base, flatten(view, order, extents, out_strides)};
}

// `put` for elements of every dtype; what does not depend on the dtype happens once, outside.
template <class Out, class Put>
void copy_box(const WeightView& view, std::span<const int64_t> start,
              std::span<const int64_t> extents, std::span<const int64_t> out_strides, Out* out,
              Put put) {
  Walk walk = walk_box(view, start, extents, out_strides);
  Scales scales(view, start, walk.inner, extents[walk.inner]);
  visit_dtype(view.value.dtype(), [&](auto t) {
    using T = decltype(t);
    if constexpr (std::is_same_v<Out, float> || std::is_integral_v<T>) {
      BlockCopy<T, Out, Put>{view, walk.base, view.strides[walk.inner], out, put, scales}.copy(
          walk.entries, extents[walk.inner]);
    }
  });
}

bool is_empty(std::span<const int64_t> extents) {
  return std::any_of(extents.begin(), extents.end(), [](int64_t n) { return n <= 0; });
}

}  // namespace

void copy_weights_f32(const WeightView& view, std::span<const int64_t> start,
                      std::span<const int64_t> extents, std::span<const int64_t> out_strides,
                      float* out) {
  if (is_empty(extents)) return;
  if (extents.empty()) {
    out[0] = static_cast<float>(view.at({}));
    return;
  }
  copy_box(view, start, extents, out_strides, out, [](auto& to, auto value) { to = value; });
}

void add_weights_f32(const WeightView& view, float factor, std::span<const int64_t> start,
                     std::span<const int64_t> extents, std::span<const int64_t> out_strides,
                     float* out) {
  if (is_empty(extents)) return;
  BURIN_CHECK(!extents.empty(), "a scalar is no matrix");
  copy_box(view, start, extents, out_strides, out,
           [factor](auto& to, auto value) { to += factor * value; });
}

void copy_weights_i32(const WeightView& view, std::span<const int64_t> start,
                      std::span<const int64_t> extents, std::span<const int64_t> out_strides,
                      int32_t* out) {
  BURIN_CHECK(!view.scale.valid() && !is_float(view.value.dtype()), "weights are not integers");
  if (is_empty(extents)) return;
  if (extents.empty()) {
    out[0] = static_cast<int32_t>(view.value.as_int(view.offset));
    return;
  }
  copy_box(view, start, extents, out_strides, out, [](auto& to, auto value) { to = value; });
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
