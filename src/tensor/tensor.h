// A host tensor: dense row-major bytes, owned or viewed (a constant mapped from a model file).
// Data may be unaligned when viewed; use load/store or memcpy where that matters.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "tensor/shape.h"

namespace burin {

class MappedFile;

class Tensor {
 public:
  Tensor() = default;
  // Owned, zero-filled, 64-byte aligned.
  explicit Tensor(TensorType type);
  // A view of `bytes`, which `owner` keeps alive, and with it the file that they are part of, if
  // they are. bytes.size() must equal type.bytes().
  Tensor(TensorType type, std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
         const MappedFile* file = nullptr);

  // An owned tensor from values, converted to the dtype.
  static Tensor from_doubles(TensorType type, std::span<const double> values);
  static Tensor from_ints(TensorType type, std::span<const int64_t> values);
  static Tensor scalar(DType dtype, double value);

  const TensorType& type() const { return type_; }
  DType dtype() const { return type_.dtype; }
  const Shape& shape() const { return type_.shape; }
  int64_t elements() const { return type_.shape.elements(); }
  std::span<const std::byte> bytes() const { return {data_, static_cast<size_t>(type_.bytes())}; }
  const std::byte* data() const { return data_; }
  // Only for owned tensors.
  std::byte* mutable_data();
  bool valid() const { return data_ != nullptr; }
  // That the bytes are part of; null if they are of memory.
  const MappedFile* file() const { return file_; }
  // The same bytes as another shape with as many elements; never copies.
  Tensor reshaped(Shape shape) const;

  // Element i in row-major order, converted.
  double as_double(int64_t i) const;
  int64_t as_int(int64_t i) const;
  void set_double(int64_t i, double value);
  void set_int(int64_t i, int64_t value);
  std::vector<int64_t> to_ints() const;
  std::vector<double> to_doubles() const;

  template <class T>
  T load(int64_t i) const {
    T value;
    std::memcpy(&value, data_ + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
    return value;
  }

 private:
  TensorType type_;
  const std::byte* data_ = nullptr;
  std::shared_ptr<const void> owner_;
  const MappedFile* file_ = nullptr;
  bool owned_ = false;
};

// Allocates 64-byte aligned, zero-filled memory; freed with the last reference.
std::shared_ptr<std::byte> allocate_bytes(int64_t bytes);

}  // namespace burin
