// Element types of tensors. Names, sizes and C++ types come from one table.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tensor/half.h"

namespace burin {

// clang-format off
//      name  C++ type   is_float is_signed
#define BURIN_DTYPES(X)        \
  X(f32, float, true, true)    \
  X(f64, double, true, true)   \
  X(f16, Half, true, true)     \
  X(bf16, BFloat16, true, true) \
  X(i8, int8_t, false, true)   \
  X(i16, int16_t, false, true) \
  X(i32, int32_t, false, true) \
  X(i64, int64_t, false, true) \
  X(u8, uint8_t, false, false) \
  X(u16, uint16_t, false, false) \
  X(u32, uint32_t, false, false) \
  X(u64, uint64_t, false, false) \
  X(pred, bool, false, false)
// clang-format on

enum class DType : uint8_t {
#define X(name, ...) name,
  BURIN_DTYPES(X)
#undef X
};

// Bytes of one element.
int64_t size_of(DType dtype);
std::string_view name_of(DType dtype);
std::optional<DType> dtype_from_name(std::string_view name);
bool is_float(DType dtype);
bool is_signed(DType dtype);
inline bool is_integer(DType d) { return !is_float(d) && d != DType::pred; }

// Calls f with a value-initialised object of the dtype's C++ type: visit(d, [](auto t) {...}).
template <class F>
decltype(auto) visit_dtype(DType dtype, F&& f) {
  switch (dtype) {
#define X(name, type, ...) \
  case DType::name: return f(type{});
    BURIN_DTYPES(X)
#undef X
  }
  __builtin_unreachable();
}

}  // namespace burin
