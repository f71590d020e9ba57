// One tile of the plan: a part of the Winograd tiles, some panels of dy's channels. Blocks of x and
// dy are transformed and multiplied into the sums of every point; at the end the sums become those
// of the nine taps.
#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/winograd_frame.h"
#include "lower/kernels/winograd_gradient.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

class WinogradGradientEmitter {
 public:
  WinogradGradientEmitter(Builder& b, const WinogradGradient& w)
      : b_(b),
        w_(w),
        plan_(w.plan),
        s_(w.scratch),
        f_(b, w.plan.points, w.plan.grid, w.base.lanes, w.scratch_pointer) {
    points_ = f_.alpha * f_.alpha;
    width_ = plan_.vectors * f_.lanes;
  }

  void emit() {
    part_ = b_.rem(b_.tile(), b_.index(plan_.parts));
    Value group = b_.div(b_.tile(), b_.index(plan_.parts));
    int64_t channels = plan_.panel_block * width_;
    Panels groups = split_panels(w_.base.out, channels);
    first_channel_ = b_.mul(group, b_.index(channels));
    auto whole = [&] { emit_group(channels); };
    auto last = [&] { emit_group(groups.rest); };
    if (groups.full == 0) return last();
    if (groups.rest == 0) return whole();
    b_.branch(b_.cmp_lt(group, b_.index(groups.full)), whole, last);
  }

 private:
  // The channels [first_channel_, first_channel_ + channels) of dy.
  void emit_group(int64_t channels) {
    channels_ = channels;
    if (plan_.blocks > 1) clear_sums();
    Value part = b_.mul(part_, b_.index(plan_.blocks * plan_.block));
    for_range(b_, b_.index(0), b_.index(plan_.blocks), [&](Value i) {
      transform_block(b_.add(part, b_.mul(i, b_.index(plan_.block))));
      b_.loop(b_.index(0), b_.index(points_), 1, [&](Value point) {
        each_panel([&](Value panel, int64_t vectors) { multiply(point, panel, vectors); });
      });
    });
    each_panel([&](Value panel, int64_t vectors) { emit_taps(panel, vectors); });
  }

  void each_panel(const std::function<void(Value panel, int64_t vectors)>& body) {
    Panels panels = split_panels(channels_, width_);
    for_range(b_, b_.index(0), b_.index(panels.full),
              [&](Value panel) { body(panel, plan_.vectors); });
    if (panels.rest > 0) body(b_.index(panels.full), ceil_div(panels.rest, int64_t{f_.lanes}));
  }

  void clear_sums() {
    b_.loop(b_.index(s_.sums), b_.index(s_.sums + points_ * s_.sums_point), f_.lanes,
            [&](Value i) { b_.store(zero(), {f_.scratch(0, i)}); });
  }

  // The Winograd tiles from `first` on; those behind the last are zero.
  void transform_block(Value first) {
    Value left = b_.sub(b_.index(plan_.grid.tiles), first);
    Value count = b_.max(b_.min(b_.index(plan_.block), left), b_.index(0));
    WinogradImage x = image_of_x(), dy = image_of_dy();
    each_winograd_tile(f_, first, count, [&](const WinogradPlace& at) {
      emit_winograd_input(f_, x, at, f_.scratch(0, b_.mul(at.t, b_.index(s_.v_row))));
      emit_winograd_input(f_, dy, at, f_.scratch(s_.d, b_.mul(at.t, b_.index(s_.d_row))));
    });
    if (plan_.grid.tiles == plan_.parts * plan_.blocks * plan_.block) return;
    b_.loop(count, b_.index(plan_.block), 1, [&](Value t) {
      b_.loop(b_.index(0), b_.index(points_), 1, [&](Value point) { clear_tile(t, point); });
    });
  }

  void clear_tile(Value t, Value point) {
    auto clear = [&](int64_t from, int64_t point_step, int64_t row) {
      Value at = b_.add(b_.mul(point, b_.index(point_step)), b_.mul(t, b_.index(row)));
      b_.loop(b_.index(0), b_.index(row), f_.lanes, [&](Value i) {
        b_.store(zero(), {f_.scratch(from, at), i, kF32Bytes, 0});
      });
    };
    clear(0, s_.v_point, s_.v_row);
    clear(s_.d, s_.d_point, s_.d_row);
  }

  WinogradImage image_of_x() {
    const WeightGradient& g = w_.base;
    WinogradImage image;
    image.base = b_.offset({b_.pointer(g.x.pointer), {}, 1, g.x.offset * kF32Bytes});
    image.steps = {g.x.strides[3], g.x.strides[1], g.x.strides[2]};
    image.sizes = g.input, image.low = g.low;
    image.channels = g.in;
    image.size = f_.alpha, image.line = &WinogradLines::inputs;
    image.point = s_.v_point;
    image.patch = s_.patch, image.patch_pixel = s_.patch_pixel;
    return image;
  }

