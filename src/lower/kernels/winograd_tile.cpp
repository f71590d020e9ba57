// One tile of the plan: inputs transformed into scratch memory, then for each panel of output
// channels the products of every point and their transform back.
#include "base/checked.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/winograd_frame.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

class WinogradEmitter {
 public:
  WinogradEmitter(Builder& b, const Winograd& w)
      : b_(b), w_(w), s_(w.scratch), f_(b, w.plan.points, w.plan.grid, w.lanes, w.scratch_pointer) {
    points_ = f_.alpha * f_.alpha;
  }

  void emit() {
    const WinogradPlan& plan = w_.plan;
    Value block = b_.rem(b_.tile(), b_.index(plan.blocks));
    Value group = b_.div(b_.tile(), b_.index(plan.blocks));
    first_ = b_.mul(block, b_.index(plan.block));
    count_ = b_.min(b_.index(plan.block), b_.sub(b_.index(plan.grid.tiles), first_));
    WinogradImage image = input();
    each_winograd_tile(f_, first_, count_, [&](const WinogradPlace& at) {
      emit_winograd_input(f_, image, at, f_.scratch(0, b_.mul(at.t, b_.index(s_.v_row))));
    });
    Value lo = b_.mul(group, b_.index(plan.panel_block));
    Value hi = b_.min(b_.add(lo, b_.index(plan.panel_block)), b_.index(plan.panels));
    emit_panels(lo, hi);
  }

 private:
  WinogradImage input() {
    const Conv& c = w_.conv;
    WinogradImage image;
    image.base = b_.offset({b_.pointer(c.x.pointer), {}, 1, c.x.offset * kF32Bytes});
    image.steps = c.x.strides;
    image.sizes = c.input, image.low = c.low;
    image.channels = c.in;
    image.size = f_.alpha, image.line = &WinogradLines::inputs;
    image.point = s_.v_point;
    image.patch = s_.patch, image.patch_pixel = s_.patch_pixel;
    return image;
  }

  void emit_panels(Value lo, Value hi) {
    int64_t width = w_.plan.vectors * w_.lanes;
    Panels panels = split_panels(w_.conv.out, width);
    if (panels.full > 0) {
      for_range(b_, lo, b_.min(hi, b_.index(panels.full)),
                [&](Value p) { emit_panel(p, w_.plan.vectors); });
    }
    if (panels.rest == 0) return;
    Value last = b_.index(panels.full);
    auto narrow = [&] { emit_panel(last, ceil_div(panels.rest, int64_t{w_.lanes})); };
    w_.plan.panels == w_.plan.panel_block ? narrow() : b_.branch(b_.cmp_gt(hi, last), narrow);
  }

  void emit_panel(Value panel, int64_t vectors) {
    Value n = b_.mul(panel, b_.index(w_.plan.vectors * w_.lanes));
    Value from = b_.mul(n, b_.index(w_.weights_per_pair() * w_.conv.in));
    Value weights = f_.at(b_.pointer(w_.weights_pointer), from);
    w_.plan.chunk > 0 ? multiply_by_chunks(weights, vectors) : multiply_whole(weights, vectors);
    each_winograd_tile(f_, first_, count_, [&](const WinogradPlace& at) {
      for_range(b_, b_.index(0), b_.index(vectors), [&](Value v) {
        Value channel = b_.mul(v, b_.index(w_.lanes));
        Value products = b_.add(b_.mul(at.t, b_.index(s_.m_row)), channel);
        emit_winograd_output(f_, w_, at, b_.add(n, channel), f_.scratch(s_.m, products));
      });
    });
  }

  void multiply_whole(Value weights, int64_t vectors) {
    int64_t width = vectors * w_.lanes, in = w_.conv.in;
    Contraction c = products(in, vectors);
    each_point([&](Value point) {
      Value u = f_.at(weights, b_.mul(point, b_.index(in * width)));
      emit_rows(c, vectors, point, f_.scratch(0, b_.mul(point, b_.index(s_.v_point))), u, {});
    });
  }

  // Transforms a chunk of the weights, adds its products to the sums, and so on; meanwhile the next
  // chunk's weights are fetched.
  void multiply_by_chunks(Value weights, int64_t vectors) {
    int64_t width = vectors * w_.lanes, chunk = w_.plan.chunk, chunks = w_.conv.in / chunk;
    Contraction c = products(chunk, vectors);
    if (chunks > 1) clear_sums();
    for_range(b_, b_.index(0), b_.index(chunks), [&](Value i) {
      Value from = f_.at(weights, b_.mul(i, b_.index(chunk * 9 * width)));
      emit_winograd_weights(f_, w_, from, vectors);
      Value next = f_.at(from, b_.index(chunk * 9 * width));
      each_point([&](Value point) {
        Value v = b_.add(b_.mul(point, b_.index(s_.v_point)), b_.mul(i, b_.index(chunk)));
        Value u = f_.scratch(s_.u, b_.mul(point, b_.index(s_.u_point)));
        emit_rows(c, vectors, point, f_.scratch(0, v), u, next);
      });
    });
  }

