// Formulas as C++ expressions: Real (f32 or f64), Int (the integers of its bits) and Mask wrap a
// value and its builder, so that x * x + 1.0 emits loop IR. Plain numbers become literals of the
// other operand's type. The maths library and the emit rules of src/ops are written in it;
// functions are named as std's, so one generic lambda serves doubles and vectors.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>

#include "loop/builder.h"

namespace burin::loop {

class Mask {
 public:
  Mask(Builder& b, Value v) : b_(&b), v_(v) {}
  Builder& builder() const { return *b_; }
  Value value() const { return v_; }

  friend Mask operator&(Mask a, Mask b) { return {*a.b_, a.b_->bit_and(a.v_, b.v_)}; }
  friend Mask operator|(Mask a, Mask b) { return {*a.b_, a.b_->bit_or(a.v_, b.v_)}; }
  friend Mask operator^(Mask a, Mask b) { return {*a.b_, a.b_->bit_xor(a.v_, b.v_)}; }
  Mask operator!() const { return {*b_, b_->bit_not(v_)}; }

 private:
  Builder* b_;
  Value v_;
};

// What Real and Int share; Number is the literal that goes with the type.
template <class Self, class Number>
class Lanes {
 public:
  Lanes(Builder& b, Value v) : b_(&b), v_(v) {}
  Builder& builder() const { return *b_; }
  Value value() const { return v_; }
  Type type() const { return b_->type(v_); }
  Self unary(Op op) const { return {*b_, b_->unary(op, v_)}; }
  Self binary(Op op, Self other) const { return {*b_, b_->binary(op, v_, other.value())}; }
  Mask compare(Op op, Self other) const { return {*b_, b_->compare(op, v_, other.value())}; }

#define BURIN_LANES_OPERATOR(symbol, result, method, op)                                     \
  friend result operator symbol(Self a, Self b) { return a.method(Op::op, b); }              \
  friend result operator symbol(Self a, Number b) { return a.method(Op::op, a.literal(b)); } \
  friend result operator symbol(Number a, Self b) { return b.literal(a).method(Op::op, b); }
  BURIN_LANES_OPERATOR(+, Self, binary, add)
  BURIN_LANES_OPERATOR(-, Self, binary, sub)
  BURIN_LANES_OPERATOR(*, Self, binary, mul)
  BURIN_LANES_OPERATOR(/, Self, binary, div)
  BURIN_LANES_OPERATOR(==, Mask, compare, cmp_eq)
  BURIN_LANES_OPERATOR(!=, Mask, compare, cmp_ne)
  BURIN_LANES_OPERATOR(<, Mask, compare, cmp_lt)
  BURIN_LANES_OPERATOR(<=, Mask, compare, cmp_le)
  BURIN_LANES_OPERATOR(>, Mask, compare, cmp_gt)
  BURIN_LANES_OPERATOR(>=, Mask, compare, cmp_ge)
#undef BURIN_LANES_OPERATOR

  friend Self operator-(Self a) { return a.unary(Op::neg); }
  // Of b when either is NaN.
  friend Self min(Self a, Self b) { return a.binary(Op::min, b); }
  friend Self min(Number a, Self b) { return b.literal(a).binary(Op::min, b); }
  friend Self max(Self a, Self b) { return a.binary(Op::max, b); }
  friend Self max(Number a, Self b) { return b.literal(a).binary(Op::max, b); }
  friend Self select(Mask m, Self a, Self b) {
    return {m.builder(), m.builder().select(m.value(), a.value(), b.value())};
  }
  friend Self select(Mask m, Number a, Self b) { return select(m, b.literal(a), b); }
  friend Self select(Mask m, Self a, Number b) { return select(m, a, a.literal(b)); }

 protected:
  Builder* b_;
  Value v_;
};

// Integers; shifts take compile-time counts.
class Int : public Lanes<Int, int64_t> {
 public:
  using Lanes::Lanes;
  Int literal(int64_t value) const { return {*b_, b_->integer(type(), value)}; }

