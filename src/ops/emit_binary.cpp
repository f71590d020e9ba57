// Loop IR of the binary and ternary elementwise primitives.
#include <array>
#include <utility>
#include <vector>

#include "ops/emit.h"

namespace burin::ops {

namespace {

using graph::Op;
using graph::RegisterEmit;
using Operands = std::span<const Value>;

// Ops of one instruction, floats or integers, or masks where the graph op takes pred.
template <loop::Op op>
Value emit_binary(Builder& b, DType, Operands v) {
  return b.binary(op, v[0], v[1]);
}
template <loop::Op op>
Value emit_compare(Builder& b, DType, Operands v) {
  return b.compare(op, v[0], v[1]);
}

// max and min keep NaN: the instruction returns its second operand when either is NaN, so only a
// first one that may be NaN needs care; a literal never is.
Value keep_nan(Builder& b, loop::Op op, Value x, Value y) {
  if (!loop::is_float(b.type(x).elem)) return b.binary(op, x, y);
  if (b.literal_bits(y)) std::swap(x, y);
  Value chosen = b.binary(op, x, y);
  return b.literal_bits(x) ? chosen : b.select(b.cmp_ne(x, x), x, chosen);
}

template <loop::Op op>
Value emit_extremum(Builder& b, DType, Operands v) {
  return keep_nan(b, op, v[0], v[1]);
}

// What makes an integer division undefined: zero, and -1 for the smallest dividend.
struct Divisor {
  Mask zero, minus_one;
  Int safe;
};
Divisor divisor_of(Int y) {
  Mask zero = y == int64_t{0}, minus_one = y == int64_t{-1};
  Mask bad = is_unsigned(y.builder(), y.value()) ? zero : zero | minus_one;
  return {zero, minus_one, select(bad, y.literal(1), y)};
}

bool is_safe_literal(Builder& b, Value v) {
  auto bits = b.literal_bits(v);
  return bits && *bits != 0 && *bits != ~uint64_t{0};
}

// x/0 = 0; x/-1 = -x, which wraps.
Value emit_div(Builder& b, DType dtype, Operands v) {
  if (is_float(dtype) || is_safe_literal(b, v[1])) return b.div(v[0], v[1]);
  Int x(b, v[0]), y(b, v[1]);
  Divisor d = divisor_of(y);
  Int q = x / d.safe;
  if (!is_unsigned(b, v[1])) q = select(d.minus_one, -x, q);
  return select(d.zero, int64_t{0}, q).value();
}

// x rem 0 = x; x rem -1 = 0.
Value emit_rem(Builder& b, DType dtype, Operands v) {
  if (is_float(dtype)) return fmod(Real(b, v[0]), Real(b, v[1])).value();
  if (is_safe_literal(b, v[1])) return b.rem(v[0], v[1]);
  Divisor d = divisor_of(Int(b, v[1]));
  return b.select(d.zero.value(), v[0], b.rem(v[0], d.safe.value()));
}

// By squaring; a negative exponent gives 1 / x^-y truncated: 1 and -1 have one, 0 and the others 0.
Value emit_integer_pow(Builder& b, Value x, Value y) {
  Int base(b, x), one = base.literal(1), exponent(b, y);
  std::array init = {one.value(), x, y};
  int64_t steps = loop::bits_of(b.type(y).elem);
  auto last = b.loop(b.index(0), b.index(steps), 1, init, [&](Value, Operands c) {
    Int result(b, c[0]), square(b, c[1]), n(b, c[2]);
    Mask odd = (n & int64_t{1}) != int64_t{0};
    return std::vector{select(odd, result * square, result).value(), (square * square).value(),
                       (n >> 1).value()};
  });
  if (is_unsigned(b, y)) return last[0];
  Mask odd = (exponent & int64_t{1}) != int64_t{0};
  Int inverse = select(base == int64_t{1}, int64_t{1},
                       select(base == int64_t{-1}, select(odd, base, one), one.literal(0)));
  return select(exponent < int64_t{0}, inverse, Int(b, last[0])).value();
}

Value emit_pow(Builder& b, DType dtype, Operands v) {
  if (is_float(dtype)) return pow(Real(b, v[0]), Real(b, v[1])).value();
  return emit_integer_pow(b, v[0], v[1]);
}

// Counts beyond the width, also negative ones, shift everything out. Values that were widened need
// no narrower bound: their result is wrapped or already filled with the sign.
template <bool left>
Value emit_shift(Builder& b, DType, Operands v) {
  bool no_sign = is_unsigned(b, v[0]);
  loop::Op op = left ? loop::Op::shl : no_sign ? loop::Op::shr : loop::Op::sar;
  int64_t width = loop::bits_of(b.type(v[0]).elem);
  Int x(b, v[0]), n(b, v[1]);
  auto literal = b.literal_bits(v[1]);
  if (literal && *literal < static_cast<uint64_t>(width)) return b.binary(op, v[0], v[1]);
  Mask inside = n < width;
  if (!no_sign) inside = inside & (n >= int64_t{0});
  Int shifted = x.binary(op, n & (width - 1));
  Int beyond = left || no_sign ? x.literal(0) : x.binary(loop::Op::sar, x.literal(width - 1));
  return select(inside, shifted, beyond).value();
}

Value emit_equal(Builder& b, DType dtype, Operands v) {
  if (dtype == DType::pred) return b.bit_not(b.bit_xor(v[0], v[1]));
  return b.cmp_eq(v[0], v[1]);
}

Value emit_unequal(Builder& b, DType dtype, Operands v) {
  return dtype == DType::pred ? b.bit_xor(v[0], v[1]) : b.cmp_ne(v[0], v[1]);
}

Value emit_select(Builder& b, DType, Operands v) { return b.select(v[0], v[1], v[2]); }

// min(max(x, low), high); NaN in any of the three stays.
Value emit_clamp(Builder& b, DType, Operands v) {
  return keep_nan(b, loop::Op::min, v[2], keep_nan(b, loop::Op::max, v[0], v[1]));
}

#define X(name, rule) const RegisterEmit register_##name(Op::name, rule);
X(add, emit_binary<loop::Op::add>)
X(sub, emit_binary<loop::Op::sub>)
X(mul, emit_binary<loop::Op::mul>)
X(div, emit_div)
X(rem, emit_rem)
X(max, emit_extremum<loop::Op::max>)
X(min, emit_extremum<loop::Op::min>)
X(pow, emit_pow)
X(bit_and, emit_binary<loop::Op::bit_and>)
X(bit_or, emit_binary<loop::Op::bit_or>)
X(bit_xor, emit_binary<loop::Op::bit_xor>)
X(shift_left, emit_shift<true>)
X(shift_right, emit_shift<false>)
X(eq, emit_equal)
X(ne, emit_unequal)
X(lt, emit_compare<loop::Op::cmp_lt>)
X(le, emit_compare<loop::Op::cmp_le>)
X(gt, emit_compare<loop::Op::cmp_gt>)
X(ge, emit_compare<loop::Op::cmp_ge>)
X(select, emit_select)
X(clamp, emit_clamp)
#undef X

}  // namespace

}  // namespace burin::ops
