// The packed right-hand side, written while compiling from weights.
#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/machine_model.h"

namespace burin::lower {

PackedLayout packed_layout(const Contraction& c, int64_t vectors) {
  PackedLayout layout;
  size_t outer = c.nest.outer.size(), axes = c.rhs_sizes.size();
  for (size_t i = outer; i + 1 < axes; ++i) layout.rows *= c.rhs_sizes[i];
  layout.rows *= c.bundle;
  layout.width = vectors * c.nest.lanes;
  layout.block = layout.rows * round_up(c.nest.n, c.nest.lanes);
  layout.outer_strides.assign(outer, 0);
  for (size_t i = outer; i-- > 0;) {
    int64_t extent = c.nest.outer[i].extent;
    if (c.rhs_sizes[i] == 1) continue;
    layout.outer_strides[i] = layout.blocks * layout.block;
    layout.blocks *= extent;
  }
  return layout;
}

namespace {

constexpr int64_t kPartBytes = 8 << 20;  // of packed weights that are written at a time

// Copies the channels [n, n + count) of one outer block, group `g` of `bundle` within it.
struct PanelCopy {
  const Contraction& c;
  const PackedLayout& layout;
  Dims start, extents, strides;

  PanelCopy(const Contraction& contraction, const PackedLayout& packed)
      : c(contraction), layout(packed), start(c.rhs_sizes.size(), 0), extents(c.rhs_sizes) {
    strides.assign(extents.size(), 0);
    std::fill_n(extents.begin(), c.nest.outer.size(), 1);
  }

  // `width`: channels of the panel that starts at `panel` in the packed block.
  void copy(int64_t n, int64_t count, int64_t width, int64_t row, std::byte* panel) {
    size_t axes = extents.size(), outer = c.nest.outer.size();
    strides[axes - 1] = 1;
    strides[axes - 2] = width;
    int64_t stride = width * c.k;  // k of all bundled groups
    for (size_t i = axes - 2; i-- > outer;) {
      strides[i] = stride;
      stride *= extents[i];
    }
    start[axes - 1] = n;
    extents[axes - 1] = count;
    std::byte* to = panel + row * width * kF32Bytes;
    if (c.elem == loop::Elem::i32) {
      copy_weights_i32(*c.weights, start, extents, strides, reinterpret_cast<int32_t*>(to));
    } else {
      auto* floats = reinterpret_cast<float*>(to);
      copy_weights_f32(*c.weights, start, extents, strides, floats);
      for (const AddedWeights& added : c.added) {
        add_weights_f32(added.view, added.factor, start, extents, strides, floats);
      }
    }
  }
};

// Panels [first, last) of an outer block.
struct PanelRange {
  int64_t first, last;
};

void pack_block(PanelCopy& copy, int64_t lanes, int64_t group_axis, PanelRange panels,
                std::byte* block) {
  const Contraction& c = copy.c;
  int64_t group_n = c.nest.n / c.bundle, group_k = c.k / c.bundle;
  int64_t first_group = group_axis >= 0 ? copy.start[static_cast<size_t>(group_axis)] : 0;
  int64_t end = std::min(c.nest.n, panels.last * copy.layout.width);
  for (int64_t n = panels.first * copy.layout.width; n < end; n += copy.layout.width) {
    int64_t count = std::min(copy.layout.width, c.nest.n - n);
    int64_t width = std::min(copy.layout.width, round_up(count, lanes));
    std::byte* panel = block + n * copy.layout.rows * kF32Bytes;
    for (int64_t at = n; at < n + count;) {
      int64_t group = at / group_n;
      int64_t until = std::min(n + count, (group + 1) * group_n);
      if (group_axis >= 0) copy.start[static_cast<size_t>(group_axis)] = first_group + group;
      copy.copy(at - group * group_n, until - at, width, group * group_k,
                panel + (at - n) * kF32Bytes);
      at = until;
    }
  }
  if (group_axis >= 0) copy.start[static_cast<size_t>(group_axis)] = first_group;
}

void pack_view(const Contraction& c, const PackedLayout& layout, int64_t lanes, PanelRange panels,
               std::byte* out) {
  PanelCopy copy(c, layout);
  size_t outer = c.nest.outer.size();
  // Outer axes along which the weights vary, odometer-wise; the bundled one counts whole bundles.
  int64_t group_axis = -1;
  for (size_t i = 0; i < outer; ++i) {
    if (c.bundle > 1 && c.rhs_sizes[i] > 1) group_axis = static_cast<int64_t>(i);
  }
  std::vector<int64_t> index(outer, 0);
  for (int64_t block = 0; block < layout.blocks; ++block) {
    int64_t offset = 0;
    for (size_t i = 0; i < outer; ++i) {
      bool grouped = static_cast<int64_t>(i) == group_axis;
      copy.start[i] = index[i] * (grouped ? c.bundle : 1);
      offset += index[i] * layout.outer_strides[i];
    }
    pack_block(copy, lanes, group_axis, panels, out + offset * kF32Bytes);
    for (size_t i = outer; i-- > 0;) {
      if (layout.outer_strides[i] == 0) continue;
      if (++index[i] < c.nest.outer[i].extent) break;
      index[i] = 0;
    }
  }
}

}  // namespace

Fill weight_packer(const Contraction& c, const PackedLayout& layout, int64_t lanes) {
  int64_t panels = ceil_div(c.nest.n, layout.width);
  int64_t parts =
      std::clamp<int64_t>(ceil_div(layout.elements() * kF32Bytes, kPartBytes), 1, panels);
  auto part = [c, layout, lanes, panels, parts](std::byte* out, int64_t i) {
    pack_view(c, layout, lanes, {panels * i / parts, panels * (i + 1) / parts}, out);
  };
  return {part, parts};
}

}  // namespace burin::lower
