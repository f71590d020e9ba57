// The transforms of inputs and weights.
#include <algorithm>

#include "lower/kernels/machine_model.h"
#include "lower/kernels/winograd_frame.h"

namespace burin::lower {

using loop::Type;
using loop::Value;

namespace {

class InputEmitter {
 public:
  InputEmitter(const WinogradFrame& f, const WinogradImage& image, const WinogradPlace& at,
               Value to)
      : f_(f), b_(f.b), image_(image), steps_(image.steps), to_(to) {
    y_ = b_.sub(at.y, b_.index(image.low[0]));
    x_ = b_.sub(at.x, b_.index(image.low[1]));
    Value from = b_.mul(at.n, b_.index(steps_[0]));
    from = b_.add(from, b_.mul(y_, b_.index(steps_[1])));
    from = b_.add(from, b_.mul(x_, b_.index(steps_[2])));
    from_ = f.at(image.base, from);
  }

  void emit() {
    int64_t size = image_.size;
    auto whole = [&] { transform(from_, steps_[1], steps_[2], true); };
    auto border = [&] {
      copy_patch();
      transform(f_.scratch(image_.patch, b_.index(0)), size * image_.patch_pixel,
                image_.patch_pixel, false);
    };
    if (always_inside()) return whole();
    if (image_.sizes[0] < size || image_.sizes[1] < size) return border();
    b_.branch(b_.bit_and(inside(y_, size, 0), inside(x_, size, 1)), whole, border);
  }

 private:
  bool always_inside() const {
    auto fits = [&](int64_t tiles, size_t i) {
      int64_t end = (tiles - 1) * f_.m - image_.low[i] + image_.size;
      return image_.low[i] <= 0 && end <= image_.sizes[i];
    };
    return fits(f_.grid.tiles_h, 0) && fits(f_.grid.tiles_w, 1);
  }

  // Pixels lie in short runs, which processors do not see coming: fetches those of the next tile
  // along the row that this one does not read. The vectors of a line of channels share its rows.
  void fetch_next(Value c) {
    int64_t lane_bytes = f_.lanes * kF32Bytes,
            sharing = std::max<int64_t>(kLineBytes / lane_bytes, 1);
    if (image_.size % sharing != 0 || image_.channels * kF32Bytes < kLineBytes) sharing = 1;
    int64_t rows = image_.size / sharing;
    Value share = b_.rem(b_.div(c, b_.index(f_.lanes)), b_.index(sharing));
    Value from = f_.at(f_.at(from_, c), b_.mul(share, b_.index(rows * steps_[1])));
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = image_.size; j < image_.size + f_.m; ++j) {
        b_.prefetch({from, {}, 1, (i * steps_[1] + j * steps_[2]) * kF32Bytes});
      }
    }
  }

  // Whether [at, at + size) lies in the image along an axis.
  Value inside(Value at, int64_t size, size_t axis) {
    return b_.bit_and(b_.cmp_ge(at, b_.index(0)),
                      b_.cmp_le(at, b_.index(image_.sizes[axis] - size)));
  }

  // Calls `body` for each vector of channels; the mask is that of the lanes that are there.
  void each_channel(const std::function<void(Value c, Value mask)>& body) {
    uint16_t lanes = f_.lanes;
    auto step = [&](Value c) {
      Value mask;
      if (image_.channels % lanes != 0) {
        mask = b_.first_n({loop::Elem::m32, lanes}, b_.sub(b_.index(image_.channels), c));
      }
      body(c, mask);
    };
    if (image_.channels <= lanes) return step(b_.index(0));
    b_.loop(b_.index(0), b_.index(image_.channels), lanes, step);
  }

  // The input pixels of the tile, zero where they lie outside of the image.
  void copy_patch() {
    b_.loop(b_.index(0), b_.index(image_.size), 1, [&](Value i) {
      Value row = inside(b_.add(y_, i), 1, 0);
      b_.loop(b_.index(0), b_.index(image_.size), 1, [&](Value j) {
        Value pixel = b_.add(b_.mul(i, b_.index(image_.size)), j);
        Value to = f_.scratch(image_.patch, b_.mul(pixel, b_.index(image_.patch_pixel)));
        Value step = b_.add(b_.mul(i, b_.index(steps_[1])), b_.mul(j, b_.index(steps_[2])));
        auto store = [&](Value value, Value c) { b_.store(value, {to, c, kF32Bytes, 0}); };
        auto copy = [&] {
          Value from = f_.at(from_, step);
          each_channel([&](Value c, Value mask) {
            store(b_.load(f_.vector, {from, c, kF32Bytes, 0}, mask), c);
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
      fetch_next(c);
      auto load = [&](int64_t i, int64_t j) {
        return b_.load(f_.vector, {from, c, kF32Bytes, (i * y_step + j * x_step) * kF32Bytes},
                       masked ? mask : Value{});
      };
      auto store = [&](int64_t i, int64_t j, Value v) {
        b_.store(v, {to_, c, kF32Bytes, (i * f_.alpha + j) * image_.point * kF32Bytes});
      };
      f_.lines.square(image_.line, image_.size, load, store);
    });
  }

  const WinogradFrame& f_;
  loop::Builder& b_;
  const WinogradImage& image_;
  const std::vector<int64_t>& steps_;
  Value y_, x_;  // of the first input pixel, perhaps outside
  Value from_, to_;
};

}  // namespace

void emit_winograd_input(const WinogradFrame& f, const WinogradImage& image,
                         const WinogradPlace& at, Value to) {
  InputEmitter(f, image, at, to).emit();
}

void each_winograd_tile(const WinogradFrame& f, Value first, Value count,
                        const std::function<void(const WinogradPlace&)>& body) {
  loop::Builder& b = f.b;
  const WinogradGrid& grid = f.grid;
  Value wide = b.index(grid.tiles_w), high = b.index(grid.tiles_h), m = b.index(f.m);
  bool one = grid.tiles == grid.tiles_h * grid.tiles_w;
  b.loop(b.index(0), count, 1, [&](Value t) {
    Value tile = b.add(first, t), row = b.div(tile, wide), column = b.rem(tile, wide);
    Value n = one ? b.index(0) : b.div(row, high), y = one ? row : b.rem(row, high);
    body({t, n, b.mul(y, m), b.mul(column, m)});
  });
}

void emit_winograd_weights(const WinogradFrame& f, const Winograd& w, Value from, int64_t vectors) {
  loop::Builder& b = f.b;
  int64_t width = vectors * f.lanes, chunk = w.plan.chunk;
  b.loop(b.index(0), b.index(chunk), 1, [&](Value k) {
    Value taps = f.at(from, b.mul(k, b.index(9 * width)));
    Value to = f.scratch(w.scratch.u, b.mul(k, b.index(width)));
    for (int64_t v = 0; v < vectors; ++v) {
      int64_t lane = v * f.lanes;
      auto load = [&](int64_t i, int64_t j) {
        return b.load(f.vector, {taps, {}, 1, ((i * 3 + j) * width + lane) * kF32Bytes});
      };
      auto store = [&](int64_t i, int64_t j, Value value) {
        int64_t point = (i * f.alpha + j) * w.scratch.u_point;
        b.store(value, {to, {}, 1, (point + lane) * kF32Bytes});
      };
      f.lines.square(&WinogradLines::weights, 3, load, store);
    }
  });
}

}  // namespace burin::lower
