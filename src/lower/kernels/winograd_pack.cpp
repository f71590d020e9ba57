// Weights as Winograd convolution reads them: z^2 g of every pair of channels with z the scale of
// point 0, either as it is or as G g G^T, computed in double precision.
#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/winograd.h"

namespace burin::lower {

namespace {

constexpr int64_t kLanes = 4;            // pairs of channels transformed at a time
constexpr int64_t kCopiedChannels = 32;  // of the input, copied out of the view at a time
constexpr int64_t kMostPoints = 8;

using Floats = float __attribute__((vector_size(16), aligned(4), may_alias));
using Doubles = double __attribute__((vector_size(32)));

// G g G^T of kLanes pairs of channels: nine taps at steps of `step`, times `scale`, to the points
// at steps of `point`. G's rows for the points +-p are (1, +-p, p^2).
[[gnu::target_clones("avx2", "default")]] void transform_taps(const float* taps, int64_t step,
                                                              double scale, const double* pairs,
                                                              int64_t pair_count, float* out,
                                                              int64_t point) {
  int64_t alpha = 2 * pair_count + 2;
  Doubles rows[kMostPoints][3];
  for (int64_t s = 0; s < 3; ++s) {
    Doubles g[3];
    for (int64_t r = 0; r < 3; ++r) {
      const auto* tap = reinterpret_cast<const Floats*>(taps + (r * 3 + s) * step);
      g[r] = __builtin_convertvector(*tap, Doubles) * scale;
    }
    rows[0][s] = g[0];
    for (int64_t k = 0; k < pair_count; ++k) {
      double p = pairs[k];
      Doubles even = g[0] + g[2] * (p * p), odd = g[1] * p;
      rows[1 + 2 * k][s] = even + odd;
      rows[2 + 2 * k][s] = even - odd;
    }
    rows[alpha - 1][s] = g[2];
  }
  for (int64_t a = 0; a < alpha; ++a, out += alpha * point) {
    const Doubles* g = rows[a];
    *reinterpret_cast<Floats*>(out) = __builtin_convertvector(g[0], Floats);
    float* to = out + point;
    for (int64_t k = 0; k < pair_count; ++k, to += 2 * point) {
      double p = pairs[k];
      Doubles even = g[0] + g[2] * (p * p), odd = g[1] * p;
      *reinterpret_cast<Floats*>(to) = __builtin_convertvector(even + odd, Floats);
      *reinterpret_cast<Floats*>(to + point) = __builtin_convertvector(even - odd, Floats);
    }
    *reinterpret_cast<Floats*>(to) = __builtin_convertvector(g[2], Floats);
  }
}

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
    std::vector<float> taps(static_cast<size_t>(kCopiedChannels * 9 * row));
    std::vector<float> points(static_cast<size_t>(alpha_ * alpha_ * point_step(row)));
    for (int64_t c = 0; c < in; c += kCopiedChannels) {
      int64_t channels = std::min(kCopiedChannels, in - c);
      Dims start = {0, 0, c, n}, extents = {3, 3, channels, count};
      Dims strides = {3 * row, row, 9 * row, 1};
      copy_weights_f32(*w_.conv.weights, start, extents, strides, taps.data());
      if (w_.plan.chunk > 0) {
        scale(taps, 9 * channels * row, out + c * 9 * row);
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
  static int64_t point_step(int64_t row) { return kCopiedChannels * row + kLineFloats; }

  void scale(std::span<const float> taps, int64_t count, float* out) const {
    for (int64_t i = 0; i < count; ++i) {
      out[i] = static_cast<float>(taps[static_cast<size_t>(i)] * scale_);
    }
  }

  void transform(const float* taps, int64_t channels, int64_t row, float* points) const {
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t lane = 0; lane < row; lane += kLanes) {
        transform_taps(taps + c * 9 * row + lane, row, scale_, pairs_.data(),
                       static_cast<int64_t>(pairs_.size()), points + c * row + lane,
                       point_step(row));
      }
    }
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
