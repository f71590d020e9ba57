// The transforms of inputs and weights.
#include "lower/kernels/winograd_frame.h"

namespace burin::lower {

using loop::Type;
using loop::Value;

namespace {

constexpr int64_t kBytes = WinogradFrame::kBytes;

class InputEmitter {
 public:
  InputEmitter(const WinogradFrame& f, const WinogradPlace& at, Value to)
      : f_(f), b_(f.b), c_(f.w.conv), s_(f.w.scratch), to_(to) {
    y_ = b_.sub(at.y, b_.index(c_.low[0]));
    x_ = b_.sub(at.x, b_.index(c_.low[1]));
    Value from = b_.mul(at.n, b_.index(c_.x.strides[0]));
    from = b_.add(from, b_.mul(y_, b_.index(c_.x.strides[1])));
    from = b_.add(from, b_.mul(x_, b_.index(c_.x.strides[2])));
    from_ = b_.offset({b_.pointer(c_.x.pointer), from, kBytes, c_.x.offset * kBytes});
  }

  void emit() {
    int64_t a = f_.alpha;
    auto whole = [&] { transform(from_, c_.x.strides[1], c_.x.strides[2], true); };
    auto border = [&] {
      copy_patch();
      transform(f_.scratch(s_.patch, b_.index(0)), a * s_.patch_pixel, s_.patch_pixel, false);
    };
    if (always_inside()) return whole();
    if (c_.input[0] < a || c_.input[1] < a) return border();
    b_.branch(b_.bit_and(inside(y_, a, 0), inside(x_, a, 1)), whole, border);
  }

 private:
  bool always_inside() const {
    const WinogradPlan& p = f_.w.plan;
    auto fits = [&](int64_t tiles, size_t i) {
      return c_.low[i] <= 0 && tiles * f_.m + 2 - c_.low[i] <= c_.input[i];
    };
    return fits(p.tiles_h, 0) && fits(p.tiles_w, 1);
  }

  // Whether [at, at + size) lies in the image along an axis.
  Value inside(Value at, int64_t size, size_t axis) {
    return b_.bit_and(b_.cmp_ge(at, b_.index(0)), b_.cmp_le(at, b_.index(c_.input[axis] - size)));
  }

  // Calls `body` for each vector of channels; the mask is that of the lanes that are there.
  void each_channel(const std::function<void(Value c, Value mask)>& body) {
    uint16_t lanes = f_.w.lanes;
    auto step = [&](Value c) {
      Value mask;
      if (c_.in % lanes != 0) {
        mask = b_.first_n({loop::Elem::m32, lanes}, b_.sub(b_.index(c_.in), c));
      }
      body(c, mask);
    };
    if (c_.in <= lanes) return step(b_.index(0));
    b_.loop(b_.index(0), b_.index(c_.in), lanes, step);
  }

  // The input pixels of the tile, zero where they lie outside of the image.
  void copy_patch() {
    b_.loop(b_.index(0), b_.index(f_.alpha), 1, [&](Value i) {
      Value row = inside(b_.add(y_, i), 1, 0);
      b_.loop(b_.index(0), b_.index(f_.alpha), 1, [&](Value j) {
        Value pixel = b_.add(b_.mul(i, b_.index(f_.alpha)), j);
        Value to = f_.scratch(s_.patch, b_.mul(pixel, b_.index(s_.patch_pixel)));
        Value step =
            b_.add(b_.mul(i, b_.index(c_.x.strides[1])), b_.mul(j, b_.index(c_.x.strides[2])));
        auto store = [&](Value value, Value c) { b_.store(value, {to, c, kBytes, 0}); };
        auto copy = [&] {
          Value from = f_.at(from_, step);
          each_channel([&](Value c, Value mask) {
            store(b_.load(f_.vector, {from, c, kBytes, 0}, mask), c);
          });
        };
        auto clear = [&] {
          each_channel([&](Value c, Value) { store(b_.bits(f_.vector, 0), c); });
        };
        b_.branch(b_.bit_and(row, inside(b_.add(x_, j), 1, 1)), copy, clear);
      });
    });
  }

  // Of pixels at `from`, which lie at the given steps.
  void transform(Value from, int64_t y_step, int64_t x_step, bool masked) {
    each_channel([&](Value c, Value mask) {
      auto load = [&](int64_t i, int64_t j) {
        return b_.load(f_.vector, {from, c, kBytes, (i * y_step + j * x_step) * kBytes},
                       masked ? mask : Value{});
      };
      auto store = [&](int64_t i, int64_t j, Value v) {
        b_.store(v, {to_, c, kBytes, (i * f_.alpha + j) * s_.v_point * kBytes});
      };
      f_.lines.square(&WinogradLines::inputs, f_.alpha, load, store);
    });
  }

  const WinogradFrame& f_;
  loop::Builder& b_;
  const Conv& c_;
  const WinogradScratch& s_;
  Value y_, x_;  // of the first input pixel, perhaps outside
  Value from_, to_;
};

}  // namespace

void emit_winograd_input(const WinogradFrame& f, const WinogradPlace& at, Value to) {
  InputEmitter(f, at, to).emit();
}

void each_winograd_tile(const WinogradFrame& f, Value first, Value count,
                        const std::function<void(const WinogradPlace&)>& body) {
  loop::Builder& b = f.b;
  const WinogradPlan& plan = f.w.plan;
  Value wide = b.index(plan.tiles_w), high = b.index(plan.tiles_h), m = b.index(f.m);
  Value init[] = {b.div(first, wide), b.rem(first, wide)};
  b.loop(b.index(0), count, 1, init, [&](Value t, std::span<const Value> carried) {
    Value row = carried[0], column = carried[1];
    bool one = f.w.conv.fused.shape[0] == 1;
    Value n = one ? b.index(0) : b.div(row, high), y = one ? row : b.rem(row, high);
    body({t, n, b.mul(y, m), b.mul(column, m)});
    Value next = b.add(column, b.index(1));
    Value wraps = b.cmp_ge(next, wide);
    return std::vector<Value>{b.select(wraps, b.add(row, b.index(1)), row),
                              b.select(wraps, b.index(0), next)};
  });
}

void emit_winograd_weights(const WinogradFrame& f, Value from, int64_t vectors) {
  loop::Builder& b = f.b;
  int64_t width = vectors * f.w.lanes, chunk = f.w.plan.chunk;
  b.loop(b.index(0), b.index(chunk), 1, [&](Value k) {
    Value taps = f.at(from, b.mul(k, b.index(9 * width)));
    Value to = f.scratch(f.w.scratch.u, b.mul(k, b.index(width)));
    for (int64_t v = 0; v < vectors; ++v) {
      int64_t lane = v * f.w.lanes;
      auto load = [&](int64_t i, int64_t j) {
        return b.load(f.vector, {taps, {}, 1, ((i * 3 + j) * width + lane) * kBytes});
      };
      auto store = [&](int64_t i, int64_t j, Value value) {
        int64_t point = (i * f.alpha + j) * f.w.scratch.u_point;
        b.store(value, {to, {}, 1, (point + lane) * kBytes});
      };
      f.lines.square(&WinogradLines::weights, 3, load, store);
    }
  });
}

}  // namespace burin::lower
