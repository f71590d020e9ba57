// Weights that a buffer holds, transformed by a kernel in front: G g G^T of each pair of channels,
// laid out as winograd_packer does it while compiling.
#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/winograd.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

constexpr int64_t kTransformedChannels = 32;  // of the input, by a tile

class WeightTransform {
 public:
  explicit WeightTransform(const Winograd& w)
      : w_(w),
        b_("winograd_weights", 2),
        lines_(b_, w.plan.points, w.lanes),
        width_(w.plan.vectors * w.lanes),
        panels_(split_panels(w.conv.out, width_)),
        view_(w.conv.w),
        streams_(w.lanes == kLineFloats && w.weight_elements() * kF32Bytes >= kStreamedBytes) {
    view_.pointer = 0;
  }

  DenseStage make() {
    Value panel = b_.rem(b_.tile(), b_.index(panels_.count()));
    Value part = b_.div(b_.tile(), b_.index(panels_.count()));
    n_ = b_.mul(panel, b_.index(width_));
    lo_ = b_.mul(part, b_.index(kTransformedChannels));
    hi_ = b_.min(b_.add(lo_, b_.index(kTransformedChannels)), b_.index(w_.conv.in));
    if (panels_.full > 0 && panels_.rest > 0) {
      b_.branch(
          b_.cmp_lt(panel, b_.index(panels_.full)), [&] { transform_panel(width_); },
          [&] { transform_panel(panels_.rest); });
    } else {
      transform_panel(panels_.full > 0 ? width_ : panels_.rest);
    }
    DenseStage stage;
    stage.function = b_.finish();
    stage.tiles = panels_.count() * ceil_div(w_.conv.in, kTransformedChannels);
    stage.bytes =
        4.0 * static_cast<double>(w_.weight_elements() + kWinogradTaps * w_.conv.in * w_.conv.out);
    return stage;
  }

 private:
  // A panel of `count` channels of the result, padded with zeros to whole vectors.
  void transform_panel(int64_t count) {
    int64_t row = round_up(count, int64_t{w_.lanes});
    Value panel = b_.mul(n_, b_.index(w_.weights_per_pair() * w_.conv.in));
    b_.loop(lo_, hi_, 1, [&](Value channel) {
      Value to = b_.add(panel, b_.mul(channel, b_.index(row)));
      for (int64_t lane = 0; lane < row; lane += w_.lanes) {
        transform(load_taps(channel, lane, count), b_.add(to, b_.index(lane)), row);
      }
    });
  }

  // z^2 g of a vector of pairs.
  std::vector<Value> load_taps(Value channel, int64_t lane, int64_t count) {
    loop::Type vector{loop::Elem::f32, w_.lanes};
    double zero = w_.plan.points.zero_scale();
    std::vector<Value> taps;
    for (int64_t t = 0; t < kWinogradTaps; ++t) {
      std::vector<Value> index = {b_.index(t / 3), b_.index(t % 3), channel, n_};
      Point point;
      point.index = index;
      point.extra = {0, 0, 0, lane};
      point.lane_axis = 3;
      point.lanes = w_.lanes;
      if (lane + w_.lanes > count) {
        point.mask = b_.first_n({loop::Elem::m32, w_.lanes}, b_.index(count - lane));
      }
      taps.push_back(b_.mul(emit_view_load(b_, view_, point, {}), b_.real(vector, zero * zero)));
    }
    return taps;
  }

  void transform(const std::vector<Value>& taps, Value to, int64_t row) {
    int64_t alpha = w_.plan.points.count(), point = w_.conv.in * row;
    auto load = [&](int64_t i, int64_t j) { return taps[static_cast<size_t>(i * 3 + j)]; };
    auto store = [&](int64_t i, int64_t j, Value value) {
      loop::Address at{b_.pointer(1), to, 4, (i * alpha + j) * point * 4};
      streams_ ? b_.stream(value, at) : b_.store(value, at);
    };
    lines_.square(&WinogradLines::weights, 3, load, store);
  }

  const Winograd& w_;
  Builder b_;
  WinogradLines lines_;
  int64_t width_;
  Panels panels_;
  View view_;
  bool streams_;
  Value n_, lo_, hi_;  // the panel's first channel; the channels of the input
};

}  // namespace

DenseStage make_winograd_weights(const Winograd& w) { return WeightTransform(w).make(); }

}  // namespace burin::lower
