// Shape arithmetic.
#include "tensor/shape.h"

#include "base/checked.h"

namespace burin {

int64_t Shape::elements() const { return elements(0, rank()); }

int64_t Shape::elements(size_t begin, size_t end) const {
  int64_t n = 1;
  for (size_t i = begin; i < end; ++i) n *= dims_[i];
  return n;
}

Dims Shape::strides() const {
  Dims s(rank());
  int64_t step = 1;
  for (size_t i = rank(); i-- > 0;) {
    s[i] = step;
    step *= dims_[i];
  }
  return s;
}

std::string Shape::text() const {
  if (dims_.empty()) return "scalar";
  std::string out;
  for (size_t i = 0; i < dims_.size(); ++i) {
    if (i) out += 'x';
    out += std::to_string(dims_[i]);
  }
  return out;
}

Result<Shape> check_shape(std::span<const int64_t> dims) {
  if (dims.size() > kMaxRank) {
    return fail("", "rank " + std::to_string(dims.size()) + " is above the limit of " +
                        std::to_string(kMaxRank));
  }
  Shape shape(Dims(dims.begin(), dims.end()));
  // Zero-sized dimensions must not hide an overflow of the others: strides use them too.
  int64_t product = 1;
  for (int64_t d : dims) {
    if (d < 0) return fail("", "negative dimension " + std::to_string(d));
    auto next = checked_mul(product, d == 0 ? 1 : d);
    if (!next || *next > kMaxElements) {
      return fail("", "shape " + shape.text() + " has more than 2^40 elements");
    }
    product = *next;
  }
  return shape;
}

std::string TensorType::text() const {
  std::string dims = shape.rank() ? shape.text() : "";
  return std::string(name_of(dtype)) + "[" + dims + "]";
}

}  // namespace burin
