// One tile of the plan: inputs transformed into scratch memory, then for each panel of output
// channels the products of every point and their transform back, with the epilogue behind it.
#include "base/checked.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/winograd.h"

namespace burin::lower {

using loop::Address;
using loop::Builder;
using loop::Elem;
using loop::Type;
using loop::Value;

namespace {

constexpr int64_t kBytes = 4;

class TileEmitter {
 public:
  TileEmitter(Builder& b, const Winograd& w)
      : b_(b),
        w_(w),
        s_(w.scratch),
        lines_(b, w.plan.points, w.lanes),
        vector_{Elem::f32, w.lanes} {
    m_ = w.plan.points.outputs();
    alpha_ = w.plan.points.count();
  }

  void emit() {
    const WinogradPlan& plan = w_.plan;
    Value block = b_.rem(b_.tile(), b_.index(plan.blocks));
    Value group = b_.div(b_.tile(), b_.index(plan.blocks));
    first_ = b_.mul(block, b_.index(plan.block));
    count_ = b_.min(b_.index(plan.block), b_.sub(b_.index(plan.tiles), first_));
    each_tile([&](const Place& at) { transform_input(at); });
    Value lo = b_.mul(group, b_.index(plan.panel_block));
    Value hi = b_.min(b_.add(lo, b_.index(plan.panel_block)), b_.index(plan.panels));
    emit_panels(lo, hi);
  }

 private:
  // A Winograd tile: its number in the block, and where its outputs begin.
  struct Place {
    Value t, n, y, x;
  };

  Value scratch(int64_t offset, Value elements) const {
    return b_.offset({b_.pointer(w_.scratch_pointer), elements, kBytes, offset * kBytes});
  }

  // Calls `body` for the Winograd tiles of the block in order, stepping along the rows of images.
  void each_tile(const std::function<void(const Place&)>& body) {
    const WinogradPlan& plan = w_.plan;
    Value wide = b_.index(plan.tiles_w), high = b_.index(plan.tiles_h);
    Value init[] = {b_.div(first_, wide), b_.rem(first_, wide)};
    b_.loop(b_.index(0), count_, 1, init, [&](Value t, std::span<const Value> carried) {
      Value row = carried[0], column = carried[1];
      bool one = w_.conv.fused.shape[0] == 1;
      Value n = one ? b_.index(0) : b_.div(row, high), y = one ? row : b_.rem(row, high);
      body({t, n, b_.mul(y, b_.index(m_)), b_.mul(column, b_.index(m_))});
      Value next = b_.add(column, b_.index(1));
      Value wraps = b_.cmp_ge(next, wide);
      return std::vector<Value>{b_.select(wraps, b_.add(row, b_.index(1)), row),
                                b_.select(wraps, b_.index(0), next)};
    });
  }

  // Whether [at, at + size) lies in [0, extent), both ways; all if that is always so.
  Value inside(Value at, int64_t size, int64_t extent) {
    return b_.bit_and(b_.cmp_ge(at, b_.index(0)), b_.cmp_le(at, b_.index(extent - size)));
  }

  void transform_input(const Place& at) {
    const Conv& c = w_.conv;
    Value y = b_.sub(at.y, b_.index(c.low[0])), x = b_.sub(at.x, b_.index(c.low[1]));
    Value to = scratch(0, b_.mul(at.t, b_.index(s_.v_row)));
    Value from = b_.mul(at.n, b_.index(c.x.strides[0]));
    from = b_.add(from, b_.mul(y, b_.index(c.x.strides[1])));
    from = b_.add(from, b_.mul(x, b_.index(c.x.strides[2])));
    from = b_.offset({b_.pointer(c.x.pointer), from, kBytes, c.x.offset * kBytes});
    auto whole = [&] { transform_channels(from, c.x.strides[1], c.x.strides[2], true, to); };
    const WinogradPlan& p = w_.plan;
    bool fits = c.low[0] <= 0 && c.low[1] <= 0 && p.tiles_h * m_ + 2 - c.low[0] <= c.input[0] &&
                p.tiles_w * m_ + 2 - c.low[1] <= c.input[1];
    if (fits) return whole();
    auto border = [&] {
      copy_patch(y, x, from);
      transform_channels(scratch(s_.patch, b_.index(0)), alpha_ * s_.patch_pixel, s_.patch_pixel,
                         false, to);
    };
    if (c.input[0] < alpha_ || c.input[1] < alpha_) return border();
    b_.branch(b_.bit_and(inside(y, alpha_, c.input[0]), inside(x, alpha_, c.input[1])), whole,
              border);
  }

  // Calls `body` for each vector of input channels; the mask is that of the lanes that are there.
  void each_channel(const std::function<void(Value c, Value mask)>& body) {
    int64_t in = w_.conv.in;
    Type mask{Elem::m32, w_.lanes};
    bool even = in % w_.lanes == 0;
    auto step = [&](Value c) {
      body(c, even ? Value{} : b_.first_n(mask, b_.sub(b_.index(in), c)));
    };
    if (in <= w_.lanes) return step(b_.index(0));
    b_.loop(b_.index(0), b_.index(in), w_.lanes, step);
  }

