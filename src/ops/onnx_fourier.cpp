// DFT and STFT as products with constant matrices of cosines and sines.
#include <cmath>
#include <numbers>

#include "ops/onnx_util.h"

namespace burin::ops {

namespace {

// The matrices are of this size squared.
constexpr int64_t kMaxLength = 4096;

// cos or sin of 2 pi n k / N for n in [0, length) and k in [0, bins), times `factor`
Value wave_matrix(OpContext& c, DType dtype, int64_t length, int64_t bins, bool sine,
                  double factor) {
  std::vector<double> table;
  table.reserve(static_cast<size_t>(product(length, bins)));
  for (int64_t n = 0; n < length; ++n) {
    for (int64_t k = 0; k < bins; ++k) {
      // The product modulo N keeps the argument small and exact.
      double phase =
          2 * std::numbers::pi * static_cast<double>(n * k % length) / static_cast<double>(length);
      table.push_back(factor * (sine ? std::sin(phase) : std::cos(phase)));
    }
  }
  return doubles_constant(c, dtype, {length, bins}, table);
}

// The transform along the last axis of real (and imaginary) parts; the result has a new last axis
// of (real, imaginary).  X_k = sum of (re + i im) * (cos - i sin), the inverse with + i sin and 1/N
Value transformed(OpContext& c, Value re, std::optional<Value> im, int64_t bins, bool inverse) {
  int64_t length = re.dim(static_cast<int64_t>(re.rank()) - 1);
  if (length < 1 || length > kMaxLength) {
    refuse("a Fourier transform of length " + std::to_string(length),
           "lengths up to " + std::to_string(kMaxLength) + " are supported");
  }
  double factor = inverse ? 1.0 / static_cast<double>(length) : 1.0;
  Value cosine = wave_matrix(c, re.dtype(), length, bins, false, factor);
  Value sine = wave_matrix(c, re.dtype(), length, bins, true, inverse ? factor : -factor);
  Value real = matmul(re, cosine), imaginary = matmul(re, sine);
  if (im) real = real - matmul(*im, sine), imaginary = imaginary + matmul(*im, cosine);
  Dims dims = real.dims();
  dims.push_back(1);
  auto last = static_cast<int64_t>(dims.size()) - 1;
  return {c.b, c.b.concatenate({real.reshape(dims), imaginary.reshape(dims)}, last)};
}

struct Complex {
  Value re;
  std::optional<Value> im;
};

// [..., 1] or [..., 2] as parts without that axis.
Complex parts(Value x) {
  auto last = static_cast<int64_t>(x.rank()) - 1;
  if (x.rank() < 2 || x.dim(last) < 1 || x.dim(last) > 2) {
    refuse("the last axis must hold real and imaginary parts, not " + x.type().text());
  }
  Complex z{without_axes(x.slice(last, 0, 1), {last}), std::nullopt};
  if (x.dim(last) == 2) z.im = without_axes(x.slice(last, 1, 2), {last});
  return z;
}

// Cut or filled with zeros to a length along the last axis.
Value fitted(Value x, int64_t length) {
  auto last = static_cast<int64_t>(x.rank()) - 1;
  int64_t size = x.dim(last);
  return x.slice(last, 0, std::min(size, length)).pad(last, 0, std::max<int64_t>(length - size, 0));
}

void build_dft(OpContext& c) {
  Value x = input(c, 0);
  int64_t axis =
      c.opset < 20 ? c.attr_int("axis", 1) : static_cast<int64_t>(known_scalar(c, 2).value_or(-2));
  axis = OpContext::axis(axis, x.rank());
  auto last = static_cast<int64_t>(x.rank()) - 1;
  if (axis == last) refuse("the axis holds real and imaginary parts");
  bool inverse = c.attr_int("inverse", 0) != 0, onesided = c.attr_int("onesided", 0) != 0;
  if (inverse && onesided) refuse("an inverse transform of one side is not supported");
  // The transformed axis goes last, and back before the parts' axis afterwards.
  Ints perm = range(0, last);
  std::swap(perm[static_cast<size_t>(axis)], perm[static_cast<size_t>(last) - 1]);
  Complex z = parts(x);
  auto length = static_cast<int64_t>(known_scalar(c, 1).value_or(static_cast<double>(x.dim(axis))));
  if (length < 1) refuse("dft_length must be positive");
  z.re = fitted(z.re.transpose(perm), length);
  if (z.im) z.im = fitted(z.im->transpose(perm), length);
  Value y = transformed(c, z.re, z.im, onesided ? length / 2 + 1 : length, inverse);
  perm.push_back(last);
  c.set_output(0, y.transpose(perm));
}
BURIN_ONNX_OP(DFT, 17, build_dft);

// Frames of the signal [N, S, 1] times the window, transformed: [N, frames, bins, 2].
void build_stft(OpContext& c) {
  Value signal = input(c, 0);
  auto step = static_cast<int64_t>(known_scalar(c, 1).value_or(0));
  if (signal.rank() != 3 || step < 1) refuse("a signal of rank 3 and a positive step are needed");
  if (!c.has_input(2) && !c.has_input(3)) refuse("a window or a frame length is needed");
  int64_t length = c.has_input(3) ? static_cast<int64_t>(*known_scalar(c, 3)) : input(c, 2).dim(0);
  int64_t size = signal.dim(1);
  if (length < 1 || length > size || length > kMaxLength)
    refuse("the frame length is out of range");
  int64_t frames = (size - length) / step + 1;
  Ints positions;
  for (int64_t f = 0; f < frames; ++f) {
    for (int64_t n = 0; n < length; ++n) positions.push_back(f * step + n);
  }
  Value at = ints_constant(c, positions, {frames, length});
  Complex z = parts(signal);
  auto framed = [&](Value x) {
    Value cut = x.take(at, 1);
    return c.has_input(2) ? cut * input(c, 2) : cut;
  };
  std::optional<Value> im;
  if (z.im) im = framed(*z.im);
  bool onesided = c.attr_int("onesided", 1) != 0;
  c.set_output(0, transformed(c, framed(z.re), im, onesided ? length / 2 + 1 : length, false));
}
BURIN_ONNX_OP(STFT, 17, build_stft);

}  // namespace

}  // namespace burin::ops
