// Weights as Winograd convolution reads them: z^2 g of every pair of channels with z the scale of
// point 0, either as it is or as G g G^T, computed in double precision.
#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/winograd.h"

namespace burin::lower {

namespace {

constexpr int64_t kLanes = 16;     // pairs of channels transformed at a time: a line of floats
constexpr int64_t kChannels = 32;  // of the input, copied out of the view at a time
constexpr int64_t kMostPoints = 8;

using Floats = float __attribute__((vector_size(8), aligned(4), may_alias));
using Doubles = double __attribute__((vector_size(16)));
constexpr int64_t kWide = 2;  // elements of either

using Line = Doubles[kLanes / kWide];

class Packer {
 public:
  explicit Packer(const Winograd& w)
      : w_(w), pairs_(w.plan.points.pairs), alpha_(w.plan.points.count()) {
    double zero = w.plan.points.zero_scale();
    scale_ = zero * zero;
  }

  void panel(int64_t index, float* weights) const {
    int64_t width = w_.plan.vectors * w_.lanes, n = index * width;
    int64_t count = std::min(width, w_.conv.out - n);
    float* out = weights + n * w_.weights_per_pair() * w_.conv.in;
    // Channels of the panel with those that are not there, whose weights are zero.
    int64_t in = w_.conv.in, row = round_up(count, int64_t{w_.lanes});
    int64_t padded = round_up(row, kLanes);
    std::vector<float> taps(static_cast<size_t>(kChannels * 9 * padded));
    std::vector<float> points(static_cast<size_t>(alpha_ * alpha_ * point_step(row)));
    for (int64_t c = 0; c < in; c += kChannels) {
      int64_t channels = std::min(kChannels, in - c);
      Dims start = {0, 0, c, n}, extents = {3, 3, channels, count};
      Dims strides = {3 * padded, padded, 9 * padded, 1};
      copy_weights_f32(*w_.conv.weights, start, extents, strides, taps.data());
      if (w_.plan.chunk > 0) {
        scale(taps.data(), 9 * channels, row, out + c * 9 * row);
      } else {
        transform(taps.data(), channels, row, points.data());
        for (int64_t p = 0; p < alpha_ * alpha_; ++p) {
          std::copy_n(points.data() + p * point_step(row), channels * row,
                      out + (p * in + c) * row);
        }
      }
    }
  }

 private:
  // From point to point in the memory of some channels, which lies beside others in the cache.
  static int64_t point_step(int64_t row) { return kChannels * row + kLanes; }

  // `count` rows of taps without their padding.
  void scale(const float* taps, int64_t count, int64_t row, float* out) const {
    int64_t padded = round_up(row, kLanes);
    for (int64_t t = 0; t < count; ++t) {
      for (int64_t i = 0; i < row; ++i) {
        out[t * row + i] = static_cast<float>(taps[t * padded + i] * scale_);
      }
    }
  }

  void transform(const float* taps, int64_t channels, int64_t row, float* points) const {
    int64_t padded = round_up(row, kLanes);
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t lane = 0; lane < row; lane += kLanes) {
        transform(taps + c * 9 * padded + lane, padded, points + c * row + lane, point_step(row),
                  std::min(kLanes, row - lane));
      }
    }
  }

  // taps[9] at steps of `step`, to points at steps of `point`, `lanes` pairs of channels.
  void transform(const float* taps, int64_t step, float* out, int64_t point, int64_t lanes) const {
    Line rows[kMostPoints][3];
    for (int64_t s = 0; s < 3; ++s) {
      Line g[3];
      for (int64_t r = 0; r < 3; ++r) load(taps + (r * 3 + s) * step, g[r]);
      line(g, [&](int64_t a, int64_t i, Doubles value) { rows[a][s][i] = value; });
    }
    for (int64_t a = 0; a < alpha_; ++a) {
      line(rows[a], [&](int64_t b, int64_t i, Doubles value) {
        if (i * kWide >= lanes) return;
        float* to = out + (a * alpha_ + b) * point + i * kWide;
        *reinterpret_cast<Floats*>(to) = __builtin_convertvector(value, Floats);
      });
    }
  }

  void load(const float* taps, Line& g) const {
    for (int64_t i = 0; i < kLanes / kWide; ++i) {
      auto pair = *reinterpret_cast<const Floats*>(taps + i * kWide);
      g[i] = __builtin_convertvector(pair, Doubles) * scale_;
    }
  }

  // G times the three elements of a line, for kLanes lines: store(point, part of the line, value).
  template <class Store>
  void line(const Line (&g)[3], Store store) const {
    for (int64_t i = 0; i < kLanes / kWide; ++i) store(0, i, g[0][i]);
    for (int64_t k = 0; k < static_cast<int64_t>(pairs_.size()); ++k) {
      double p = pairs_[static_cast<size_t>(k)];
      auto parts = [&](int64_t i) { return std::pair{g[0][i] + g[2][i] * (p * p), g[1][i] * p}; };
      for (int64_t i = 0; i < kLanes / kWide; ++i) {
        auto [even, odd] = parts(i);
        store(1 + 2 * k, i, even + odd);
      }
      for (int64_t i = 0; i < kLanes / kWide; ++i) {
        auto [even, odd] = parts(i);
        store(2 + 2 * k, i, even - odd);
      }
    }
    for (int64_t i = 0; i < kLanes / kWide; ++i) store(alpha_ - 1, i, g[2][i]);
  }

  const Winograd& w_;
  const std::vector<double>& pairs_;
  int64_t alpha_;
  double scale_ = 1;
};

}  // namespace

int64_t Winograd::weights_per_pair() const {
  return plan.chunk > 0 ? 9 : plan.points.count() * plan.points.count();
}

int64_t Winograd::weight_elements() const {
  return weights_per_pair() * conv.in * round_up(conv.out, int64_t{lanes});
}

Fill winograd_packer(const Winograd& w) {
  auto panel = [w](std::byte* out, int64_t i) {
    Packer(w).panel(i, reinterpret_cast<float*>(out));
  };
  return {panel, ceil_div(w.conv.out, w.plan.vectors * w.lanes)};
}

}  // namespace burin::lower
