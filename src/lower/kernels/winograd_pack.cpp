// Weights as Winograd convolution reads them: z^2 g of every pair of channels with z the scale of
// point 0, either as it is or as G g G^T, computed in double precision.
#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/winograd.h"

namespace burin::lower {

namespace {

constexpr int64_t kLanes = 16;     // pairs of channels transformed at a time
constexpr int64_t kChannels = 32;  // of the input, copied out of the view at a time
constexpr int64_t kMostPoints = 8;

using Line = double[kLanes];

class Packer {
 public:
  explicit Packer(const Winograd& w)
      : w_(w), pairs_(w.plan.points.pairs), alpha_(w.plan.points.count()) {
    double zero = w.plan.points.zero_scale();
    scale_ = zero * zero;
  }

  void pack(float* out) {
    int64_t width = w_.plan.vectors * w_.lanes;
    for (int64_t n = 0; n < w_.conv.out; n += width) {
      int64_t count = std::min(width, w_.conv.out - n);
      panel(n, count, out + n * w_.weights_per_pair() * w_.conv.in);
    }
  }

 private:
  void panel(int64_t n, int64_t count, float* out) {
    // Channels of the panel with those that are not there, whose weights are zero.
    int64_t in = w_.conv.in, row = round_up(count, int64_t{w_.lanes});
    int64_t padded = round_up(row, kLanes);
    std::vector<float> taps(static_cast<size_t>(kChannels * 9 * padded));
    for (int64_t c = 0; c < in; c += kChannels) {
      int64_t channels = std::min(kChannels, in - c);
      Dims start = {0, 0, c, n}, extents = {3, 3, channels, count};
      Dims strides = {3 * padded, padded, 9 * padded, 1};
      copy_weights_f32(*w_.conv.weights, start, extents, strides, taps.data());
      for (int64_t i = 0; i < channels; ++i) {
        const float* from = taps.data() + i * 9 * padded;
        if (w_.plan.chunk > 0) {
          copy(from, padded, row, out + (c + i) * 9 * row);
          continue;
        }
        for (int64_t lane = 0; lane < row; lane += kLanes) {
          float* to = out + (c + i) * row + lane;
          transform(from + lane, padded, to, in * row, std::min(kLanes, row - lane));
        }
      }
    }
  }

  void copy(const float* taps, int64_t step, int64_t row, float* out) const {
    for (int64_t t = 0; t < 9; ++t) {
      for (int64_t i = 0; i < row; ++i) {
        out[t * row + i] = static_cast<float>(taps[t * step + i] * scale_);
      }
    }
  }

  // taps[9] at steps of `step`, to points at steps of `point`, `lanes` pairs of channels.
  void transform(const float* taps, int64_t step, float* out, int64_t point, int64_t lanes) const {
    Line rows[kMostPoints][3];
    for (int64_t s = 0; s < 3; ++s) {
      Line g[3], column[kMostPoints];
      for (int64_t r = 0; r < 3; ++r) {
        for (int64_t i = 0; i < kLanes; ++i) g[r][i] = taps[(r * 3 + s) * step + i] * scale_;
      }
      line(g, column);
      for (int64_t a = 0; a < alpha_; ++a) std::copy_n(column[a], kLanes, rows[a][s]);
    }
    for (int64_t a = 0; a < alpha_; ++a) {
      Line columns[kMostPoints];
      line(rows[a], columns);
      for (int64_t b = 0; b < alpha_; ++b) {
        float* to = out + (a * alpha_ + b) * point;
        for (int64_t i = 0; i < lanes; ++i) to[i] = static_cast<float>(columns[b][i]);
      }
    }
  }

  // G times the three elements of a line, for kLanes lines.
  void line(const Line (&g)[3], Line* out) const {
    std::copy_n(g[0], kLanes, out[0]);
    std::copy_n(g[2], kLanes, out[alpha_ - 1]);
    for (size_t k = 0; k < pairs_.size(); ++k) {
      double p = pairs_[k];
      Line &plus = out[1 + 2 * k], &minus = out[2 + 2 * k];
      for (int64_t i = 0; i < kLanes; ++i) {
        double even = g[0][i] + g[2][i] * (p * p), odd = g[1][i] * p;
        plus[i] = even + odd;
        minus[i] = even - odd;
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

void pack_winograd(const Winograd& w, std::byte* out) {
  Packer(w).pack(reinterpret_cast<float*>(out));
}

}  // namespace burin::lower