  friend Int operator&(Int a, Int b) { return a.binary(Op::bit_and, b); }
  friend Int operator&(Int a, int64_t b) { return a & a.literal(b); }
  friend Int operator|(Int a, Int b) { return a.binary(Op::bit_or, b); }
  friend Int operator|(Int a, int64_t b) { return a | a.literal(b); }
  friend Int operator^(Int a, Int b) { return a.binary(Op::bit_xor, b); }
  friend Int operator<<(Int a, int64_t n) { return a.binary(Op::shl, a.literal(n)); }
  // Logical, whatever the sign.
  friend Int operator>>(Int a, int64_t n) { return a.binary(Op::shr, a.literal(n)); }
};

class Real : public Lanes<Real, double> {
 public:
  using Lanes::Lanes;
  Real literal(double value) const { return {*b_, b_->real(type(), value)}; }
};

// a * b + c with one rounding; one of the three at least is a Real.
inline Real fma(Real a, Real b, Real c) {
  return {a.builder(), a.builder().fma(a.value(), b.value(), c.value())};
}
inline Real fma(Real a, Real b, double c) { return fma(a, b, a.literal(c)); }
inline Real fma(Real a, double b, Real c) { return fma(a, a.literal(b), c); }
inline Real fma(Real a, double b, double c) { return fma(a, a.literal(b), a.literal(c)); }

inline Real abs(Real x) { return x.unary(Op::abs); }
inline Real sqrt(Real x) { return x.unary(Op::sqrt); }
inline Real floor(Real x) { return x.unary(Op::floor); }
inline Real ceil(Real x) { return x.unary(Op::ceil); }
inline Real trunc(Real x) { return x.unary(Op::trunc); }
inline Real nearbyint(Real x) { return x.unary(Op::round); }

// The bits of x as integers of its width, and back.
inline Int bits(Real x) {
  Type type{x.type().elem == Elem::f64 ? Elem::i64 : Elem::i32, x.type().lanes};
  return {x.builder(), x.builder().bitcast(x.value(), type)};
}
inline Real real(Int x) {
  Type type{x.type().elem == Elem::i64 ? Elem::f64 : Elem::f32, x.type().lanes};
  return {x.builder(), x.builder().bitcast(x.value(), type)};
}

// The encoding of f32 and f64, for code that takes numbers apart.
struct Format {
  int mantissa_bits;
  int bias;
  double most_rounded;  // adding and subtracting it rounds to an integer: 1.5 * 2^mantissa_bits
  double smallest;      // normal
  int64_t sign;         // the sign bit, sign-extended

  bool wide() const { return mantissa_bits == 52; }
  int64_t one() const { return static_cast<int64_t>(bias) << mantissa_bits; }
};
inline Format format_of(Real x) {
  if (x.type().elem == Elem::f64) {
    return {52, 1023, 0x1.8p52, 0x1p-1022, std::numeric_limits<int64_t>::min()};
  }
  return {23, 127, 0x1.8p23, 0x1p-126, std::numeric_limits<int32_t>::min()};
}

// |magnitude| with the sign of `sign`.
inline Real copysign(Real magnitude, Real sign) {
  int64_t top = format_of(sign).sign;
  return real((bits(magnitude) & ~top) | (bits(sign) & top));
}

// 2^n from n + bias in the low bits of an integer: shifts it into the exponent.
inline Real power_of_two(Int biased) {
  return real(biased << (biased.type().elem == Elem::i64 ? 52 : 23));
}

// c[0] + x c[1] + x^2 c[2] + ... by Horner's rule.
template <size_t n>
Real polynomial(Real x, const double (&c)[n]) {
  Real sum = x.literal(c[n - 1]);
  for (size_t k = n - 1; k-- > 0;) sum = fma(sum, x, c[k]);
  return sum;
}

}  // namespace burin::loop