  WinogradImage image_of_dy() {
    const WeightGradient& g = w_.base;
    WinogradImage image;
    image.base =
        b_.offset({b_.pointer(g.dy.pointer), first_channel_, kF32Bytes, g.dy.offset * kF32Bytes});
    image.steps = {g.dy.strides[2], g.dy.strides[0], g.dy.strides[1]};
    image.sizes = g.pixels, image.low = {0, 0};
    image.channels = channels_;
    image.size = f_.m, image.line = &WinogradLines::gradients;
    image.point = s_.d_point;
    image.patch = s_.patch, image.patch_pixel = s_.patch_pixel;
    return image;
  }

  void multiply(Value point, Value panel, int64_t vectors) {
    int64_t width = vectors * f_.lanes;
    Contraction c = winograd_gradient_products(w_.base, plan_.block, width);
    c.nest.lhs_m_stride = 1;
    c.lhs_k_stride = s_.v_row;
    c.carries_lhs = w_.base.splits_indexed;
    ExprNode sum;
    sum.kind = ExprNode::Kind::acc;
    c.nest.epilogue.nodes = {sum};
    c.nest.epilogue.results = {0};
    c.nest.outputs = {
        {w_.scratch_pointer, DType::f32, s_.sums, {s_.sums_point, s_.sums_panel, width, 1}}};
    Value v = f_.scratch(0, b_.mul(point, b_.index(s_.v_point)));
    Value d = b_.add(b_.mul(point, b_.index(s_.d_point)), b_.mul(panel, b_.index(width_)));
    d = f_.scratch(s_.d, d);
    for (const Segment& segment : split_rows(c.nest.m, plan_.rows, c.nest.m_tap)) {
      for_range(b_, b_.index(0), b_.index(segment.tiles), [&](Value i) {
        Value start = b_.add(b_.mul(i, b_.index(segment.rows)), b_.index(segment.start));
        MicroTile tile{c.nest, segment, vectors, s_.d_row, {}, {}, d, {}, {}, {}, {}, {}, {}};
        tile.lhs = f_.at(v, start);
        tile.index = {point, panel, start, b_.index(0)};
        if (plan_.blocks > 1) tile.sums = load_sums(point, panel, start, segment.rows, vectors);
        emit_contraction_tile(b_, c, tile);
      });
    }
  }

  std::vector<Value> load_sums(Value point, Value panel, Value start, int64_t rows,
                               int64_t vectors) {
    int64_t width = vectors * f_.lanes;
    Value at = b_.add(b_.mul(point, b_.index(s_.sums_point)), b_.mul(start, b_.index(width)));
    Value from = f_.scratch(s_.sums, b_.add(at, b_.mul(panel, b_.index(s_.sums_panel))));
    std::vector<Value> sums;
    for (int64_t i = 0; i < rows * vectors; ++i) {
      sums.push_back(b_.load(f_.vector, {from, {}, 1, i * f_.lanes * kF32Bytes}));
    }
    return sums;
  }

  // The sums of a panel transformed to those of the taps, into the part.
  void emit_taps(Value panel, int64_t vectors) {
    int64_t row = w_.base.padded_out(), width = vectors * f_.lanes;
    Value part = b_.mul(part_, b_.index(w_.base.part_elements()));
    part = b_.add(part, b_.add(first_channel_, b_.mul(panel, b_.index(width_))));
    part = f_.at(b_.pointer(w_.base.parts_pointer), part);
    Value sums = f_.scratch(s_.sums, b_.mul(panel, b_.index(s_.sums_panel)));
    double zero = plan_.points.zero_scale();
    Value scale = b_.real(f_.vector, zero * zero);
    b_.loop(b_.index(0), b_.index(w_.base.in), 1, [&](Value c) {
      Value from = f_.at(sums, b_.mul(c, b_.index(width)));
      Value to = f_.at(part, b_.mul(c, b_.index(kWinogradTaps * row)));
      for_range(b_, b_.index(0), b_.index(vectors), [&](Value v) {
        Value lane = b_.mul(v, b_.index(f_.lanes));
        auto load = [&](int64_t i, int64_t j) {
          int64_t point = (i * f_.alpha + j) * s_.sums_point;
          return b_.load(f_.vector, {from, lane, kF32Bytes, point * kF32Bytes});
        };
        auto store = [&](int64_t i, int64_t j, Value sum) {
          b_.store(b_.mul(sum, scale), {to, lane, kF32Bytes, (i * 3 + j) * row * kF32Bytes});
        };
        f_.lines.outputs(3, load, store);
      });
    });
  }

  Value zero() { return b_.bits(f_.vector, 0); }

  Builder& b_;
  const WinogradGradient& w_;
  const WinogradGradientPlan& plan_;
  const WinogradGradientScratch& s_;
  WinogradFrame f_;
  int64_t points_ = 0, width_ = 0;  // width_: channels of a whole panel
  int64_t channels_ = 0;            // of the group
  Value part_, first_channel_;
};

}  // namespace

void emit_winograd_gradient_tile(Builder& b, const WinogradGradient& w) {
  WinogradGradientEmitter(b, w).emit();
}

}  // namespace burin::lower
