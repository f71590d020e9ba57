// One tile of the gradient of depthwise weights. Padding is known while compiling: rows and columns
// of pixels are cut into stretches whose taps lie inside the input alike.
#include "lower/kernels/depthwise_gradient.h"

#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/machine_model.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

// Pixels [from, to) along an axis for which the taps [first, last) lie inside the input.
struct Stretch {
  int64_t from = 0, to = 0, first = 0, last = 0;
};

std::vector<Stretch> stretches(const DepthwiseGradient& w, size_t axis, int64_t taps_from,
                               int64_t taps_to) {
  std::vector<Stretch> out;
  for (int64_t o = 0; o < w.pixels[axis]; ++o) {
    int64_t first = taps_to, last = taps_from;
    for (int64_t t = taps_from; t < taps_to; ++t) {
      int64_t at = o * w.step[axis] + t * w.dilation[axis] - w.low[axis];
      if (at < 0 || at >= w.input[axis]) continue;
      first = std::min(first, t), last = t + 1;
    }
    if (first >= last) continue;
    bool same =
        !out.empty() && out.back().to == o && out.back().first == first && out.back().last == last;
    if (same) {
      ++out.back().to;
    } else {
      out.push_back({o, o + 1, first, last});
    }
  }
  return out;
}

class DepthwiseGradientEmitter {
 public:
  DepthwiseGradientEmitter(Builder& b, const DepthwiseGradient& w)
      : b_(b), w_(w), vector_{loop::Elem::f32, w.lanes}, columns_(stretches(w, 1, 0, w.taps[1])) {}

  void emit() {
    Value part = b_.rem(b_.tile(), b_.index(w_.parts));
    Value group = b_.div(b_.tile(), b_.index(w_.parts));
    sums_ = b_.offset(
        {b_.pointer(w_.parts_pointer), b_.mul(part, b_.index(w_.part_elements())), kF32Bytes, 0});
    int64_t width = w_.vectors * w_.lanes;
    first_ = b_.mul(group, b_.index(width));
    last_ = b_.min(b_.add(first_, b_.index(width)), b_.index(w_.padded_channels()));
    clear();
    int64_t images = ceil_div(w_.images, w_.parts);
    Value image = b_.mul(part, b_.index(images));
    Value end = b_.min(b_.add(image, b_.index(images)), b_.index(w_.images));
    b_.loop(image, end, 1, [&](Value n) {
      image_ = n;
      b_.loop(b_.index(0), b_.index(w_.pixels[0]), w_.block, [&](Value row) {
        from_ = row;
        to_ = b_.min(b_.add(row, b_.index(w_.block)), b_.index(w_.pixels[0]));
        each_vector();
      });
    });
  }

 private:
  // The sums of a tap at the tile's channels from `channel` on.
  loop::Address sum(int64_t tap, Value channel) const {
    return {sums_, channel, kF32Bytes, tap * w_.padded_channels() * kF32Bytes};
  }

  void clear() {
    for (int64_t tap = 0; tap < w_.taps[0] * w_.taps[1]; ++tap) {
      b_.loop(first_, last_, w_.lanes,
              [&](Value c) { b_.store(b_.bits(vector_, 0), sum(tap, c)); });
    }
  }

  // The channels of the tile, for the rows [from_, to_).
  void each_vector() {
    int64_t whole = w_.channels / w_.lanes * w_.lanes;
    b_.loop(first_, b_.min(last_, b_.index(whole)), w_.lanes, [&](Value c) { each_taps(c, {}); });
    if (whole == w_.channels) return;
    Value mask = b_.first_n({loop::Elem::m32, w_.lanes}, b_.index(w_.channels - whole));
    b_.branch(b_.cmp_gt(last_, b_.index(whole)), [&] { each_taps(b_.index(whole), mask); });
  }

  void each_taps(Value channel, Value mask) {
    mask_ = mask;
    auto base = [&](const View& view) {
      Value at = b_.add(b_.mul(image_, b_.index(view.strides[0])), channel);
      return b_.offset({b_.pointer(view.pointer), at, kF32Bytes, view.offset * kF32Bytes});
    };
    x_ = base(w_.x), dy_ = base(w_.dy);
    channel_ = channel;
    if (w_.made) bases_ = emit_bases(b_, w_.made->views, {&channel_, 1});
    for (int64_t kh = 0; kh < w_.taps[0]; kh += w_.tap_rows) {
      sum_taps(channel, kh, std::min(kh + w_.tap_rows, w_.taps[0]));
    }
  }

  // Adds to the sums of the rows of taps [first, last).
  void sum_taps(Value channel, int64_t first, int64_t last) {
    first_tap_ = first * w_.taps[1];
    std::vector<Value> acc;
    for (int64_t tap = first_tap_; tap < last * w_.taps[1]; ++tap) {
      acc.push_back(b_.load(vector_, sum(tap, channel)));
    }
    for (const Stretch& rows : stretches(w_, 0, first, last)) {
      Value lo = b_.max(from_, b_.index(rows.from)), hi = b_.min(to_, b_.index(rows.to));
      acc = b_.loop(lo, hi, 1, acc, [&](Value oh, std::span<const Value> carried) {
        std::vector<Value> sums(carried.begin(), carried.end());
        Value y = b_.sub(b_.mul(oh, b_.index(w_.step[0])), b_.index(w_.low[0]));
        Value x = b_.offset({x_, b_.mul(y, b_.index(w_.x.strides[1])), kF32Bytes, 0});
        Value dy = b_.offset({dy_, b_.mul(oh, b_.index(w_.dy.strides[1])), kF32Bytes, 0});
        for (const Stretch& columns : columns_) sums = along_row(rows, columns, x, dy, sums);
        return sums;
      });
    }
    for (size_t i = 0; i < acc.size(); ++i) {
      b_.store(acc[i], sum(first_tap_ + static_cast<int64_t>(i), channel));
    }
  }

