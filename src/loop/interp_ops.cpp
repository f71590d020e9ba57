// Lane-wise semantics, one template per signature class and one function per special op.
#include "loop/interp_ops.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "base/check.h"
#include "tensor/half.h"

namespace burin::loop {

namespace {

// Calls f with a value of the lane's C++ type.
template <class F>
void visit(Elem elem, F&& f) {
  switch (elem) {
    case Elem::i8: return f(int8_t{});
    case Elem::u8: return f(uint8_t{});
    case Elem::i16: return f(int16_t{});
    case Elem::u16: return f(uint16_t{});
    case Elem::i32: return f(int32_t{});
    case Elem::u32: return f(uint32_t{});
    case Elem::i64: return f(int64_t{});
    case Elem::ptr:
    case Elem::u64: return f(uint64_t{});
    case Elem::f16: return f(Half{});
    case Elem::bf16: return f(BFloat16{});
    case Elem::f32: return f(float{});
    case Elem::f64: return f(double{});
    case Elem::m8:
    case Elem::m16:
    case Elem::m32:
    case Elem::m64: return f(bool{});
  }
  __builtin_unreachable();
}

template <class T>
inline constexpr bool kInteger = std::is_integral_v<T> && !std::is_same_v<T, bool>;
template <class T>
inline constexpr bool kReal = std::is_floating_point_v<T>;

[[noreturn]] void bad_op() { check_failed(__FILE__, __LINE__, "op", "not defined on this type"); }

template <class T>
T unary(Op op, T a) {
  if constexpr (kReal<T>) {
    switch (op) {
      case Op::neg: return -a;
      case Op::abs: return std::fabs(a);
      case Op::sqrt: return std::sqrt(a);
      case Op::floor: return std::floor(a);
      case Op::ceil: return std::ceil(a);
      case Op::trunc: return std::trunc(a);
      case Op::round: return std::nearbyint(a);
      default: break;
    }
  } else if constexpr (kInteger<T>) {
    auto bits = static_cast<uint64_t>(a);
    if (op == Op::neg) return static_cast<T>(0 - bits);
    if (op == Op::abs) return a < T{} ? static_cast<T>(0 - bits) : a;
    if (op == Op::bit_not) return static_cast<T>(~bits);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (op == Op::bit_not) return !a;
  }
  bad_op();
}

// Bitwise ops see the bits of floats.
template <class T>
T bitwise(Op op, T a, T b) {
  uint64_t x = 0, y = 0;
  std::memcpy(&x, &a, sizeof(T));
  std::memcpy(&y, &b, sizeof(T));
  if (op == Op::bit_and) x &= y;
  if (op == Op::bit_or) x |= y;
  if (op == Op::bit_xor) x ^= y;
  std::memcpy(static_cast<void*>(&a), &x, sizeof(T));
  return a;
}

template <class T>
T divide(Op op, T a, T b) {
  if (b == T{}) throw Trap{"an integer division by zero"};
  if constexpr (std::is_signed_v<T>) {
    if (b == T(-1) && a == std::numeric_limits<T>::min()) throw Trap{"an overflowing division"};
  }
  return static_cast<T>(op == Op::div ? a / b : a % b);
}

template <class T>
T shift(Op op, T a, T count) {
  constexpr int kBits = sizeof(T) * 8;
  auto n = static_cast<uint64_t>(count);
  if (n >= kBits) throw Trap{"a shift by " + std::to_string(n) + " bits"};
  if (op == Op::shl) return static_cast<T>(static_cast<uint64_t>(a) << n);
  if (op == Op::shr) return static_cast<T>(static_cast<std::make_unsigned_t<T>>(a) >> n);
  return static_cast<T>(static_cast<std::make_signed_t<T>>(a) >> n);
}

template <class T>
T arithmetic(Op op, T a, T b) {
  if (op == Op::min) return a < b ? a : b;
  if (op == Op::max) return a > b ? a : b;
  if constexpr (kReal<T>) {
    if (op == Op::add) return a + b;
    if (op == Op::sub) return a - b;
    if (op == Op::mul) return a * b;
    if (op == Op::div) return a / b;
  } else {
    auto x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b);
    if (op == Op::add) return static_cast<T>(x + y);
    if (op == Op::sub) return static_cast<T>(x - y);
    if (op == Op::mul) return static_cast<T>(x * y);
    if (op == Op::div || op == Op::rem) return divide(op, a, b);
    if (op == Op::shl || op == Op::shr || op == Op::sar) return shift(op, a, b);
  }
  bad_op();
}

template <class T>
T binary(Op op, T a, T b) {
  if (op == Op::bit_and || op == Op::bit_or || op == Op::bit_xor) return bitwise(op, a, b);
  if constexpr (kReal<T> || kInteger<T>) return arithmetic(op, a, b);
  bad_op();
}

template <class T>
bool compare(Op op, T a, T b) {
  switch (op) {
    case Op::cmp_eq: return a == b;
    case Op::cmp_ne: return a != b;
    case Op::cmp_lt: return a < b;
    case Op::cmp_le: return a <= b;
    case Op::cmp_gt: return a > b;
    case Op::cmp_ge: return a >= b;
    default: bad_op();
  }
}

// Float to integer truncates; NaN and what does not fit give the smallest integer.
template <class To, class From>
To truncate(From a) {
  constexpr auto kLow = static_cast<From>(std::numeric_limits<To>::min());
  if (!(a >= kLow && a < -kLow)) return std::numeric_limits<To>::min();
  return static_cast<To>(a);
}

template <class To, class From>
To convert(From a) {
  if constexpr (std::is_same_v<To, From>) {
    return a;
  } else if constexpr (std::is_same_v<From, Half> || std::is_same_v<From, BFloat16>) {
    return convert<To, float>(static_cast<float>(a));
  } else if constexpr (kReal<From> &&
                       (std::is_same_v<To, int32_t> || std::is_same_v<To, int64_t>)) {
    return truncate<To>(a);
  } else if constexpr (kReal<From> && kInteger<To>) {
    bad_op();
  } else if constexpr (std::is_same_v<From, bool> || std::is_same_v<To, bool>) {
    bad_op();
  } else if constexpr (std::is_same_v<To, Half> || std::is_same_v<To, BFloat16>) {
    return To(static_cast<float>(a));
  } else {
    return static_cast<To>(a);
  }
}

template <class T>
const T* lanes(const LaneArgs& args, size_t operand) {
  return static_cast<const T*>(args.operands[operand]);
}

void run_unary(const LaneArgs& args) {
  visit(args.result_type.elem, [&]<class T>(T) {
    auto* out = static_cast<T*>(args.result);
    for (size_t i = 0; i < args.result_type.lanes; ++i) {
      out[i] = unary(args.op, lanes<T>(args, 0)[i]);
    }
  });
}

void run_binary(const LaneArgs& args) {
  visit(args.result_type.elem, [&]<class T>(T) {
    auto* out = static_cast<T*>(args.result);
    for (size_t i = 0; i < args.result_type.lanes; ++i) {
      out[i] = binary(args.op, lanes<T>(args, 0)[i], lanes<T>(args, 1)[i]);
    }
  });
}

void run_fma(const LaneArgs& args) {
  visit(args.result_type.elem, [&]<class T>(T) {
    if constexpr (kReal<T>) {
      auto* out = static_cast<T*>(args.result);
      for (size_t i = 0; i < args.result_type.lanes; ++i) {
        out[i] = std::fma(lanes<T>(args, 0)[i], lanes<T>(args, 1)[i], lanes<T>(args, 2)[i]);
      }
    } else {
      bad_op();
    }
  });
}

void run_compare(const LaneArgs& args) {
  visit(args.types[0].elem, [&]<class T>(T) {
    if constexpr (kReal<T> || kInteger<T>) {
      auto* out = static_cast<bool*>(args.result);
      for (size_t i = 0; i < args.result_type.lanes; ++i) {
        out[i] = compare(args.op, lanes<T>(args, 0)[i], lanes<T>(args, 1)[i]);
      }
    } else {
      bad_op();
    }
  });
}

void run_select(const LaneArgs& args) {
  auto size = static_cast<size_t>(lane_bytes(args.result_type.elem));
  for (size_t i = 0; i < args.result_type.lanes; ++i) {
    const auto* from = lanes<std::byte>(args, lanes<bool>(args, 0)[i] ? 1 : 2);
    std::memcpy(static_cast<std::byte*>(args.result) + i * size, from + i * size, size);
  }
}

void run_convert(const LaneArgs& args) {
  visit(args.types[0].elem, [&]<class From>(From) {
    visit(args.result_type.elem, [&]<class To>(To) {
      auto* out = static_cast<To*>(args.result);
      for (size_t i = 0; i < args.result_type.lanes; ++i) {
        out[i] = convert<To>(lanes<From>(args, 0)[i]);
      }
    });
  });
}

void run_splat(const LaneArgs& args) {
  auto size = static_cast<size_t>(lane_bytes(args.result_type.elem));
  for (size_t i = 0; i < args.result_type.lanes; ++i) {
    std::memcpy(static_cast<std::byte*>(args.result) + i * size, args.operands[0], size);
  }
}

void run_reduce(const LaneArgs& args) {
  Op op = args.op == Op::reduce_add ? Op::add : args.op == Op::reduce_min ? Op::min : Op::max;
  visit(args.result_type.elem, [&]<class T>(T) {
    if constexpr (kReal<T> || kInteger<T>) {
      std::vector<T> v(lanes<T>(args, 0), lanes<T>(args, 0) + args.types[0].lanes);
      for (size_t half = v.size() / 2; half > 0; half /= 2) {
        for (size_t i = 0; i < half; ++i) v[i] = arithmetic(op, v[i], v[i + half]);
      }
      *static_cast<T*>(args.result) = v[0];
    } else {
      bad_op();
    }
  });
}

void run_interleave(const LaneArgs& args) {
  size_t first = args.op == Op::interleave_low ? 0 : 2;
  auto* out = static_cast<uint32_t*>(args.result);
  for (size_t i = 0; i < 4; ++i) out[i] = lanes<uint32_t>(args, i % 2)[first + i / 2];
}

void run_lane_ids(const LaneArgs& args) {
  visit(args.result_type.elem, [&]<class T>(T) {
    if constexpr (kInteger<T>) {
      auto* out = static_cast<T*>(args.result);
      for (size_t i = 0; i < args.result_type.lanes; ++i) out[i] = static_cast<T>(i);
    } else {
      bad_op();
    }
  });
}

void run_first_n(const LaneArgs& args) {
  int64_t n = *lanes<int64_t>(args, 0);
  auto* out = static_cast<bool*>(args.result);
  for (int64_t i = 0; i < args.result_type.lanes; ++i) out[i] = i < n;
}

void run_dot_u8i8(const LaneArgs& args) {
  auto* out = static_cast<int32_t*>(args.result);
  for (size_t i = 0; i < args.result_type.lanes; ++i) {
    int64_t sum = lanes<int32_t>(args, 0)[i];
    for (size_t k = 4 * i; k < 4 * i + 4; ++k) {
      sum += lanes<uint8_t>(args, 1)[k] * lanes<int8_t>(args, 2)[k];
    }
    out[i] = static_cast<int32_t>(sum);
  }
}

// The odd product first, as vdpbf16ps; each product and sum rounds once.
void run_dot_bf16(const LaneArgs& args) {
  auto* out = static_cast<float*>(args.result);
  for (size_t i = 0; i < args.result_type.lanes; ++i) {
    float sum = lanes<float>(args, 0)[i];
    for (size_t k : {2 * i + 1, 2 * i}) {
      sum = std::fma(static_cast<float>(lanes<BFloat16>(args, 1)[k]),
                     static_cast<float>(lanes<BFloat16>(args, 2)[k]), sum);
    }
    out[i] = sum;
  }
}

void run_special(const LaneArgs& args) {
  auto bytes = static_cast<size_t>(lane_bytes(args.result_type.elem)) * args.result_type.lanes;
  switch (args.op) {
    case Op::select: return run_select(args);
    case Op::convert: return run_convert(args);
    case Op::bitcast:
    case Op::first: std::memcpy(args.result, args.operands[0], bytes); return;
    case Op::splat: return run_splat(args);
    case Op::reduce_add:
    case Op::reduce_min:
    case Op::reduce_max: return run_reduce(args);
    case Op::interleave_low:
    case Op::interleave_high: return run_interleave(args);
    case Op::lane_ids: return run_lane_ids(args);
    case Op::first_n: return run_first_n(args);
    case Op::dot_u8i8: return run_dot_u8i8(args);
    case Op::dot_bf16: return run_dot_bf16(args);
    default: bad_op();
  }
}

}  // namespace

int lane_bytes(Elem elem) { return is_mask(elem) ? 1 : bits_of(elem) / 8; }

void run_lanes(const LaneArgs& args) {
  switch (signature_of(args.op)) {
    case Signature::unary: return run_unary(args);
    case Signature::binary: return run_binary(args);
    case Signature::ternary: return run_fma(args);
    case Signature::compare: return run_compare(args);
    case Signature::special: return run_special(args);
  }
}

}  // namespace burin::loop
