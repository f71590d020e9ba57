// Payne and Hanek's reduction of large angles: x 2/pi modulo 4 from the bits of 2/pi that matter,
// one lane after the other in 64-bit integers, and only if some lane needs it.
#include <array>
#include <numbers>
#include <vector>

#include "loop/math_parts.h"

namespace burin::loop {

namespace {

// 2/pi = 0.[word 0][word 1]... in words of 32 bits.
constexpr std::array<uint32_t, 39> kTwoOverPi = {
    0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab, 0xdebbc561,
    0xb7246e3a, 0x424dd2e0, 0x06492eea, 0x09d1921c, 0xfe1deb1c, 0xb129a73e, 0xe88235f5, 0x2ebb4484,
    0xe99c7026, 0xb45f7e41, 0x3991d639, 0x835339f4, 0x9c845f8b, 0xbdf9283b, 0x1ff897ff, 0xde05980f,
    0xef2f118b, 0x5a0a6d1f, 0x6d367ecf, 0x27cb09b7, 0x4f463f66, 0x9e5fea2d, 0x7527bac7, 0xebe5f17b,
    0x3d0739f7, 0x8a5292ea, 0x6bfb5fb1, 0x1f8d5d08, 0x56033046, 0xfc7b6bab, 0xf0cfbc20};
constexpr int kLeadingZeros = 64;  // in front, so that the window starts within

class Scalar {
 public:
  Scalar(Builder& b, const Format& format) : b_(b), f_(format) {}

  // A positive number by its bits (i64) -> the remainder (f64 or f32 scalar) and quadrant (i64).
  std::pair<Value, Value> reduce(Int x) {
    Int exponent = x >> f_.mantissa_bits;
    Int m = (x & ((int64_t{1} << f_.mantissa_bits) - 1)) | (int64_t{1} << f_.mantissa_bits);
    // x = m 2^E; bit j of 2/pi (weight 2^-j) gets weight 2 in the product's top for j = E - 1.
    int chunks = f_.wide() ? 2 : 1, columns = 2 * chunks;
    Int start = exponent + int64_t{kLeadingZeros - 2 - f_.bias - f_.mantissa_bits};
    std::vector<Int> window = this->window(start, columns + chunks);
    std::vector<Int> product = multiply(m, chunks, window, columns);
    return finish(product);
  }

 private:
  Int literal(int64_t v) { return {b_, b_.index(v)}; }

  // `count` words of 2/pi from bit `start` on: words by a barrel shifter, then bits.
  std::vector<Int> window(Int start, int count) {
    std::vector<Int> words(kLeadingZeros / 32, literal(0));
    for (uint32_t word : kTwoOverPi) words.push_back(literal(word));
    Int index = start >> 5;
    int step = f_.wide() ? 32 : 4;
    for (; step > 0; step /= 2) {
      Mask moved = (index & int64_t{step}) != int64_t{0};
      size_t kept = std::min(words.size(), static_cast<size_t>(count + step));
      for (size_t i = 0; i < kept; ++i) {
        Int later = i + static_cast<size_t>(step) < words.size()
                        ? words[i + static_cast<size_t>(step)]
                        : literal(0);
        words[i] = select(moved, later, words[i]);
      }
      words.resize(kept, literal(0));
    }
    Int shift = start & 31;
    std::vector<Int> out;
    for (int i = 0; i < count; ++i) {
      auto at = static_cast<size_t>(i);
      Int pair = (words[at] << 32) | words[at + 1];
      out.push_back({b_, b_.shr(b_.shl(pair.value(), shift.value()), b_.index(32))});
    }
    return out;
  }

  // The columns (32 bits each, most significant first) of m times the window, modulo the weight of
  // column 0. Column c collects chunk i of m, lowest first, times word c + i.
  std::vector<Int> multiply(Int m, int chunks, const std::vector<Int>& window, int columns) {
    std::vector<Int> sums(static_cast<size_t>(columns) + 1, literal(0));
    for (int i = 0; i < chunks; ++i) {
      Int chunk = i == 0 ? m & 0xffffffff : m >> 32;
      for (int c = 0; c <= columns; ++c) {
        Int product = chunk * window[static_cast<size_t>(c + i)];
        auto at = static_cast<size_t>(c);
        sums[at] = sums[at] + (product & 0xffffffff);
        if (c > 0) sums[at - 1] = sums[at - 1] + (product >> 32);
      }
    }
    for (size_t c = sums.size() - 1; c > 0; --c) {
      sums[c - 1] = sums[c - 1] + (sums[c] >> 32);
      sums[c] = sums[c] & 0xffffffff;
    }
    return sums;
  }

  // Columns as a fixed-point number with two bits before the point: nearest integer and the rest.
  std::pair<Value, Value> finish(const std::vector<Int>& p) {
    Int high = (p[0] << 32) | p[1];
    Int quadrant = (high + (int64_t{1} << 61)) >> 62;
    Int rest = high - (quadrant << 62);
    Value r = b_.convert(rest.value(), Elem::f64);
    Real remainder(b_, r);
    if (p.size() > 3) {
      Int low = ((p[2] << 32) | p[3]) >> 1;
      remainder = fma(Real(b_, b_.convert(low.value(), Elem::f64)), 0x1p-63, remainder);
    }
    remainder = remainder * (std::numbers::pi / 2 * 0x1p-62);
    return {b_.convert(remainder.value(), f_.wide() ? Elem::f64 : Elem::f32), quadrant.value()};
  }

  Builder& b_;
  Format f_;
};

}  // namespace

Reduced reduce_large(Real x, Mask large, Reduced others) {
  Builder& b = x.builder();
  Format f = format_of(x);
  Int x_bits = bits(abs(x)), zero = x_bits.literal(0);
  uint16_t lanes = x.type().lanes;
  Value count = b.reduce(Op::reduce_add, select(large, x_bits.literal(1), zero).value());
  Value any = b.cmp_gt(b.convert(count, Elem::i64), b.index(0));
  Value trips = b.select(any, b.index(lanes), b.index(0));
  Value init[] = {others.r.value(), others.quadrant.value()};
  auto last = b.loop(b.index(0), trips, 1, init, [&](Value i, std::span<const Value> carried) {
    Elem elem = x_bits.type().elem;
    Int lane(b, lanes == 1 ? b.integer(x_bits.type(), 0) : b.lane_ids(x_bits.type()));
    Mask here = large & (lane == Int(b, b.splat(b.convert(i, elem), lanes)));
    Value one = b.reduce(Op::reduce_add, select(here, x_bits, zero).value());
    auto [r, quadrant] = Scalar(b, f).reduce({b, b.convert(one, Elem::i64)});
    Real remainder(b, b.splat(r, lanes));
    Int turns(b, b.splat(b.convert(quadrant, elem), lanes));
    Mask negative = x < 0.0;
    remainder = select(negative, -remainder, remainder);
    turns = select(negative, -turns, turns);
    return std::vector{select(here, remainder, Real(b, carried[0])).value(),
                       select(here, turns, Int(b, carried[1])).value()};
  });
  return {Real(b, last[0]), Int(b, last[1])};
}

}  // namespace burin::loop
