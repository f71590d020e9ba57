// HannWindow, HammingWindow, BlackmanWindow: constants of a size that is known while building; and
// MelWeightMatrix.
#include <cmath>
#include <numbers>

#include "ops/onnx_util.h"

namespace burin::ops {

namespace {

constexpr int64_t kMaxWindow = int64_t{1} << 24;

// a0 - a1 cos(2 pi n / N) + a2 cos(4 pi n / N); N is the size if periodic, else one less
void build_cosine_window(OpContext& c, double a0, double a1, double a2) {
  Ints given = c.ints_input(0);
  if (given.size() != 1 || given[0] < 0 || given[0] > kMaxWindow)
    refuse("the size is out of range");
  int64_t size = given[0], period = c.attr_int("periodic", 1) ? size : size - 1;
  std::vector<double> window;
  for (int64_t n = 0; n < size; ++n) {
    double phase = 2 * std::numbers::pi * static_cast<double>(n) / static_cast<double>(period);
    window.push_back(a0 - a1 * std::cos(phase) + a2 * std::cos(2 * phase));
  }
  c.set_output(
      0, doubles_constant(c, dtype_from_onnx(c.attr_int("output_datatype", 1)), {size}, window));
}

void build_hann_window(OpContext& c) { build_cosine_window(c, 0.5, 0.5, 0); }
// ONNX states Hamming's coefficients as 25/46 and 21/46.
void build_hamming_window(OpContext& c) { build_cosine_window(c, 25.0 / 46, 21.0 / 46, 0); }
void build_blackman_window(OpContext& c) { build_cosine_window(c, 0.42, 0.5, 0.08); }
BURIN_ONNX_OP(HannWindow, 17, build_hann_window);
BURIN_ONNX_OP(HammingWindow, 17, build_hamming_window);
BURIN_ONNX_OP(BlackmanWindow, 17, build_blackman_window);

double hertz_to_mel(double f) { return 2595 * std::log10(1 + f / 700); }
double mel_to_hertz(double m) { return 700 * (std::pow(10, m / 2595) - 1); }

// Triangles over the spectrum's bins, their corners evenly spaced on the mel scale.
void build_mel_weight_matrix(OpContext& c) {
  auto mels = static_cast<int64_t>(*known_scalar(c, 0));
  auto dft_length = static_cast<int64_t>(*known_scalar(c, 1));
  double rate = *known_scalar(c, 2), low = *known_scalar(c, 3), high = *known_scalar(c, 4);
  if (mels < 1 || dft_length < 1 || mels > 4096 || dft_length > (1 << 20) || !(rate > 0)) {
    refuse("a size is out of range");
  }
  int64_t bins = dft_length / 2 + 1;
  double first = hertz_to_mel(low),
         step = (hertz_to_mel(high) - first) / static_cast<double>(mels + 2);
  Ints corner;
  for (int64_t m = 0; m < mels + 2; ++m) {
    double hertz = mel_to_hertz(first + step * static_cast<double>(m));
    double bin = std::floor(static_cast<double>(dft_length + 1) * hertz / rate);
    corner.push_back(static_cast<int64_t>(std::clamp(bin, 0.0, static_cast<double>(bins))));
  }
  std::vector<double> weights(static_cast<size_t>(product(bins, mels)), 0.0);
  auto at = [&](int64_t bin, int64_t m) -> double& {
    return weights[static_cast<size_t>(bin * mels + m)];
  };
  for (int64_t m = 0; m < mels; ++m) {
    auto i = static_cast<size_t>(m);
    int64_t left = corner[i], centre = corner[i + 1], right = corner[i + 2];
    auto up = static_cast<double>(centre - left), down = static_cast<double>(right - centre);
    if (up == 0 && centre < bins) at(centre, m) = 1;
    for (int64_t b = left; up > 0 && b <= centre && b < bins; ++b) {
      at(b, m) = static_cast<double>(b - left) / up;
    }
    for (int64_t b = centre; down > 0 && b < right && b < bins; ++b) {
      at(b, m) = static_cast<double>(right - b) / down;
    }
  }
  DType dtype = dtype_from_onnx(c.attr_int("output_datatype", 1));
  c.set_output(0, doubles_constant(c, dtype, {bins, mels}, weights));
}
BURIN_ONNX_OP(MelWeightMatrix, 17, build_mel_weight_matrix);

}  // namespace

}  // namespace burin::ops
