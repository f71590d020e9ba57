// Rows of a constant's elements for a packer: where they lie, or copied out of the model file to a
// place of their own, if that takes less time than reading them through the mapping.
#pragma once

#include <memory>

#include "tensor/tensor.h"

namespace burin::lower {

class StagedRows {
 public:
  explicit StagedRows(const Tensor& value) : value_(value) {}

  // Element i of row r is at first + (i + r * step) * the size of an element.
  struct Rows {
    const std::byte* first = nullptr;
    int64_t step = 0;
  };
  // `count` rows of `length` elements, `step` elements apart, from element `first` on. Holds until
  // the next call.
  Rows at(int64_t first, int64_t length, int64_t count, int64_t step);

 private:
  // Makes room for so many bytes.
  std::byte* room(int64_t bytes);

  const Tensor& value_;
  std::unique_ptr<std::byte[]> copies_;
  int64_t size_ = 0;
};

}  // namespace burin::lower
