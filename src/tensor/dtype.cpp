// The dtype table spelled out as functions.
#include "tensor/dtype.h"

namespace burin {

int64_t size_of(DType dtype) {
  return visit_dtype(dtype, [](auto t) { return static_cast<int64_t>(sizeof(t)); });
}

std::string_view name_of(DType dtype) {
  static constexpr std::string_view kNames[] = {
#define X(name, ...) #name,
      BURIN_DTYPES(X)
#undef X
  };
  return kNames[static_cast<size_t>(dtype)];
}

std::optional<DType> dtype_from_name(std::string_view text) {
#define X(name, ...) \
  if (text == #name) return DType::name;
  BURIN_DTYPES(X)
#undef X
  return std::nullopt;
}

bool is_float(DType dtype) {
  static constexpr bool kFloat[] = {
#define X(name, type, is_float, is_signed) is_float,
      BURIN_DTYPES(X)
#undef X
  };
  return kFloat[static_cast<size_t>(dtype)];
}

bool is_signed(DType dtype) {
  static constexpr bool kSigned[] = {
#define X(name, type, is_float, is_signed) is_signed,
      BURIN_DTYPES(X)
#undef X
  };
  return kSigned[static_cast<size_t>(dtype)];
}

}  // namespace burin