  // How far a tap of the next pixel lies from the one of this pixel that reads the same; as far as
  // there are taps if elements that are made are not kept, or none is read again.
  int64_t kept_distance() const {
    bool meets = w_.made && w_.step[1] % w_.dilation[1] == 0;
    return std::min(meets ? w_.step[1] / w_.dilation[1] : w_.taps[1], w_.taps[1]);
  }

  // The pixels of one stretch of a row. x: position 0 of the row of the input under tap row 0.
  // Elements that are made are kept for the pixels that read them again.
  std::vector<Value> along_row(const Stretch& rows, const Stretch& columns, Value x, Value dy,
                               std::vector<Value> acc) {
    int64_t step = w_.step[1] * w_.x.strides[2] * kF32Bytes;
    size_t sums = acc.size();
    Value at = b_.offset({x, {}, 1, columns.from * step - w_.low[1] * w_.x.strides[2] * kF32Bytes});
    Value from = b_.offset({dy, {}, 1, columns.from * w_.dy.strides[2] * kF32Bytes});
    int64_t fresh = std::max(columns.first, columns.last - kept_distance());  // tap, the first
    acc.insert(acc.end(), {at, from});
    for (int64_t kh = rows.first; kh < rows.last; ++kh) {
      for (int64_t kw = columns.first; kw < fresh; ++kw) acc.push_back(load_x(at, kh, kw));
    }
    auto body = [&](Value, std::span<const Value> carried) {
      std::vector<Value> next(carried.begin(), carried.end());
      at = carried[sums], from = carried[sums + 1];
      fetch_next_block(at, from);
      Value g = b_.load(vector_, {from, {}, 1, 0}, mask_);
      size_t kept = sums + 2;
      for (int64_t kh = rows.first; kh < rows.last; ++kh) {
        std::vector<Value> taps(
            carried.begin() + static_cast<std::ptrdiff_t>(kept),
            carried.begin() + static_cast<std::ptrdiff_t>(kept) + fresh - columns.first);
        for (int64_t kw = columns.first; kw < columns.last; ++kw) {
          if (kw >= fresh) taps.push_back(load_x(at, kh, kw));
          Value& sum = next[static_cast<size_t>(kh * w_.taps[1] + kw - first_tap_)];
          sum = b_.fma(g, taps[static_cast<size_t>(kw - columns.first)], sum);
        }
        for (int64_t kw = columns.first; kw < fresh; ++kw) {
          next[kept++] = taps[static_cast<size_t>(kw - columns.first + kept_distance())];
        }
      }
      next[sums] = b_.offset({at, {}, 1, step});
      next[sums + 1] = b_.offset({from, {}, 1, w_.dy.strides[2] * kF32Bytes});
      return next;
    };
    acc = b_.loop(b_.index(columns.from), b_.index(columns.to), 1, acc, body);
    acc.resize(sums);
    return acc;
  }

  // The input under a tap of the pixel whose first tap reads at `at`.
  Value load_x(Value at, int64_t kh, int64_t kw) {
    int64_t offset = kh * w_.dilation[0] * w_.x.strides[1] + kw * w_.dilation[1] * w_.x.strides[2];
    return load_x({at, {}, 1, offset * kF32Bytes});
  }

  Value load_x(const loop::Address& at) {
    Value x = b_.load(vector_, at, mask_);
    if (!w_.made) return x;
    Point point{.index = {&channel_, 1}, .lane_axis = 0, .lanes = w_.lanes, .mask = mask_};
    point.bases = bases_;
    return emit_expr(b_, *w_.made, point, {&x, 1})[0];
  }

  // The lines of a pixel of the next block of rows: each channel's lie too far apart for the
  // machine to foresee them.
  void fetch_next_block(Value x, Value dy) {
    if (!w_.fetches) return;
    b_.prefetch({dy, {}, 1, w_.block * w_.dy.strides[1] * kF32Bytes});
    for (int64_t row = 0; row < w_.step[0]; ++row) {
      for (int64_t column = 0; column < w_.step[1]; ++column) {
        int64_t ahead = (w_.block * w_.step[0] + row) * w_.x.strides[1];
        b_.prefetch({x, {}, 1, (ahead + column * w_.x.strides[2]) * kF32Bytes});
      }
    }
  }

  Builder& b_;
  const DepthwiseGradient& w_;
  loop::Type vector_;
  std::vector<Stretch> columns_;
  Value sums_, first_, last_;  // of the part; channels of the tile
  Value image_, from_, to_;
  Value x_, dy_, mask_, channel_;  // of the image and channels at hand
  std::vector<Value> bases_;       // of what x is made of
  int64_t first_tap_ = 0;          // of those that are summed
};

}  // namespace

void emit_depthwise_gradient_tile(Builder& b, const DepthwiseGradient& w) {
  DepthwiseGradientEmitter(b, w).emit();
}

}  // namespace burin::lower
