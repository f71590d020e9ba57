// One tile of the gradient of weights: the sums of a part of the batch for a group of channels.
// Rows of an image are walked block by block; within a block every tap, every block of channels and
// every panel of the result adds its pixels to sums that it loads and stores.
#include "base/checked.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/nest.h"
#include "lower/kernels/weight_gradient.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

class WeightGradientEmitter {
 public:
  WeightGradientEmitter(Builder& b, const WeightGradient& w)
      : b_(b), w_(w), vector_{loop::Elem::f32, w.lanes} {}

  void emit() {
    Value part = b_.rem(b_.tile(), b_.index(w_.plan.parts));
    Value group = b_.div(b_.tile(), b_.index(w_.plan.parts));
    sums_ = b_.offset(
        {b_.pointer(w_.parts_pointer), b_.mul(part, b_.index(w_.part_elements())), kF32Bytes, 0});
    first_ = b_.mul(group, b_.index(w_.blocks_per_group()));
    last_ = b_.min(b_.add(first_, b_.index(w_.blocks_per_group())), b_.index(w_.channel_blocks()));
    clear();
    int64_t images = ceil_div(w_.images, w_.plan.parts);
    Value image = b_.mul(part, b_.index(images));
    Value end = b_.min(b_.add(image, b_.index(images)), b_.index(w_.images));
    b_.loop(image, end, 1, [&](Value n) {
      image_ = n;
      b_.loop(b_.index(0), b_.index(w_.pixels[0]), w_.plan.block, [&](Value row) {
        each_tap(row, b_.min(b_.add(row, b_.index(w_.plan.block)), b_.index(w_.pixels[0])));
      });
    });
  }

 private:
  // The pixels [lo, hi) along an axis for which a tap lies inside the input, and the input's
  // position for pixel 0.
  struct Reach {
    Value lo, hi, shift;
  };
  Reach reach(size_t axis, Value tap) {
    int64_t step = w_.step[axis];
    Value shift = b_.sub(b_.mul(tap, b_.index(w_.dilation[axis])), b_.index(w_.low[axis]));
    Value before = b_.max(b_.sub(b_.index(0), shift), b_.index(0));
    Value lo = b_.div(b_.add(before, b_.index(step - 1)), b_.index(step));
    Value room = b_.max(b_.sub(b_.index(w_.input[axis] - 1 + step), shift), b_.index(0));
    Value hi = b_.min(b_.div(room, b_.index(step)), b_.index(w_.pixels[axis]));
    return {lo, hi, shift};
  }

  void clear() {
    int64_t row = w_.taps[0] * w_.taps[1] * w_.padded_out();
    auto end = [&](Value block) {
      return b_.mul(b_.min(b_.mul(block, b_.index(w_.plan.rows)), b_.index(w_.in)), b_.index(row));
    };
    b_.loop(end(first_), end(last_), w_.lanes, [&](Value i) {
      b_.store(b_.bits(vector_, 0), {sums_, i, kF32Bytes, 0});
    });
  }

  // The rows [from, to) of the image.
  void each_tap(Value from, Value to) {
    b_.loop(b_.index(0), b_.index(w_.taps[0]), 1, [&](Value kh) {
      Reach h = reach(0, kh);
      rows_ = {b_.max(h.lo, from), b_.min(h.hi, to), h.shift};
      b_.loop(b_.index(0), b_.index(w_.taps[1]), 1, [&](Value kw) {
        columns_ = reach(1, kw);
        tap_ = b_.add(b_.mul(kh, b_.index(w_.taps[1])), kw);
        b_.branch(b_.bit_and(b_.cmp_lt(rows_.lo, rows_.hi), b_.cmp_lt(columns_.lo, columns_.hi)),
                  [&] { each_channel(); });
      });
    });
  }

