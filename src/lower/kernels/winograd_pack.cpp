// Weights as Winograd convolution reads them: G g G^T of every pair of channels, in double
// precision. G's row of a point p is (1, p, p^2) over the product of p's distances from the other
// points, that of infinity (0, 0, 1).
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
  explicit Packer(const Winograd& w) : w_(w), alpha_(w.plan.points.count()) {
    const std::vector<double>& pairs = w.plan.points.pairs;
    zero_ = 1;
    for (double p : pairs) zero_ /= -p * p;
    for (double p : pairs) {
      double distances = 2 * p * p;
      for (double q : pairs) {
        if (q != p) distances *= p * p - q * q;
      }
      scales_.push_back(1 / distances);
    }
  }

  void pack(float* out) {
    int64_t width = w_.plan.vectors * w_.lanes;
    for (int64_t n = 0; n < w_.conv.out; n += width) {
      int64_t count = std::min(width, w_.conv.out - n);
      int64_t row = round_up(count, int64_t{w_.lanes});
      panel(n, count, row, out + n * alpha_ * alpha_ * w_.conv.in);
    }
  }

 private:
  // `row`: channels of the panel with those that are not there, whose weights are zero.
  void panel(int64_t n, int64_t count, int64_t row, float* out) {
    int64_t in = w_.conv.in, padded = round_up(row, kLanes);
    std::vector<float> taps(static_cast<size_t>(kChannels * 9 * padded));
    for (int64_t c = 0; c < in; c += kChannels) {
      int64_t channels = std::min(kChannels, in - c);
      Dims start = {0, 0, c, n}, extents = {3, 3, channels, count};
      Dims strides = {3 * padded, padded, 9 * padded, 1};
      copy_weights_f32(*w_.conv.weights, start, extents, strides, taps.data());
      for (int64_t i = 0; i < channels; ++i) {
        for (int64_t lane = 0; lane < row; lane += kLanes) {
          const float* from = taps.data() + i * 9 * padded + lane;
          float* to = out + (c + i) * row + lane;
          transform(from, padded, to, in * row, std::min(kLanes, row - lane));
        }
      }
    }
  }

  // taps[9] at steps of `step`, to points at steps of `point`, `lanes` pairs of channels.
  void transform(const float* taps, int64_t step, float* out, int64_t point, int64_t lanes) const {
    Line rows[kMostPoints][3];
    for (int64_t s = 0; s < 3; ++s) {
      Line g[3], column[kMostPoints];
      for (int64_t r = 0; r < 3; ++r) {
        for (int64_t i = 0; i < kLanes; ++i) g[r][i] = taps[(r * 3 + s) * step + i];
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
    for (int64_t i = 0; i < kLanes; ++i) out[0][i] = g[0][i] * zero_;
    for (size_t k = 0; k < scales_.size(); ++k) {
      double p = w_.plan.points.pairs[k], scale = scales_[k];
      Line &plus = out[1 + 2 * k], &minus = out[2 + 2 * k];
      for (int64_t i = 0; i < kLanes; ++i) {
        double even = g[0][i] * scale + g[2][i] * (scale * p * p), odd = g[1][i] * (scale * p);
        plus[i] = even + odd;
        minus[i] = even - odd;
      }
    }
    for (int64_t i = 0; i < kLanes; ++i) out[alpha_ - 1][i] = g[2][i];
  }

  const Winograd& w_;
  int64_t alpha_;
  double zero_ = 1;             // the scale of point 0,
  std::vector<double> scales_;  //   and of each pair
};

}  // namespace

int64_t Winograd::weight_elements() const {
  int64_t alpha = plan.points.count();
  return alpha * alpha * conv.in * round_up(conv.out, int64_t{lanes});
}

void pack_winograd(const Winograd& w, std::byte* out) {
  Packer(w).pack(reinterpret_cast<float*>(out));
}

}  // namespace burin::lower
