// The binary elementwise primitives: arithmetic, bits and comparisons.
#include <cmath>

#include "ops/evaluate.h"

namespace burin::ops {

namespace {

const TensorType& infer_same(const InferArgs& args) {
  const TensorType& a = args.operands[0];
  const TensorType& b = args.operands[1];
  if (a != b) refuse(args.op, fmt::format("operands {} and {} differ", a.text(), b.text()));
  return a;
}

TensorType infer_arithmetic(const InferArgs& args) {
  check_numeric(args.op, infer_same(args));
  return args.operands[0];
}

TensorType infer_bits(const InferArgs& args) {
  check_bits(args.op, infer_same(args));
  return args.operands[0];
}

TensorType infer_shift(const InferArgs& args) {
  check_numeric(args.op, infer_bits(args));
  return args.operands[0];
}

TensorType infer_equality(const InferArgs& args) { return {DType::pred, infer_same(args).shape}; }

TensorType infer_order(const InferArgs& args) {
  return {DType::pred, infer_arithmetic(args).shape};
}

// Truncates; x/0 = 0, and the one quotient that overflows wraps.
template <class T>
T quotient(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a / b;
  else if (b == 0)
    return 0;
  else if (std::is_signed_v<T> && b == static_cast<T>(-1))
    return static_cast<T>(-bits(a));
  else
    return static_cast<T>(a / b);
}

// a - (a/b)*b
template <class T>
T remainder_of(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return std::fmod(a, b);
  else
    return static_cast<T>(bits(a) - bits(quotient(a, b)) * bits(b));
}

// By squaring; a negative exponent gives 1/a^-b, truncated, with 1/0 = 0.
template <class T>
T power(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::pow(a, b);
  } else {
    uint64_t base = bits(a), result = 1;
    bool odd = b & 1;
    if (b < 0) return a == 1 ? 1 : bits(a) == ~uint64_t{0} ? (odd ? a : T{1}) : T{0};
    for (uint64_t n = bits(b); n > 0; n >>= 1, base *= base) {
      if (n & 1) result *= base;
    }
    return static_cast<T>(result);
  }
}

template <class T>
T larger(T a, T b) {
  return a != a || a > b ? a : b;
}

template <class T>
T smaller(T a, T b) {
  return a != a || a < b ? a : b;
}

template <class T>
T left_shifted(T a, T b) {
  using Unsigned = std::make_unsigned_t<T>;
  return static_cast<Unsigned>(b) < sizeof(T) * 8 ? static_cast<T>(bits(a) << b) : T{0};
}

// Past the width, what the sign fills.
template <class T>
T right_shifted(T a, T b) {
  using Unsigned = std::make_unsigned_t<T>;
  if (static_cast<Unsigned>(b) < sizeof(T) * 8) return static_cast<T>(a >> b);
  return a < 0 ? static_cast<T>(-1) : T{0};
}

// One row per op; a and b are doubles or of the integer dtype's own C++ type.
#define X(name, rule, domain, expression)                                                         \
  const RegisterOp register_##name(Op::name,                                                      \
                                   {.arity = 2, .infer = rule, .eval = [](const EvalArgs& args) { \
                                      return map_elements<Domain::domain, 2>(                     \
                                          args, [](auto a, auto b) { return expression; });       \
                                    }});
X(add, infer_arithmetic, numbers, bits(a) + bits(b))
X(sub, infer_arithmetic, numbers, bits(a) - bits(b))
X(mul, infer_arithmetic, numbers, bits(a) * bits(b))
X(div, infer_arithmetic, numbers, quotient(a, b))
X(rem, infer_arithmetic, numbers, remainder_of(a, b))
X(max, infer_arithmetic, numbers, larger(a, b))
X(min, infer_arithmetic, numbers, smaller(a, b))
X(pow, infer_arithmetic, numbers, power(a, b))
X(bit_and, infer_bits, integers, bits(a) & bits(b))
X(bit_or, infer_bits, integers, bits(a) | bits(b))
X(bit_xor, infer_bits, integers, bits(a) ^ bits(b))
X(shift_left, infer_shift, whole_numbers, left_shifted(a, b))
X(shift_right, infer_shift, whole_numbers, right_shifted(a, b))
X(eq, infer_equality, all, a == b)
X(ne, infer_equality, all, a != b)
X(lt, infer_order, numbers, a < b)
X(le, infer_order, numbers, a <= b)
X(gt, infer_order, numbers, a > b)
X(ge, infer_order, numbers, a >= b)
#undef X

}  // namespace

}  // namespace burin::ops
