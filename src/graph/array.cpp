// Arrays of the evaluator: conversions from and to tensors, rounding and wrapping.
#include "graph/array.h"

#include "tensor/saturate.h"

namespace burin::graph {

Array make_array(TensorType type) {
  Array out;
  auto n = static_cast<size_t>(type.shape.elements());
  if (is_float(type.dtype))
    out.f.resize(n);
  else
    out.i.resize(n);
  out.type = std::move(type);
  return out;
}

int64_t array_bytes(const TensorType& type) { return type.shape.elements() * 8; }

Array to_array(const Tensor& tensor) {
  Array out = make_array(tensor.type());
  visit_dtype(tensor.dtype(), [&](auto t) {
    using T = decltype(t);
    int64_t n = tensor.elements();
    for (int64_t i = 0; i < n; ++i) {
      auto at = static_cast<size_t>(i);
      if constexpr (std::is_same_v<T, bool>)
        out.i[at] = tensor.load<uint8_t>(i) != 0;
      else if constexpr (std::is_integral_v<T>)
        out.i[at] = static_cast<int64_t>(tensor.load<T>(i));
      else
        out.f[at] = static_cast<double>(tensor.load<T>(i));
    }
  });
  return out;
}

Tensor to_tensor(const Array& array) {
  Tensor out(array.type);
  visit_dtype(array.type.dtype, [&](auto t) {
    using T = decltype(t);
    std::byte* to = out.mutable_data();
    auto n = static_cast<size_t>(array.type.shape.elements());
    for (size_t i = 0; i < n; ++i) {
      T value;
      if constexpr (std::is_integral_v<T>)
        value = static_cast<T>(array.i[i]);
      else
        value = static_cast<T>(array.f[i]);
      std::memcpy(to + i * sizeof(T), &value, sizeof(T));
    }
  });
  return out;
}

double round_to(DType dtype, double value) {
  return visit_dtype(dtype, [&](auto t) -> double {
    using T = decltype(t);
    if constexpr (std::is_integral_v<T>)
      return value;
    else
      return static_cast<double>(T(value));
  });
}

int64_t wrap_to(DType dtype, int64_t value) {
  return visit_dtype(dtype, [&](auto t) -> int64_t {
    using T = decltype(t);
    if constexpr (std::is_integral_v<T>)
      return static_cast<int64_t>(static_cast<T>(value));
    else
      return value;
  });
}

int64_t saturate_to(DType dtype, double value) {
  return visit_dtype(dtype, [&](auto t) -> int64_t {
    using T = decltype(t);
    if constexpr (std::is_integral_v<T>)
      return static_cast<int64_t>(saturate<T>(value));
    else
      return saturate<int64_t>(value);
  });
}

}  // namespace burin::graph