  void each_channel() {
    Value x = b_.mul(image_, b_.index(w_.x.strides[3]));
    x = b_.add(x, b_.mul(rows_.shift, b_.index(w_.x.strides[1])));
    Value column = b_.add(columns_.shift, b_.mul(columns_.lo, b_.index(w_.step[1])));
    x = b_.add(x, b_.mul(column, b_.index(w_.x.strides[2])));
    Value dy = b_.mul(image_, b_.index(w_.dy.strides[2]));
    dy = b_.add(dy, b_.mul(columns_.lo, b_.index(w_.dy.strides[1])));
    x_ = b_.offset({b_.pointer(w_.x.pointer), x, kF32Bytes, w_.x.offset * kF32Bytes});
    dy_ = b_.offset({b_.pointer(w_.dy.pointer), dy, kF32Bytes, w_.dy.offset * kF32Bytes});
    Value full = b_.index(w_.in / w_.plan.rows);
    b_.loop(first_, b_.min(last_, full), 1, [&](Value block) { each_panel(block, w_.plan.rows); });
    int64_t rest = w_.in % w_.plan.rows;
    if (rest > 0) b_.branch(b_.cmp_gt(last_, full), [&] { each_panel(full, rest); });
  }

  void each_panel(Value block, int64_t rows) {
    Value channel = b_.mul(block, b_.index(w_.plan.rows));
    int64_t width = w_.plan.vectors * w_.lanes;
    Panels panels = split_panels(w_.out, width);
    if (panels.full > 0) {
      for_range(b_, b_.index(0), b_.index(panels.full),
                [&](Value p) { emit_tile(channel, rows, b_.mul(p, b_.index(width)), width); });
    }
    if (panels.rest > 0) emit_tile(channel, rows, b_.index(panels.full * width), panels.rest);
  }

  // `rows` channels from `channel` on times `count` from `n` on.
  void emit_tile(Value channel, int64_t rows, Value n, int64_t count) {
    rows_of_tile_ = rows, vectors_ = ceil_div(count, int64_t{w_.lanes});
    mask_ = {};
    if (count % w_.lanes != 0) {
      mask_ = b_.first_n({loop::Elem::m32, w_.lanes}, b_.index(count % w_.lanes));
    }
    int64_t taps = w_.taps[0] * w_.taps[1], row = taps * w_.padded_out() * kF32Bytes;
    Value at = b_.mul(b_.add(b_.mul(channel, b_.index(taps)), tap_), b_.index(w_.padded_out()));
    Value sums = b_.offset({sums_, b_.add(at, n), kF32Bytes, 0});
    auto place = [&](int64_t i) {
      return loop::Address{sums, {}, 1, i / vectors_ * row + i % vectors_ * w_.lanes * kF32Bytes};
    };
    int64_t sums_of_pixel = rows * vectors_;
    std::vector<Value> acc;
    for (int64_t i = 0; i < sums_of_pixel; ++i) acc.push_back(b_.load(vector_, place(i)));
    acc.resize(static_cast<size_t>(sums_of_pixel * w_.plan.pixels), b_.bits(vector_, 0));
    Value x = b_.offset({x_, b_.mul(channel, b_.index(w_.x.strides[0])), kF32Bytes, 0});
    Value dy = b_.offset({dy_, n, kF32Bytes, 0});
    acc = b_.loop(rows_.lo, rows_.hi, 1, acc, [&](Value oh, std::span<const Value> carried) {
      Value x_row = b_.mul(oh, b_.index(w_.step[0] * w_.x.strides[1]));
      Value dy_row = b_.mul(oh, b_.index(w_.dy.strides[0]));
      return along_row(b_.offset({x, x_row, kF32Bytes, 0}), b_.offset({dy, dy_row, kF32Bytes, 0}),
                       {carried.begin(), carried.end()});
    });
    for (int64_t i = 0; i < sums_of_pixel; ++i) {
      Value sum = acc[static_cast<size_t>(i)];
      for (int64_t p = 1; p < w_.plan.pixels; ++p) {
        sum = b_.add(sum, acc[static_cast<size_t>(p * sums_of_pixel + i)]);
      }
      b_.store(sum, place(i));
    }
  }