  // Input pixels from (y, x) on, zero where they lie outside of the image.
  void copy_patch(Value y, Value x, Value from) {
    const Conv& c = w_.conv;
    b_.loop(b_.index(0), b_.index(alpha_), 1, [&](Value i) {
      Value row = inside(b_.add(y, i), 1, c.input[0]);
      b_.loop(b_.index(0), b_.index(alpha_), 1, [&](Value j) {
        Value pixel = b_.add(b_.mul(i, b_.index(alpha_)), j);
        Value to = scratch(s_.patch, b_.mul(pixel, b_.index(s_.patch_pixel)));
        Value at = b_.add(b_.mul(i, b_.index(c.x.strides[1])), b_.mul(j, b_.index(c.x.strides[2])));
        Value source = b_.offset({from, at, kBytes, 0});
        auto copy = [&] {
          each_channel([&](Value channel, Value mask) {
            b_.store(b_.load(vector_, {source, channel, kBytes, 0}, mask),
                     {to, channel, kBytes, 0});
          });
        };
        auto clear = [&] {
          each_channel([&](Value channel, Value) {
            b_.store(b_.bits(vector_, 0), {to, channel, kBytes, 0});
          });
        };
        b_.branch(b_.bit_and(row, inside(b_.add(x, j), 1, c.input[1])), copy, clear);
      });
    });
  }

  // B^T d B of the tile at `from`, whose pixels lie at the given steps.
  void transform_channels(Value from, int64_t y_step, int64_t x_step, bool masked, Value to) {
    each_channel([&](Value c, Value mask) {
      if (!masked) mask = {};
      for (int64_t g = 0; g < lines_.groups(); ++g) {
        std::vector<std::vector<Value>> rows(static_cast<size_t>(alpha_));  // [column][row of g]
        for (int64_t j = 0; j < alpha_; ++j) {
          rows[static_cast<size_t>(j)] = lines_.inputs(g, [&](int64_t i) {
            return b_.load(vector_, {from, c, kBytes, (i * y_step + j * x_step) * kBytes}, mask);
          });
        }
        for (size_t r = 0; r < rows[0].size(); ++r) {
          int64_t row = WinogradLines::first_row(g) + static_cast<int64_t>(r);
          auto across = [&](int64_t j) { return rows[static_cast<size_t>(j)][r]; };
          for (int64_t h = 0; h < lines_.groups(); ++h) {
            std::vector<Value> values = lines_.inputs(h, across);
            for (size_t k = 0; k < values.size(); ++k) {
              int64_t column = WinogradLines::first_row(h) + static_cast<int64_t>(k);
              int64_t point = row * alpha_ + column;
              b_.store(values[k], {to, c, kBytes, point * s_.v_point * kBytes});
            }
          }
        }
      }
    });
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
    int64_t width = w_.plan.vectors * w_.lanes;
    Value n = b_.mul(panel, b_.index(width));
    Value weights = b_.mul(n, b_.index(alpha_ * alpha_ * w_.conv.in));
    multiply(b_.offset({b_.pointer(w_.weights_pointer), weights, kBytes, 0}), vectors);
    each_tile([&](const Place& at) {
      for_range(b_, b_.index(0), b_.index(vectors), [&](Value v) {
        Value channel = b_.mul(v, b_.index(w_.lanes));
        Value from = b_.add(b_.mul(at.t, b_.index(s_.m_row)), channel);
        transform_output(at, b_.add(n, channel), scratch(s_.m, from));
      });
    });
  }

  // The products of one panel: for every point, [tile, channel of the input] by weights.
  void multiply(Value weights, int64_t vectors) {
    const WinogradPlan& plan = w_.plan;
    Contraction c;
    Nest& nest = c.nest;
    nest.lanes = w_.lanes;
    nest.m = plan.block;
    nest.n = vectors * w_.lanes;
    nest.lhs_m_stride = s_.v_row;
    c.k = w_.conv.in;
    ExprNode sum;
    sum.kind = ExprNode::Kind::acc;
    nest.epilogue.nodes = {sum};
    nest.epilogue.results = {0};
    nest.outputs = {{w_.scratch_pointer, DType::f32, s_.m, {s_.m_point, s_.m_row, 1}}};
    std::vector<Segment> segments = split_rows(nest.m, plan.rows, nest.m_tap);
    b_.loop(b_.index(0), b_.index(alpha_ * alpha_), 1, [&](Value point) {
      Value lhs = scratch(0, b_.mul(point, b_.index(s_.v_point)));
      Value rhs = b_.offset({weights, b_.mul(point, b_.index(c.k * nest.n)), kBytes, 0});
      for (const Segment& segment : segments) {
        for_range(b_, b_.index(0), b_.index(segment.tiles), [&](Value i) {
          Value start = b_.add(b_.mul(i, b_.index(segment.rows)), b_.index(segment.start));
          MicroTile tile{nest, segment, vectors, nest.n, {}, {}, rhs, {}, {}, {}};
          tile.lhs = b_.offset({lhs, b_.mul(start, b_.index(s_.v_row)), kBytes, 0});
          tile.index = {point, start, b_.index(0)};
          emit_contraction_tile(b_, c, tile);
        });
      }
    });
  }

