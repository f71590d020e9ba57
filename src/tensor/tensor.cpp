// Host tensor storage and converted element access.
#include "tensor/tensor.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>
#include <type_traits>

#include "base/check.h"
#include "base/checked.h"
#include "tensor/saturate.h"

namespace burin {

namespace {

// Large blocks come from the system as zero pages, huge ones where it can: nothing is touched
// before it is used.
constexpr int64_t kHugePage = 2 << 20;

std::shared_ptr<std::byte> map_pages(int64_t bytes) {
  auto size = static_cast<size_t>(round_up(bytes, kHugePage) + kHugePage);
  void* p = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) throw std::bad_alloc();
  auto aligned = round_up(static_cast<int64_t>(reinterpret_cast<uintptr_t>(p)), kHugePage);
  auto* start = reinterpret_cast<std::byte*>(static_cast<uintptr_t>(aligned));
  madvise(start, static_cast<size_t>(round_up(bytes, kHugePage)), MADV_HUGEPAGE);
  return {start, [p, size](std::byte*) { munmap(p, size); }};
}

}  // namespace

std::shared_ptr<std::byte> allocate_bytes(int64_t bytes) {
  if (bytes >= kHugePage) return map_pages(bytes);
  auto size = static_cast<size_t>(round_up(bytes > 0 ? bytes : 1, 64));
  void* p = std::aligned_alloc(64, size);
  if (!p) throw std::bad_alloc();
  std::memset(p, 0, size);
  return {static_cast<std::byte*>(p), [](std::byte* b) { std::free(b); }};
}

Tensor::Tensor(TensorType type) : type_(std::move(type)), owned_(true) {
  auto memory = allocate_bytes(type_.bytes());
  data_ = memory.get();
  owner_ = std::move(memory);
}

Tensor::Tensor(TensorType type, std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
               const MappedFile* file)
    : type_(std::move(type)), data_(bytes.data()), owner_(std::move(owner)), file_(file) {
  BURIN_CHECK(static_cast<int64_t>(bytes.size()) == type_.bytes(), "tensor view of another size");
}

Tensor Tensor::reshaped(Shape shape) const {
  BURIN_CHECK(shape.elements() == elements(), "reshaped to another number of elements");
  return Tensor({dtype(), std::move(shape)}, bytes(), owner_, file_);
}

std::byte* Tensor::mutable_data() {
  BURIN_CHECK(owned_, "writing into a tensor view");
  return const_cast<std::byte*>(data_);
}

namespace {

template <class T>
T convert_double(double v) {
  if constexpr (std::is_same_v<T, bool>) {
    return v != 0;
  } else if constexpr (std::is_integral_v<T>) {
    return saturate<T>(v);
  } else {
    return static_cast<T>(v);
  }
}

template <class T>
T convert_int(int64_t v) {
  if constexpr (std::is_same_v<T, bool>) {
    return v != 0;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(v);
  } else {
    return static_cast<T>(static_cast<double>(v));
  }
}

}  // namespace

double Tensor::as_double(int64_t i) const {
  return visit_dtype(dtype(), [&](auto t) {
    using T = decltype(t);
    if constexpr (std::is_same_v<T, bool>)
      return load<uint8_t>(i) ? 1.0 : 0.0;
    else
      return static_cast<double>(load<T>(i));
  });
}

int64_t Tensor::as_int(int64_t i) const {
  return visit_dtype(dtype(), [&](auto t) -> int64_t {
    using T = decltype(t);
    if constexpr (std::is_same_v<T, bool>)
      return load<uint8_t>(i) != 0;
    else if constexpr (std::is_integral_v<T>)
      return static_cast<int64_t>(load<T>(i));
    else
      return saturate<int64_t>(static_cast<double>(load<T>(i)));
  });
}

void Tensor::set_double(int64_t i, double value) {
  visit_dtype(dtype(), [&](auto t) {
    t = convert_double<decltype(t)>(value);
    std::memcpy(mutable_data() + i * static_cast<int64_t>(sizeof(t)), &t, sizeof(t));
  });
}

void Tensor::set_int(int64_t i, int64_t value) {
  visit_dtype(dtype(), [&](auto t) {
    t = convert_int<decltype(t)>(value);
    std::memcpy(mutable_data() + i * static_cast<int64_t>(sizeof(t)), &t, sizeof(t));
  });
}

std::vector<int64_t> Tensor::to_ints() const {
  std::vector<int64_t> out(static_cast<size_t>(elements()));
  for (size_t i = 0; i < out.size(); ++i) out[i] = as_int(static_cast<int64_t>(i));
  return out;
}

std::vector<double> Tensor::to_doubles() const {
  std::vector<double> out(static_cast<size_t>(elements()));
  for (size_t i = 0; i < out.size(); ++i) out[i] = as_double(static_cast<int64_t>(i));
  return out;
}

Tensor Tensor::from_doubles(TensorType type, std::span<const double> values) {
  Tensor t(std::move(type));
  BURIN_CHECK(static_cast<int64_t>(values.size()) == t.elements(), "value count");
  for (size_t i = 0; i < values.size(); ++i) t.set_double(static_cast<int64_t>(i), values[i]);
  return t;
}

Tensor Tensor::from_ints(TensorType type, std::span<const int64_t> values) {
  Tensor t(std::move(type));
  BURIN_CHECK(static_cast<int64_t>(values.size()) == t.elements(), "value count");
  for (size_t i = 0; i < values.size(); ++i) t.set_int(static_cast<int64_t>(i), values[i]);
  return t;
}

Tensor Tensor::scalar(DType dtype, double value) {
  return from_doubles({dtype, Shape{}}, std::span(&value, 1));
}

}  // namespace burin