  // The pixels of one row of the image, as many at a time as the plan says and then one by one.
  std::vector<Value> along_row(Value x, Value dy, std::vector<Value> acc) {
    int64_t step = w_.step[1] * w_.x.strides[2] * kF32Bytes, at_a_time = w_.plan.pixels;
    Value count = b_.sub(columns_.hi, columns_.lo), end = b_.mul(count, b_.index(step));
    acc.insert(acc.begin(), dy);
    Value from = b_.index(0);
    if (at_a_time > 1) {
      Value groups = b_.div(count, b_.index(at_a_time));
      Value until = b_.mul(groups, b_.index(at_a_time * step));
      acc = over_pixels(x, from, until, at_a_time, std::move(acc));
      from = until;
    }
    acc = over_pixels(x, from, end, 1, std::move(acc));
    acc.erase(acc.begin());
    return acc;
  }

  // `acc` begins with the address of the result's gradient.
  std::vector<Value> over_pixels(Value x, Value from, Value until, int64_t at_a_time,
                                 std::vector<Value> acc) {
    int64_t step = w_.step[1] * w_.x.strides[2] * kF32Bytes;
    int64_t dy_step = w_.dy.strides[1] * kF32Bytes;
    return b_.loop(from, until, at_a_time * step, acc,
                   [&](Value at, std::span<const Value> carried) {
                     std::vector<Value> next(carried.begin(), carried.end());
                     next[0] = b_.offset({carried[0], {}, 1, at_a_time * dy_step});
                     if (w_.plan.fetches) fetch_next_block({x, at, 1, 0}, {carried[0], {}, 1, 0});
                     for (int64_t p = 0; p < at_a_time; ++p) {
                       add_pixel({x, at, 1, p * step}, {carried[0], {}, 1, p * dy_step},
                                 static_cast<size_t>(1 + p * rows_of_tile_ * vectors_), next);
                     }
                     return next;
                   });
  }

  // The lines of a pixel of the next block of rows.
  void fetch_next_block(const loop::Address& x, const loop::Address& dy) {
    int64_t rows = w_.plan.block * kF32Bytes;
    for (int64_t v = 0; v < vectors_; ++v) {
      b_.prefetch(dy.plus(rows * w_.dy.strides[0] + v * w_.lanes * kF32Bytes));
    }
    b_.prefetch(x.plus(rows * w_.step[0] * w_.x.strides[1]));
  }

  // Adds a pixel's outer product to the sums from `first` on.
  void add_pixel(loop::Address x, loop::Address dy, size_t first, std::vector<Value>& sums) {
    std::vector<Value> from;
    for (int64_t v = 0; v < vectors_; ++v) {
      Value mask = v + 1 == vectors_ ? mask_ : Value{};
      from.push_back(b_.load(vector_, dy, mask));
      dy = dy.plus(w_.lanes * kF32Bytes);
    }
    for (int64_t r = 0; r < rows_of_tile_; ++r) {
      Value factor = b_.load_splat(vector_, x);
      x = x.plus(w_.x.strides[0] * kF32Bytes);
      for (int64_t v = 0; v < vectors_; ++v) {
        Value& sum = sums[first + static_cast<size_t>(r * vectors_ + v)];
        sum = b_.fma(factor, from[static_cast<size_t>(v)], sum);
      }
    }
  }

  Builder& b_;
  const WeightGradient& w_;
  loop::Type vector_;
  Value sums_, first_, last_;  // of the part; the group's blocks of channels
  Value image_, tap_, x_, dy_;
  Reach rows_, columns_;
  int64_t rows_of_tile_ = 0, vectors_ = 0;
  Value mask_;
};

}  // namespace

void emit_weight_gradient_tile(Builder& b, const WeightGradient& w) {
  WeightGradientEmitter(b, w).emit();
}

}  // namespace burin::lower