  // Rows parity, parity + 2, ... of A^T M A for the products at `from`.
  using Pixel = std::function<void(int64_t i, int64_t j, Value y)>;
  void transform_back(Value from, const Pixel& pixel) {
    for (int64_t parity = 0; parity < 2; ++parity) {
      std::vector<std::vector<Value>> rows(static_cast<size_t>(alpha_));  // [column][row]
      for (int64_t j = 0; j < alpha_; ++j) {
        rows[static_cast<size_t>(j)] = lines_.outputs(parity, [&](int64_t i) {
          return b_.load(vector_, {from, {}, 1, (i * alpha_ + j) * s_.m_point * kBytes});
        });
      }
      for (size_t r = 0; r < rows[0].size(); ++r) {
        auto across = [&](int64_t j) { return rows[static_cast<size_t>(j)][r]; };
        for (int64_t odd = 0; odd < 2; ++odd) {
          std::vector<Value> values = lines_.outputs(odd, across);
          for (size_t k = 0; k < values.size(); ++k) {
            pixel(2 * static_cast<int64_t>(r) + parity, 2 * static_cast<int64_t>(k) + odd,
                  values[k]);
          }
        }
      }
    }
  }

  void transform_output(const Place& at, Value channel, Value from) {
    const Shape& shape = w_.conv.fused.shape;
    Value mask;
    if (w_.conv.out % w_.lanes != 0) {
      mask = b_.first_n({Elem::m32, w_.lanes}, b_.sub(b_.index(w_.conv.out), channel));
    }
    auto whole = [&] {
      Pixels pixels(*this, {at.n, at.y, at.x, channel}, mask);
      transform_back(from, [&](int64_t i, int64_t j, Value y) { pixels.store(i, j, y); });
    };
    auto border = [&] { transform_border(at, channel, mask, from); };
    if (shape[1] % m_ == 0 && shape[2] % m_ == 0) return whole();
    if (shape[1] < m_ || shape[2] < m_) return border();
    b_.branch(b_.bit_and(b_.cmp_le(at.y, b_.index(shape[1] - m_)),
                         b_.cmp_le(at.x, b_.index(shape[2] - m_))),
              whole, border);
  }

  // A tile that reaches over the result's edge: written to scratch memory, then what is there of it
  // pixel by pixel.
  void transform_border(const Place& at, Value channel, Value mask, Value from) {
    const Shape& shape = w_.conv.fused.shape;
    transform_back(from, [&](int64_t i, int64_t j, Value y) {
      b_.store(y, {scratch(s_.result + (i * m_ + j) * w_.lanes, b_.index(0))});
    });
    Value rows = b_.min(b_.index(m_), b_.sub(b_.index(shape[1]), at.y));
    Value columns = b_.min(b_.index(m_), b_.sub(b_.index(shape[2]), at.x));
    b_.loop(b_.index(0), rows, 1, [&](Value i) {
      b_.loop(b_.index(0), columns, 1, [&](Value j) {
        Value pixel = b_.add(b_.mul(i, b_.index(m_)), j);
        Value y = b_.load(vector_, {scratch(s_.result, b_.mul(pixel, b_.index(w_.lanes)))});
        Pixels pixels(*this, {at.n, b_.add(at.y, i), b_.add(at.x, j), channel}, mask);
        pixels.store(0, 0, y);
      });
    });
  }

  // The epilogue at pixels around one point of the result.
  class Pixels {
   public:
    Pixels(TileEmitter& tile, std::vector<Value> index, Value mask)
        : b_(tile.b_), fused_(tile.w_.conv.fused), index_(std::move(index)) {
      views_ = emit_bases(b_, fused_.expr.views, index_);
      outputs_ = emit_bases(b_, fused_.outputs, index_);
      point_.index = index_;
      point_.extra.assign(index_.size(), 0);
      point_.lane_axis = static_cast<int>(index_.size()) - 1;
      point_.lanes = tile.w_.lanes;
      point_.mask = mask;
      point_.bases = views_;
    }

    void store(int64_t i, int64_t j, Value y) {
      point_.extra[1] = i;
      point_.extra[2] = j;
      std::vector<Value> results = emit_expr(b_, fused_.expr, point_, std::span(&y, 1));
      for (size_t r = 0; r < results.size(); ++r) {
        emit_store(b_, fused_.outputs[r], point_, outputs_[r], results[r]);
      }
    }

   private:
    Builder& b_;
    const Epilogue& fused_;
    std::vector<Value> index_, views_, outputs_;
    Point point_;
  };

  Builder& b_;
  const Winograd& w_;
  const WinogradScratch& s_;
  WinogradLines lines_;
  Type vector_;
  int64_t m_ = 4, alpha_ = 6;
  Value first_, count_;  // the Winograd tiles of this block
};

}  // namespace

void emit_winograd_tile(Builder& b, const Winograd& w) { TileEmitter(b, w).emit(); }

}  // namespace burin::lower