  void each_point(const std::function<void(Value)>& body) {
    b_.loop(b_.index(0), b_.index(points_), 1, body);
  }

  void clear_sums() {
    int64_t from = s_.m, until = s_.m + s_.m_point * points_;
    b_.loop(b_.index(from), b_.index(until), w_.lanes, [&](Value i) {
      b_.store(b_.bits(f_.vector, 0), {b_.pointer(w_.scratch_pointer), i, kF32Bytes, 0});
    });
  }

  // The register tiles of one point: [tile, channel of the input] by weights, over `k` channels.
  Contraction products(int64_t k, int64_t vectors) const {
    Contraction c;
    Nest& nest = c.nest;
    nest.lanes = w_.lanes;
    nest.m = w_.plan.block;
    nest.n = vectors * w_.lanes;
    nest.lhs_m_stride = s_.v_row;
    c.k = k;
    c.carries_lhs = w_.splits_indexed;
    c.prefetch = w_.plan.chunk > 0 ? prefetch_scale(nest) : 0;
    // All register tiles of a point together fetch the weights of the next.
    int64_t lines = kContractionUnroll * nest.n * kF32Bytes / kLineBytes;
    if (w_.plan.chunk == 0) c.fetch_lines = ceil_div(lines, ceil_div(nest.m, w_.plan.rows));
    ExprNode sum;
    sum.kind = ExprNode::Kind::acc;
    nest.epilogue.nodes = {sum};
    nest.epilogue.results = {0};
    nest.outputs = {{w_.scratch_pointer, DType::f32, s_.m, {s_.m_point, s_.m_row, 1}}};
    return c;
  }

  // All register tiles of a chunk together fetch the nine taps of the next.
  int prefetch_scale(const Nest& nest) const {
    int64_t tiles = points_ * ceil_div(nest.m, w_.plan.rows);
    for (int scale : {1, 2, 4}) {
      if (tiles * scale >= 9 * nest.n) return scale;
    }
    return 8;
  }

  void emit_rows(const Contraction& c, int64_t vectors, Value point, Value v, Value u, Value next) {
    const Nest& nest = c.nest;
    std::vector<Segment> segments = split_rows(nest.m, w_.plan.rows, nest.m_tap);
    int64_t tiles = segments.back().first_tile + segments.back().tiles;
    for (const Segment& segment : segments) {
      for_range(b_, b_.index(0), b_.index(segment.tiles), [&](Value i) {
        Value start = b_.add(b_.mul(i, b_.index(segment.rows)), b_.index(segment.start));
        MicroTile tile{nest, segment, vectors, nest.n, {}, {}, u, {}, {}, {}, {}, {}, {}};
        tile.lhs = f_.at(v, b_.mul(start, b_.index(s_.v_row)));
        tile.index = {point, start, b_.index(0)};
        if (c.fetch_lines > 0) {
          Value number = b_.add(i, b_.index(segment.first_tile));
          tile.fetch = b_.add(b_.mul(number, b_.index(c.fetch_lines * kLineBytes)),
                              b_.index(c.k * nest.n * kF32Bytes));
        }
        if (next.valid()) {
          Value number = b_.add(b_.mul(point, b_.index(tiles)), b_.index(segment.first_tile));
          tile.ahead = f_.at(next, b_.mul(b_.add(number, i), b_.index(c.k * c.prefetch)));
        }
        if (c.k < w_.conv.in) tile.sums = load_sums(segment.rows, vectors, point, start);
        emit_contraction_tile(b_, c, tile);
      });
    }
  }

  std::vector<Value> load_sums(int64_t rows, int64_t vectors, Value point, Value start) {
    Value at = b_.add(b_.mul(point, b_.index(s_.m_point)), b_.mul(start, b_.index(s_.m_row)));
    Value from = f_.scratch(s_.m, at);
    std::vector<Value> sums;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t v = 0; v < vectors; ++v) {
        sums.push_back(
            b_.load(f_.vector, {from, {}, 1, (r * s_.m_row + v * w_.lanes) * kF32Bytes}));
      }
    }
    return sums;
  }

  Builder& b_;
  const Winograd& w_;
  const WinogradScratch& s_;
  WinogradFrame f_;
  int64_t points_;
  Value first_, count_;  // the Winograd tiles of this block
};

}  // namespace

void emit_winograd_tile(Builder& b, const Winograd& w) { WinogradEmitter(b, w).emit(); }

}  // namespace burin::lower
