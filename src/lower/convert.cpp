// Conversions that no single instruction performs: saturation, unsigned 32 and 64 bit, pred.
#include "lower/convert.h"

#include <algorithm>
#include <cmath>

#include "lower/expr.h"

namespace burin::lower {

using loop::Builder;
using loop::Elem;
using loop::Type;
using loop::Value;

namespace {

Type with_elem(const Builder& b, Value v, Elem elem) { return {elem, b.type(v).lanes}; }

bool is_narrow(DType d) { return is_integer(d) && size_of(d) < 4; }

// 2^bits as a float.
double power_of_two(int bits) { return std::ldexp(1.0, bits); }

// u64 x as hi * 2^32 + lo, both exact; u32 x as hi * 2^16 + lo.
Value from_unsigned(Builder& b, Value x, Elem to) {
  Type type = b.type(x);
  bool wide = type.elem == Elem::u64;
  Type signed_type{wide ? Elem::i64 : Elem::i32, type.lanes};
  int half = wide ? 32 : 16;
  Elem middle = wide ? Elem::f64 : Elem::f32;
  Elem real = to == Elem::f64 ? Elem::f64 : middle;
  Value high = b.bitcast(b.shr(x, b.integer(type, half)), signed_type);
  Value low = b.bitcast(b.bit_and(x, b.integer(type, (int64_t{1} << half) - 1)), signed_type);
  Value high_real = b.convert(high, real);
  Value scale = b.real({real, type.lanes}, power_of_two(half));
  return b.convert(b.fma(high_real, scale, b.convert(low, real)), to);
}

// Clamps x into [lo, hi]; NaN becomes 0.
Value clamp_real(Builder& b, Value x, double lo, double hi) {
  Type type = b.type(x);
  Value known = b.select(b.cmp_eq(x, x), x, b.real(type, 0));
  return b.min(b.max(known, b.real(type, lo)), b.real(type, hi));
}

// Signed i32 or i64: the instruction gives the smallest integer out of range, which is right below.
Value to_signed(Builder& b, Value x, Elem to) {
  Type real = b.type(x);
  Type type{to, real.lanes};
  int bits = loop::bits_of(to);
  Value value = b.convert(x, to);
  int64_t most = bits == 64 ? INT64_MAX : INT32_MAX;
  Value above = b.cmp_ge(x, b.real(real, power_of_two(bits - 1)));
  value = b.select(mask_as(b, above, to), b.integer(type, most), value);
  return b.select(mask_as(b, b.cmp_eq(x, x), to), value, b.integer(type, 0));
}

// u32 or u64: x - 2^(n-1) as a signed integer with the top bit flipped where x >= 2^(n-1).
Value to_unsigned(Builder& b, Value x, Elem to) {
  Type real = b.type(x);
  bool wide = to == Elem::u64;
  Elem signed_elem = wide ? Elem::i64 : Elem::i32;
  Type type{signed_elem, real.lanes};
  int bits = loop::bits_of(to);
  Value half = b.real(real, power_of_two(bits - 1));
  Value known = b.select(b.cmp_gt(x, b.real(real, 0)), x, b.real(real, 0));  // NaN too
  Value upper = b.cmp_ge(known, half);
  Value low = b.convert(b.select(upper, b.sub(known, half), known), signed_elem);
  int64_t top = wide ? INT64_MIN : int64_t{INT32_MIN};
  Value value = b.select(mask_as(b, upper, signed_elem), b.bit_xor(low, b.integer(type, top)), low);
  Value above = b.cmp_ge(known, b.real(real, power_of_two(bits)));
  value = b.select(mask_as(b, above, signed_elem), b.integer(type, -1), value);
  return b.bitcast(value, {to, real.lanes});
}

Value float_to_integer(Builder& b, Value x, DType to) {
  switch (to) {
    case DType::i32: return to_signed(b, x, Elem::i32);
    case DType::i64: return to_signed(b, x, Elem::i64);
    case DType::u32: return to_unsigned(b, x, Elem::u32);
    case DType::u64: return to_unsigned(b, x, Elem::u64);
    default: break;
  }
  auto bits = static_cast<int>(size_of(to) * 8);
  double lo = is_signed(to) ? -power_of_two(bits - 1) : 0;
  double hi = (is_signed(to) ? power_of_two(bits - 1) : power_of_two(bits)) - 1;
  return b.convert(clamp_real(b, x, lo, hi), Elem::i32);
}

Value to_pred(Builder& b, Value x) {
  Type type = b.type(x);
  return b.cmp_ne(x, loop::is_float(type.elem) ? b.real(type, 0) : b.integer(type, 0));
}

Value from_pred(Builder& b, Value mask, DType to) {
  Elem elem = register_elem(to);
  Type type = with_elem(b, mask, elem);
  Value m = mask_as(b, mask, elem);
  if (is_float(to)) return b.select(m, b.real(type, 1), b.real(type, 0));
  return b.select(m, b.integer(type, 1), b.integer(type, 0));
}

}  // namespace

Value wrap_integer(Builder& b, Value value, DType dtype) {
  if (!is_narrow(dtype)) return value;
  Type type = b.type(value);
  auto bits = static_cast<int64_t>(size_of(dtype) * 8);
  if (!is_signed(dtype)) return b.bit_and(value, b.integer(type, (int64_t{1} << bits) - 1));
  Value shift = b.integer(type, 32 - bits);
  return b.sar(b.shl(value, shift), shift);
}

Value round_float(Builder& b, Value value, DType dtype) {
  if (dtype != DType::f16 && dtype != DType::bf16) return value;
  return b.convert(b.convert(value, loop::elem_of(dtype)), Elem::f32);
}

Value emit_convert(Builder& b, Value value, DType from, DType to) {
  if (from == to) return value;
  if (to == DType::pred) return to_pred(b, value);
  if (from == DType::pred) return from_pred(b, value, to);
  Elem elem = register_elem(to);
  if (is_float(from)) {
    if (is_float(to)) return round_float(b, b.convert(value, elem), to);
    return float_to_integer(b, value, to);
  }
  if (!is_float(to)) return wrap_integer(b, b.convert(value, elem), to);
  if (from == DType::u32 || from == DType::u64) value = from_unsigned(b, value, elem);
  return round_float(b, b.convert(value, elem), to);
}

int convert_bits(DType from, DType to) {
  auto bits = [](DType d) {
    return d == DType::pred ? 32 : std::max(32, static_cast<int>(size_of(d) * 8));
  };
  return std::max(bits(from), bits(to));
}

}  // namespace burin::lower
